package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.llama_batch;
import io.panallama.internal.decode.Batch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Owns a {@code llama_batch} of tokens and its arrays, which are allocated once and reused for every step. Confined to the
 * thread that created it.
 */
final class NativeBatch implements Batch, AutoCloseable {
  private final Arena arena;
  private final int capacity;
  private final int outputCapacity;
  private final int vocabularySize;
  private final int sequenceIds;
  private final MemorySegment struct;
  private final MemorySegment tokens;
  private final MemorySegment positions;
  private final MemorySegment sequences;
  private final MemorySegment outputs;
  private int size;
  private int outputCount;

  private NativeBatch(Arena arena, int capacity, int outputCapacity, int vocabularySize, int sequenceIds) {
    this.arena = arena;
    this.capacity = capacity;
    this.outputCapacity = outputCapacity;
    this.vocabularySize = vocabularySize;
    this.sequenceIds = sequenceIds;
    this.tokens = arena.allocate(JAVA_INT, capacity);
    this.positions = arena.allocate(JAVA_INT, capacity);
    this.sequences = arena.allocate(JAVA_INT, capacity);
    this.outputs = arena.allocate(JAVA_BYTE, capacity);
    this.struct = struct();
  }

  /**
   * @param outputCapacity the {@code n_outputs_max} of the context, which llama.cpp asserts
   */
  static NativeBatch create(int capacity, int outputCapacity, int vocabularySize, int sequenceIds) {
    return Owned.build(owned ->
        new NativeBatch(
            owned.add(Arena.ofConfined(), Arena::close), capacity, outputCapacity, vocabularySize, sequenceIds));
  }

  /** Every row belongs to one sequence, so the counts and the pointers to the sequence ids never change. */
  private MemorySegment struct() {
    MemorySegment counts = arena.allocate(JAVA_INT, capacity);
    MemorySegment pointers = arena.allocate(ADDRESS, capacity);
    for (int i = 0; i < capacity; i++) {
      counts.setAtIndex(JAVA_INT, i, 1);
      pointers.setAtIndex(ADDRESS, i, sequences.asSlice(i * JAVA_INT.byteSize()));
    }
    MemorySegment batch = llama_batch.allocate(arena);
    llama_batch.token(batch, tokens);
    llama_batch.embd(batch, MemorySegment.NULL);
    llama_batch.pos(batch, positions);
    llama_batch.n_seq_id(batch, counts);
    llama_batch.seq_id(batch, pointers);
    llama_batch.logits(batch, outputs);
    return batch;
  }

  /** The {@code llama_batch} with the rows added so far. */
  MemorySegment filled() {
    llama_batch.n_tokens(struct, size);
    return struct;
  }

  @Override
  public int capacity() {
    return capacity;
  }

  @Override
  public int outputCapacity() {
    return outputCapacity;
  }

  @Override
  public void clear() {
    size = 0;
    outputCount = 0;
  }

  @Override
  public int addToken(int token, int position, int sequence, boolean output) {
    // llama.cpp only asserts these conditions, and a failed assert ends the process.
    if (size >= capacity
        || token < 0
        || token >= vocabularySize
        || sequence < 0
        || sequence >= sequenceIds
        || position < 0
        || output && outputCount >= outputCapacity) {
      throw new IllegalArgumentException(
          "token "
              + token
              + " at "
              + position
              + " of sequence "
              + sequence
              + " in a batch of "
              + size
              + " rows with "
              + outputCount
              + " outputs");
    }
    int row = size++;
    tokens.setAtIndex(JAVA_INT, row, token);
    positions.setAtIndex(JAVA_INT, row, position);
    sequences.setAtIndex(JAVA_INT, row, sequence);
    outputs.setAtIndex(JAVA_BYTE, row, (byte) (output ? 1 : 0));
    outputCount += output ? 1 : 0;
    return row;
  }

  @Override
  public void close() {
    arena.close();
  }
}
