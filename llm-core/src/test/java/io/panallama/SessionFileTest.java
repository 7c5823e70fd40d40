package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.SessionKey;
import io.panallama.error.EngineClosedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.SessionFileException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinySpec.Architecture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Sessions on their way to a file and back. */
@Timeout(120)
class SessionFileTest {
  private static final GenerationOptions TEN =
      GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(10).build();
  private static final String LONG = "A session that is long enough to be worth keeping, and then some more. ";

  @TempDir private Path folder;

  private Path model(Architecture architecture, int seed) {
    TinySpec spec = TinySpec.defaults().withArchitecture(architecture).withSeed(seed).withEnd(TinySpec.End.NEVER);
    return TinyModels.write(folder.resolve(architecture + "-" + seed + ".gguf"), spec);
  }

  private static CompletionRequest text(String text) {
    return CompletionRequest.of(text).with(TEN);
  }

  private Path save(Path modelFile, EngineConfig config) {
    Path file = folder.resolve("story.session");
    try (Model model = Model.load(modelFile);
        Engine engine = Engine.start(model, config)) {
      Session session = engine.openSession();
      session.generate(text(LONG)).await();
      session.save(file);
    }
    return file;
  }

  private static void assertRefused(Engine engine, Path file, SessionFileException.Reason reason) {
    assertThatThrownBy(() -> engine.restoreSession(file))
        .isInstanceOfSatisfying(
            SessionFileException.class,
            refusal -> {
              assertThat(refusal.reason()).isEqualTo(reason);
              assertThat(refusal.file()).isEqualTo(file);
              assertThat(refusal).hasMessageContaining(file.toString());
            });
  }

  @ParameterizedTest
  @EnumSource(Architecture.class)
  void anotherEngineGoesOnFromTheFile(Architecture architecture) {
    Path modelFile = model(architecture, 1);
    Path file = save(modelFile, TestEngines.config());
    try (Model model = Model.load(modelFile);
        Engine engine = Engine.start(model, TestEngines.config());
        Engine scratch = Engine.start(model, TestEngines.config().toBuilder().reusePrefixes(false).build())) {
      Session session = engine.restoreSession(file);
      int[] path = session.tokens();
      assertThat(model.tokenizer().detokenize(path)).startsWith(LONG);
      Completion next = session.generate(text("And then")).await();
      assertThat(next.usage().cachedTokens()).as("all that was saved").isEqualTo(path.length);
      int[] prompt = Arrays.copyOf(session.tokens(), next.usage().promptTokens());
      assertThat(next.text()).isEqualTo(scratch.generate(CompletionRequest.of(prompt).with(TEN)).await().text());
    }
  }

  /** A user's session must not depend on how many slots an engine has, and on how much memory it found. */
  @ParameterizedTest
  @CsvSource({"UNIFIED,8,SPLIT,4", "SPLIT,8,UNIFIED,8", "SPLIT,3,SPLIT,5"})
  void anEngineWithAnotherLayoutGoesOnFromTheFile(KvLayout before, int slots, KvLayout after, int otherSlots) {
    Path modelFile = model(Architecture.TRANSFORMER, 1);
    Path file = save(modelFile, TestEngines.config().toBuilder().kvLayout(before).slots(slots).build());
    EngineConfig other = TestEngines.config().toBuilder().kvLayout(after).slots(otherSlots).build();
    try (Model model = Model.load(modelFile);
        Engine engine = Engine.start(model, other);
        Engine scratch = Engine.start(model, other.toBuilder().reusePrefixes(false).build())) {
      Session session = engine.restoreSession(file);
      int[] path = session.tokens();
      Completion next = session.generate(text("And then")).await();
      assertThat(next.usage().cachedTokens()).as("all that was saved").isEqualTo(path.length);
      int[] prompt = Arrays.copyOf(session.tokens(), next.usage().promptTokens());
      assertThat(next.text()).isEqualTo(scratch.generate(CompletionRequest.of(prompt).with(TEN)).await().text());
    }
  }

  @Test
  void aSessionCanBeSavedAndRestoredWhereNothingIsKept() {
    Path modelFile = model(Architecture.TRANSFORMER, 1);
    EngineConfig config = TestEngines.config().toBuilder().reusePrefixes(false).build();
    Path file = save(modelFile, config);
    try (Model model = Model.load(modelFile);
        Engine engine = Engine.start(model, config)) {
      Session session = engine.restoreSession(file);
      Completion next = session.generate(text("And then")).await();
      assertThat(next.usage().cachedTokens()).isZero();
      assertThat(next.reason()).isEqualTo(FinishReason.LENGTH);
    }
  }

  @Test
  void aFullContextCanBeSaved() {
    try (Model model = Model.load(model(Architecture.TRANSFORMER, 1));
        Engine engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(256).build())) {
      Session session = engine.openSession();
      GenerationOptions unlimited = TEN.toBuilder().maxTokens(GenerationOptions.UNLIMITED).build();
      assertThat(session.generate(text(LONG).with(unlimited)).await().reason()).isEqualTo(FinishReason.CONTEXT_FULL);
      assertThat(session.position()).isEqualTo(engine.sequenceContextSize());
      Path file = folder.resolve("full.session");
      session.save(file);
      assertThat(engine.restoreSession(file).tokens()).isEqualTo(session.tokens());
    }
  }

  @Test
  void filesThatAreNotOursAreRefusedAndLeftAlone() throws IOException {
    Path file = save(model(Architecture.TRANSFORMER, 1), TestEngines.config());
    byte[] good = Files.readAllBytes(file);
    try (Model model = Model.load(model(Architecture.TRANSFORMER, 1));
        Engine engine = Engine.start(model, TestEngines.config());
        Model other = Model.load(model(Architecture.TRANSFORMER, 2));
        Engine otherEngine = Engine.start(other, TestEngines.config());
        Engine otherCache = Engine.start(model, TestEngines.config().toBuilder().keyType(KvCacheType.F32).build())) {
      assertRefused(otherEngine, file, SessionFileException.Reason.FOREIGN);
      assertRefused(otherCache, file, SessionFileException.Reason.FOREIGN);
      assertRefused(engine, folder.resolve("nothing"), SessionFileException.Reason.IO);
      assertRefused(engine, model.path(), SessionFileException.Reason.NOT_A_SESSION);
      Path damaged = folder.resolve("damaged");
      for (int at : new int[] {16, 60, good.length / 2, good.length - 1}) {
        byte[] bytes = good.clone();
        bytes[at] ^= 4;
        Files.write(damaged, bytes);
        assertRefused(engine, damaged, SessionFileException.Reason.DAMAGED);
      }
      for (int length : new int[] {0, 10, 70, good.length - 1}) {
        Files.write(damaged, Arrays.copyOf(good, length));
        assertRefused(engine, damaged, SessionFileException.Reason.DAMAGED);
      }
      assertThat(damaged).exists();
      assertThat(engine.restoreSession(file).position()).isPositive();
    }
  }

  @Test
  void enginesNeedTheSameKey() {
    Path modelFile = model(Architecture.TRANSFORMER, 1);
    EngineConfig ours = TestEngines.config().toBuilder().sessionKey(SessionKey.of(new byte[32])).build();
    Path keyFile = folder.resolve("our.key");
    Path file = save(modelFile, ours);
    try (Model model = Model.load(modelFile);
        Engine engine = Engine.start(model, ours);
        Engine theirs = Engine.start(model, TestEngines.config());
        Engine inFile = Engine.start(model, ours.toBuilder().sessionKey(SessionKey.inFile(keyFile)).build())) {
      assertThat(engine.restoreSession(file).position()).isPositive();
      assertRefused(theirs, file, SessionFileException.Reason.FOREIGN);
      assertThat(keyFile).as("made when it is needed").doesNotExist();
      assertRefused(inFile, file, SessionFileException.Reason.FOREIGN);
      assertThat(keyFile).exists();
    }
  }

  @Test
  void withoutAKeyNothingIsSavedOrRestored() throws IOException {
    Path modelFile = model(Architecture.TRANSFORMER, 1);
    Path file = save(modelFile, TestEngines.config());
    Path notAKey = Files.writeString(folder.resolve("session.key"), "secret");
    EngineConfig config = TestEngines.config().toBuilder().sessionKey(SessionKey.inFile(notAKey)).build();
    try (Model model = Model.load(modelFile);
        Engine engine = Engine.start(model, config)) {
      assertRefused(engine, file, SessionFileException.Reason.NO_KEY);
      Session session = engine.openSession();
      session.generate(text(LONG)).await();
      Path unsigned = folder.resolve("unsigned.session");
      assertThatThrownBy(() -> session.save(unsigned))
          .isInstanceOfSatisfying(
              SessionFileException.class,
              refusal -> assertThat(refusal.reason()).isEqualTo(SessionFileException.Reason.NO_KEY))
          .hasMessageContaining(notAKey.toString());
      assertThat(unsigned).doesNotExist();
    }
  }

  @Test
  void whatCannotBeSavedSaysWhy() {
    Engine closed;
    Session left;
    try (Model model = Model.load(model(Architecture.TRANSFORMER, 1));
        Engine engine = Engine.start(model, TestEngines.config())) {
      Session empty = engine.openSession();
      assertThatThrownBy(() -> empty.save(folder.resolve("empty")))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("has 0 tokens");
      Session session = engine.openSession();
      session.generate(text(LONG)).await();
      assertThatThrownBy(() -> session.save(folder.resolve("no/such/folder/file")))
          .isInstanceOfSatisfying(
              SessionFileException.class,
              failure -> assertThat(failure.reason()).isEqualTo(SessionFileException.Reason.IO));
      Path file = folder.resolve("running");
      Generation running =
          session.generate(text("").with(TEN.toBuilder().maxTokens(GenerationOptions.UNLIMITED).build()));
      assertThatThrownBy(() -> session.save(file)).isInstanceOf(IllegalStateException.class);
      running.close();
      session.save(file);
      closed = engine;
      left = session;
    }
    assertThatThrownBy(() -> left.save(folder.resolve("late"))).isInstanceOf(EngineClosedException.class);
    assertThatThrownBy(() -> closed.restoreSession(folder.resolve("running")))
        .isInstanceOf(EngineClosedException.class);
  }
}
