package io.panallama.internal.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.panallama.config.KvLayout;
import io.panallama.config.SessionKey;
import io.panallama.config.SpillConfig;
import io.panallama.error.EngineStartException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.internal.cache.ImageKey;
import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.decode.KvMemory.Rewind;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.request.GenerationOptions;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of prefixes that leave the KV cache, on a fake that notices every cell that is wrong. */
@ParameterizedClass
@EnumSource(
    value = KvLayout.class,
    names = {"UNIFIED", "SPLIT"})
@Timeout(120)
class SpillTest {
  @Parameter private KvLayout layout;

  private static final int VOCABULARY = 200;
  private static final long PLENTY = 1L << 30;
  private static final Logger LOGGER = Logger.getLogger("io.panallama.engine");

  @TempDir private Path folder;
  private Path directory;
  private final AtomicReference<FakeDecoder> decoder = new AtomicReference<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private Rewind rewind = Rewind.ALWAYS;
  private boolean onHost;
  private byte fingerprint = 1;
  private SessionKey key = SessionKey.of("a key of thirty-two bytes, or more".getBytes(UTF_8));
  private EngineFront loop;

  private final Handler listener =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          if (entry.getLevel().intValue() >= Level.WARNING.intValue()) {
            warnings.add(entry.getMessage());
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    directory = folder.resolve("spilled");
    LOGGER.addHandler(listener);
  }

  @AfterEach
  void closeAll() {
    LOGGER.removeHandler(listener);
    stop();
  }

  private void stop() {
    if (loop != null) {
      loop.close();
      assertThat(decoder.get().images).as("images that were not closed").hasValue(0);
      loop = null;
    }
  }

  private void start(int slots, int batch, int context, SpillConfig spill) {
    loop =
        EngineFront.start(
            new EngineSettings(
                "test-engine",
                slots,
                1000,
                8,
                Duration.ZERO,
                Duration.ofMillis(500),
                spill,
                ImageKey.of(key),
                ModelCheck.NONE,
                StepObserver.NONE),
            FakeDecoder.letters(VOCABULARY),
            () -> {
              boolean split = layout == KvLayout.SPLIT;
              FakeDecoder made =
                  split
                      ? new FakeDecoder(batch, slots * context, 1000, VOCABULARY, slots)
                      : new FakeDecoder(batch, context, 1000, VOCABULARY, 3 * slots);
              made.split = split;
              made.rewind = rewind;
              made.onHost = onHost;
              made.fingerprint = new byte[32];
              made.fingerprint[0] = fingerprint;
              decoder.set(made);
              return made;
            });
  }

  private SpillConfig disk(long memory, long disk) {
    return SpillConfig.toMemory(memory).toBuilder().disk(directory, disk).build();
  }

  private Generation submit(int[] prompt, int count) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(count).build();
    return loop.submit(prompt.clone(), options, List.of(), new FakeSampler(), null);
  }

  /** Generates, checks the output, and says how many prompt tokens were not computed. */
  private int cachedOf(int[] prompt, int count) {
    Completion completion = submit(prompt, count).await();
    assertThat(completion.text()).isEqualTo(expected(prompt, count));
    return completion.usage().cachedTokens();
  }

  private int cachedOf(Lineage lineage, int[] prompt, int count) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(count).build();
    Completion completion =
        loop.submit(lineage, prompt.clone(), options, List.of(), new FakeSampler(), null, null).await();
    assertThat(completion.text()).isEqualTo(expected(prompt, count));
    return completion.usage().cachedTokens();
  }

  private static Lineage adapter(float scale) {
    return Lineage.of(List.of(new Lineage.Adapter("lora", scale)), List.of());
  }

  private static String expected(int[] prompt, int count) {
    return FakeDecoder.text(FakeDecoder.expected(prompt, count, VOCABULARY));
  }

  private static int[] text(int seed, int length) {
    return text(new Random(seed), length);
  }

  private static int[] text(Random random, int length) {
    return random.ints(length, 0, VOCABULARY).toArray();
  }

  private static int[] join(int[] one, int[] two) {
    int[] joined = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, joined, one.length, two.length);
    return joined;
  }

  /** Pushes out everything that finished sequences left. The last step of each has no prompt tokens to count. */
  private void pushOut() {
    for (int i = 0; i < 4; i++) {
      cachedOf(text(9000 + i, 100), 2);
    }
  }

  private static void until(BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadline).as("nanoseconds too late").isNegative();
      Thread.yield();
    }
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(directory)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  /** In a split cache, sequences do not take room from each other. */
  private void assumeUnified() {
    assumeThat(layout).isEqualTo(KvLayout.UNIFIED);
  }

  private long bytesOfFiles() throws IOException {
    long bytes = 0;
    for (Path file : files()) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  /** Keeps its cells, because nobody reads it. */
  private Generation stalled(int[] prompt) {
    long before = loop.stats().generatedTokens();
    Generation unread = submit(prompt, 500);
    until(() -> loop.stats().generatedTokens() - before == 8);
    return unread;
  }

  // ---- lineages ----

  @Test
  void theKvCacheSharesWithinALineageOnly() {
    start(3, 64, 1600, SpillConfig.none());
    int[] prompt = text(1, 200);
    cachedOf(prompt, 2);
    assertThat(cachedOf(adapter(1), prompt, 2)).isZero();
    assertThat(cachedOf(adapter(0.5f), prompt, 2)).isZero();
    assertThat(cachedOf(adapter(1), prompt, 2)).isEqualTo(199);
    assertThat(cachedOf(prompt, 2)).isEqualTo(199);
  }

  @Test
  void memoryGivesBackWithinALineageOnly() {
    start(1, 64, 300, SpillConfig.toMemory(PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(adapter(1), prompt, 5);
    pushOut();
    assertThat(cachedOf(prompt, 5)).isZero();
    pushOut();
    assertThat(cachedOf(adapter(0.5f), prompt, 5)).isZero();
    pushOut();
    long before = loop.stats().restores();
    assertThat(cachedOf(adapter(1), prompt, 5)).isEqualTo(99);
    assertThat(loop.stats().restores() - before).isEqualTo(1);
  }

  @Test
  void filesGiveBackWithinALineageOnly() {
    start(1, 64, 300, disk(PLENTY, PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(adapter(1), prompt, 5);
    stop();
    start(1, 64, 300, disk(PLENTY, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    assertThat(cachedOf(prompt, 5)).isZero();
    assertThat(cachedOf(adapter(0.5f), prompt, 5)).isZero();
    assertThat(cachedOf(adapter(1), prompt, 5)).isEqualTo(99);
    stop();
    start(1, 64, 300, disk(PLENTY, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    assertThat(cachedOf(prompt, 5)).as("each has a file of its own").isEqualTo(99);
    assertThat(cachedOf(adapter(0.5f), prompt, 5)).isEqualTo(99);
    assertThat(cachedOf(adapter(1), prompt, 5)).isEqualTo(99);
    assertThat(warnings).isEmpty();
  }

  @Test
  void aFileOfTheFormatWithoutLineageIsRefusedAndDeleted() throws IOException {
    start(1, 64, 300, disk(PLENTY, PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(prompt, 5);
    stop();
    Path file = files().getFirst();
    byte[] bytes = Files.readAllBytes(file);
    bytes[8] = 1;
    Files.write(file, bytes);
    start(1, 64, 300, disk(PLENTY, PLENTY));
    until(() -> !Files.exists(file));
    assertThat(cachedOf(prompt, 5)).isZero();
    assertThat(warnings).singleElement().asString().contains(file.toString(), "older release");
  }

  // ---- memory ----

  /** Cells that are kept for later cost every step; a copy in memory costs nothing until it is wanted. */
  @Test
  void whereCopiesAreCheapOnlyTheLatestStaysInTheCache() {
    assumeUnified();
    onHost = true;
    start(2, 64, 1600, SpillConfig.toMemory(PLENTY));
    int[] first = text(1, 200);
    int[] second = text(2, 200);
    cachedOf(first, 2);
    cachedOf(second, 2);
    assertThat(loop.stats().spilledBytes()).as("the first one was followed by another").isPositive();
    assertThat(cachedOf(second, 2)).isEqualTo(199);
    assertThat(loop.stats().restores()).as("the latest is in the cache").isZero();
    assertThat(loop.stats().detail().memoryTokens()).isZero();
    assertThat(cachedOf(first, 2)).isEqualTo(199);
    assertThat(loop.stats().restores()).isEqualTo(1);
    assertThat(loop.stats().detail().memoryTokens()).isEqualTo(199);
    assertThat(loop.stats().detail().diskTokens()).isZero();
  }

  @Test
  void withoutMemoryForCopiesHalfOfTheCacheIsKept() {
    onHost = true;
    start(2, 64, 1600, SpillConfig.toMemory(0));
    int[] first = text(1, 200);
    int[] second = text(2, 200);
    cachedOf(first, 2);
    cachedOf(second, 2);
    assertThat(cachedOf(first, 2)).isEqualTo(199);
    assertThat(cachedOf(second, 2)).isEqualTo(199);
  }

  @Test
  void whatIsGivenUpInVainForAnImageIsNotSharedAfterwards() {
    assumeUnified();
    start(2, 64, 400, SpillConfig.toMemory(PLENTY));
    int[] beginning = text(1, 20);
    int[] longer = join(beginning, text(2, 80));
    cachedOf(join(longer, text(3, 230)), 2);
    cachedOf(join(beginning, text(4, 30)), 2);
    stalled(text(5, 150));
    // The image has 100 tokens of it, but no room besides that one; what finished had 20, and went to make room.
    int[] prompt = join(longer, text(6, 20));
    assertThat(cachedOf(prompt, 3)).isZero();
    assertThat(cachedOf(prompt, 3)).isEqualTo(119);
  }

  @Test
  void anImageThatFoundNoRoomIsKept() {
    start(2, 64, 400, SpillConfig.toMemory(PLENTY));
    int[] prompt = text(1, 330);
    cachedOf(prompt, 2);
    Generation other = stalled(text(2, 150));
    // Each has more of it than the one before left in the KV cache.
    for (int length : new int[] {40, 80, 120}) {
      cachedOf(join(Arrays.copyOf(prompt, length), text(length, 10)), 2);
    }
    other.cancel();
    until(() -> loop.stats().running() == 0);
    assertThat(cachedOf(prompt, 2)).isEqualTo(329);
  }

  @Test
  void aPrefixThatHadToLeaveComesBack() {
    start(1, 64, 300, SpillConfig.toMemory(PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(prompt, 5);
    pushOut();
    long before = loop.stats().promptTokens();
    assertThat(cachedOf(prompt, 5)).isEqualTo(99);
    assertThat(loop.stats().promptTokens() - before).isEqualTo(1);
    assertThat(loop.stats().restores()).isEqualTo(1);
    assertThat(loop.stats().cachedPromptTokens()).isEqualTo(99);
    assertThat(loop.stats().preemptions()).isZero();
  }

  @Test
  void aBeginningOfItIsOfUseToo() {
    start(1, 64, 300, SpillConfig.toMemory(PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(prompt, 5);
    pushOut();
    assertThat(cachedOf(join(Arrays.copyOf(prompt, 60), text(2, 20)), 5)).isEqualTo(60);
  }

  @Test
  void withoutABudgetItIsForgotten() {
    start(1, 64, 300, SpillConfig.none());
    cachedOf(text(1, 100), 5);
    pushOut();
    assertThat(cachedOf(text(1, 100), 5)).isZero();
    assertThat(loop.stats().spilledBytes()).isZero();
  }

  @Test
  void theBudgetHoldsAndTheOldestGoes() {
    start(1, 64, 300, SpillConfig.toMemory(4 * 100 * 5));
    for (int i = 0; i < 12; i++) {
      cachedOf(text(i, 100), 1);
      assertThat(loop.stats().spilledBytes()).isLessThanOrEqualTo(4 * 100 * 5);
    }
    assertThat(loop.stats().spilledBytes()).isEqualTo(4 * 100 * 5);
    assertThat(cachedOf(text(1, 100), 1)).as("the oldest").isZero();
    assertThat(cachedOf(text(8, 100), 1)).as("a young one").isEqualTo(99);
  }

  @Test
  void aLongerImageReplacesItsBeginnings() {
    start(1, 64, 300, SpillConfig.toMemory(PLENTY));
    int[] conversation = text(1, 40);
    for (int turn = 0; turn < 3; turn++) {
      cachedOf(conversation, 1);
      pushOut();
      conversation = join(conversation, text(turn, 20));
    }
    // The conversation with 80 tokens, and four others with 101.
    assertThat(loop.stats().spilledBytes()).isLessThanOrEqualTo(4 * (80 + 4 * 101));
  }

  @Test
  void roomIsMadeForWhatComesBack() {
    start(2, 64, 600, SpillConfig.toMemory(PLENTY));
    int[] prompt = text(1, 190);
    cachedOf(prompt, 1);
    // Half of the cache is what finished sequences may keep: this one fills it.
    cachedOf(text(2, 280), 1);
    Generation running = submit(text(3, 150), 40);
    until(() -> loop.stats().generatedTokens() > 2);
    assertThat(cachedOf(prompt, 1)).isEqualTo(189);
    assertThat(running.await().text()).isEqualTo(expected(text(3, 150), 40));
  }

  // ---- disk ----

  @Test
  void whatDoesNotFitIntoMemoryComesBackFromDisk() throws IOException {
    start(1, 64, 300, disk(0, PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(prompt, 5);
    pushOut();
    until(() -> loop.stats().diskBytes() > 0);
    assertThat(cachedOf(prompt, 5)).isEqualTo(99);
    assertThat(loop.stats().restores()).isEqualTo(1);
    assertThat(loop.stats().detail().diskTokens()).isEqualTo(99);
    assertThat(loop.stats().detail().memoryTokens()).isZero();
    until(() -> loop.stats().spilledBytes() == 0);
    assertThat(warnings).isEmpty();
  }

  @Test
  void whileAFileIsReadOthersGoOn() {
    start(2, 64, 400, disk(0, PLENTY));
    int[] prompt = text(1, 100);
    cachedOf(prompt, 1);
    for (int i = 0; i < 3; i++) {
      cachedOf(text(9000 + i, 100), 1);
    }
    until(() -> loop.stats().diskBytes() > 0 && loop.stats().spilledBytes() == 0);
    CountDownLatch mayRead = new CountDownLatch(1);
    decoder.get().beforeRead = () -> await(mayRead);
    Generation waits = submit(prompt, 5);
    cachedOf(text(3, 50), 20);
    assertThat(loop.stats().running()).isEqualTo(1);
    mayRead.countDown();
    Completion completion = waits.await();
    assertThat(completion.text()).isEqualTo(expected(prompt, 5));
    assertThat(completion.usage().cachedTokens()).isEqualTo(99);
  }

  @ParameterizedTest
  @EnumSource
  void aRestartFindsWhatWasLeft(Rewind kind) throws IOException {
    rewind = kind;
    int[] prompt = text(1, 300);
    start(1, 64, 1000, disk(PLENTY, PLENTY));
    cachedOf(prompt, 5);
    int[] next = join(join(prompt, FakeDecoder.expected(prompt, 5, VOCABULARY)), text(2, 20));
    stop();
    assertThat(bytesOfFiles()).isPositive();
    start(1, 64, 1000, disk(PLENTY, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    // The last token of the answer was sampled and never computed.
    assertThat(cachedOf(next, 5)).isEqualTo(304);
    assertThat(warnings).isEmpty();
  }

  @Test
  void theEndOfAnEngineWithoutMemoryBudgetWritesAllThatIsLeft() throws IOException {
    start(4, 64, 1000, disk(0, PLENTY));
    for (int i = 0; i < 4; i++) {
      cachedOf(text(i, 100), 1);
    }
    stop();
    assertThat(files()).hasSize(4);
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no POSIX permissions")
  void nobodyElseMayLookIntoTheDirectory() throws IOException {
    start(1, 64, 300, disk(PLENTY, PLENTY));
    cachedOf(text(1, 100), 1);
    stop();
    for (Path made : List.of(directory, files().getFirst().getParent())) {
      assertThat(Files.getPosixFilePermissions(made)).isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void theDiskBudgetCountsAllModelsAndTheOldestFileGoes() throws IOException {
    Path other = Files.createDirectories(directory.resolve("0123456789abcdef")).resolve("other.kv");
    Files.write(other, new byte[500]);
    Files.setLastModifiedTime(other, FileTime.fromMillis(1000));
    start(1, 64, 300, disk(0, 2000));
    cachedOf(text(1, 100), 1);
    for (int i = 2; i < 8; i++) {
      cachedOf(text(i, 100), 1);
      until(() -> loop.stats().spilledBytes() == 0);
    }
    stop();
    assertThat(bytesOfFiles()).isBetween(1500L, 2000L);
    assertThat(other).doesNotExist();
  }

  @Test
  void whatOthersHaveInTheDirectoryStays() throws IOException {
    Path folder = Files.createDirectories(directory.resolve("sessions"));
    List<Path> others =
        List.of(directory.resolve("alice.kv"), folder.resolve("bob.kv"), directory.resolve("alice.kv.1.tmp"));
    for (Path other : others) {
      Files.write(other, new byte[3000]);
    }
    start(1, 64, 300, disk(0, 2000));
    cachedOf(text(1, 100), 1);
    stop();
    assertThat(files()).containsAll(others).hasSize(4);
  }

  /** Writes one file by an engine and gives its path. */
  private Path oneFile(int[] prompt) throws IOException {
    start(1, 64, 300, disk(PLENTY, PLENTY));
    cachedOf(prompt, 1);
    stop();
    assertThat(files()).hasSize(1);
    return files().getFirst();
  }

  private void assertRefused(Path file, int[] prompt) throws IOException {
    byte[] bad = Files.readAllBytes(file);
    start(1, 64, 300, disk(PLENTY, PLENTY));
    assertThat(cachedOf(prompt, 1)).isZero();
    until(() -> !warnings.isEmpty());
    assertThat(warnings).hasSize(1).first().asString().startsWith("Refused and deleted: " + file);
    stop();
    if (Files.exists(file)) {
      assertThat(file).as("written anew").binaryContent().isNotEqualTo(bad);
    }
  }

  @Test
  void aDamagedStateIsRefusedAndDeleted() throws IOException {
    Path file = oneFile(text(1, 100));
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 20]++;
    Files.write(file, bytes);
    start(1, 64, 300, disk(PLENTY, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    assertThat(cachedOf(text(1, 100), 1)).isZero();
    assertThat(warnings).hasSize(1).first().asString().startsWith("Refused and deleted: " + file);
  }

  @Test
  void aDamagedHeaderIsRefusedAndDeleted() throws IOException {
    Path file = oneFile(text(1, 100));
    byte[] bytes = Files.readAllBytes(file);
    bytes[70]++;
    Files.write(file, bytes);
    assertRefused(file, text(1, 100));
  }

  @Test
  void aFileThatIsCutOffIsRefusedAndDeleted() throws IOException {
    Path file = oneFile(text(1, 100));
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 300));
    assertRefused(file, text(1, 100));
  }

  @Test
  void anEmptyFileIsRefusedAndDeleted() throws IOException {
    Path file = oneFile(text(1, 100));
    Files.write(file, new byte[0]);
    assertRefused(file, text(1, 100));
  }

  @Test
  void aFileOfAnotherModelIsRefusedAndDeleted() throws IOException {
    Path file = oneFile(text(1, 100));
    fingerprint = 2;
    start(1, 64, 300, disk(PLENTY, PLENTY));
    cachedOf(text(1, 100), 1);
    stop();
    List<Path> both = new ArrayList<>(files());
    both.remove(file);
    Path mine = both.getFirst();
    Files.move(file, mine, StandardCopyOption.REPLACE_EXISTING);
    assertRefused(mine, text(1, 100));
  }

  @Test
  void anotherModelDoesNotSeeIt() throws IOException {
    Path file = oneFile(text(1, 100));
    fingerprint = 2;
    start(1, 64, 300, disk(PLENTY, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    assertThat(cachedOf(text(1, 100), 1)).isZero();
    assertThat(file).exists();
    assertThat(warnings).isEmpty();
  }

  @Test
  void anotherKeySeesAndDeletesNothing() throws IOException {
    Path file = oneFile(text(1, 100));
    key = SessionKey.of(new byte[32]);
    start(1, 64, 300, disk(PLENTY, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    assertThat(cachedOf(text(1, 100), 1)).isZero();
    assertThat(file).exists();
    assertThat(warnings).isEmpty();
  }

  @Test
  void withoutAKeyNothingIsSpilledToDisk() throws IOException {
    Path notAKey = Files.write(folder.resolve("session.key"), new byte[31]);
    key = SessionKey.inFile(notAKey);
    assertThatThrownBy(() -> start(1, 64, 300, disk(PLENTY, PLENTY)))
        .isInstanceOf(EngineStartException.class)
        .hasMessageContaining(notAKey.toString())
        .hasMessageContaining("can't be signed");
    start(1, 64, 300, SpillConfig.toMemory(PLENTY));
    cachedOf(text(1, 100), 1);
  }

  @Test
  void theDirectoryMayVanish() throws IOException {
    start(1, 64, 300, disk(0, PLENTY));
    cachedOf(text(1, 100), 1);
    pushOut();
    until(() -> loop.stats().diskBytes() > 0 && loop.stats().spilledBytes() == 0);
    deleteDirectory();
    assertThat(cachedOf(text(1, 100), 1)).isZero();
    assertThat(warnings).hasSize(1);
    pushOut();
    stop();
    assertThat(files()).as("made again").isNotEmpty();
  }

  @Test
  void theDirectoryMayBecomeAFile() throws IOException {
    start(1, 64, 300, disk(0, PLENTY));
    cachedOf(text(1, 100), 1);
    deleteDirectory();
    Files.writeString(directory, "in the way");
    for (int i = 0; i < 12; i++) {
      cachedOf(text(100 + i, 100), 1);
      until(() -> loop.stats().spilledBytes() == 0);
    }
    assertThat(warnings).as("the first failure, and that no more is tried").hasSize(2);
  }

  private void deleteDirectory() throws IOException {
    for (Path file : files()) {
      Files.delete(file);
    }
    try (Stream<Path> folders = Files.walk(directory)) {
      for (Path each : folders.toList().reversed()) {
        Files.delete(each);
      }
    }
  }

  @Test
  void aDirectoryThatCantBeMadeIsRefusedAtTheStart() throws IOException {
    Files.writeString(directory, "in the way");
    assertThatThrownBy(() -> start(1, 64, 300, disk(0, PLENTY)))
        .isInstanceOf(EngineStartException.class)
        .hasMessageContaining(directory.toString());
  }

  @Test
  void whatCrashesLeftIsRemovedAndWhatIsBeingWrittenIsNot() throws IOException {
    Path sub = Files.createDirectories(directory.resolve("0123456789abcdef"));
    Path left = Files.write(sub.resolve("left.kv.1.tmp"), new byte[100]);
    Path writing = Files.write(sub.resolve("writing.kv.2.tmp"), new byte[100]);
    try (FileChannel channel = FileChannel.open(writing, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      assertThat(lock.isValid()).isTrue();
      start(1, 64, 300, disk(0, PLENTY));
      until(() -> !Files.exists(left));
      stop();
      assertThat(writing).exists();
    }
  }

  // ---- models that can't go back ----

  @ParameterizedTest
  @EnumSource
  void aConversationGoesOnWhereItEnded(Rewind kind) {
    rewind = kind;
    start(1, 64, 1000, SpillConfig.toMemory(PLENTY));
    int[] first = text(1, 50);
    cachedOf(first, 10);
    int[] second = join(join(first, FakeDecoder.expected(first, 10, VOCABULARY)), text(2, 20));
    assertThat(cachedOf(second, 5)).isEqualTo(59);
  }

  @ParameterizedTest
  @EnumSource
  void aSystemPromptIsCopiedWhereOthersPartFromIt(Rewind kind) {
    rewind = kind;
    start(1, 64, 2000, SpillConfig.toMemory(PLENTY));
    int[] system = text(1, 100);
    cachedOf(join(system, text(2, 50)), 30);
    cachedOf(join(system, text(3, 50)), 30);
    assertThat(cachedOf(join(system, text(4, 50)), 30)).isEqualTo(100);
  }

  @ParameterizedTest
  @EnumSource
  void anAnswerIsGeneratedAgainFromNearTheEndOfItsPrompt(Rewind kind) {
    rewind = kind;
    start(1, 64, 2000, SpillConfig.toMemory(PLENTY));
    cachedOf(text(1, 600), 40);
    assertThat(cachedOf(text(1, 600), 40)).isGreaterThanOrEqualTo(512);
    assertThat(cachedOf(text(1, 600), 40)).isEqualTo(599);
  }

  @ParameterizedTest
  @EnumSource
  void sixteenRequestsThatArriveTogetherPayForTheirPrefixOnce(Rewind kind) {
    rewind = kind;
    start(16, 64, 8000, SpillConfig.toMemory(PLENTY));
    CountDownLatch allSubmitted = new CountDownLatch(1);
    decoder.get().beforeDecode = fake -> await(allSubmitted);
    int[] prefix = text(1, 512);
    List<int[]> prompts = new ArrayList<>();
    List<Generation> generations = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      prompts.add(join(prefix, text(100 + i, 20)));
      generations.add(submit(prompts.get(i), 10));
    }
    allSubmitted.countDown();
    for (int i = 0; i < 16; i++) {
      assertThat(generations.get(i).await().text()).isEqualTo(expected(prompts.get(i), 10));
    }
    assertThat(loop.stats().promptTokens()).isLessThanOrEqualTo(512 + 16 * 20 + 64);
  }

  @Test
  void whatAnAbortedStepSpoiledComesBackFromItsCopy() {
    rewind = Rewind.NEVER;
    start(1, 64, 2000, SpillConfig.toMemory(PLENTY));
    cachedOf(text(1, 600), 5);
    decoder.get().script(Status.ABORTED);
    assertThat(cachedOf(text(1, 600), 5)).isGreaterThanOrEqualTo(512);
    assertThat(loop.stats().restores()).isEqualTo(2);
  }

  @Test
  void anEngineThatDiesFreesItsImages() {
    start(1, 64, 300, disk(PLENTY, PLENTY));
    cachedOf(text(1, 100), 1);
    pushOut();
    assertThat(loop.stats().spilledBytes()).isPositive();
    decoder.get().beforeDecode =
        fake -> {
          throw new IllegalStateException("the fake died");
        };
    assertThatThrownBy(() -> submit(text(1, 100), 5).await()).hasMessageContaining("the fake died");
  }

  @Test
  void thousandsOfSessionsWaitOnDisk() throws IOException {
    int[] system = text(1, 40);
    start(1, 128, 300, disk(0, PLENTY));
    for (int i = 0; i < 2_000; i++) {
      submit(join(system, text(10_000 + i, 40)), 1).await();
      until(() -> loop.stats().spilledBytes() == 0);
    }
    stop();
    assertThat(files()).hasSize(2_000);
    start(1, 128, 300, disk(0, PLENTY));
    until(() -> loop.stats().diskBytes() > 0);
    for (int i : new int[] {17, 1000, 1999}) {
      assertThat(cachedOf(join(system, text(10_000 + i, 40)), 3)).as("session %d", i).isEqualTo(79);
    }
  }

  // ---- everything at once ----

  @ParameterizedTest
  @EnumSource
  void randomTrafficGivesWhatEachGivesAlone(Rewind kind) throws IOException {
    rewind = kind;
    long restores = 0;
    for (int scenario = 0; scenario < 150; scenario++) {
      Random random = new Random(scenario);
      int slots = 1 + random.nextInt(5);
      onHost = scenario % 2 == 0;
      directory = folder.resolve(kind + "-" + scenario / 5);
      SpillConfig spill =
          switch (random.nextInt(3)) {
            case 0 -> SpillConfig.toMemory(random.nextInt(4000));
            case 1 -> disk(random.nextInt(2000), 1 + random.nextInt(6000));
            default -> disk(0, 1 + random.nextInt(6000));
          };
      start(slots, slots + random.nextInt(40), 250 + random.nextInt(500), spill);
      if (random.nextInt(4) == 0) {
        decoder.get().script(Status.OK, Status.ABORTED, Status.OK, Status.ABORTED);
      }
      Random families = new Random(scenario / 5);
      List<int[]> family = List.of(text(families, 60), text(families, 110), text(families, 150));
      List<int[]> prompts = new ArrayList<>();
      List<Generation> generations = new ArrayList<>();
      List<Completion> completions = new ArrayList<>();
      for (int i = 0; i < 14; i++) {
        int[] whole = family.get(random.nextInt(3));
        prompts.add(join(Arrays.copyOf(whole, 1 + random.nextInt(whole.length)), text(random, random.nextInt(20))));
        generations.add(submit(prompts.get(i), 8));
        if (random.nextInt(6) == 0) {
          int victim = random.nextInt(generations.size());
          if (victim == i || completions.get(victim) == null) {
            generations.get(victim).cancel();
          }
        }
        completions.add(random.nextInt(3) == 0 ? generations.getLast().await() : null);
      }
      for (int i = 0; i < generations.size(); i++) {
        Completion completion = completions.get(i) != null ? completions.get(i) : generations.get(i).await();
        String alone = expected(prompts.get(i), 8);
        if (completion.reason() == FinishReason.CANCELLED) {
          assertThat(alone).as("scenario %d, request %d", scenario, i).startsWith(completion.text());
        } else {
          assertThat(completion.text()).as("scenario %d, request %d", scenario, i).isEqualTo(alone);
        }
      }
      restores += loop.stats().restores();
      assertThat(loop.stats().running() + loop.stats().waiting()).isZero();
      stop();
      assertThat(bytesOfFiles()).isLessThanOrEqualTo(Math.max(6000, spill.diskBytes()));
    }
    assertThat(restores).as("prefixes that came back").isGreaterThan(100);
    assertThat(warnings).isEmpty();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException interrupt) {
      throw new IllegalStateException(interrupt);
    }
  }
}
