package io.panallama.internal.decode;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What determines the state of a sequence besides its tokens: the adapters under which it is computed, and the media among its tokens. State computed under one lineage is never given to a sequence of another. Immutable.
 *
 * <p>Most sequences have {@link #EMPTY}.
 */
public final class Lineage {
  /** No adapters and no media. */
  public static final Lineage EMPTY = new Lineage(List.of(), List.of());

  /**
   * An adapter, such as a LoRA.
   *
   * @param id identifies the contents: equal only for adapters with equal weights
   * @param scale how strongly it is applied; a finite number
   */
  public record Adapter(String id, float scale) {
    public Adapter {
      if (!Float.isFinite(scale)) {
        throw new IllegalArgumentException("The scale " + scale + " of the adapter " + id + " is not finite.");
      }
      // A negative zero has no effect either.
      scale = scale == 0 ? 0 : scale;
    }
  }

  /**
   * An image or a sound among the tokens.
   *
   * @param position the index of the first token that represents it
   * @param hash hexadecimal digits of a cryptographic hash of its content
   */
  public record Medium(int position, String hash) {
    public Medium {
      if (position < 0) {
        throw new IllegalArgumentException("The position " + position + " of a medium is negative.");
      }
    }
  }

  private final List<Adapter> adapters;
  private final List<Medium> media;
  private final byte[] encoding;
  private final int hash;

  private Lineage(List<Adapter> adapters, List<Medium> media) {
    this.adapters = List.copyOf(adapters);
    this.media = List.copyOf(media);
    this.encoding = encode(this.adapters, this.media);
    this.hash = Arrays.hashCode(encoding);
  }

  /**
   * @param adapters in the order in which they are applied
   * @param media in the order of their positions
   */
  public static Lineage of(List<Adapter> adapters, List<Medium> media) {
    for (int i = 1; i < media.size(); i++) {
      if (media.get(i).position() <= media.get(i - 1).position()) {
        throw new IllegalArgumentException("The media are not in the order of their positions: " + media);
      }
    }
    return adapters.isEmpty() && media.isEmpty() ? EMPTY : new Lineage(adapters, media);
  }

  public List<Adapter> adapters() {
    return adapters;
  }

  public List<Medium> media() {
    return media;
  }

  public boolean isEmpty() {
    return encoding.length == 0;
  }

  /**
   * The canonical form, which is the same only for equal lineages; empty for {@link #EMPTY}. Otherwise, in big-endian numbers: the number of adapters, each with its id and its scale, then the number of media, each with its position and its hash. Texts are UTF-8, preceded by their length in bytes.
   */
  public byte[] encoding() {
    return encoding.clone();
  }

  /** The length of {@link #encoding} in bytes. */
  public int encodedLength() {
    return encoding.length;
  }

  /**
   * Decodes the result of {@link #encoding}.
   *
   * @throws IllegalArgumentException if it is not the canonical form of any lineage
   */
  public static Lineage decode(byte[] encoding) {
    if (encoding.length == 0) {
      return EMPTY;
    }
    try {
      ByteBuffer buffer = ByteBuffer.wrap(encoding);
      Adapter[] adapters = new Adapter[count(buffer)];
      for (int i = 0; i < adapters.length; i++) {
        adapters[i] = new Adapter(text(buffer), buffer.getFloat());
      }
      Medium[] media = new Medium[count(buffer)];
      for (int i = 0; i < media.length; i++) {
        media[i] = new Medium(buffer.getInt(), text(buffer));
      }
      Lineage lineage = of(List.of(adapters), List.of(media));
      if (Arrays.equals(lineage.encoding, encoding)) {
        return lineage;
      }
    } catch (BufferUnderflowException tooShort) {
      throw new IllegalArgumentException("The lineage ends too early.", tooShort);
    }
    throw new IllegalArgumentException("The lineage is not in its canonical form.");
  }

  /** Reads a count, which is bounded because each entry takes at least eight bytes. */
  private static int count(ByteBuffer buffer) {
    int count = buffer.getInt();
    if (count < 0 || count > buffer.remaining() / 8) {
      throw new IllegalArgumentException("The lineage names " + count + " parts in " + buffer.remaining() + " bytes.");
    }
    return count;
  }

  private static String text(ByteBuffer buffer) {
    int length = buffer.getInt();
    if (length < 0 || length > buffer.remaining()) {
      throw new IllegalArgumentException("The lineage has a text of " + length + " bytes where fewer are left.");
    }
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] encode(List<Adapter> adapters, List<Medium> media) {
    if (adapters.isEmpty() && media.isEmpty()) {
      return new byte[0];
    }
    List<byte[]> ids = adapters.stream().map(adapter -> adapter.id().getBytes(StandardCharsets.UTF_8)).toList();
    List<byte[]> hashes = media.stream().map(medium -> medium.hash().getBytes(StandardCharsets.UTF_8)).toList();
    int texts = ids.stream().mapToInt(id -> id.length).sum() + hashes.stream().mapToInt(text -> text.length).sum();
    ByteBuffer buffer = ByteBuffer.allocate(8 + 8 * (ids.size() + hashes.size()) + texts);
    buffer.putInt(ids.size());
    for (int i = 0; i < ids.size(); i++) {
      buffer.putInt(ids.get(i).length).put(ids.get(i)).putFloat(adapters.get(i).scale());
    }
    buffer.putInt(hashes.size());
    for (int i = 0; i < hashes.size(); i++) {
      buffer.putInt(media.get(i).position()).putInt(hashes.get(i).length).put(hashes.get(i));
    }
    return buffer.array();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other || other instanceof Lineage lineage && Arrays.equals(encoding, lineage.encoding);
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public String toString() {
    return isEmpty() ? "no adapters, no media" : "adapters " + adapters + ", media " + media;
  }
}
