package io.panallama.internal.request;

import io.panallama.internal.llama.SamplerChain;
import io.panallama.internal.stream.ChatParser;
import org.jspecify.annotations.Nullable;

/**
 * A request with everything native that its generation needs. Whoever starts the generation owns sampler and parser;
 * until then, {@link #close} frees them.
 *
 * @param parser reads the answer; null if the answer's text is its content
 */
public record PreparedRequest(CompiledRequest request, SamplerChain sampler, @Nullable ChatParser parser)
    implements AutoCloseable {
  @Override
  public void close() {
    sampler.close();
    if (parser != null) {
      parser.close();
    }
  }
}
