package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.search.answer.Sources;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The items of a whole answer: reasoning, then a message, then calls. */
final class OutputItems {
  private OutputItems() {}

  /**
   * The items; at least an empty message.
   *
   * @param sources what the text may cite
   */
  static List<ObjectNode> of(Completion answer, Shape shape, Logprobs logprobs, Sources sources) {
    boolean cut = ResponseDocument.limit(answer.reason()).isPresent();
    List<ObjectNode> items = new ArrayList<>();
    boolean message = !answer.text().isEmpty() || answer.reasoning().isEmpty() && answer.toolCalls().isEmpty();
    boolean thinking = cut && !message && answer.toolCalls().isEmpty();
    if (!answer.reasoning().isEmpty()) {
      items.add(reasoning(Items.id("rs"), status(thinking), answer.reasoning(), shape));
    }
    if (message) {
      ArrayNode annotations = Items.array();
      sources.citations(answer.text()).forEach(citation -> annotations.add(Items.fileCitation(citation)));
      ArrayNode content = Items.only(Items.outputText(answer.text(), annotations, logprobs.of(answer.logprobs())));
      items.add(Items.message(Items.id("msg"), "assistant", status(cut && answer.toolCalls().isEmpty()), content));
    }
    for (ToolCall call : answer.toolCalls()) {
      items.add(Items.call(Items.id("fc"), Items.COMPLETED, call.id(), call.name(), call.arguments()));
    }
    return items;
  }

  static ObjectNode reasoning(String id, String status, String text, Shape shape) {
    ArrayNode summary = shape.summary() ? Items.only(Items.summaryText(text)) : Items.array();
    return Items.reasoning(id, status, summary, Items.only(Items.reasoningText(text)));
  }

  static String status(boolean cut) {
    return cut ? Items.INCOMPLETE : Items.COMPLETED;
  }

  /** The items that the next request of the conversation has before it: all but a call that was cut off. */
  static ResponseStore.Turn turn(List<ObjectNode> output) {
    List<ObjectNode> whole =
        output.stream()
            .filter(item ->
                !item.path("type").asText().equals(Items.CALL) || item.path("status").asText().equals(Items.COMPLETED))
            .toList();
    return ResponseStore.Turn.of(whole);
  }

  /** A node as UTF-8. */
  static byte[] bytes(ObjectNode node) {
    return node.toString().getBytes(StandardCharsets.UTF_8);
  }
}
