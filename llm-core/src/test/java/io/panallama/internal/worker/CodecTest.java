package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.IsolationConfig;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.LazyMode;
import io.panallama.config.LoadMode;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.config.RopeScaling;
import io.panallama.config.SessionKey;
import io.panallama.config.SpillConfig;
import io.panallama.config.SplitMode;
import io.panallama.config.TensorPlacement;
import io.panallama.config.ThreadPlacement;
import io.panallama.config.Trial;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Normalization;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InfillNotSupportedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.error.PromptTooLongException;
import io.panallama.error.TextTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.generation.Usage;
import io.panallama.observe.Device;
import io.panallama.observe.Distribution;
import io.panallama.observe.EngineDetail;
import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.request.StopConditions;
import io.panallama.request.StreamFlush;
import io.panallama.request.Tenant;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.scoring.ScoreFunction;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every value survives the way to another process. The samples differ from the defaults in every component, so a
 * component that is added and not written fails here.
 */
class CodecTest {
  /** Half of a surrogate pair, a character outside the basic plane, a NUL and a marked name's border. */
  private static final String ODD = "a\uD800b\uDC00c \uD83E\uDD99 \u0000 \uFDD0 ä";

  private static final List<Sampler> SAMPLERS =
      List.of(
          new Sampler.Grammar("root ::= \"a\"", "root"),
          new Sampler.LazyGrammar("root ::= \"b\"", "start", List.of("x+"), List.of(3)),
          new Sampler.BannedTexts(List.of("no", "\uD83E\uDD99")),
          new Sampler.NoEnd(),
          new Sampler.LogitBias(Map.of(1, -1.5f, 2, Float.NEGATIVE_INFINITY)),
          new Sampler.Penalties(64, 1.1f, -0.2f, 0.3f),
          new Sampler.Dry(0.8f, 1.75f, 2, 99, List.of("\n", ":")),
          new Sampler.TopNSigma(1.5f),
          new Sampler.TopK(40),
          new Sampler.Typical(0.9f, 2),
          new Sampler.TopP(0.95f, 3),
          new Sampler.MinP(0.05f, 4),
          new Sampler.Xtc(0.5f, 0.1f, 5),
          new Sampler.Temperature(0.7f),
          new Sampler.DynamicTemperature(0.7f, 0.2f, 1.5f),
          new Sampler.Infill());

  private static final List<Sampler.Selecting> SELECTING =
      List.of(
          new Sampler.Greedy(),
          new Sampler.Dist(),
          new Sampler.Mirostat(5, 0.1f, 100),
          new Sampler.MirostatV2(5, 0.1f),
          new Sampler.AdaptiveP(0.5f, 0.9f));

  private static Sampling sampling(Sampler.Selecting last) {
    List<Sampler> chain = new ArrayList<>(SAMPLERS);
    chain.add(last);
    return Sampling.of(chain, 4_000_000_000L);
  }

  private static GenerationOptions options(ContextOverflow overflow, ResponseFormat format) {
    return GenerationOptions.builder()
        .stop(
            StopConditions.builder()
                .maxTokens(77)
                .minTokens(3)
                .texts(List.of("stop", "\n\uD83E\uDD99"))
                .tokens(Set.of(5, 6))
                .build())
        .sampling(sampling(new Sampler.Dist()))
        .topLogprobs(4)
        .logprobsAfterSampling(true)
        .promptLogprobs(2)
        .priority(9)
        .tenant(new Tenant("ada", 2.5))
        .timeLimit(Duration.ofNanos(123_456_789_012L))
        .deadline(Instant.ofEpochSecond(1_900_000_000L, 17))
        .overflow(overflow)
        .format(format)
        .flush(StreamFlush.WORD)
        .build();
  }

  private static final List<ContextOverflow> OVERFLOWS =
      List.of(new ContextOverflow.Shift(4), new ContextOverflow.Reject(), new ContextOverflow.Stop());

  private static final List<ResponseFormat> FORMATS =
      List.of(
          new ResponseFormat.JsonSchema("{\"type\": \"string\"}", true),
          new ResponseFormat.Text(),
          new ResponseFormat.JsonObject(),
          new ResponseFormat.Gbnf("root ::= \"c\"", "root"));

  private static final List<ToolChoice> CHOICES =
      List.of(new ToolChoice.None(), new ToolChoice.Auto(), new ToolChoice.Required(), new ToolChoice.Named("weather"));

  private static ChatRequest chat(ToolChoice choice, ResponseFormat format) {
    ToolCall call = new ToolCall("id7", "weather", "{\"city\": \"Bern\"}");
    return ChatRequest.builder()
        .messages(
            List.of(
                new ChatMessage(Role.USER, ODD, "", List.of(), "", "Robin"),
                new ChatMessage(Role.ASSISTANT, "", "hm", List.of(call), "", ""),
                ChatMessage.toolResult(call, "sunny")))
        .tools(
            Tools.builder()
                .list(List.of(new Tool("weather", "says it", "{\"type\": \"object\"}", true)))
                .choice(choice)
                .parallelCalls(true)
                .build())
        .template(
            TemplateOptions.builder()
                .reasoning(ReasoningFormat.DEEPSEEK)
                .thinking(false)
                .arguments(Map.of("a", "1"))
                .turn(TemplateOptions.Turn.CONTINUED)
                .budget(ReasoningBudget.builder(12).message("enough").required(false).build())
                .build())
        .options(options(OVERFLOWS.getFirst(), format))
        .build();
  }

  private static List<GenerationRequest> requests() {
    List<GenerationRequest> all = new ArrayList<>();
    CHOICES.forEach(choice -> all.add(chat(choice, new ResponseFormat.Text())));
    FORMATS.forEach(format -> all.add(chat(new ToolChoice.None(), format)));
    GenerationOptions options = options(OVERFLOWS.getFirst(), FORMATS.getFirst());
    all.add(CompletionRequest.of(new Prompt.Text(ODD, true), options));
    all.add(CompletionRequest.of(new Prompt.Tokens(1, 2, 300_000, -1), options));
    all.add(
        InfillRequest.builder()
            .prefix("before")
            .suffix("after")
            .prompt("begin")
            .extra(List.of(new InfillRequest.File("name", "text")))
            .window(64)
            .suffixFirst(true)
            .options(options)
            .build());
    OVERFLOWS.forEach(
        overflow -> all.add(CompletionRequest.of(new Prompt.Text("x", false), options(overflow, FORMATS.getFirst()))));
    SELECTING.forEach(last ->
        all.add(
            CompletionRequest.of(new Prompt.Text("x", false), options.toBuilder().sampling(sampling(last)).build())));
    all.add(ChatRequest.of("Hi").with(GenerationOptions.builder().sampling(Sampling.greedy()).build()));
    return all;
  }

  private static <T> T again(T value, BiConsumer<Output, T> writer, Function<Input, T> reader) {
    Output out = new Output(1);
    writer.accept(out, value);
    Input in = new Input(out.toBytes());
    T read = reader.apply(in);
    assertThat(in.isEmpty()).as("everything of " + value + " is read").isTrue();
    return read;
  }

  @Test
  void requestsSurvive() {
    for (GenerationRequest request : requests()) {
      assertThat(again(request, RequestCodec::write, RequestCodec::read)).isEqualTo(request);
    }
  }

  /** Only their names in errors depend on it, so they are not part of what makes a sampling equal to another. */
  @Test
  void bannedTokensStayWhatTheyAre() {
    Sampling banned = Sampling.builder().banTokens(List.of(5, 99_999)).build();
    assertThat(
            again(banned, (out, given) -> RequestCodec.write(out, given, given.seed()), RequestCodec::sampling)
                .bannedTokens())
        .containsExactlyInAnyOrder(5, 99_999);
  }

  @Test
  void thereIsASampleOfEveryKind() {
    kinds(GenerationRequest.class, requests());
    kinds(Sampler.class, Stream.concat(SAMPLERS.stream(), SELECTING.stream()).toList());
    kinds(ContextOverflow.class, OVERFLOWS);
    kinds(ResponseFormat.class, FORMATS);
    kinds(ToolChoice.class, CHOICES);
    kinds(Prompt.class, List.of(new Prompt.Text("", false), new Prompt.Tokens(1)));
    kinds(GenerationEvent.class, EVENTS);
    kinds(MetadataValue.class, List.copyOf(METADATA.values()));
  }

  private static void kinds(Class<?> sealed, List<?> samples) {
    if (sealed.isSealed()) {
      Arrays.stream(sealed.getPermittedSubclasses()).forEach(kind -> kinds(kind, samples));
    } else {
      assertThat(samples).as("samples of " + sealed).anyMatch(sealed::isInstance);
    }
  }

  @Test
  void theSamplesDifferFromTheDefaultsInEveryComponent() throws ReflectiveOperationException {
    differs(chat(new ToolChoice.None(), FORMATS.getFirst()), ChatRequest.of("Hi"));
    GenerationOptions options = options(OVERFLOWS.getFirst(), FORMATS.getFirst());
    differs(options, GenerationOptions.defaults(), "processing");
    differs(options.stop(), StopConditions.NONE);
    ChatRequest chat = chat(new ToolChoice.None(), FORMATS.getFirst());
    differs(chat.tools(), Tools.none());
    differs(chat.template(), TemplateOptions.defaults());
    differs(chat.template().budget().orElseThrow(), ReasoningBudget.of(1));
    InfillRequest infill =
        (InfillRequest) requests().stream().filter(InfillRequest.class::isInstance).findFirst().orElseThrow();
    differs(infill, InfillRequest.of("", ""));
    differs(CompletionRequest.of(new Prompt.Text("y", true), options), CompletionRequest.of("x"));
    differs(ENGINE, EngineConfig.defaults(), "isolation", "isolationConfig");
    differs(ENGINE.spill(), SpillConfig.none());
    differs(ENGINE.rope(), RopeScaling.defaults());
    differs(ENGINE.placement(), ThreadPlacement.defaults());
    differs(MODEL, ModelConfig.defaults(), "listener");
  }

  /** {@code left} names components that stay on this side. */
  private static void differs(Object sample, Object standard, String... left) throws ReflectiveOperationException {
    Map<?, ?> one = components(sample);
    Map<?, ?> other = components(standard);
    for (Map.Entry<?, ?> entry : one.entrySet()) {
      if (!List.of(left).contains(entry.getKey())) {
        assertThat(Objects.equals(entry.getValue(), other.get(entry.getKey())))
            .as("the sample of " + sample.getClass().getSimpleName() + " has its own " + entry.getKey())
            .isFalse();
      }
    }
  }

  private static Map<?, ?> components(Object value) throws ReflectiveOperationException {
    Method method = value.getClass().getDeclaredMethod("components");
    method.setAccessible(true);
    return (Map<?, ?>) method.invoke(value);
  }

  private static final EngineConfig ENGINE =
      EngineConfig.builder()
          .contextSize(1000)
          .slots(3)
          .queueLimit(5)
          .queueTokenLimit(70_000)
          .batchSize(64)
          .microBatchSize(32)
          .threads(2)
          .batchThreads(1)
          .mailboxCapacity(17)
          .keyType(KvCacheType.Q8_0)
          .valueType(KvCacheType.F32)
          .flashAttention(FlashAttention.DISABLED)
          .reusePrefixes(false)
          .spill(SpillConfig.builder().memoryBytes(1L << 40).disk(Path.of("some", "folder"), 9).build())
          .itlTarget(Duration.ofMillis(7))
          .ttftTarget(Duration.ofMillis(8))
          .rope(
              RopeScaling.builder()
                  .type(RopeScaling.Type.YARN)
                  .frequencyBase(1e6f)
                  .frequencyScale(0.5f)
                  .yarnExtrapolation(0.1f)
                  .yarnAttention(0.2f)
                  .yarnBetaFast(0.3f)
                  .yarnBetaSlow(0.4f)
                  .yarnOriginalContext(99)
                  .build())
          .offloadKeyValues(false)
          .offloadOperations(false)
          .fullSlidingWindow(false)
          .kvLayout(KvLayout.SPLIT)
          .placement(
              ThreadPlacement.builder()
                  .processors(Set.of(0, 2))
                  .strict(true)
                  .priority(ThreadPlacement.Priority.HIGH)
                  .polling(1)
                  .build())
          .sessionKey(SessionKey.of("a secret of at least thirty-two bytes".getBytes(StandardCharsets.UTF_8)))
          .build();

  private static final Map<String, MetadataValue> METADATA =
      Map.of(
          "a", MetadataValue.of(-5),
          "b", MetadataValue.of(0.1),
          "c", MetadataValue.of(true),
          "d", MetadataValue.of("text"));

  private static final ModelConfig MODEL =
      ModelConfig.builder()
          .loadMode(LoadMode.READ)
          .gpuLayers(3)
          .mainGpu(1)
          .vocabularyOnly(true)
          .checkTensors(true)
          .chatTemplate("{{ x }}")
          .fallbackChatTemplate("{{ y }}")
          .devices(List.of("CUDA1"))
          .splitMode(SplitMode.ROW)
          .tensorSplit(List.of(1f, 0f))
          .tensorPlacements(List.of(new TensorPlacement("a.*", "CPU")))
          .metadata(METADATA)
          .lazyMode(other(LazyMode.values(), ModelConfig.defaults().lazyMode()))
          .trial(other(Trial.values(), ModelConfig.defaults().trial()))
          .extraBuffers(false)
          .hostBuffers(false)
          .build();

  private static <T> T other(T[] all, T standard) {
    return Arrays.stream(all).filter(one -> !one.equals(standard)).findFirst().orElseThrow();
  }

  private static final NativeReport NATIVES =
      new NativeReport("0.5.0", "linux-x64", "cpu", Path.of("natives"), Optional.of("zen4"), Optional.empty());

  @Test
  void configurationsAndFacts() {
    assertThat(again(ENGINE, ConfigCodec::write, ConfigCodec::engine)).isEqualTo(ENGINE);
    assertThat(again(MODEL, ConfigCodec::write, ConfigCodec::model)).isEqualTo(MODEL);
    IsolationConfig isolation = IsolationConfig.builder().numa(NumaStrategy.ISOLATE).build();
    StartOrder order = new StartOrder(Path.of("m.gguf"), MODEL, ENGINE.toBuilder().isolationConfig(isolation).build());
    assertThat(again(order, (out, value) -> value.write(out), StartOrder::read)).isEqualTo(order);
    Device device = new Device("CPU", "a processor", "CPU", Device.Type.CPU, 1L << 35, 1L << 36);
    ModelFacts model =
        new ModelFacts(
            Path.of("m.gguf"),
            "name",
            "description",
            "llama",
            1L << 33,
            1L << 34,
            32,
            4096,
            8192,
            Map.of("key", ODD),
            Optional.of("template"));
    WorkerFacts facts = new WorkerFacts(model, ENGINE, 1024, NATIVES, List.of(device));
    assertThat(again(facts, (out, value) -> value.write(out), WorkerFacts::read)).isEqualTo(facts);
    Distribution values = Distribution.of(new long[] {10, 1L << 40}, new long[] {1, 0, 3}, 1L << 50);
    EngineDetail detail =
        new EngineDetail(
            1,
            2,
            3,
            4,
            5,
            6,
            values,
            Distribution.NONE,
            values.plus(values),
            values,
            values,
            List.of(new MemoryUse("CUDA0", 1, 2, 3), new MemoryUse("host", 4, 5, 1L << 40)));
    EngineStats stats = new EngineStats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1L << 40).withDetail(detail);
    assertThat(again(stats, EventCodec::write, EventCodec::stats)).isEqualTo(stats);
  }

  @Test
  void whatComputesTexts() {
    EmbedderConfig.Builder plain =
        EmbedderConfig.builder()
            .batchSize(300)
            .threads(3)
            .queueLimit(77)
            .pooling(Pooling.CLS)
            .flashAttention(FlashAttention.DISABLED)
            .placement(ENGINE.placement())
            .queryPrefix(ODD);
    IsolationConfig isolation = IsolationConfig.builder().numa(NumaStrategy.ISOLATE).build();
    for (TextRole role : TextRole.values()) {
      EmbedderConfig config = plain.documentPrefix("passage: ").isolationConfig(isolation).build();
      StartOrder order = new StartOrder(Path.of("m.gguf"), MODEL, new Workload.Texts(role, config));
      assertThat(again(order, (out, value) -> value.write(out), StartOrder::read)).isEqualTo(order);
    }
    ModelFacts model = new ModelFacts(Path.of("m"), "", "", "bert", 1, 2, 3, 4, 5, Map.of(), Optional.empty());
    WorkerFacts.Texts texts =
        new WorkerFacts.Texts(plain.isolationConfig(IsolationConfig.defaults()).build(), 64, 32, List.of("a", ODD));
    WorkerFacts facts = new WorkerFacts(model, texts, NATIVES, List.of());
    assertThat(again(facts, (out, value) -> value.write(out), WorkerFacts::read)).isEqualTo(facts);
  }

  @Test
  void optionsAndResultsOfTexts() {
    for (Normalization norm :
        List.of(Normalization.NONE, Normalization.MAX_ABS, Normalization.L2, new Normalization.Norm(7))) {
      EmbeddingOptions options =
          EmbeddingOptions.builder()
              .task(EmbeddingTask.DOCUMENT)
              .normalization(norm)
              .dimensions(300)
              .longText(LongText.MEAN_OF_PARTS)
              .priority(9)
              .build();
      assertThat(again(options, TextCodec::write, TextCodec::embeddingOptions)).isEqualTo(options);
    }
    RerankOptions rerank =
        RerankOptions.builder().topN(400).normalized(true).truncate(true).maxDocumentTokens(70_000).priority(1).build();
    assertThat(again(rerank, TextCodec::write, TextCodec::rerankOptions)).isEqualTo(rerank);
    ClassifyOptions classify =
        ClassifyOptions.builder().function(ScoreFunction.SIGMOID).longText(LongText.TRUNCATE).priority(0).build();
    assertThat(again(classify, TextCodec::write, TextCodec::classifyOptions)).isEqualTo(classify);
    float[] odd = {0f, -0f, Float.MIN_VALUE, Float.MAX_VALUE, -1.5f};
    Embedding embedding = again(new Embedding(odd, 300, true, 3), TextCodec::write, TextCodec::embedding);
    assertThat(embedding.vector()).containsExactly(odd);
    assertThat(List.of(embedding.tokens(), embedding.truncated(), embedding.parts())).isEqualTo(List.of(300, true, 3));
    TokenVectors vectors =
        again(
            new TokenVectors(new int[] {7, 1 << 20}, new float[][] {odd, {1}}, true),
            TextCodec::write,
            TextCodec::tokenVectors);
    assertThat(vectors.tokens()).containsExactly(7, 1 << 20);
    assertThat(vectors.vectors()).isDeepEqualTo(new float[][] {odd, {1}});
    assertThat(vectors.truncated()).isTrue();
    Ranking ranking =
        new Ranking(List.of(new RankedDocument(3, -0.5f, 12, true), new RankedDocument(0, -1f, 9, false)), 1L << 40);
    assertThat(again(ranking, TextCodec::write, TextCodec::ranking)).isEqualTo(ranking);
    LabelScore best = new LabelScore(1, ODD, 0.75f);
    Classification labels = new Classification(best, List.of(new LabelScore(0, "", 0.25f), best), 9, true, 2);
    assertThat(again(labels, TextCodec::write, TextCodec::classification)).isEqualTo(labels);
  }

  @Test
  void failuresOfTextsKeepTheirTypes() {
    for (TextTooLongException given :
        List.of(
            new TextTooLongException(3, 99, 64),
            TextTooLongException.ofDocument(0, 99, 64),
            TextTooLongException.ofQuery(70, 64))) {
      TextTooLongException found =
          (TextTooLongException) again((Throwable) given, FailureCodec::write, FailureCodec::read);
      assertThat(found).hasMessage(given.getMessage());
      assertThat(found.parameter()).isEqualTo(given.parameter());
      assertThat(List.of(found.index(), found.tokens(), found.maxTokens()))
          .isEqualTo(List.of(given.index(), given.tokens(), given.maxTokens()));
    }
    for (EmbeddingException.Reason reason : EmbeddingException.Reason.values()) {
      EmbeddingException given = new EmbeddingException(reason, ODD, null);
      Throwable found = again((Throwable) given, FailureCodec::write, FailureCodec::read);
      assertThat(found).isInstanceOf(EmbeddingException.class).hasMessage(ODD);
      assertThat(((EmbeddingException) found).reason()).isEqualTo(reason);
    }
  }

  private static final List<GenerationEvent> EVENTS =
      List.of(
          new GenerationEvent.Text(
              ODD,
              List.of(
                  new TokenLogprobs(
                      new TokenLogprob(7, -0.5f), List.of(new TokenLogprob(8, -1f), new TokenLogprob(9, -2f))))),
          new GenerationEvent.PromptLogprobs(
              List.of(
                  new TokenLogprobs(new TokenLogprob(1, Float.NaN), List.of()),
                  new TokenLogprobs(new TokenLogprob(2, -0.5f), List.of(new TokenLogprob(3, -0.25f))))),
          new GenerationEvent.Reasoning("because"),
          new GenerationEvent.ToolCallStarted(1, "id", "name"),
          new GenerationEvent.ToolCallArguments(1, "{}"),
          new GenerationEvent.Finished(
              FinishReason.STOP_TEXT,
              new Usage(1, 2, 3, 4, 5),
              new Timings(Duration.ofNanos(1), Duration.ofSeconds(2, 3), Duration.ofHours(4), 5),
              ODD));

  @Test
  void events() {
    for (GenerationEvent event : EVENTS) {
      assertThat(again(event, EventCodec::write, EventCodec::read)).isEqualTo(event);
    }
  }

  private static final List<RuntimeException> FAILURES =
      List.of(
          new InvalidRequestException("a.b", InvalidRequestException.name("a.b") + " is wrong."),
          new ChatTemplateException("no template", null),
          ChatTemplateException.unusable("no template compiles", null),
          new PromptTooLongException(10, 5, PromptTooLongException.Limit.SHARE),
          PromptTooLongException.atLeast(10, 5, PromptTooLongException.Limit.MODEL),
          new InfillNotSupportedException(List.of("prefix", "suffix")),
          new EngineBusyException(64, Duration.ofSeconds(3)),
          EngineBusyException.tokens(5, 4, 64, Duration.ofSeconds(3)),
          new EngineClosedException(),
          new EngineFailedException(new IllegalStateException("why")),
          new GenerationException(GenerationException.Reason.MALFORMED_OUTPUT, "half a call", null),
          new EngineStartException(EngineStartException.Reason.REFUSED, "refused", null),
          new ModelLoadException(ModelLoadException.Reason.CORRUPT, Path.of("x.gguf"), "corrupt", null),
          new NativeLibraryException(NativeLibraryException.Reason.NOT_FOUND, "none", null),
          new IllegalArgumentException("argument"),
          new IllegalStateException("state"),
          new IndexOutOfBoundsException("index"));

  @Test
  void failuresKeepTypeMessageAndReason() {
    for (RuntimeException failure : FAILURES) {
      RuntimeException read = again(failure, FailureCodec::write, FailureCodec::read);
      assertThat(read).hasSameClassAs(failure);
      if (!(failure instanceof EngineFailedException)) {
        assertThat(read).hasMessage(failure.getMessage());
      }
      if (failure instanceof InvalidRequestException one && read instanceof InvalidRequestException other) {
        assertThat(other.parameter()).isEqualTo(one.parameter());
        assertThat(other.message(_ -> "X")).isEqualTo(one.message(_ -> "X"));
      }
      if (failure instanceof GenerationException one && read instanceof GenerationException other) {
        assertThat(other.reason()).isEqualTo(one.reason());
      }
    }
    RuntimeException unknown = again(new ArithmeticException("odd"), FailureCodec::write, FailureCodec::read);
    assertThat(unknown).isInstanceOf(RemoteException.class).hasMessageContaining("odd");
  }

  /** These never come from the engine of a worker. */
  private static final Set<String> LOCAL =
      Set.of(
          "IsolationException",
          "ModelFileChangedException",
          "PanallamaException",
          "QuantizationException",
          "EmbeddingException",
          "SessionFileException",
          "TextTooLongException",
          "UnsupportedTypeException");

  @Test
  void everyExceptionOfTheLibraryIsWritten() throws Exception {
    Path folder = Path.of(InvalidRequestException.class.getResource("InvalidRequestException.class").toURI());
    Set<String> written = new LinkedHashSet<>(LOCAL);
    FAILURES.forEach(failure -> written.add(failure.getClass().getSimpleName()));
    try (Stream<Path> files = Files.list(folder.getParent())) {
      List<String> exceptions =
          files
              .map(file -> file.getFileName().toString().replace(".class", ""))
              .filter(name -> name.endsWith("Exception"))
              .toList();
      assertThat(exceptions).isNotEmpty().allMatch(written::contains);
    }
  }
}
