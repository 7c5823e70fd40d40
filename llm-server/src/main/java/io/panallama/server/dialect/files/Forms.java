package io.panallama.server.dialect.files;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.multipart.MultipartReader;
import java.io.IOException;
import java.io.InputStream;

/** Bodies that have a file in them. */
final class Forms {
  private static final int BUFFER = 16 << 10;

  private Forms() {}

  /** Takes the bytes of a file. */
  @FunctionalInterface
  interface Sink {
    void write(byte[] from, int length);
  }

  /**
   * Reads a body.
   *
   * @param what for the message: what is sent so, and in which fields
   * @throws ApiException 415 if it is something else
   */
  static MultipartReader read(ClientRequest request, InputStream body, String what) {
    String type = request.header("content-type").orElse("");
    if (!type.split(";", 2)[0].strip().equalsIgnoreCase(MultipartReader.TYPE)) {
      throw ApiException.invalid(415, null, "unsupported_media_type", what.replace("{}", MultipartReader.TYPE));
    }
    return new MultipartReader(body, type);
  }

  /** Copies a part of a body. */
  static void copy(MultipartReader.Part part, Sink sink) throws IOException {
    byte[] bytes = new byte[BUFFER];
    for (int read = part.read(bytes); read >= 0; read = part.read(bytes)) {
      sink.write(bytes, read);
    }
  }
}
