package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import java.nio.file.Path;

/** What a worker is to run. */
public record StartOrder(Path file, ModelConfig model, EngineConfig engine) {
  /** Everything that a worker needs: it is not isolated itself, and its limits are for its supervisor. */
  public void write(Output out) {
    out.put(file.toString());
    ConfigCodec.write(out, model);
    ConfigCodec.write(out, engine);
    out.put(engine.isolationConfig().numa(), Output::put);
  }

  public static StartOrder read(Input in) {
    Path file = Path.of(in.text());
    ModelConfig model = ConfigCodec.model(in);
    EngineConfig engine = ConfigCodec.engine(in);
    IsolationConfig.Builder isolation = IsolationConfig.builder();
    in.optional(i -> i.constant(NumaStrategy.class)).ifPresent(isolation::numa);
    return new StartOrder(file, model, engine.toBuilder().isolationConfig(isolation.build()).build());
  }
}
