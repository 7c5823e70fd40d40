package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.error.TextTooLongException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class ShortCallsTest {
  private final List<Output> sent = new ArrayList<>();
  private final CompletableFuture<List<Embedding>> computed = new CompletableFuture<>();
  private final ShortCalls calls = new ShortCalls(_ -> {}, sent::add);

  /** A backend of which only {@code submit} may be called. */
  private static TextBackend backend(Function<List<?>, CompletableFuture<List<Embedding>>> submit) {
    return (TextBackend)
        Proxy.newProxyInstance(
            TextBackend.class.getClassLoader(),
            new Class<?>[] {TextBackend.class},
            (_, method, arguments) -> {
              assertThat(method.getName()).isEqualTo("submit");
              return submit.apply((List<?>) arguments[0]);
            });
  }

  private static byte[] call(Question question, List<String> texts) {
    Output out = new Output().put(question).put(texts, Output::put);
    TextCodec.write(out, EmbeddingOptions.defaults());
    return out.toBytes();
  }

  private static byte[] call(String... texts) {
    return call(Question.EMBED, List.of(texts));
  }

  /** Reads the only frame that was sent, up to whether it is an answer. */
  private Input answer(boolean expected) {
    assertThat(sent).hasSize(1);
    byte[] frame = sent.getFirst().toBytes();
    Input in = new Input(frame, 5, frame.length);
    assertThat(in.number()).isEqualTo(7);
    assertThat(in.flag()).isEqualTo(expected);
    return in;
  }

  @Test
  void theThreadThatComputesSendsTheAnswer() {
    assertThat(
            calls.take(
                7,
                call("a", "b"),
                backend(texts -> {
                  assertThat(texts).hasSize(2);
                  return computed;
                })))
        .isTrue();
    assertThat(sent).isEmpty();
    computed.complete(List.of(new Embedding(new float[] {0.5f, -1}, 3, false, 1)));
    List<Embedding> read = answer(true).list(TextCodec::embedding);
    assertThat(read)
        .singleElement()
        .satisfies(one -> {
          assertThat(one.vector()).containsExactly(0.5f, -1);
          assertThat(one.tokens()).isEqualTo(3);
        });
  }

  @Test
  void longCallsManyTextsAndOtherQuestionsTakeThreadsOfTheirOwn() {
    TextBackend untouched =
        backend(_ -> {
          throw new AssertionError("must not be asked");
        });
    assertThat(calls.take(7, call("x".repeat(5000)), untouched)).isFalse();
    assertThat(calls.take(7, call(Question.EMBED, Collections.nCopies(9, "a")), untouched)).isFalse();
    assertThat(calls.take(7, call(Question.TOKEN_VECTORS, List.of("a")), untouched)).isFalse();
    assertThat(calls.take(7, call(Question.EMBED_TOKENS, List.of()), untouched)).isFalse();
    assertThat(sent).isEmpty();
  }

  @Test
  void failuresAreSent() {
    calls.take(7, call("a"), backend(_ -> computed));
    computed.completeExceptionally(new CompletionException(new TextTooLongException(0, 9, 8)));
    assertThat(FailureCodec.read(answer(false))).isInstanceOf(TextTooLongException.class);
  }

  @Test
  void refusalsAreSent() {
    assertThat(
            calls.take(
                7,
                call("a"),
                backend(_ -> {
                  throw new TextTooLongException(0, 9, 8);
                })))
        .isTrue();
    assertThat(FailureCodec.read(answer(false))).isInstanceOf(TextTooLongException.class);
  }

  @Test
  void whatIsCancelledIsGivenUpAndNotAnswered() {
    calls.take(7, call("a"), backend(_ -> computed));
    calls.cancel(8);
    assertThat(computed.isCancelled()).isFalse();
    calls.cancel(7);
    assertThat(computed.isCancelled()).isTrue();
    calls.cancel(7);
    assertThat(sent).isEmpty();
  }

  @Test
  void tokenizingHasAnAge() {
    assertThat(calls.age()).isZero();
    calls.take(
        7,
        call("a"),
        backend(_ -> {
          assertThat(calls.age()).isPositive();
          return computed;
        }));
    assertThat(calls.age()).isZero();
  }
}
