package io.panallama.server.dialect.ollama;

import io.panallama.TextGenerator;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.Tool;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.InfillRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a model can do, as its template and its vocabulary show. */
final class Capabilities {
  private static final ChatRequest CONVERSATION = ChatRequest.of(ChatMessage.user("."));
  private static final String TOOL = "get_weather";

  private Capabilities() {}

  /** Ollama's words for it: {@code completion}, and {@code tools}, {@code thinking} and {@code insert} where they are. */
  static List<String> of(TextGenerator generator) {
    List<String> all = new ArrayList<>();
    all.add("completion");
    if (callsTools(generator)) {
      all.add("tools");
    }
    if (thinks(generator)) {
      all.add("thinking");
    }
    if (fillsGaps(generator)) {
      all.add("insert");
    }
    return all;
  }

  private static boolean callsTools(TextGenerator generator) {
    ChatRequest request = CONVERSATION.with(Tools.of(new Tool(TOOL, "", Tool.NO_PARAMETERS)));
    return render(generator, request).contains(TOOL);
  }

  /** Whether a switch or an effort changes the prompt, or the prompt ends with the beginning of a thought. */
  private static boolean thinks(TextGenerator generator) {
    String on = render(generator, TemplateOptions.builder().thinking(true).build());
    String off = render(generator, TemplateOptions.builder().thinking(false).build());
    return !on.equals(off)
        || on.strip().endsWith("<think>")
        || !effort(generator, "low").equals(effort(generator, "high"));
  }

  private static String effort(TextGenerator generator, String effort) {
    Map<String, String> arguments = Map.of("reasoning_effort", "\"" + effort + "\"");
    return render(generator, TemplateOptions.builder().arguments(arguments).build());
  }

  private static String render(TextGenerator generator, TemplateOptions template) {
    return render(generator, CONVERSATION.with(template));
  }

  private static String render(TextGenerator generator, ChatRequest request) {
    try {
      return generator.render(request);
    } catch (InvalidRequestException noTemplate) {
      return "";
    }
  }

  private static boolean fillsGaps(TextGenerator generator) {
    try {
      return generator.countTokens(InfillRequest.of("a", "b")) > 0;
    } catch (InvalidRequestException noTokens) {
      return false;
    }
  }
}
