package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a worker says about its engine when it runs.
 *
 * @param config with every automatic value replaced by the chosen one
 */
public record WorkerFacts(
    String name,
    String description,
    String architecture,
    long parameterCount,
    long sizeBytes,
    int layerCount,
    int embeddingSize,
    int trainedContextSize,
    Map<String, String> metadata,
    Optional<String> chatTemplate,
    EngineConfig config,
    int sequenceContextSize,
    NativeReport natives,
    List<Device> devices) {
  public void write(Output out) {
    out.put(name).put(description).put(architecture).put(parameterCount).put(sizeBytes).put(layerCount);
    out.put(embeddingSize).put(trainedContextSize).put(metadata, Output::put, Output::put);
    out.put(chatTemplate, Output::put);
    ConfigCodec.write(out, config);
    out.put(sequenceContextSize);
    ConfigCodec.write(out, natives);
    out.put(devices, ConfigCodec::write);
  }

  public static WorkerFacts read(Input in) {
    return new WorkerFacts(
        in.text(),
        in.text(),
        in.text(),
        in.number(),
        in.number(),
        in.integer(),
        in.integer(),
        in.integer(),
        in.map(Input::text, Input::text),
        in.optional(Input::text),
        ConfigCodec.engine(in),
        in.integer(),
        ConfigCodec.natives(in),
        in.list(ConfigCodec::device));
  }

  /** Whether both describe the same model, as far as its header tells. */
  boolean isSameModel(WorkerFacts other) {
    return architecture.equals(other.architecture)
        && parameterCount == other.parameterCount
        && sizeBytes == other.sizeBytes
        && metadata.equals(other.metadata);
  }
}
