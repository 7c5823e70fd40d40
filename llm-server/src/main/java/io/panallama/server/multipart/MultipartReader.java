package io.panallama.server.multipart;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the parts of {@code multipart/form-data} one after the other, in the order in which they come.
 *
 * <p>Strict where readers could disagree about where a part ends: lines end with CRLF, a boundary is followed by the end of its line,
 * headers are not folded, and the body ends with its last boundary. A part's {@code Content-Length} means nothing. What it holds
 * is bounded: a buffer, and the headers of one part.
 *
 * <p>For one thread. What the stream throws is passed on; what is wrong with the body is a {@link MultipartException}.
 */
public final class MultipartReader {
  /** The media type that this reads. */
  public static final String TYPE = "multipart/form-data";

  /** The most parts of a body. */
  public static final int MAX_PARTS = 32;

  /** The most bytes of the headers of a part. */
  public static final int MAX_HEADERS = 8 << 10;

  /** The most bytes in front of the first boundary, which mean nothing. */
  private static final int MAX_PREAMBLE = 1 << 10;

  private static final int BUFFER = 16 << 10;

  /** RFC 2046, 5.1.1. */
  private static final Pattern BOUNDARY = Pattern.compile("[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]");

  private final InputStream in;

  /** What ends a part: a line end, two hyphens and the boundary. */
  private final byte[] delimiter;

  private final byte[] buffer = new byte[BUFFER];
  private int at;
  private int end;
  private int parts;
  private @Nullable Part current;
  private boolean done;

  /**
   * A reader of a body.
   *
   * @param in the body; the caller closes it
   * @param contentType the value of the header {@code Content-Type}
   * @throws MultipartException if that is another type, or has no valid boundary
   */
  public MultipartReader(InputStream in, String contentType) {
    this.in = in;
    Parameters type = Parameters.of(contentType);
    if (!type.value().equals(TYPE)) {
      throw new MultipartException("The body must be " + TYPE + ".");
    }
    String boundary = type.byName().getOrDefault("boundary", "");
    if (!BOUNDARY.matcher(boundary).matches()) {
      throw new MultipartException(
          "The Content-Type has no valid boundary; it must be " + TYPE + "; boundary= and 1 to 70 characters.");
    }
    delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.US_ASCII);
    // The first boundary has no line in front of it.
    buffer[end++] = '\r';
    buffer[end++] = '\n';
  }

  /** A part of the body. It is read while it is the reader's current one. */
  public final class Part {
    private final String name;
    private final @Nullable String filename;
    private final String contentType;
    private boolean ended;

    private Part(String name, @Nullable String filename, String contentType) {
      this.name = name;
      this.filename = filename;
      this.contentType = contentType;
    }

    /** The name of the form's field. */
    public String name() {
      return name;
    }

    /** What the client calls the file, any text at all; empty if the part is no file. */
    public Optional<String> filename() {
      return Optional.ofNullable(filename);
    }

    /** The value of the part's {@code Content-Type}; {@code text/plain} if it has none. */
    public String contentType() {
      return contentType;
    }

    /**
     * Reads bytes of the part.
     *
     * @return how many there are, at least 1; -1 at the end of the part
     */
    public int read(byte[] into) throws IOException {
      return MultipartReader.this.read(this, into);
    }

    /**
     * The whole part as UTF-8.
     *
     * @param most the most bytes
     * @throws MultipartException if it has more
     */
    public String text(int most) throws IOException {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      byte[] bytes = new byte[1 << 10];
      for (int read = read(bytes); read >= 0; read = read(bytes)) {
        all.write(bytes, 0, read);
        if (all.size() > most) {
          throw new MultipartException("The field " + shown(name) + " has more than " + most + " bytes.");
        }
      }
      return all.toString(StandardCharsets.UTF_8);
    }
  }

  /**
   * The next part; what is left of the current one is skipped.
   *
   * @return empty after the last one
   */
  public Optional<Part> next() throws IOException {
    if (done) {
      return Optional.empty();
    }
    Part unread = current;
    if (unread == null) {
      skipPreamble();
    } else {
      byte[] rest = new byte[BUFFER];
      int read;
      do {
        read = unread.read(rest);
      } while (read >= 0);
    }
    if (endsAfterBoundary()) {
      done = true;
      return Optional.empty();
    }
    if (++parts > MAX_PARTS) {
      throw new MultipartException("The body has more than " + MAX_PARTS + " parts.");
    }
    Part part = part(headers());
    current = part;
    return Optional.of(part);
  }

  private int read(Part part, byte[] into) throws IOException {
    if (part != current || part.ended || into.length == 0) {
      return -1;
    }
    int found = find();
    int available = (found < 0 ? Math.max(at, end - delimiter.length + 1) : found) - at;
    if (available == 0 && found >= 0) {
      at += delimiter.length;
      part.ended = true;
      return -1;
    }
    if (available == 0) {
      refill();
      return read(part, into);
    }
    int length = Math.min(available, into.length);
    System.arraycopy(buffer, at, into, 0, length);
    at += length;
    return length;
  }

  private void skipPreamble() throws IOException {
    int skipped = 0;
    while (true) {
      int found = find();
      if (found >= 0) {
        at = found + delimiter.length;
        return;
      }
      int useless = Math.max(0, end - at - delimiter.length + 1);
      at += useless;
      skipped += useless;
      if (skipped > MAX_PREAMBLE) {
        throw new MultipartException("The body does not begin with the boundary that its Content-Type names.");
      }
      refill();
    }
  }

  /** Where the buffer has the delimiter; -1 if it has none. */
  private int find() {
    int last = end - delimiter.length;
    for (int i = at; i <= last; i++) {
      int matching = 0;
      while (matching < delimiter.length && buffer[i + matching] == delimiter[matching]) {
        matching++;
      }
      if (matching == delimiter.length) {
        return i;
      }
    }
    return -1;
  }

  /** Reads more bytes behind those that are left. */
  private void refill() throws IOException {
    System.arraycopy(buffer, at, buffer, 0, end - at);
    end -= at;
    at = 0;
    int read = in.read(buffer, end, buffer.length - end);
    if (read < 0) {
      throw new MultipartException("The body ends without its last boundary, so it is not complete.");
    }
    end += read;
  }

  private byte nextByte() throws IOException {
    while (at == end) {
      refill();
    }
    return buffer[at++];
  }

  /** Reads the rest of a boundary's line; whether it is the last one. */
  private boolean endsAfterBoundary() throws IOException {
    byte first = nextByte();
    if (first == '-') {
      if (nextByte() != '-') {
        throw wrongBoundary();
      }
      return true;
    }
    while (first == ' ' || first == '\t') {
      first = nextByte();
    }
    if (first != '\r' || nextByte() != '\n') {
      throw wrongBoundary();
    }
    return false;
  }

  private static MultipartException wrongBoundary() {
    return new MultipartException("A boundary must be followed by CRLF, or by -- at the end of the body.");
  }

  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new HashMap<>();
    int left = MAX_HEADERS;
    while (true) {
      String line = line(left);
      if (line.isEmpty()) {
        return headers;
      }
      left -= line.length() + 2;
      int colon = line.indexOf(':');
      String name = colon < 0 ? "" : line.substring(0, colon).toLowerCase(Locale.ROOT);
      if (!name.matches("[!#$%&'*+.^_`|~0-9a-z-]+")) {
        throw new MultipartException("A part has a header line that can't be read: " + shown(line) + ".");
      }
      if (headers.putIfAbsent(name, line.substring(colon + 1).strip()) != null) {
        throw new MultipartException("A part has the header " + name + " twice.");
      }
    }
  }

  private String line(int most) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    while (true) {
      byte b = nextByte();
      if (b == '\r') {
        if (nextByte() != '\n') {
          throw new MultipartException("A part's header has a CR without its LF.");
        }
        return line.toString(StandardCharsets.UTF_8);
      }
      if (b == '\n' || b == 0) {
        throw new MultipartException("The lines of a part's headers must end with CRLF.");
      }
      if (line.size() >= most) {
        throw new MultipartException("The headers of a part have more than " + MAX_HEADERS + " bytes.");
      }
      line.write(b);
    }
  }

  private Part part(Map<String, String> headers) {
    Parameters disposition = Parameters.of(headers.getOrDefault("content-disposition", ""));
    if (!disposition.value().equals("form-data")) {
      throw new MultipartException("Each part must have the header Content-Disposition: form-data.");
    }
    String name =
        disposition.form("name").orElseThrow(() -> new MultipartException("A part's Content-Disposition has no name."));
    String coding = headers.getOrDefault("content-transfer-encoding", "binary").toLowerCase(Locale.ROOT);
    if (!coding.matches("binary|7bit|8bit")) {
      throw new MultipartException(
          "The part " + shown(name) + " has the Content-Transfer-Encoding " + shown(coding) + "; it must be binary.");
    }
    return new Part(
        name, disposition.extended("filename").orElse(null), headers.getOrDefault("content-type", "text/plain"));
  }

  static String shown(String text) {
    String visible = text.replaceAll("\\p{Cntrl}", "?");
    return visible.length() <= 80 ? visible : visible.substring(0, 80) + "...";
  }
}
