package io.panallama.internal.worker;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.KvLayout;
import io.panallama.config.LazyMode;
import io.panallama.config.LoadMode;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.RopeScaling;
import io.panallama.config.SessionKey;
import io.panallama.config.SpillConfig;
import io.panallama.config.SplitMode;
import io.panallama.config.TensorPlacement;
import io.panallama.config.ThreadPlacement;
import io.panallama.config.Trial;
import io.panallama.embedding.Pooling;
import io.panallama.observe.Device;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;

/** Configurations, and what an engine says about itself when it runs, as bytes. */
public final class ConfigCodec {
  private ConfigCodec() {}

  // ---- the model ----

  /** Everything but the listener, which stays on this side. */
  public static void write(Output out, ModelConfig config) {
    out.put(config.loadMode()).put(config.gpuLayers()).put(config.mainGpu()).put(config.vocabularyOnly());
    out.put(config.checkTensors()).put(config.chatTemplate(), Output::put);
    out.put(config.fallbackChatTemplate(), Output::put).put(config.devices(), Output::put);
    out.put(config.splitMode()).put(config.tensorSplit(), Output::put);
    out.put(config.tensorPlacements(), (o, place) -> o.put(place.pattern()).put(place.bufferType()));
    out.put(config.metadata(), Output::put, ConfigCodec::write).put(config.lazyMode());
    out.put(config.extraBuffers()).put(config.hostBuffers()).put(config.trial());
  }

  public static ModelConfig model(Input in) {
    ModelConfig.Builder config =
        ModelConfig.builder()
            .loadMode(in.constant(LoadMode.class))
            .gpuLayers(in.integer())
            .mainGpu(in.integer())
            .vocabularyOnly(in.flag())
            .checkTensors(in.flag());
    in.optional(Input::text).ifPresent(config::chatTemplate);
    in.optional(Input::text).ifPresent(config::fallbackChatTemplate);
    return config
        .devices(in.list(Input::text))
        .splitMode(in.constant(SplitMode.class))
        .tensorSplit(in.list(Input::real))
        .tensorPlacements(in.list(i -> new TensorPlacement(i.text(), i.text())))
        .metadata(in.map(Input::text, ConfigCodec::metadata))
        .lazyMode(in.constant(LazyMode.class))
        .extraBuffers(in.flag())
        .hostBuffers(in.flag())
        .trial(in.constant(Trial.class))
        .build();
  }

  private static void write(Output out, MetadataValue value) {
    switch (value) {
      case MetadataValue.IntegerValue(long number) -> out.put(0).put(number);
      case MetadataValue.FloatValue(double number) -> out.put(1).put(number);
      case MetadataValue.BooleanValue(boolean flag) -> out.put(2).put(flag);
      case MetadataValue.TextValue(String text) -> out.put(3).put(text);
    }
  }

  private static MetadataValue metadata(Input in) {
    return switch (in.integer()) {
      case 0 -> new MetadataValue.IntegerValue(in.number());
      case 1 -> new MetadataValue.FloatValue(in.wide());
      case 2 -> new MetadataValue.BooleanValue(in.flag());
      case 3 -> new MetadataValue.TextValue(in.text());
      default -> throw new WireException("an unknown kind of metadata");
    };
  }

  // ---- the engine ----

  /** Everything but the isolation, which is a matter of this side. */
  public static void write(Output out, EngineConfig config) {
    out.put(config.contextSize()).put(config.slots()).put(config.queueLimit()).put(config.queueTokenLimit());
    out.put(config.batchSize());
    out.put(config.microBatchSize()).put(config.threads()).put(config.batchThreads());
    out.put(config.mailboxCapacity()).put(config.keyType()).put(config.valueType()).put(config.flashAttention());
    out.put(config.reusePrefixes());
    write(out, config.spill());
    out.put(config.itlTarget()).put(config.ttftTarget());
    write(out, config.rope());
    out.put(config.offloadKeyValues()).put(config.offloadOperations()).put(config.fullSlidingWindow());
    out.put(config.kvLayout());
    write(out, config.placement());
    SessionKey key = config.sessionKey();
    out.put(key.file(), (o, file) -> o.put(file.toString())).put(key.secret(), (o, secret) -> o.put(secret));
  }

  private static SessionKey sessionKey(Input in) {
    Optional<String> file = in.optional(Input::text);
    Optional<byte[]> secret = in.optional(Input::bytes);
    return secret
        .map(SessionKey::of)
        .orElseGet(() -> file.map(Path::of).map(SessionKey::inFile).orElseGet(SessionKey::installation));
  }

  public static EngineConfig engine(Input in) {
    return EngineConfig.builder()
        .contextSize(in.integer())
        .slots(in.integer())
        .queueLimit(in.integer())
        .queueTokenLimit(in.integer())
        .batchSize(in.integer())
        .microBatchSize(in.integer())
        .threads(in.integer())
        .batchThreads(in.integer())
        .mailboxCapacity(in.integer())
        .keyType(in.constant(KvCacheType.class))
        .valueType(in.constant(KvCacheType.class))
        .flashAttention(in.constant(FlashAttention.class))
        .reusePrefixes(in.flag())
        .spill(spill(in))
        .itlTarget(in.duration())
        .ttftTarget(in.duration())
        .rope(rope(in))
        .offloadKeyValues(in.flag())
        .offloadOperations(in.flag())
        .fullSlidingWindow(in.flag())
        .kvLayout(in.constant(KvLayout.class))
        .placement(placement(in))
        .sessionKey(sessionKey(in))
        .build();
  }

  private static void write(Output out, ThreadPlacement placement) {
    out.put(placement.processors(), Output::put).put(placement.strict()).put(placement.priority());
    out.put(placement.polling());
  }

  private static ThreadPlacement placement(Input in) {
    return ThreadPlacement.builder()
        .processors(new LinkedHashSet<>(in.list(Input::integer)))
        .strict(in.flag())
        .priority(in.constant(ThreadPlacement.Priority.class))
        .polling(in.integer())
        .build();
  }

  private static void write(Output out, SpillConfig spill) {
    out.put(spill.memoryBytes()).put(spill.diskBytes());
    out.put(spill.directory().map(Path::toString), Output::put);
  }

  private static SpillConfig spill(Input in) {
    SpillConfig.Builder spill = SpillConfig.builder().memoryBytes(in.number());
    long disk = in.number();
    in.optional(Input::text).ifPresent(folder -> spill.disk(Path.of(folder), disk));
    return spill.build();
  }

  private static void write(Output out, RopeScaling rope) {
    out.put(rope.type()).put(rope.frequencyBase()).put(rope.frequencyScale());
    out.put(rope.yarnExtrapolation()).put(rope.yarnAttention()).put(rope.yarnBetaFast()).put(rope.yarnBetaSlow());
    out.put(rope.yarnOriginalContext());
  }

  private static RopeScaling rope(Input in) {
    return RopeScaling.builder()
        .type(in.constant(RopeScaling.Type.class))
        .frequencyBase(in.real())
        .frequencyScale(in.real())
        .yarnExtrapolation(in.real())
        .yarnAttention(in.real())
        .yarnBetaFast(in.real())
        .yarnBetaSlow(in.real())
        .yarnOriginalContext(in.integer())
        .build();
  }

  // ---- an embedder, a reranker or a classifier ----

  /** Everything but the isolation, which is a matter of this side. */
  public static void write(Output out, EmbedderConfig config) {
    out.put(config.batchSize()).put(config.threads()).put(config.queueLimit());
    out.put(config.pooling()).put(config.flashAttention());
    write(out, config.placement());
    out.put(config.queryPrefix(), Output::put).put(config.documentPrefix(), Output::put);
  }

  public static EmbedderConfig embedder(Input in) {
    EmbedderConfig.Builder config =
        EmbedderConfig.builder()
            .batchSize(in.integer())
            .threads(in.integer())
            .queueLimit(in.integer())
            .pooling(in.constant(Pooling.class))
            .flashAttention(in.constant(FlashAttention.class))
            .placement(placement(in));
    in.optional(Input::text).ifPresent(config::queryPrefix);
    in.optional(Input::text).ifPresent(config::documentPrefix);
    return config.build();
  }

  // ---- what runs ----

  static void write(Output out, Device device) {
    out.put(device.name()).put(device.description()).put(device.backend()).put(device.type());
    out.put(device.memoryFree()).put(device.memoryTotal());
  }

  static Device device(Input in) {
    return new Device(in.text(), in.text(), in.text(), in.constant(Device.Type.class), in.number(), in.number());
  }

  static void write(Output out, ModelFacts model) {
    out.put(model.path().toString()).put(model.name()).put(model.description()).put(model.architecture());
    out.put(model.parameterCount()).put(model.sizeBytes()).put(model.layerCount()).put(model.embeddingSize());
    out.put(model.trainedContextSize()).put(model.metadata(), Output::put, Output::put);
    out.put(model.chatTemplate(), Output::put);
  }

  static ModelFacts modelFacts(Input in) {
    return new ModelFacts(
        Path.of(in.text()),
        in.text(),
        in.text(),
        in.text(),
        in.number(),
        in.number(),
        in.integer(),
        in.integer(),
        in.integer(),
        in.map(Input::text, Input::text),
        in.optional(Input::text));
  }

  static void write(Output out, NativeReport natives) {
    out.put(natives.llamaVersion()).put(natives.platform()).put(natives.backend());
    out.put(natives.directory().toString());
    out.put(natives.cpuVariant(), Output::put).put(natives.cudaUnavailable(), Output::put);
  }

  static NativeReport natives(Input in) {
    String version = in.text();
    String platform = in.text();
    String backend = in.text();
    Path directory = Path.of(in.text());
    Optional<String> variant = in.optional(Input::text);
    return new NativeReport(version, platform, backend, directory, variant, in.optional(Input::text));
  }
}
