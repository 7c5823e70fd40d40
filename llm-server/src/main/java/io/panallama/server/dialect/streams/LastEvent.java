package io.panallama.server.dialect.streams;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.JsonFields;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which event a client that comes back had last. */
final class LastEvent {
  private static final String HEADER = "Last-Event-ID";
  private static final String PARAMETER = "starting_after";
  private static final Pattern ID = Pattern.compile("(?:(.+):)?(\\d{1,15})");

  private LastEvent() {}

  /**
   * The number of the event; -1 for none. The header goes before the parameter, since a browser that connects again to one address sends
   * both.
   *
   * @param stream the id of the stream
   * @throws ApiException if one of the two is no event of this stream
   */
  static long read(ClientRequest request, String stream) {
    String parameter = request.query(PARAMETER).orElse("");
    String header = request.header(HEADER).orElse("").strip();
    if (header.isEmpty() && parameter.isEmpty()) {
      return -1;
    }
    return header.isEmpty() ? number(PARAMETER, parameter, stream) : number(HEADER, header, stream);
  }

  private static long number(String name, String given, String stream) {
    Matcher matcher = ID.matcher(given);
    if (!matcher.matches()) {
      throw ApiException.invalid(
          name,
          name
              + " must be the id of an event, such as "
              + stream
              + ":17, or its number alone, but it is \""
              + JsonFields.shorten(given)
              + "\".");
    }
    if (matcher.group(1) != null && !matcher.group(1).equals(stream)) {
      throw ApiException.invalid(name, name + " is the id of an event of another stream than " + stream + ".");
    }
    return Long.parseLong(matcher.group(2));
  }
}
