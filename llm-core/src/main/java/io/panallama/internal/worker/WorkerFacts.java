package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.observe.Device;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import java.util.List;

/**
 * What a worker says about its engine when it runs.
 *
 * @param config with every automatic value replaced by the chosen one
 */
public record WorkerFacts(
    ModelFacts model, EngineConfig config, int sequenceContextSize, NativeReport natives, List<Device> devices) {
  public void write(Output out) {
    ConfigCodec.write(out, model);
    ConfigCodec.write(out, config);
    out.put(sequenceContextSize);
    ConfigCodec.write(out, natives);
    out.put(devices, ConfigCodec::write);
  }

  public static WorkerFacts read(Input in) {
    return new WorkerFacts(
        ConfigCodec.modelFacts(in),
        ConfigCodec.engine(in),
        in.integer(),
        ConfigCodec.natives(in),
        in.list(ConfigCodec::device));
  }

  /** Whether both describe the same model, as far as its header tells. */
  boolean isSameModel(WorkerFacts other) {
    return model.architecture().equals(other.model.architecture())
        && model.parameterCount() == other.model.parameterCount()
        && model.sizeBytes() == other.model.sizeBytes()
        && model.metadata().equals(other.model.metadata());
  }
}
