package io.panallama.internal.worker;

import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import java.nio.file.Path;

/** What a worker is to run. */
public record StartOrder(Path file, ModelConfig model, Workload work) {
  /** The order to run an engine. */
  public StartOrder(Path file, ModelConfig model, EngineConfig engine) {
    this(file, model, new Workload.Generations(engine));
  }

  public void write(Output out) {
    out.put(file.toString());
    ConfigCodec.write(out, model);
    work.write(out);
  }

  public static StartOrder read(Input in) {
    Path file = Path.of(in.text());
    ModelConfig model = ConfigCodec.model(in);
    return new StartOrder(file, model, Workload.read(in));
  }
}
