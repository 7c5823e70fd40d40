package io.panallama.testkit.synthesis;

import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.Trial;
import io.panallama.error.PanallamaException;
import io.panallama.generation.Generation;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Generates with models that it is told about, one path per line, without a trial, and answers each with a line. The
 * process ends where llama.cpp ends it, which is what {@link EngineChild} waits for.
 */
public final class EngineChildMain {
  private static final int TOKENS = 6;

  private EngineChildMain() {}

  /** Reads paths until the input ends. */
  public static void main(String[] args) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String path = in.readLine(); path != null; path = in.readLine()) {
      System.out.println(EngineChild.ANSWER + generate(Path.of(path)));
    }
  }

  private static String generate(Path path) {
    ModelConfig config = ModelConfig.builder().trial(Trial.NEVER).build();
    EngineConfig small = EngineConfig.builder().threads(1).batchThreads(1).slots(2).build();
    try (Model model = Model.load(path, config);
        Engine engine = Engine.start(model, small)) {
      GenerationOptions free = GenerationOptions.builder().maxTokens(TOKENS).build();
      GenerationOptions braces =
          free.toBuilder().format(new ResponseFormat.Gbnf("root ::= \"{\" [^\"]* \"}\"")).build();
      List<CompletionRequest> requests =
          List.of(
              CompletionRequest.of("Hello, world 123").with(free),
              CompletionRequest.of("Hello, world 124 and some more of it: a b c d e f g h i j k l").with(braces),
              CompletionRequest.of("Hello, world 123").with(free));
      StringBuilder answers = new StringBuilder();
      List<Generation> running = requests.stream().map(engine::generate).toList();
      for (Generation generation : running) {
        try (generation) {
          answers.append(' ').append(generation.await().reason());
        } catch (PanallamaException failed) {
          answers.append(' ').append(failed.getClass().getSimpleName());
        }
      }
      return "generated" + answers;
    } catch (PanallamaException refused) {
      return "refused " + String.valueOf(refused.getMessage()).replace('\n', ' ');
    } catch (RuntimeException wrong) {
      return "wrong " + wrong;
    }
  }
}
