package io.panallama;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.internal.handle.TemplateHandle;
import java.util.ArrayList;
import java.util.List;

/** A compiled chat template and the JSON it speaks. */
final class ChatTemplate {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final TemplateHandle handle;

  ChatTemplate(TemplateHandle handle) {
    this.handle = handle;
  }

  /**
   * What a template made of a conversation.
   *
   * @param prompt to be tokenized with its special tokens
   * @param stops texts that end the assistant's turn beside the end-of-generation tokens
   */
  record Rendered(String prompt, List<String> stops) {}

  Rendered render(List<ChatMessage> messages) {
    ObjectNode request = JSON.createObjectNode();
    ArrayNode array = request.putArray("messages");
    for (ChatMessage message : messages) {
      array.addObject().put("role", message.role().wireName()).put("content", message.content());
    }
    request.put("add_generation_prompt", true);
    try {
      JsonNode result = JSON.readTree(handle.apply(JSON.writeValueAsString(request)));
      List<String> stops = new ArrayList<>();
      result.path("stops").forEach(stop -> stops.add(stop.asText()));
      return new Rendered(result.path("prompt").asText(), List.copyOf(stops));
    } catch (JsonProcessingException impossible) {
      throw new ChatTemplateException("The chat template gave no JSON: " + impossible.getOriginalMessage(), impossible);
    }
  }

  void close() {
    handle.close();
  }
}
