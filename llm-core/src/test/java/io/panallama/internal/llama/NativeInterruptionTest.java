package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.NativeRuntime;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Native calls that end early, and that leave nothing behind if they do. */
@Timeout(120)
class NativeInterruptionTest {
  private static final String REQUEST = "{\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}";

  /** More than its budget, unless something ends it. The first message says how often it turns. */
  private static final String LOOPS =
      "{%- for message in messages -%}{{ message.content }}{%- endfor -%}"
          + "{%- if messages[0].content|length > 1000 -%}"
          + "{%- for a in range(100000) -%}{%- for b in range(100000) -%}{%- endfor -%}{%- endfor -%}{%- endif -%}";

  private static ModelHandle model;
  private static TemplateHandle template;

  @BeforeAll
  static void open() {
    NativeRuntime.natives();
    model = ModelHandle.load(DemoModel.extract(), ModelConfig.defaults());
    template = TemplateHandle.create(model, LOOPS);
  }

  @AfterAll
  static void close() {
    template.close();
    model.close();
  }

  /** Does work that has been asked to end before it begins. */
  private static void requireCancelled(Runnable work) {
    NativeInterruption interruption = new NativeInterruption();
    interruption.request();
    assertThatThrownBy(() -> interruption.during(work)).isInstanceOf(CancellationException.class);
  }

  @Test
  void eachKindOfWorkEnds() {
    requireCancelled(() -> template.apply(REQUEST.formatted("Hi")));
    requireCancelled(() -> TemplateHandle.create(model, LOOPS).close());
    requireCancelled(() -> TokenizerCalls.tokenize(model, "Once upon a time", true, false));
    requireCancelled(() -> TokenizerCalls.tokenizePrompt(model, "Once upon a time".getBytes(), new int[0]));
    requireCancelled(() -> SchemaConverter.grammar("format", "{\"type\": \"object\"}"));
    requireCancelled(() -> chain("root ::= [a-z]*").close());
  }

  private static SamplerChain chain(String gbnf) {
    Sampling sampling = Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Greedy()), 1);
    return SamplerChain.create(model, sampling, new int[] {1});
  }

  /** If it went on to its end, it would be refused for the work that it does. */
  @Test
  void aTemplateThatLoopsEndsInTheMiddle() throws Exception {
    String large = REQUEST.formatted("a".repeat(100_000));
    endsInTheMiddle(() -> template.apply(large));
  }

  private static void endsInTheMiddle(Supplier<?> work) throws Exception {
    NativeInterruption interruption = new NativeInterruption();
    CountDownLatch begun = new CountDownLatch(1);
    FutureTask<Object> task =
        new FutureTask<>(
            () ->
                interruption.during(() -> {
                  begun.countDown();
                  work.get();
                }),
            null);
    Thread.ofPlatform().daemon(true).start(task);
    begun.await();
    interruption.request();
    assertThatThrownBy(task::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(CancellationException.class);
  }

  @Test
  void whatFollowsIsAsIfNothingHadBeen() {
    requireCancelled(() -> template.apply(REQUEST.formatted("Hi")));
    assertThat(template.apply(REQUEST.formatted("Hi"))).contains("\"prompt\":\"Hi\"");
    assertThat(TokenizerCalls.tokenize(model, "Once upon a time", true, false)).isNotEmpty();
    chain("root ::= [a-z]*").close();
  }

  @Test
  void theInnerOfTwoInterruptionsCounts() {
    NativeInterruption outer = new NativeInterruption();
    NativeInterruption inner = new NativeInterruption();
    outer.during(() -> {
      inner.request();
      assertThatThrownBy(() -> inner.during(() -> template.apply(REQUEST.formatted("Hi"))))
          .isInstanceOf(CancellationException.class);
      assertThat(template.apply(REQUEST.formatted("Hi"))).contains("Hi");
    });
  }
}
