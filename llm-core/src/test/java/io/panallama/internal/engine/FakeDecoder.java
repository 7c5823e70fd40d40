package io.panallama.internal.engine;

import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.CandidateList;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.DeferredSample;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.SampleFailure;
import io.panallama.internal.decode.StateImage;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.decode.TokenSampler;
import io.panallama.internal.stream.Pieces;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A model that continues a sequence by a rule: the next token is a hash of everything the KV cache holds for the
 * sequence, so a wrong position, a lost cell or a mixed-up sequence changes the output. It checks what llama.cpp would
 * only assert.
 */
final class FakeDecoder implements Decoder, Batch, KvMemory, Outputs, StateStore {
  /**
   * What one call held.
   *
   * @param tokens sequence id to token count
   * @param runs number of runs of ids that follow one another
   */
  record Step(Map<Integer, Integer> tokens, int outputs, int runs) {
    int size() {
      return tokens.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  /** A sampler of the fake: whether it still may be used. */
  static final class FakeSampler implements TokenSampler {
    volatile boolean closed;

    @Override
    public void close() {
      if (closed) {
        throw new IllegalStateException("closed twice");
      }
      closed = true;
    }
  }

  /** A sample that is left for later. It does what {@link FakeDecoder#work} says, and then it knows its token. */
  final class FakeDeferred implements DeferredSample {
    final CountDownLatch cancelled = new CountDownLatch(1);
    private final int token;
    private volatile boolean running;
    private volatile boolean ran;

    /** Whether it comes to nothing. */
    volatile boolean fails;

    private FakeDeferred(int token) {
      this.token = token;
      openDeferred.incrementAndGet();
    }

    @Override
    public void run(long limitNanos) {
      running = true;
      work.accept(this);
      ran = true;
      running = false;
    }

    @Override
    public void cancel() {
      cancelled.countDown();
    }

    @Override
    public void close() {
      if (running) {
        throw new IllegalStateException("closed while it runs");
      }
      openDeferred.decrementAndGet();
    }
  }

  private record Cell(int token, int position, int sequence, boolean output) {
    Cell spoiled() {
      return new Cell(token + 1, position, sequence, output);
    }
  }

  private final int batchSize;
  private final int contextSize;
  private final int sequenceContextSize;
  private final int vocabulary;
  private final Map<Integer, TreeMap<Integer, Cell>> cache = new HashMap<>();

  /** The first position whose cell a sliding window still has, per sequence. */
  private final Map<Integer, Integer> windowStart = new HashMap<>();

  private final List<Cell> batch = new ArrayList<>();
  private final List<Integer> samples = new ArrayList<>();

  /** Per sample: what to choose from instead of from an output; null where there is an output. */
  private final List<CandidateList> choices = new ArrayList<>();

  /** Per sample: what was deferred and has run since; null where there is none. */
  private final List<@Nullable FakeDeferred> deferred = new ArrayList<>();

  /** Per sample: whether it may be left for later. */
  private final List<Boolean> deferrable = new ArrayList<>();

  /** Per sample that was taken: what is left for later; null where there is a token. */
  private final List<@Nullable FakeDeferred> left = new ArrayList<>();

  /** Which samples are left for later. */
  volatile Predicate<TokenSampler> defers = sampler -> false;

  /** What a deferred sample does on its thread. */
  volatile Consumer<FakeDeferred> work = sample -> {};

  final AtomicInteger openDeferred = new AtomicInteger();

  /** Samplers that handed out candidates and wait for the choice. */
  private final Set<TokenSampler> asked = Collections.newSetFromMap(new IdentityHashMap<>());

  private final List<Integer> sampled = new ArrayList<>();
  private final Deque<Status> scripted = new ArrayDeque<>();
  private final Thread owner = Thread.currentThread();

  final List<Step> steps = new ArrayList<>();
  volatile Consumer<FakeDecoder> beforeDecode = decoder -> {};

  /** Called when the decoder is about to be closed. */
  volatile Runnable beforeClose = () -> {};

  /** Called on the thread that reads a file. */
  volatile Runnable beforeRead = () -> {};

  volatile boolean abortRequested;
  volatile boolean closed;
  boolean canRemovePart = true;

  /** A token that no batch with it survives. */
  volatile int poison = -1;

  /** How far a sequence can go back; with {@link Rewind#WINDOWED} by {@link #window} tokens. */
  Rewind rewind = Rewind.ALWAYS;

  boolean onHost;

  /** Each sequence id has an equal part of the cells. */
  boolean split;

  /** An encoder remembers nothing: every batch begins anew. */
  boolean encoder;

  int embeddingSize;
  int pooledSize;
  int window = 16;
  byte[] fingerprint = new byte[32];
  volatile int restores;
  final AtomicInteger images = new AtomicInteger();
  private final int sequenceIds;
  volatile int shares;
  private CountDownLatch abortSeen = new CountDownLatch(1);

  FakeDecoder(int batchSize, int contextSize, int sequenceContextSize, int vocabulary, int sequenceIds) {
    this.batchSize = batchSize;
    this.contextSize = contextSize;
    this.sequenceContextSize = sequenceContextSize;
    this.vocabulary = vocabulary;
    this.sequenceIds = sequenceIds;
  }

  /** The output the rule gives for a prompt, computed without any engine. */
  static int[] expected(int[] prompt, int count, int vocabulary) {
    TreeMap<Integer, Integer> cells = new TreeMap<>();
    for (int i = 0; i < prompt.length; i++) {
      cells.put(i, prompt[i]);
    }
    int[] result = new int[count];
    for (int i = 0; i < count; i++) {
      result[i] = next(cells, vocabulary);
      cells.put(prompt.length + i, result[i]);
    }
    return result;
  }

  /** What the rule gives under {@link io.panallama.request.ContextOverflow.Shift}. */
  static int[] expectedWithShift(int[] prompt, int count, int context, int keep, int vocabulary) {
    List<Integer> tokens = new ArrayList<>();
    Arrays.stream(prompt).forEach(tokens::add);
    if (prompt.length >= context) {
      tokens.subList(keep, prompt.length - (context - keep) / 2).clear();
    }
    int[] result = new int[count];
    for (int i = 0; i < count; i++) {
      TreeMap<Integer, Integer> cells = new TreeMap<>();
      for (int k = 0; k < tokens.size(); k++) {
        cells.put(k, tokens.get(k));
      }
      result[i] = next(cells, vocabulary);
      tokens.add(result[i]);
      if (tokens.size() >= context) {
        tokens.subList(keep, keep + (tokens.size() - keep) / 2).clear();
      }
    }
    return result;
  }

  private static int next(TreeMap<Integer, Integer> cells, int vocabulary) {
    return Math.floorMod(cells.hashCode() * 31 + cells.size(), vocabulary);
  }

  /** The next decodes return these, in order, before they succeed again. */
  void script(Status... statuses) {
    scripted.addAll(List.of(statuses));
  }

  int cells() {
    Set<Cell> cells = Collections.newSetFromMap(new IdentityHashMap<>());
    cache.values().forEach(sequence -> cells.addAll(sequence.values()));
    return cells.size();
  }

  @Override
  public int capacity() {
    return batchSize;
  }

  @Override
  public int outputCapacity() {
    return batchSize;
  }

  @Override
  public int contextSize() {
    return contextSize;
  }

  @Override
  public boolean isUnified() {
    return !split;
  }

  @Override
  public int sequenceCells() {
    return split ? contextSize / sequenceIds : contextSize;
  }

  @Override
  public int sequenceContextSize() {
    return sequenceContextSize;
  }

  @Override
  public int sequenceIds() {
    return sequenceIds;
  }

  @Override
  public boolean sharesPrefixes() {
    return sequenceIds > 0 && rewind != Rewind.NEVER;
  }

  @Override
  public boolean share(int from, int to, int length) {
    requireOwner();
    TreeMap<Integer, Cell> source = cache.getOrDefault(from, new TreeMap<>());
    if (length > source.size()) {
      throw new IllegalStateException("sequence " + from + " has " + source.size() + " cells, not " + length);
    }
    if (cache.containsKey(to) && !cache.get(to).isEmpty()) {
      throw new IllegalStateException("sequence " + to + " is not empty");
    }
    if (!sharesPrefixes()) {
      throw new IllegalStateException("asked to share what can't be shared");
    }
    if (!hasWindow(from, length)) {
      return false;
    }
    cache.put(to, new TreeMap<>(source.headMap(length)));
    if (split) {
      cache.get(to).replaceAll((_, cell) -> new Cell(cell.token(), cell.position(), to, false));
    }
    windowStart.put(to, windowStart.getOrDefault(from, 0));
    shares++;
    return true;
  }

  private boolean hasWindow(int sequence, int length) {
    return rewind != Rewind.WINDOWED || windowStart.getOrDefault(sequence, 0) <= Math.max(0, length - window);
  }

  @Override
  public boolean isOnHost() {
    return onHost;
  }

  @Override
  public Rewind rewind() {
    return rewind;
  }

  /** The tokens of a sequence, four bytes each. */
  private final class Image implements StateImage {
    private final int[] tokens;
    private volatile boolean closed;

    Image(int[] tokens) {
      this.tokens = tokens;
      images.incrementAndGet();
    }

    @Override
    public long bytes() {
      return 4L * tokens.length;
    }

    @Override
    public void writeTo(WritableByteChannel channel) throws IOException {
      requireOpen();
      ByteBuffer buffer = ByteBuffer.allocate(4 * tokens.length);
      buffer.asIntBuffer().put(tokens);
      while (buffer.hasRemaining()) {
        requireOpen();
        channel.write(buffer);
      }
    }

    private void requireOpen() {
      if (closed) {
        throw new IllegalStateException("an image is used after it was closed");
      }
    }

    @Override
    public void close() {
      requireOpen();
      closed = true;
      images.decrementAndGet();
    }
  }

  @Override
  public long stateBytes(int sequence) {
    requireOwner();
    return 4L * cache.getOrDefault(sequence, new TreeMap<>()).size();
  }

  @Override
  public StateImage save(int sequence) {
    requireOwner();
    return new Image(cache.get(sequence).values().stream().mapToInt(Cell::token).toArray());
  }

  @Override
  public boolean restore(StateImage image, int sequence) {
    requireOwner();
    Image state = (Image) image;
    state.requireOpen();
    if (cache.containsKey(sequence) && !cache.get(sequence).isEmpty()) {
      throw new IllegalStateException("sequence " + sequence + " is not empty");
    }
    if (split ? state.tokens.length > sequenceCells() : cells() + state.tokens.length > contextSize) {
      return false;
    }
    TreeMap<Integer, Cell> cells = new TreeMap<>();
    for (int i = 0; i < state.tokens.length; i++) {
      cells.put(i, new Cell(state.tokens[i], i, sequence, false));
    }
    cache.put(sequence, cells);
    windowStart.put(sequence, Math.max(0, state.tokens.length - window));
    restores++;
    return true;
  }

  @Override
  public StateImage read(ReadableByteChannel channel, long bytes) throws IOException {
    beforeRead.run();
    ByteBuffer buffer = ByteBuffer.allocate((int) bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    int[] tokens = new int[buffer.flip().remaining() / 4];
    buffer.asIntBuffer().get(tokens);
    return new Image(tokens);
  }

  @Override
  public byte[] fingerprint() {
    return fingerprint.clone();
  }

  @Override
  public void clear() {
    requireOwner();
    batch.clear();
  }

  @Override
  public int addToken(int token, int position, int sequence, boolean output) {
    requireOwner();
    if (token < 0 || token >= vocabulary) {
      throw new IllegalArgumentException("bad token " + token);
    }
    return add(new Cell(token, position, sequence, output), false);
  }

  @Override
  public int embeddingSize() {
    return embeddingSize;
  }

  /** The fake's cell of an embedding has a number that no token has. */
  @Override
  public int addEmbedding(FloatBuffer vector, int[] position, int sequence, boolean output) {
    requireOwner();
    if (embeddingSize == 0) {
      return Batch.super.addEmbedding(vector, position, sequence, output);
    }
    return add(new Cell(embedded(vector.slice(vector.position(), embeddingSize)), position[0], sequence, output), true);
  }

  /** What the rule sees of an embedding. */
  int embedded(FloatBuffer vector) {
    return vocabulary + Math.floorMod(vector.hashCode(), 1 << 20);
  }

  private int add(Cell cell, boolean embeddings) {
    if (batch.size() >= batchSize) {
      throw new IllegalArgumentException("the batch is full");
    }
    if (!batch.isEmpty() && embeddings != batch.getFirst().token() >= vocabulary) {
      throw new IllegalStateException("tokens and embeddings in one batch");
    }
    batch.add(cell);
    return batch.size() - 1;
  }

  @Override
  public int pooledSize() {
    return pooledSize;
  }

  /** Sums of the rule's numbers: of the first row, of the first two, and so on. */
  @Override
  public void pooled(int sequence, float[] into) {
    requireOwner();
    if (pooledSize == 0) {
      Outputs.super.pooled(sequence, into);
    }
    List<Cell> rows = batch.stream().filter(cell -> cell.sequence() == sequence).toList();
    if (rows.isEmpty() || !rows.stream().allMatch(Cell::output)) {
      throw new IllegalStateException("sequence " + sequence + " was not computed as a whole");
    }
    for (int i = 0; i < pooledSize; i++) {
      into[i] = rows.stream().limit(i + 1L).mapToInt(Cell::token).sum();
    }
  }

  @Override
  public Batch batch() {
    return this;
  }

  @Override
  public KvMemory memory() {
    return encoder ? KvMemory.NONE : this;
  }

  @Override
  public Outputs outputs() {
    return this;
  }

  @Override
  public StateStore states() {
    return this;
  }

  @Override
  public Status decode() {
    requireOwner();
    beforeDecode.accept(this);
    if (abortRequested) {
      storeFirstHalf();
      return Status.ABORTED;
    }
    Status status = scripted.isEmpty() ? Status.OK : scripted.poll();
    if (status == Status.OK && batch.stream().anyMatch(cell -> cell.token() == poison)) {
      status = Status.FAILED;
    }
    if (status == Status.OK && !hasRoom()) {
      status = Status.NO_ROOM;
    }
    if (status == Status.ABORTED || status == Status.FAILED) {
      storeFirstHalf();
    }
    if (status == Status.OK) {
      if (encoder) {
        cache.clear();
      }
      batch.forEach(this::store);
      Map<Integer, Integer> tokens = new TreeMap<>();
      batch.forEach(cell -> tokens.merge(cell.sequence(), 1, Integer::sum));
      steps.add(new Step(tokens, (int) batch.stream().filter(Cell::output).count(), runs()));
    }
    return status;
  }

  private boolean hasRoom() {
    if (!split) {
      return cells() + batch.size() <= contextSize;
    }
    Map<Integer, Integer> wanted = new HashMap<>();
    batch.forEach(cell -> wanted.merge(cell.sequence(), 1, Integer::sum));
    return wanted.entrySet().stream()
        .allMatch(
            entry -> cache.getOrDefault(entry.getKey(), new TreeMap<>()).size() + entry.getValue() <= sequenceCells());
  }

  /** How often llama.cpp would compute the weights for this batch. */
  private int runs() {
    int runs = 1;
    for (int i = 1; i < batch.size(); i++) {
      int step = batch.get(i).sequence() - batch.get(i - 1).sequence();
      runs += step == 0 || step == 1 ? 0 : 1;
    }
    return runs;
  }

  /** Finished micro-batches stay in the cache when a step is aborted. */
  private void storeFirstHalf() {
    for (int i = 0; i < batch.size() / 2; i++) {
      store(batch.get(i));
    }
    if (!canRemovePart || rewind == Rewind.NEVER) {
      // As a recurrent memory does: it moves states around before it computes, and the move is part of what was lost.
      cache.values().forEach(cells -> cells.replaceAll((position, cell) -> cell.spoiled()));
    }
  }

  private void store(Cell cell) {
    TreeMap<Integer, Cell> cells = cache.computeIfAbsent(cell.sequence(), id -> new TreeMap<>());
    int expectedPosition = cells.isEmpty() ? 0 : cells.lastKey() + 1;
    if (cell.position() != expectedPosition) {
      throw new IllegalStateException(
          "sequence " + cell.sequence() + " holds " + cells.size() + " cells and got position " + cell.position());
    }
    cells.put(cell.position(), cell);
    windowStart.merge(cell.sequence(), Math.max(0, cells.size() - window), Math::max);
  }

  @Override
  public String failure() {
    return "scripted failure";
  }

  @Override
  public String sampleFailure() {
    return failure();
  }

  @Override
  public void clearSamples() {
    samples.clear();
    choices.clear();
    deferred.clear();
    deferrable.clear();
  }

  @Override
  public void addSample(TokenSampler sampler, int row, int topLogprobs) {
    requireOpen(sampler);
    if (!batch.get(row).output()) {
      throw new IllegalStateException("sampled a token without output");
    }
    samples.add(row);
    choices.add(null);
    deferred.add(null);
    deferrable.add(defers.test(sampler));
  }

  private static void requireOpen(TokenSampler sampler) {
    if (((FakeSampler) sampler).closed) {
      throw new IllegalStateException("sampler used after close");
    }
  }

  @Override
  public void addCandidates(TokenSampler sampler, int row, int topLogprobs) {
    addSample(sampler, row, topLogprobs);
    if (!asked.add(sampler)) {
      throw new IllegalStateException("candidates of a sampler whose choice is still to come");
    }
  }

  /** The token of the rule, and behind it the next one of the vocabulary. */
  @Override
  public boolean readCandidates(int index, TokenSampler sampler, CandidateList into) {
    into.begin(2);
    into.set(0, sampled.get(index), 1);
    into.set(1, (sampled.get(index) + 1) % vocabulary, 0);
    return true;
  }

  @Override
  public void addChoice(TokenSampler sampler, CandidateList from, int topLogprobs) {
    requireOpen(sampler);
    if (!asked.remove(sampler)) {
      throw new IllegalStateException("a choice without candidates");
    }
    samples.add(-1);
    choices.add(from);
    deferred.add(null);
    deferrable.add(false);
  }

  @Override
  public boolean isDeferred(int index) {
    return left.get(index) != null;
  }

  @Override
  public DeferredSample takeDeferred(int index) {
    FakeDeferred work = left.get(index);
    if (work == null) {
      throw new IllegalStateException("sample " + index + " is not deferred");
    }
    return work;
  }

  @Override
  public void addDeferred(TokenSampler sampler, DeferredSample done, int topLogprobs) {
    requireOpen(sampler);
    FakeDeferred work = (FakeDeferred) done;
    if (!work.ran) {
      throw new IllegalStateException("a sample that has not run");
    }
    samples.add(-1);
    choices.add(null);
    deferred.add(work);
    deferrable.add(false);
  }

  @Override
  public SampleFailure failureKind(int index) {
    return SampleFailure.GRAMMAR_LIMIT;
  }

  @Override
  public void sample() {
    sampled.clear();
    left.clear();
    for (int i = 0; i < samples.size(); i++) {
      int token = token(i);
      FakeDeferred later = deferrable.get(i) ? new FakeDeferred(token) : null;
      left.add(later);
      sampled.add(later == null ? token : -1);
    }
  }

  /** The first row and the tokens of the last scores. */
  private int scoredRow;

  private int[] scoredTokens = {};

  /** Whether the scores of a prompt fail. */
  volatile boolean scoresFail;

  /** The most rows of prompts that were scored at once. */
  volatile int mostScored;

  @Override
  public boolean scorePrompt(int row, int[] tokens, int from, int count, int topLogprobs) {
    requireOwner();
    for (int i = row; i < row + count; i++) {
      if (!batch.get(i).output() || batch.get(i).sequence() != batch.get(row).sequence()) {
        throw new IllegalStateException("scored a row without output, or of several sequences");
      }
    }
    scoredRow = row;
    scoredTokens = Arrays.copyOfRange(tokens, from, from + count);
    mostScored = Math.max(mostScored, (int) batch.stream().filter(Cell::output).count());
    return !scoresFail;
  }

  /** By the rule: 0 for the token that would come next, and less the further away a token is from it. */
  @Override
  public float promptLogprob(int index) {
    return -Math.abs(next(scoredRow + index) - scoredTokens[index]);
  }

  @Override
  public int promptTopToken(int index, int rank) {
    return next(scoredRow + index) + rank;
  }

  @Override
  public float promptTopLogprob(int index, int rank) {
    return -rank;
  }

  @Override
  public String promptFailure() {
    return failure();
  }

  private int token(int sample) {
    FakeDeferred done = deferred.get(sample);
    if (done != null) {
      done.close();
      return done.fails ? -1 : done.token;
    }
    CandidateList choice = choices.get(sample);
    if (choice != null) {
      return choice.token(choice.logit(0) >= choice.logit(1) ? 0 : 1);
    }
    return next(samples.get(sample));
  }

  /** What comes after a row, which sees its own sequence, up to itself. */
  private int next(int index) {
    Cell row = batch.get(index);
    TreeMap<Integer, Integer> tokens = new TreeMap<>();
    cache
        .get(row.sequence())
        .headMap(row.position(), true)
        .forEach((position, cell) -> tokens.put(position, cell.token()));
    return next(tokens, vocabulary);
  }

  @Override
  public int sampledToken(int index) {
    return sampled.get(index);
  }

  @Override
  public float sampledLogprob(int index) {
    return -sampled.get(index);
  }

  @Override
  public int topCount(int index) {
    return 1;
  }

  @Override
  public int topToken(int index, int rank) {
    return sampled.get(index);
  }

  @Override
  public float topLogprob(int index, int rank) {
    return -sampled.get(index);
  }

  @Override
  public boolean removeFrom(int sequence, int position) {
    requireOwner();
    if (!canRemovePart || rewind == Rewind.NEVER || !hasWindow(sequence, position)) {
      return false;
    }
    if (cache.containsKey(sequence)) {
      cache.get(sequence).tailMap(position).clear();
    }
    return true;
  }

  @Override
  public void remove(int sequence) {
    requireOwner();
    cache.remove(sequence);
    windowStart.remove(sequence);
  }

  @Override
  public void requestAbort() {
    abortRequested = true;
    abortSeen.countDown();
  }

  @Override
  public void clearAbort() {
    abortRequested = false;
    abortSeen = new CountDownLatch(1);
  }

  /** From inside a decode: waits until somebody asks for an abort. */
  void awaitAbortRequest() {
    try {
      abortSeen.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }

  @Override
  public void close() {
    beforeClose.run();
    requireOwner();
    closed = true;
  }

  private void requireOwner() {
    if (Thread.currentThread() != owner) {
      throw new WrongThreadException("the decoder belongs to " + owner);
    }
  }

  /** One letter per token: token i is the letter 'a' + i % 26. No token ends a generation. */
  static Pieces letters(int vocabulary) {
    byte[] bytes = new byte[vocabulary];
    int[] offsets = new int[vocabulary + 1];
    for (int i = 0; i < vocabulary; i++) {
      bytes[i] = (byte) ('a' + i % 26);
      offsets[i + 1] = i + 1;
    }
    return Pieces.of(bytes, offsets, new boolean[vocabulary]);
  }

  static String text(int[] tokens) {
    StringBuilder text = new StringBuilder();
    Arrays.stream(tokens).forEach(token -> text.append((char) ('a' + token % 26)));
    return text.toString();
  }
}
