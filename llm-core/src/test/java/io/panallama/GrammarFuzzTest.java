package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.internal.llama.RandomGrammars;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.Fuzzing;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Grammars and schemas that are random, broken or strange: each is refused with a reason, or the answer keeps to it.
 * {@link Fuzzing} says how to run it for longer.
 */
@Timeout(value = 3, unit = TimeUnit.HOURS)
class GrammarFuzzTest {
  private static final int FEW = 60;
  private static final Duration LONGEST = Duration.ofSeconds(60);
  private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final List<String> FRAGMENTS =
      List.of(
          "(",
          ")",
          "[",
          "]",
          "{",
          "}",
          "{0,1000}",
          "{2000}",
          "*",
          "+",
          "?",
          "|",
          "\"",
          "\\",
          "::=",
          "root",
          "r1",
          ".",
          "^",
          "-",
          "#",
          "\n",
          "<[1]>",
          "!<[5]>",
          "<|im_end|>",
          "\\x",
          "\\U0010FFFF",
          "\\u00e9",
          "\u0001",
          "é",
          "🗼");

  private static final List<String> LEAVES =
      List.of(
          "{\"type\": \"string\"}",
          "{\"type\": \"string\", \"minLength\": 2, \"maxLength\": 5}",
          "{\"type\": \"string\", \"pattern\": \"^[a-c]{1,3}(x|y)?$\"}",
          "{\"type\": \"string\", \"pattern\": \"^(a*)*b$\"}",
          "{\"type\": \"string\", \"format\": \"date\"}",
          "{\"type\": \"integer\"}",
          "{\"type\": \"integer\", \"minimum\": -5, \"maximum\": 123456}",
          "{\"type\": \"integer\", \"minimum\": 7, \"maximum\": 3}",
          "{\"type\": \"number\"}",
          "{\"type\": \"boolean\"}",
          "{\"type\": [\"null\", \"string\"]}",
          "{\"enum\": [\"a\", \"ab\", \"abc\", \"\", 1, 12, null, {\"a\": [1]}]}",
          "{\"enum\": []}",
          "{\"const\": \"<|im_end|>\"}",
          "{\"$ref\": \"#/$defs/d\"}",
          "{\"$ref\": \"#\"}",
          "{\"$ref\": \"#/$defs/none\"}",
          "{}",
          "true",
          "false",
          "{\"not\": {}}");

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withContextLength(2048)));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  @Test
  void anyGrammarIsRefusedOrKept() {
    Random random = new Random(Fuzzing.seed());
    long began = System.nanoTime();
    int answered = 0;
    for (int i = 0; Fuzzing.goesOn(i, FEW, began); i++) {
      String gbnf = new RandomGrammars(random, true).next();
      for (int damages = random.nextInt(4); damages > 0; damages--) {
        gbnf = damaged(gbnf, random);
      }
      answered += answer(new ResponseFormat.Gbnf(gbnf, "root"), i) == null ? 0 : 1;
    }
    assertThat(answered).isPositive();
  }

  @Test
  void anySchemaIsRefusedOrKept() {
    Random random = new Random(Fuzzing.seed());
    List<String> known = new ArrayList<>(Schemas.all().values());
    long began = System.nanoTime();
    int answered = 0;
    for (int i = 0; Fuzzing.goesOn(i, FEW, began); i++) {
      String schema = random.nextInt(3) == 0 ? known.get(random.nextInt(known.size())) : schema(random, 3);
      if (random.nextInt(4) == 0) {
        schema = damaged(schema, random);
      }
      Completion answer = answer(new ResponseFormat.JsonSchema(schema, random.nextBoolean()), i);
      if (answer != null && answer.reason() == FinishReason.STOP) {
        answered++;
        assertParses(answer.text(), schema);
      }
    }
    assertThat(answered).isPositive();
  }

  private static void assertParses(String text, String schema) {
    try {
      JSON.readTree(text);
    } catch (JsonProcessingException broken) {
      throw new AssertionError("No JSON: " + text + " of " + schema, broken);
    }
  }

  /** The answer, or null where the request is to blame. */
  private static Completion answer(ResponseFormat format, int seed) {
    Sampling sampling = Sampling.builder().temperature(1.5f).topK(0).topP(1).minP(0).seed(seed).build();
    GenerationOptions options = GenerationOptions.builder().sampling(sampling).format(format).maxTokens(60).build();
    long began = System.nanoTime();
    try {
      return engine.generate(ChatRequest.of("Hi").with(options)).await();
    } catch (InvalidRequestException refused) {
      assertThat(refused).as(format.toString()).hasMessageMatching("(?s).{10,}");
      return null;
    } catch (GenerationException ended) {
      assertThat(ended.reason()).as(format.toString()).isIn(Reason.NO_TOKEN_LEFT, Reason.GRAMMAR_LIMIT);
      return null;
    } catch (RuntimeException unexpected) {
      throw new AssertionError(format.toString(), unexpected);
    } finally {
      assertThat(Duration.ofNanos(System.nanoTime() - began)).as(format.toString()).isLessThan(LONGEST);
    }
  }

  private static String damaged(String text, Random random) {
    int at = random.nextInt(text.length() + 1);
    return switch (random.nextInt(4)) {
      case 0 -> text.substring(0, at) + pick(FRAGMENTS, random) + text.substring(at);
      case 1 -> text.substring(0, at) + text.substring(Math.min(text.length(), at + 1 + random.nextInt(4)));
      case 2 -> text.substring(0, at) + text.substring(random.nextInt(text.length() + 1));
      default -> {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(7));
        yield new String(bytes, StandardCharsets.UTF_8);
      }
    };
  }

  private static String pick(List<String> from, Random random) {
    return from.get(random.nextInt(from.size()));
  }

  private static String schema(Random random, int depth) {
    String inner = nested(random, depth);
    return inner.startsWith("{\"") ? "{\"$defs\": {\"d\": " + nested(random, 1) + "}, " + inner.substring(1) : inner;
  }

  private static String nested(Random random, int depth) {
    if (depth == 0) {
      return pick(LEAVES, random);
    }
    return switch (random.nextInt(6)) {
      case 0 ->
          "{\"type\": \"array\", \"items\": %s, \"minItems\": %d, \"maxItems\": %d}"
              .formatted(nested(random, depth - 1), random.nextInt(3), random.nextInt(4));
      case 1 -> "{\"anyOf\": [%s, %s]}".formatted(nested(random, depth - 1), nested(random, depth - 1));
      case 2 -> "{\"allOf\": [%s, %s]}".formatted(nested(random, depth - 1), nested(random, depth - 1));
      case 3 -> pick(LEAVES, random);
      default ->
          "{\"type\": \"object\", \"properties\": {\"a\": %s, \"b-c\": %s, \"\": %s}, \"required\": [%s]}"
              .formatted(
                  nested(random, depth - 1),
                  nested(random, depth - 1),
                  nested(random, depth - 1),
                  random.nextBoolean() ? "\"a\"" : "\"a\", \"b-c\"");
    };
  }
}
