package io.panallama.server.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import org.junit.jupiter.api.Test;

class RequestLimitsTest {
  private static GenerationRequest request(ContextOverflow overflow, int maxTokens) {
    return ChatRequest.of("x").with(GenerationOptions.builder().overflow(overflow).maxTokens(maxTokens).build());
  }

  @Test
  void anAnswerThatShiftsItsContextEnds() {
    GenerationRequest endless = request(new ContextOverflow.Shift(0), GenerationOptions.UNLIMITED);
    assertThat(RequestLimits.bounded(endless, 100).options().maxTokens()).isEqualTo(1000);
    assertThat(RequestLimits.bounded(endless, Integer.MAX_VALUE)).isSameAs(endless);
  }

  @Test
  void otherLimitsAreKept() {
    GenerationRequest brief = request(new ContextOverflow.Shift(0), 50);
    GenerationRequest stopped = request(new ContextOverflow.Stop(), GenerationOptions.UNLIMITED);
    assertThat(RequestLimits.bounded(brief, 100)).isSameAs(brief);
    assertThat(RequestLimits.bounded(stopped, 100)).isSameAs(stopped);
  }
}
