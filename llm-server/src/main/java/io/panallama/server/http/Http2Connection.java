package io.panallama.server.http;

import io.helidon.common.buffers.DataWriter;
import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Exception;
import io.helidon.webserver.CloseConnectionException;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * A connection that speaks HTTP/2 (RFC 9113), over TLS or without encryption (h2c). Each stream is read and answered as a connection of
 * HTTP/1.1 with one request, so that every route, limit and error is the same in both protocols.
 *
 * <p>Helidon's HTTP/2 is not used: its handlers don't learn that a client has reset its stream, a stream above the limit ends the
 * connection with all others, a body that isn't read stops all streams, and two streams can exceed a window together.
 *
 * <p>Streams are independent: one whose client doesn't read it waits by itself. Bounds: {@link #MAX_STREAMS} streams, each of which but the
 * first takes a place of the listener's connections; a window of bytes for each body; the size and the frames of a header block; and
 * frames that only make work, which may come at {@link #NUISANCES_PER_SECOND}.
 *
 * <p>The connection's thread reads, and writes all frames but those of answers. Other methods are safe for any thread and don't block.
 */
final class Http2Connection {
  /** The first line of what a client begins with; RFC 9113, 3.4. */
  static final String REQUEST_LINE = "PRI * HTTP/2.0";

  /** What follows it. */
  static final String REST_OF_PREFACE = "\r\n\r\nSM\r\n\r\n";

  /** RFC 9113, 6.5.2, recommends no fewer than 100. */
  private static final int MAX_STREAMS = 100;

  /** The most bytes of a compressed header block. */
  private static final int MAX_BLOCK = RequestFramer.MAX_REQUEST_LINE + RequestFramer.MAX_HEADERS;

  /** The most frames of a header block. */
  private static final int MAX_BLOCK_FRAMES = 64;

  /** How many resets, pings, settings and the like may come at once, and how many a second after that. */
  private static final int NUISANCES = 200;

  private static final int NUISANCES_PER_SECOND = 50;

  private static final int ENABLE_PUSH = 2;
  private static final int MAX_CONCURRENT_STREAMS = 3;
  private static final int INITIAL_WINDOW_SIZE = 4;
  private static final int MAX_FRAME_SIZE = 5;
  private static final int MAX_HEADER_LIST_SIZE = 6;

  private final Carrier carrier;
  private final PeerReader peer;
  private final Http2Input in;
  private final Http2Output out;
  private final Listener.HelidonParts parts;
  private final ConnectionLimits limits;
  private final Semaphore places;

  private final HpackDecoder decoder = new HpackDecoder();
  private final Http2Windows windows = new Http2Windows();
  private final Map<Integer, Active> streams = new ConcurrentHashMap<>();
  private final Queue<Runnable> controls = new ConcurrentLinkedQueue<>();

  /** A header block that has begun; null if none has. */
  private @Nullable Block block;

  private int lastStream;
  private int unacknowledged;
  private boolean toldToLeave;
  private double nuisances = NUISANCES;
  private long nuisancesCounted = System.nanoTime();

  private volatile boolean ending;
  private volatile long idleSince = System.nanoTime();

  /**
   * A stream that is being answered.
   *
   * @param place whether it has a place of the listener's
   */
  private record Active(Http2Stream stream, ClientConnection connection, boolean place) {}

  /** A header block that goes on in CONTINUATION frames. */
  private static final class Block {
    private final int stream;
    private final boolean ended;
    private final long began = System.nanoTime();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int frames;

    Block(int stream, boolean ended) {
      this.stream = stream;
      this.ended = ended;
    }
  }

  /**
   * A connection of which a client has begun to speak HTTP/2.
   *
   * @param out writes to the client; only this connection uses it from now on
   * @param places those of the listener's connections
   */
  Http2Connection(
      Carrier carrier,
      PeerReader peer,
      DataWriter out,
      Listener.HelidonParts parts,
      ConnectionLimits limits,
      Semaphore places,
      Http2Begun begun) {
    this.carrier = carrier;
    this.peer = peer;
    this.in = new Http2Input(peer, limits.request(), begun.rest());
    this.out = new Http2Output(out);
    this.parts = parts;
    this.limits = limits;
    this.places = places;
  }

  /**
   * Answers requests until either side ends the connection.
   *
   * @throws CloseConnectionException if the client has left
   */
  void run() {
    try {
      begin();
      while (!ending || !streams.isEmpty()) {
        for (Runnable control = controls.poll(); control != null; control = controls.poll()) {
          control.run();
        }
        if (ending) {
          goAway(Http2ErrorCode.NO_ERROR, "");
        }
        if (awaitFrame()) {
          take(in.frame());
        }
      }
      goAway(Http2ErrorCode.NO_ERROR, "");
      awaitFarewell();
    } catch (Http2Exception broken) {
      toldToLeave = false;
      goAway(broken.code(), String.valueOf(broken.getMessage()));
    } catch (RejectedExecutionException stopped) {
      throw new CloseConnectionException("The server is being stopped", stopped);
    } finally {
      streams.values().forEach(active -> active.stream().lost());
      peer.requestDone(true);
    }
  }

  private void begin() {
    out.settings(MAX_CONCURRENT_STREAMS, MAX_STREAMS, MAX_HEADER_LIST_SIZE, MAX_BLOCK);
    Http2Input.Frame first = in.frame();
    if (first.type() != Http2Input.SETTINGS || first.has(Http2Input.ACK)) {
      throw broken(Http2ErrorCode.PROTOCOL, "The first frame must have the client's settings.");
    }
    take(first);
  }

  /** Leaves it to the client to close the connection: some drop what they have not read of an answer when the server does. */
  private void awaitFarewell() {
    long until = System.nanoTime() + carrier.linger().toNanos();
    for (long left = carrier.linger().toNanos(); left > 0; left = until - System.nanoTime()) {
      if (in.awaitFrame(left, null)) {
        in.frame();
      }
    }
  }

  /** Waits for a frame; false if something else is to be done first. */
  private boolean awaitFrame() {
    Block begunBlock = block;
    if (begunBlock != null) {
      long left = begunBlock.began + limits.request().toNanos() - System.nanoTime();
      if (left <= 0) {
        throw broken(Http2ErrorCode.PROTOCOL, "A header block was not complete in time.");
      }
      return in.awaitFrame(left, new PeerReader.Silence(false, begunBlock.began));
    }
    if (!streams.isEmpty()) {
      return in.awaitFrame(Long.MAX_VALUE, null);
    }
    long since = idleSince;
    long left = since + limits.idle().toNanos() - System.nanoTime();
    ending |= left <= 0;
    return in.awaitFrame(left, new PeerReader.Silence(true, since));
  }

  private void take(Http2Input.Frame frame) {
    Block begunBlock = block;
    if (begunBlock != null && (frame.type() != Http2Input.CONTINUATION || frame.stream() != begunBlock.stream)) {
      throw broken(Http2ErrorCode.PROTOCOL, "A header block must not be interrupted.");
    }
    switch (frame.type()) {
      case Http2Input.DATA -> data(frame);
      case Http2Input.HEADERS -> headers(frame);
      case Http2Input.PRIORITY -> {
        checkLength(frame, frame.payload().length == 5);
        checkOnStream(frame, true);
        countNuisance();
      }
      case Http2Input.RST_STREAM -> {
        checkLength(frame, frame.payload().length == 4);
        checkOnStream(frame, false);
        countNuisance();
        find(frame.stream()).ifPresent(Http2Stream::lost);
      }
      case Http2Input.SETTINGS -> settings(frame);
      case Http2Input.PUSH_PROMISE -> throw broken(Http2ErrorCode.PROTOCOL, "A client must not push.");
      case Http2Input.PING -> {
        checkLength(frame, frame.payload().length == 8);
        checkOnConnection(frame);
        countNuisance();
        if (!frame.has(Http2Input.ACK)) {
          out.pong(frame.payload());
        }
      }
      case Http2Input.GOAWAY -> {
        checkOnConnection(frame);
        ending = true;
      }
      case Http2Input.WINDOW_UPDATE -> windowUpdate(frame);
      case Http2Input.CONTINUATION -> continuation(frame);
      // RFC 9113, 5.5: what is unknown is ignored.
      default -> countNuisance();
    }
  }

  private void data(Http2Input.Frame frame) {
    checkOnStream(frame, false);
    int counted = frame.payload().length;
    unacknowledged += counted;
    if (unacknowledged > Http2Windows.INITIAL) {
      throw broken(Http2ErrorCode.FLOW_CONTROL, "More was sent than the connection's window allows.");
    }
    if (unacknowledged > Http2Windows.INITIAL / 2) {
      // A stream's window bounds what it may hold; none takes the connection's away from the others.
      out.windowUpdate(0, unacknowledged);
      unacknowledged = 0;
    }
    int from = frame.has(Http2Input.PADDED) ? 1 : 0;
    int length = withoutPadding(frame, from);
    boolean last = frame.has(Http2Input.END_STREAM);
    Optional<Http2Stream> stream = find(frame.stream());
    if (stream.isEmpty() || (length == 0 && !last)) {
      countNuisance();
    }
    stream.ifPresent(to -> {
      Http2ErrorCode wrong = to.data(frame.payload(), from, length, counted, last);
      if (wrong != null) {
        fail(to, wrong);
      }
    });
  }

  private void headers(Http2Input.Frame frame) {
    if (frame.stream() % 2 == 0) {
      throw broken(Http2ErrorCode.PROTOCOL, "The streams of a client have odd numbers.");
    }
    int from = (frame.has(Http2Input.PADDED) ? 1 : 0) + (frame.has(Http2Input.HAS_PRIORITY) ? 5 : 0);
    int length = withoutPadding(frame, from);
    Block next = new Block(frame.stream(), frame.has(Http2Input.END_STREAM));
    block = next;
    next.bytes.write(frame.payload(), from, length);
    if (frame.has(Http2Input.END_HEADERS)) {
      endBlock(next);
    }
  }

  private void continuation(Http2Input.Frame frame) {
    Block open = block;
    if (open == null) {
      throw broken(Http2ErrorCode.PROTOCOL, "A CONTINUATION must follow HEADERS.");
    }
    open.bytes.writeBytes(frame.payload());
    if (++open.frames > MAX_BLOCK_FRAMES || open.bytes.size() > MAX_BLOCK) {
      throw broken(Http2ErrorCode.ENHANCE_YOUR_CALM, "The headers are larger than this server takes.");
    }
    if (frame.has(Http2Input.END_HEADERS)) {
      endBlock(open);
    }
  }

  private void endBlock(Block complete) {
    block = null;
    List<HpackDecoder.Field> fields = decoder.decode(complete.bytes.toByteArray(), MAX_BLOCK);
    if (complete.stream <= lastStream) {
      trailers(complete);
      return;
    }
    lastStream = complete.stream;
    if (ending) {
      out.reset(complete.stream, Http2ErrorCode.REFUSED_STREAM);
      return;
    }
    Optional<Http2RequestHead> head = Http2RequestHead.of(fields, !complete.ended);
    if (head.isEmpty()) {
      countNuisance();
      out.reset(complete.stream, Http2ErrorCode.PROTOCOL);
      return;
    }
    if (streams.size() >= MAX_STREAMS) {
      countNuisance();
      out.reset(complete.stream, Http2ErrorCode.REFUSED_STREAM);
      return;
    }
    start(new Http2Stream(complete.stream, this, carrier, out, windows, head.get(), complete.ended));
  }

  /** The end of a body; trailers are not needed. RFC 9113, 8.1, wants no further body after them. */
  private void trailers(Block complete) {
    Optional<Http2Stream> stream = find(complete.stream);
    if (stream.isEmpty()) {
      countNuisance();
      return;
    }
    Http2ErrorCode wrong = complete.ended ? stream.get().data(new byte[0], 0, 0, 0, true) : Http2ErrorCode.PROTOCOL;
    if (wrong != null) {
      fail(stream.get(), wrong);
    }
  }

  private void fail(Http2Stream stream, Http2ErrorCode why) {
    countNuisance();
    // In this order nothing of the stream is written behind its reset.
    stream.lost();
    out.reset(stream.id(), why);
  }

  /** Answers a stream on a thread of its own, or refuses it if there is no place for it. */
  private void start(Http2Stream stream) {
    boolean place = !streams.isEmpty();
    if (place && !places.tryAcquire()) {
      windows.close(stream.window());
      out.reset(stream.id(), Http2ErrorCode.REFUSED_STREAM);
      return;
    }
    ClientConnection connection = ClientConnection.on(stream, stream.childSocketId(), parts, limits, places);
    streams.put(stream.id(), new Active(stream, connection, place));
    boolean started = false;
    try {
      parts.executor().execute(() -> run(connection, stream.id()));
      started = true;
    } finally {
      if (!started) {
        ended(stream.id());
      }
    }
  }

  private void run(ClientConnection connection, int stream) {
    try {
      connection.run();
    } finally {
      ended(stream);
    }
  }

  private void ended(int stream) {
    idleSince = System.nanoTime();
    Active active = streams.remove(stream);
    if (active != null && active.place()) {
      places.release();
    }
    peer.wake();
  }

  private Optional<Http2Stream> find(int stream) {
    return Optional.ofNullable(streams.get(stream)).map(Active::stream);
  }

  private void settings(Http2Input.Frame frame) {
    checkOnConnection(frame);
    countNuisance();
    if (frame.has(Http2Input.ACK)) {
      checkLength(frame, frame.payload().length == 0);
      return;
    }
    checkLength(frame, frame.payload().length % 6 == 0);
    settings(frame.payload());
    out.settingsTaken();
  }

  private void settings(byte[] payload) {
    Http2Input.Frame pairs = new Http2Input.Frame(Http2Input.SETTINGS, 0, 0, payload);
    for (int at = 0; at + 6 <= payload.length; at += 6) {
      int value = pairs.number(at + 2);
      boolean huge = payload[at + 2] < 0;
      switch (((payload[at] & 0xFF) << 8) | (payload[at + 1] & 0xFF)) {
        case ENABLE_PUSH -> checkSetting(!huge && value <= 1, Http2ErrorCode.PROTOCOL);
        case INITIAL_WINDOW_SIZE -> {
          checkSetting(!huge, Http2ErrorCode.FLOW_CONTROL);
          windows.initial(value);
        }
        case MAX_FRAME_SIZE ->
            checkSetting(!huge && value >= Http2Output.MAX_FRAME && value < 1 << 24, Http2ErrorCode.PROTOCOL);
        // Nothing else changes what this server sends.
        default -> {}
      }
    }
  }

  private void windowUpdate(Http2Input.Frame frame) {
    checkLength(frame, frame.payload().length == 4);
    int bytes = frame.number(0);
    if (frame.stream() == 0) {
      if (bytes == 0) {
        throw broken(Http2ErrorCode.PROTOCOL, "A window must grow by 1 at least.");
      }
      windows.growConnection(bytes);
      return;
    }
    checkOnStream(frame, false);
    find(frame.stream())
        .ifPresent(stream -> {
          if (bytes == 0) {
            fail(stream, Http2ErrorCode.PROTOCOL);
          } else if (!windows.grow(stream.window(), bytes)) {
            fail(stream, Http2ErrorCode.FLOW_CONTROL);
          }
        });
  }

  /** The length of a payload without what precedes it and its padding. */
  private static int withoutPadding(Http2Input.Frame frame, int from) {
    int padding = frame.has(Http2Input.PADDED) && frame.payload().length > 0 ? frame.payload()[0] & 0xFF : 0;
    int length = frame.payload().length - from - padding;
    if (length < 0) {
      throw broken(Http2ErrorCode.PROTOCOL, "A frame has more padding than bytes.");
    }
    return length;
  }

  /**
   * Checks that a frame belongs to a stream.
   *
   * @param idle whether the stream need not have begun
   */
  private void checkOnStream(Http2Input.Frame frame, boolean idle) {
    if (frame.stream() == 0 || (!idle && frame.stream() > lastStream) || (!idle && frame.stream() % 2 == 0)) {
      throw broken(Http2ErrorCode.PROTOCOL, "A frame of type " + frame.type() + " belongs to no stream.");
    }
  }

  private static void checkOnConnection(Http2Input.Frame frame) {
    if (frame.stream() != 0) {
      throw broken(Http2ErrorCode.PROTOCOL, "A frame of type " + frame.type() + " must belong to no stream.");
    }
  }

  private static void checkLength(Http2Input.Frame frame, boolean right) {
    if (!right) {
      throw broken(Http2ErrorCode.FRAME_SIZE, "A frame of type " + frame.type() + " has a wrong length.");
    }
  }

  private static void checkSetting(boolean right, Http2ErrorCode code) {
    if (!right) {
      throw broken(code, "A setting has a value that is not allowed.");
    }
  }

  /** Counts what makes work and asks for nothing: a client that does a lot of that is sent away. */
  private void countNuisance() {
    long now = System.nanoTime();
    nuisances = Math.min(NUISANCES, nuisances + (double) (now - nuisancesCounted) / 1e9 * NUISANCES_PER_SECOND) - 1;
    nuisancesCounted = now;
    if (nuisances < 0) {
      throw broken(Http2ErrorCode.ENHANCE_YOUR_CALM, "Too many resets, pings, settings or empty frames.");
    }
  }

  private void goAway(Http2ErrorCode code, String explanation) {
    if (!toldToLeave) {
      toldToLeave = true;
      out.goAway(lastStream, code, explanation);
    }
  }

  private static Http2Exception broken(Http2ErrorCode code, String message) {
    return new Http2Exception(code, message);
  }

  /** Allows the client to send more on a stream. */
  void allowMore(int stream, int bytes) {
    control(() -> out.windowUpdate(stream, bytes));
  }

  /** Ends a stream. */
  void reset(int stream, Http2ErrorCode why) {
    control(() -> out.reset(stream, why));
  }

  private void control(Runnable frame) {
    controls.add(frame);
    peer.wake();
  }

  /** Answers the streams that have begun, and no others. */
  void drain() {
    ending = true;
    peer.wake();
  }

  /** How long the client has been late with bytes that it owes to each of its streams. */
  Duration silentFor() {
    return streams.values().stream()
        .map(active -> active.connection().silentFor())
        .min(Comparator.naturalOrder())
        .orElse(Duration.ZERO);
  }

  /** Resets the streams whose client has not read them for too long. */
  void cutStalled() {
    streams.values().forEach(active -> active.connection().cutIfStalled());
  }
}
