package io.panallama.internal.stream;

/**
 * The bytes of every token of a vocabulary as it appears in output, kept on the heap so that no native call is needed per token. Control tokens have no bytes.
 *
 * @param bytes all pieces, concatenated
 * @param offsets one more than there are tokens; piece {@code i} spans {@code offsets[i]} to {@code offsets[i + 1]}
 * @param endOfGeneration which tokens end a generation
 * @param longest length of the longest piece in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // internal, never compared, never changed after construction
public record Pieces(byte[] bytes, int[] offsets, boolean[] endOfGeneration, int longest) {
  public static Pieces of(byte[] bytes, int[] offsets, boolean[] endOfGeneration) {
    int longest = 0;
    for (int i = 0; i + 1 < offsets.length; i++) {
      longest = Math.max(longest, offsets[i + 1] - offsets[i]);
    }
    return new Pieces(bytes, offsets, endOfGeneration, longest);
  }

  public int offset(int token) {
    return offsets[token];
  }

  public int length(int token) {
    return offsets[token + 1] - offsets[token];
  }

  public boolean endsGeneration(int token) {
    return endOfGeneration[token];
  }
}
