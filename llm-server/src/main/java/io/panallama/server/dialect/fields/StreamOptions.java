package io.panallama.server.dialect.fields;

import io.panallama.server.dialect.ApiException;

/**
 * What a body asks of a stream. Immutable.
 *
 * @param includeUsage whether the stream ends with a chunk of token counts
 * @param resumable whether the client wants to be able to come back to it
 */
public record StreamOptions(boolean includeUsage, boolean resumable) {
  /** Nothing. */
  public static final StreamOptions NONE = new StreamOptions(false, false);

  /**
   * Reads OpenAI's field for it.
   *
   * @throws ApiException if it is wrong
   */
  public static StreamOptions read(JsonFields body, boolean stream) {
    JsonFields options = body.object("stream_options");
    if (options == null) {
      return NONE;
    }
    if (!stream) {
      body.ignored().unsupported("stream_options", "stream_options is only allowed when stream is true.");
      return NONE;
    }
    StreamOptions read = new StreamOptions(options.bool("include_usage"), options.bool("resumable"));
    options.accept("include_obfuscation");
    options.ignoreUnknown();
    return read;
  }
}
