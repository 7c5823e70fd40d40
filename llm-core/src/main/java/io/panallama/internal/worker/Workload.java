package io.panallama.internal.worker;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.NumaStrategy;
import java.util.Optional;

/** What a worker computes with its model. */
public sealed interface Workload {
  /** The limits of the worker. */
  IsolationConfig isolation();

  /** Generations of an engine. */
  record Generations(EngineConfig config) implements Workload {
    @Override
    public IsolationConfig isolation() {
      return config.isolationConfig();
    }
  }

  /** Texts of an embedder, a reranker or a classifier. */
  record Texts(TextRole role, EmbedderConfig config) implements Workload {
    @Override
    public IsolationConfig isolation() {
      return config.isolationConfig();
    }
  }

  /** Everything that a worker needs: it is not isolated itself, and its limits are for its supervisor. */
  default void write(Output out) {
    switch (this) {
      case Generations(EngineConfig config) -> {
        out.put(true);
        ConfigCodec.write(out, config);
      }
      case Texts(TextRole role, EmbedderConfig config) -> {
        out.put(false).put(role);
        ConfigCodec.write(out, config);
      }
    }
    out.put(isolation().numa(), Output::put);
  }

  static Workload read(Input in) {
    if (in.flag()) {
      EngineConfig config = ConfigCodec.engine(in);
      return new Generations(config.toBuilder().isolationConfig(limits(in)).build());
    }
    TextRole role = in.constant(TextRole.class);
    EmbedderConfig config = ConfigCodec.embedder(in);
    return new Texts(role, config.toBuilder().isolationConfig(limits(in)).build());
  }

  private static IsolationConfig limits(Input in) {
    IsolationConfig.Builder isolation = IsolationConfig.builder();
    Optional<NumaStrategy> numa = in.optional(i -> i.constant(NumaStrategy.class));
    numa.ifPresent(isolation::numa);
    return isolation.build();
  }
}
