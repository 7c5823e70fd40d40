package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import java.nio.file.Path;
import java.util.Optional;

/** What a worker is to run. */
public record StartOrder(Path file, ModelConfig model, EngineConfig engine, Optional<NumaStrategy> numa) {
  public void write(Output out) {
    out.put(file.toString());
    ConfigCodec.write(out, model);
    ConfigCodec.write(out, engine);
    out.put(numa, Output::put);
  }

  public static StartOrder read(Input in) {
    return new StartOrder(
        Path.of(in.text()),
        ConfigCodec.model(in),
        ConfigCodec.engine(in),
        in.optional(i -> i.constant(NumaStrategy.class)));
  }
}
