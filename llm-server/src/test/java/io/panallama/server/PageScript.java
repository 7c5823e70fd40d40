package io.panallama.server;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.LibraryLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** What the scripted model answers to the tests of the chat page: the first word of a question chooses it. */
final class PageScript {
  /** How many messages fit into the context of this model, where the question is about that. */
  private static final int MESSAGES = 3;

  private static final String MARKDOWN =
      """
      # Title

      | a | b |
      |---|--:|
      | 1 | 2 |

      - one
      - two **strong** and `code`

      ```python
      def f(x):
          return x + 1  # comment
      ```

      Euler: $e^{i\\pi} + 1 = 0$, and

      $$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$

      It costs $5 and $6.

      [a link](https://example.com/page), [a bad one](javascript:alert(1)), ![a picture](https://example.com/x.png)

      <script>window.hacked = true</script> <img src=x onerror="window.hacked = true">
      """;

  private final AtomicInteger answers = new AtomicInteger();

  ScriptedGenerator generator() {
    return new ScriptedGenerator().playing(this::play);
  }

  private void play(ScriptedGenerator.Script script) {
    ChatRequest request = (ChatRequest) script.request();
    List<ChatMessage> messages = request.messages();
    ChatMessage last = messages.getLast();
    if (last.role() == Role.ASSISTANT) {
      script.say(" and more");
      script.finish(FinishReason.STOP);
      return;
    }
    if (last.role() == Role.TOOL) {
      script.say("The tool said: " + last.content());
      script.finish(FinishReason.STOP);
      return;
    }
    switch (question(last).split("\\s", 2)[0]) {
      case "wait" -> script.say("A beginning");
      case "think" -> {
        script.emit(new GenerationEvent.Reasoning("The user wants "));
        script.emit(new GenerationEvent.Reasoning("an answer."));
        script.say("Here it is.");
        script.finish(FinishReason.STOP);
      }
      case "tags" -> {
        script.say("<think>\nRaw thoughts");
        script.say("\n</think>\n\nThe answer proper.");
        script.finish(FinishReason.STOP);
      }
      case "call" -> {
        script.emit(new GenerationEvent.ToolCallStarted(0, "call_1", "get_weather"));
        script.emit(new GenerationEvent.ToolCallArguments(0, "{\"city\":"));
        script.emit(new GenerationEvent.ToolCallArguments(0, " \"Rome\"}"));
        script.finish(FinishReason.TOOL_CALLS);
      }
      case "full" -> {
        boolean fits = messages.stream().filter(message -> message.role() != Role.SYSTEM).count() <= MESSAGES;
        if (!fits && !(request.options().overflow() instanceof ContextOverflow.Shift)) {
          throw new PromptTooLongException(5000, 4096);
        }
        count(script, messages.size());
      }
      case "cut" -> {
        script.say("Half an answer");
        script.finish(FinishReason.CONTEXT_FULL);
      }
      case "markdown" -> {
        MARKDOWN.lines().forEach(line -> script.say(line + "\n"));
        script.finish(FinishReason.STOP);
      }
      case "echo" -> {
        script.say(messages.toString() + request.options().sampling());
        script.finish(FinishReason.STOP);
      }
      default -> count(script, messages.size());
    }
  }

  /** What the reader asked, without the passages of documents that the server puts in front of it. */
  private static String question(ChatMessage message) {
    return message
        .content()
        .substring(message.content().lastIndexOf("\nQuestion: ") + 1)
        .replaceFirst("^Question: ", "");
  }

  /** Tells the answers to the same question apart. */
  private void count(ScriptedGenerator.Script script, int messages) {
    script.say("Answer " + answers.incrementAndGet());
    script.say(" to " + messages + " messages.");
    script.finish(FinishReason.STOP);
  }

  /** A place for documents that finds them by their words. */
  static DocumentLibrary library(Path folder) {
    return DocumentLibrary.open(folder, new WordEmbedder(64).named("words"), LibraryLimits.DEFAULT);
  }

  /** Serves the page with this model until the process is ended, to look at it by hand. */
  public static void main(String[] args) throws IOException, InterruptedException {
    ServerConfig config = ServerConfig.builder().port(args.length > 0 ? Integer.parseInt(args[0]) : 8090).build();
    try (DocumentLibrary library = library(Files.createTempDirectory("page"));
        TestServer server = TestServer.start(config, new PageScript().generator())) {
      server.server().serve(library);
      System.out.println(server.uri("/"));
      new CountDownLatch(1).await();
    }
  }
}
