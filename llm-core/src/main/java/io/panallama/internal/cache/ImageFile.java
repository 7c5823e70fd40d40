package io.panallama.internal.cache;

import io.panallama.internal.cache.RefusedImageException.Reason;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.zip.CRC32C;
import javax.crypto.Mac;

/**
 * The file format of an image: the lineage and the tokens that identify the state, and the state itself.
 *
 * <pre>
 *   offset  bytes
 *        0      8  magic "PANLLKV" and 0
 *        8      4  version of the format, 3
 *       12      4  n, the number of tokens, at least 1
 *       16      8  p, the bytes of the state
 *       24     32  fingerprint, see {@link io.panallama.internal.decode.StateStore#fingerprint StateStore.fingerprint}
 *       56      4  l, the bytes of the lineage, 0 for the empty one
 *       60      l  lineage, see {@link Lineage#encoding}
 *             4 n  tokens
 *            32    HMAC-SHA256 of everything before, see {@link ImageKey}
 *             4    CRC32C of everything before
 *             p    state, as llama_state_seq_get_data_ext wrote it
 *            32    HMAC-SHA256 of the first HMAC and the state
 *             4    CRC32C of the state and its HMAC
 * </pre>
 *
 * Version 1 had no lineage and version 2 no HMAC. Such files are refused as foreign.
 *
 * Numbers are little-endian. Nothing follows the last checksum. A file that differs in a single bit is refused with a
 * {@link RefusedImageException}; none of it reaches llama.cpp, which asserts on states that it did not write. The
 * checksums tell damage; the HMACs, which need the key, tell forgery, against which a checksum is no help.
 *
 * <p>Any thread.
 */
public final class ImageFile {
  static final int FINGERPRINT_BYTES = 32;

  /** The file name suffix of an image. */
  static final String SUFFIX = ".kv";

  /** The file name suffix of an image that is being written. */
  private static final String TEMPORARY = ".tmp";

  private static final long MAGIC = 0x00564B4C4C4E4150L;
  private static final int VERSION = 3;
  private static final int VERSION_WITHOUT_LINEAGE = 1;
  private static final int VERSION_WITHOUT_HMAC = 2;
  private static final int SEAL_BYTES = ImageKey.MAC_BYTES + 4;
  private static final int FIXED_BYTES = 24 + FINGERPRINT_BYTES + 4;

  /** An upper bound that no lineage reaches. */
  private static final int MOST_LINEAGE_BYTES = 1 << 20;

  /**
   * An upper bound that no model's context reaches, so that a header can't make us allocate more memory than the
   * machine has.
   */
  private static final int MOST_TOKENS = 1 << 26;

  private ImageFile() {}

  /**
   * What is known about an image before its state is read.
   *
   * @param lineage under which the state was computed
   * @param tokens whose state it is
   * @param stateBytes size of the state in bytes
   */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  public record Header(Lineage lineage, int[] tokens, long stateBytes) {
    long fileBytes() {
      return ImageFile.bytes(lineage, tokens.length, stateBytes);
    }
  }

  /**
   * Creates an image from the bytes of a channel; see {@link io.panallama.internal.decode.StateStore#read
   * StateStore.read}.
   */
  public interface Reader {
    StateImage read(ReadableByteChannel channel, long bytes) throws IOException;
  }

  /** Whether this is a temporary name under which {@link #write} writes an image. */
  static boolean isTemporary(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(TEMPORARY) && name.contains(SUFFIX + ".");
  }

  /** The size in bytes of an image's file. */
  static long bytes(Lineage lineage, int tokens, long stateBytes) {
    return bytes(lineage.encodedLength(), tokens, stateBytes);
  }

  private static long bytes(int lineageBytes, int tokens, long stateBytes) {
    return FIXED_BYTES + lineageBytes + 4L * tokens + SEAL_BYTES + stateBytes + SEAL_BYTES;
  }

  /**
   * Writes the file under a temporary name next to its own and renames it, so that it appears as a whole or not at all.
   * The temporary file is locked while it is being written.
   *
   * @param key signs the file
   * @param abandoned polled while the state is written; true ends the write with an {@link IOException}
   * @throws UnusableKeyException if there is no key; nothing is written
   */
  public static void write(
      Path file,
      ImageKey key,
      byte[] fingerprint,
      Lineage lineage,
      int[] tokens,
      StateImage image,
      BooleanSupplier abandoned)
      throws IOException {
    Seal seal = new Seal(key);
    // A random name, not a counter: other processes may write the same file, and a crash leaves its temporary file
    // behind.
    String unique = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), Character.MAX_RADIX);
    Path temporary = file.resolveSibling(file.getFileName() + "." + unique + TEMPORARY);
    try (FileChannel channel =
        FileChannel.open(
            temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OwnerOnly.file(temporary))) {
      try {
        lock(channel);
        write(channel, seal, fingerprint, lineage, tokens, image, abandoned);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (Throwable failure) {
        Files.deleteIfExists(temporary);
        throw failure;
      }
    }
  }

  /** An interrupt ends it as it ends every other use of a channel. */
  private static void lock(FileChannel channel) throws IOException {
    try {
      channel.lock();
    } catch (FileLockInterruptionException interrupted) {
      ClosedByInterruptException end = new ClosedByInterruptException();
      end.initCause(interrupted);
      throw end;
    }
  }

  private static void write(
      WritableByteChannel channel,
      Seal seal,
      byte[] fingerprint,
      Lineage lineage,
      int[] tokens,
      StateImage image,
      BooleanSupplier abandoned)
      throws IOException {
    byte[] encoding = lineage.encoding();
    ByteBuffer header = buffer(FIXED_BYTES + encoding.length + 4 * tokens.length);
    header.putLong(MAGIC).putInt(VERSION).putInt(tokens.length).putLong(image.bytes()).put(fingerprint);
    header.putInt(encoding.length).put(encoding);
    header.asIntBuffer().put(tokens);
    header.position(header.limit()).flip();
    Sealed sealed = new Sealed(channel, seal, abandoned);
    sealed.writeFully(header);
    sealed.writeSeal();
    image.writeTo(sealed);
    sealed.writeSeal();
  }

  /**
   * Reads the header of a file.
   *
   * @throws RefusedImageException if this is not an image with that fingerprint and signed with that key, or its length
   *     is wrong
   * @throws UnusableKeyException if there is no key
   */
  public static Header readHeader(Path file, ImageKey key, byte[] fingerprint) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return readHeader(file, channel, new Seal(key), fingerprint);
    }
  }

  /**
   * Reads and verifies the whole file and returns its state.
   *
   * @param lineage the lineage that the header must contain
   * @param tokens the tokens that the header must contain
   * @throws RefusedImageException if this is not the expected image
   * @throws UnusableKeyException if there is no key
   */
  public static StateImage read(
      Path file, ImageKey key, byte[] fingerprint, Lineage lineage, int[] tokens, Reader reader) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Seal seal = new Seal(key);
      Header header = readHeader(file, channel, seal, fingerprint);
      if (!header.lineage().equals(lineage)) {
        throw new RefusedImageException(
            Reason.FOREIGN, file, "it was computed with " + header.lineage() + ", not with " + lineage);
      }
      if (!Arrays.equals(header.tokens(), tokens)) {
        throw new RefusedImageException(Reason.FOREIGN, file, "it holds other tokens than its place says");
      }
      StateImage image = reader.read(new Verified(channel, seal), header.stateBytes());
      try {
        seal.check(file, channel, "state");
      } catch (Throwable failure) {
        image.close();
        throw failure;
      }
      return image;
    }
  }

  private static Header readHeader(Path file, SeekableByteChannel channel, Seal seal, byte[] fingerprint)
      throws IOException {
    long size = channel.size();
    if (size < FIXED_BYTES) {
      throw new RefusedImageException(Reason.LENGTH, file, "it has only " + size + " bytes");
    }
    ByteBuffer fixed = read(channel, FIXED_BYTES);
    if (fixed.getLong() != MAGIC) {
      throw new RefusedImageException(Reason.NOT_AN_IMAGE, file, "it does not begin as an image does");
    }
    int version = fixed.getInt();
    if (version == VERSION_WITHOUT_LINEAGE) {
      throw new RefusedImageException(
          Reason.FOREIGN, file, "it was written by an older release, which did not note the adapters and media");
    }
    if (version == VERSION_WITHOUT_HMAC) {
      throw new RefusedImageException(
          Reason.FOREIGN, file, "it was written by an older release, which did not sign its files");
    }
    if (version != VERSION) {
      throw new RefusedImageException(
          Reason.VERSION, file, "version " + version + " of the format; this is version " + VERSION);
    }
    int count = fixed.getInt();
    long stateBytes = fixed.getLong();
    byte[] found = new byte[FINGERPRINT_BYTES];
    fixed.get(found);
    int lineageBytes = fixed.getInt();
    if (count < 1
        || count > MOST_TOKENS
        || stateBytes < 1
        || lineageBytes < 0
        || lineageBytes > MOST_LINEAGE_BYTES
        || bytes(lineageBytes, count, stateBytes) != size) {
      throw new RefusedImageException(
          Reason.LENGTH, file, "it has " + size + " bytes for " + count + " tokens and a state of " + stateBytes);
    }
    ByteBuffer encoding = read(channel, lineageBytes);
    ByteBuffer tokens = read(channel, 4 * count);
    seal.update(fixed.rewind());
    seal.update(encoding.duplicate());
    seal.update(tokens.duplicate());
    seal.check(file, channel, "header");
    if (!Arrays.equals(found, fingerprint)) {
      throw new RefusedImageException(
          Reason.FOREIGN, file, "it is of another model, other cache types or another version of llama.cpp");
    }
    int[] ids = new int[count];
    tokens.asIntBuffer().get(ids);
    byte[] encoded = new byte[lineageBytes];
    encoding.get(encoded);
    return new Header(lineage(file, encoded), ids, stateBytes);
  }

  private static Lineage lineage(Path file, byte[] encoding) throws RefusedImageException {
    try {
      return Lineage.decode(encoding);
    } catch (IllegalArgumentException unknown) {
      throw new RefusedImageException(Reason.FOREIGN, file, unknown.getMessage() + " It is of another release.");
    }
  }

  private static ByteBuffer read(ReadableByteChannel channel, int bytes) throws IOException {
    ByteBuffer buffer = buffer(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException("the file became shorter while it was read");
      }
    }
    return buffer.flip();
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The HMAC and the checksum of the part of a file that is being written or read. Used by one thread. */
  private static final class Seal {
    private final Mac mac;
    private final CRC32C sum = new CRC32C();

    Seal(ImageKey key) throws UnusableKeyException {
      mac = key.mac();
    }

    void update(ByteBuffer bytes) {
      mac.update(bytes.duplicate());
      sum.update(bytes);
    }

    /** The HMAC of everything since the previous one, which the next HMAC then covers too. */
    private byte[] takeMac() {
      byte[] tag = mac.doFinal();
      mac.update(tag);
      return tag;
    }

    private int takeSum(byte[] tag) {
      sum.update(tag);
      int value = (int) sum.getValue();
      sum.reset();
      return value;
    }

    ByteBuffer take() {
      byte[] tag = takeMac();
      return buffer(SEAL_BYTES).put(tag).putInt(takeSum(tag)).flip();
    }

    /** Reads a seal and compares it with what was read before it. */
    void check(Path file, ReadableByteChannel channel, String part) throws IOException {
      ByteBuffer seal = ImageFile.read(channel, SEAL_BYTES);
      byte[] tag = new byte[ImageKey.MAC_BYTES];
      seal.get(tag);
      if (seal.getInt() != takeSum(tag)) {
        throw new RefusedImageException(Reason.CHECKSUM, file, "the checksum of the " + part + " is wrong");
      }
      if (!MessageDigest.isEqual(takeMac(), tag)) {
        throw new RefusedImageException(
            Reason.FOREIGN,
            file,
            "the signature of its " + part + " is wrong: another installation wrote it, or it is forged");
      }
    }
  }

  /** Seals what is written through it, and aborts when told to. */
  private static final class Sealed implements WritableByteChannel {
    private final WritableByteChannel out;
    private final Seal seal;
    private final BooleanSupplier abandoned;

    Sealed(WritableByteChannel out, Seal seal, BooleanSupplier abandoned) {
      this.out = out;
      this.seal = seal;
      this.abandoned = abandoned;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
      if (abandoned.getAsBoolean()) {
        throw new IOException("there is no time to write it");
      }
      ByteBuffer written = source.duplicate();
      int count = out.write(source);
      seal.update(written.limit(written.position() + count));
      return count;
    }

    void writeFully(ByteBuffer source) throws IOException {
      while (source.hasRemaining()) {
        write(source);
      }
    }

    /** Writes the seal of everything written since the previous one. */
    void writeSeal() throws IOException {
      ByteBuffer value = seal.take();
      while (value.hasRemaining()) {
        out.write(value);
      }
    }

    @Override
    public boolean isOpen() {
      return out.isOpen();
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }

  /** Adds what is read through it to a seal. */
  private static final class Verified implements ReadableByteChannel {
    private final ReadableByteChannel in;
    private final Seal seal;

    Verified(ReadableByteChannel in, Seal seal) {
      this.in = in;
      this.seal = seal;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      ByteBuffer got = target.duplicate();
      int count = in.read(target);
      if (count > 0) {
        seal.update(got.limit(got.position() + count));
      }
      return count;
    }

    @Override
    public boolean isOpen() {
      return in.isOpen();
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
