package io.panallama.benchmarks.soak;

import java.util.List;
import java.util.Random;

/**
 * A request of the mix.
 *
 * @param kind the name in the report
 * @param method GET or POST
 * @param body empty for a GET
 * @param status the status of the right answer
 * @param leaveAfter the bytes of the answer after which the client goes away; 0 if it reads to the end
 */
record SoakRequest(String kind, String method, String path, String body, int status, int leaveAfter) {
  private static final List<String> WORDS =
      List.of(
          "river", "lantern", "bread", "winter", "clock", "whale", "garden", "ñandú", "雨", "🦙", "<|im_end|>", "\\n");

  private static final String SCHEMA =
      """
      {"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,"maximum":120}},\
      "required":["name","age"],"additionalProperties":false}\
      """;

  private static final String FUNCTION =
      """
      {"name":"weather","description":"Tells the weather","parameters":{"type":"object","properties":\
      {"city":{"type":"string","maxLength":12}},"required":["city"]}}\
      """;

  private static SoakRequest post(String kind, String path, String body) {
    return new SoakRequest(kind, "POST", path, body, 200, 0);
  }

  private SoakRequest refused() {
    return new SoakRequest(kind, method, path, body, 400, 0);
  }

  private SoakRequest leftAfter(int bytes) {
    return new SoakRequest(kind, method, path, body, status, bytes);
  }

  /** The next request. */
  static SoakRequest draw(Random random) {
    int tokens = 4 + random.nextInt(40);
    String say = text(random, 1 + random.nextInt(12));
    boolean stream = random.nextBoolean();
    String chat = "/v1/chat/completions";
    return switch (random.nextInt(20)) {
      case 0, 1 -> post("chat", chat, chat(say, tokens, stream, ""));
      case 2, 3 -> post("conversation", chat, conversation(random, tokens, stream));
      case 4, 5 -> post("left by the client", chat, chat(say, 400, true, "")).leftAfter(1 + random.nextInt(3000));
      case 6 -> post("left before an answer", chat, chat(text(random, 300), 400, false, "")).leftAfter(-1);
      case 7 ->
          post(
              "tool call",
              chat,
              chat(
                  say,
                  64,
                  stream,
                  ",\"tools\":[{\"type\":\"function\",\"function\":" + FUNCTION + "}],\"tool_choice\":\"required\""));
      case 8 ->
          post(
              "schema",
              chat,
              chat(
                  say,
                  64,
                  stream,
                  ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"s\",\"schema\":"
                      + SCHEMA
                      + "}}"));
      case 9 ->
          post("several choices", chat, chat(say, tokens, stream, ",\"n\":3,\"logprobs\":true,\"top_logprobs\":3"));
      case 10 ->
          post(
              "Anthropic",
              "/v1/messages",
              "{\"model\":\"demo\",\"max_tokens\":%d,\"stream\":%b,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
                  .formatted(tokens, stream, say));
      case 11 ->
          post(
              "Responses",
              "/v1/responses",
              "{\"model\":\"demo\",\"max_output_tokens\":%d,\"stream\":%b,\"store\":%b,\"input\":\"%s\"}"
                  .formatted(Math.max(16, tokens), stream, random.nextBoolean(), say));
      case 12 ->
          post(
              "Ollama",
              "/api/chat",
              "{\"model\":\"demo\",\"stream\":%b,\"options\":{\"num_predict\":%d},\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
                  .formatted(stream, tokens, say));
      case 13 ->
          post(
              "completion",
              "/v1/completions",
              "{\"prompt\":\"%s\",\"max_tokens\":%d,\"stream\":%b,\"echo\":%b}"
                  .formatted(say, tokens, stream, random.nextBoolean()));
      case 14 ->
          post(
              "llama-server",
              "/completion",
              "{\"prompt\":\"%s\",\"n_predict\":%d,\"stream\":%b,\"grammar\":\"root ::= [a-z ]+\"}"
                  .formatted(say, tokens, stream));
      case 15 ->
          post("tokenize", "/tokenize", "{\"content\":\"%s\",\"with_pieces\":true}".formatted(text(random, 200)));
      case 16 -> post("refused field", chat, chat(say, tokens, false, ",\"temperature\":\"hot\"")).refused();
      case 17 -> post("refused JSON", chat, "{\"messages\":[{\"role\":").refused();
      case 18 ->
          post("refused grammar", "/completion", "{\"prompt\":\"%s\",\"grammar\":\"root ::= nobody\"}".formatted(say))
              .refused();
      default ->
          new SoakRequest(
              "GET",
              "GET",
              List.of("/health", "/ready", "/v1/models", "/props", "/openapi.json", "/").get(random.nextInt(6)),
              "",
              200,
              0);
    };
  }

  private static String chat(String say, int tokens, boolean stream, String more) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}],\"max_tokens\":%d,\"stream\":%b%s}"
        .formatted(say, tokens, stream, more);
  }

  /** Up to six turns that begin like other conversations, so that prefixes are found, kept and given up. */
  private static String conversation(Random random, int tokens, boolean stream) {
    Random known = new Random(random.nextInt(64));
    StringBuilder messages = new StringBuilder();
    for (int turn = random.nextInt(6); turn >= 0; turn--) {
      messages
          .append("{\"role\":\"user\",\"content\":\"")
          .append(text(known, 12))
          .append("\"},{\"role\":\"assistant\",\"content\":\"")
          .append(text(known, 12))
          .append("\"},");
    }
    return "{\"messages\":[%s{\"role\":\"user\",\"content\":\"And then?\"}],\"max_tokens\":%d,\"stream\":%b,\"temperature\":0}"
        .formatted(messages, tokens, stream);
  }

  private static String text(Random random, int words) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < words; i++) {
      text.append(WORDS.get(random.nextInt(WORDS.size()))).append(' ');
    }
    return text.toString();
  }
}
