package io.panallama.internal.request;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.request.ChatRequest;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What a chat template writes of the tools of a conversation, as far as conversations with one and two tools show it. This
 * tells without rendering that tools can't fit into the context.
 *
 * @param names whether it writes the name of each tool
 * @param descriptions whether it writes the description of each tool
 * @param properties whether it writes the name of each parameter
 * @param parameters whether it writes the schema of each tool's parameters as JSON
 * @param frame the bytes without white space that it writes for a tool with a name and nothing else, beside that name;
 *     0 unless it writes schemas as JSON, because other forms may be shorter for other tools
 */
record ShownTools(boolean names, boolean descriptions, boolean properties, boolean parameters, long frame) {
  private static final ShownTools NOTHING = new ShownTools(false, false, false, false, 0);

  /** Has what a template might pick out or leave out. Occurs in no template. */
  private static final String PARAMETERS =
      """
      {"type": "object", "properties": {"panallama_probe_property_%1$s": {"type": "object", "description": "panallama-probe-a",
      "properties": {"inner": {"type": ["string", "null"], "enum": ["panallama-probe-b"], "title": "x"}}},
      "panallama_probe_other_%1$s": {"type": "integer", "minimum": 5, "default": 7}},
      "required": ["panallama_probe_other_%1$s"], "x-panallama": ["<y>", "z"]}
      """;

  /**
   * Tries a template.
   *
   * @param render renders a conversation, and throws {@link InvalidRequestException} for one that the template rejects
   */
  static ShownTools of(Function<ChatRequest, String> render) {
    Tool first = full("a");
    Tool second = full("b");
    try {
      String prompt = render.apply(request(first, second));
      boolean names = prompt.contains(first.name()) && prompt.contains(second.name());
      boolean descriptions = prompt.contains(first.description()) && prompt.contains(second.description());
      boolean properties = hasProperties(prompt, first) && hasProperties(prompt, second);
      String visible = withoutSpace(prompt);
      boolean parameters = visible.contains(schema(first)) && visible.contains(schema(second));
      long frame = names && parameters ? frame(render) : 0;
      return new ShownTools(names, descriptions, properties, parameters, frame);
    } catch (InvalidRequestException refused) {
      return NOTHING;
    }
  }

  private static long frame(Function<ChatRequest, String> render) {
    Tool first = new Tool("panallama_probe_a", "", Tool.NO_PARAMETERS, false);
    Tool second = new Tool("panallama_probe_b", "", Tool.NO_PARAMETERS, false);
    long one = FewestTokens.visibleBytes(render.apply(request(first)));
    long both = FewestTokens.visibleBytes(render.apply(request(first, second)));
    return Math.max(0, both - one - FewestTokens.visibleBytes(second.name()) - jsonBytes(read(second)));
  }

  private static Tool full(String suffix) {
    return new Tool("panallama_probe_" + suffix, "panallama-probe-of-" + suffix, PARAMETERS.formatted(suffix), false);
  }

  private static ChatRequest request(Tool... tools) {
    Tools list = Tools.builder().list(List.of(tools)).choice(new ToolChoice.None()).build();
    return ChatRequest.builder().messages(List.of(ChatMessage.user("."))).tools(list).build();
  }

  private static JsonNode read(Tool tool) {
    return SchemaCheck.shown("tools.list", tool.parameters());
  }

  private static boolean hasProperties(String prompt, Tool tool) {
    return read(tool).path("properties").properties().stream().allMatch(property -> prompt.contains(property.getKey()));
  }

  private static String schema(Tool tool) {
    return withoutSpace(read(tool).toString());
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s+", "");
  }

  /** The bytes of UTF-8 without white space that the template writes of these tools at least. */
  long bytes(Tools tools) {
    long bytes = 0;
    for (int i = 0; i < tools.list().size(); i++) {
      Tool tool = tools.list().get(i);
      if (tools.choice() instanceof ToolChoice.Named(String only) && !tool.name().equals(only)) {
        continue;
      }
      bytes += frame;
      bytes += names ? FewestTokens.visibleBytes(tool.name()) : 0;
      bytes += descriptions ? FewestTokens.visibleBytes(tool.description()) : 0;
      if (properties || parameters) {
        JsonNode schema = SchemaCheck.shown("tools.list[" + i + "].parameters", tool.parameters());
        bytes += parameters ? jsonBytes(schema) : propertyBytes(schema);
      }
    }
    return bytes;
  }

  private static long propertyBytes(JsonNode schema) {
    long bytes = 0;
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      bytes += FewestTokens.visibleBytes(property.getKey());
    }
    return bytes;
  }

  /** The bytes of a value as JSON, without white space. Numbers count as one: templates may write them in another form. */
  private static long jsonBytes(JsonNode value) {
    if (value.isTextual()) {
      return 2 + FewestTokens.visibleBytes(value.textValue());
    }
    if (!value.isContainerNode()) {
      return 1;
    }
    long bytes = 2L + Math.max(0, value.size() - 1);
    for (JsonNode element : value.isArray() ? value : List.<JsonNode>of()) {
      bytes += jsonBytes(element);
    }
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      bytes += 3 + FewestTokens.visibleBytes(field.getKey()) + jsonBytes(field.getValue());
    }
    return bytes;
  }
}
