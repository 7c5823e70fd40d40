package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.http.ErrorBoundary;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Requests that are valid HTTP and JSON, or nearly, with fields that contradict each other or go to extremes, against the demo model.
 * The server answers each with a status that blames the request, or an answer; it never fails, stops or waits. {@link Fuzzing} says how to
 * run it for longer. With {@code -Dpanallama.fuzz.all=true} it goes on after a failure, and lists the smallest input of each kind.
 */
@Tag("fuzz")
class ChatFuzzTest {
  private static final int FEW = 250;

  /** The limit where a request has none: one that also shifts its context would never end. */
  private static final int MAX_TOKENS = 64;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern CODE = Pattern.compile("\"code\":\"([a-z_]+)\"");

  /** Codes that a stream's error event may not have. */
  private static final Set<String> FAULTS =
      Set.of(
          "generation_failed",
          "processor_failed",
          "malformed_output",
          "engine_failed",
          "engine_closed",
          "internal_error");

  private static final List<String> TEXTS =
      List.of(
          "Hi",
          "",
          " ",
          "\n",
          "<|im_end|>",
          "<|im_start|>system\n",
          "<|endoftext|>",
          "<tool_call>",
          "</tool_call>",
          "{\"name\": \"f\", \"arguments\": {\"a\": ",
          "<think>",
          "</think>",
          "{",
          "}",
          "[1, 2",
          "\"",
          "\\",
          "\u0000",
          "\u00e9\u4e2d\ud83e\udd99",
          "\u202e\ufeff\ufffd",
          "{{ x }}{% for i in range(9) %}",
          "%s%n",
          "a".repeat(300),
          "\u4e2d".repeat(100));

  private static final List<String> SCHEMAS =
      List.of(
          "{}",
          "true",
          "false",
          "{\"type\":\"object\"}",
          "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"}},\"required\":[\"a\"]}",
          "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"number\"},\"minItems\":2,\"maxItems\":3}}}",
          "{\"type\":\"string\",\"pattern\":\"^[a-z]{2,4}$\"}",
          "{\"type\":\"string\",\"pattern\":\"(\"}",
          "{\"type\":\"string\",\"minLength\":5,\"maxLength\":3}",
          "{\"type\":\"string\",\"format\":\"date-time\"}",
          "{\"type\":\"integer\",\"minimum\":5,\"maximum\":3}",
          "{\"type\":\"integer\",\"minimum\":-1e30}",
          "{\"enum\":[]}",
          "{\"enum\":[\"a\",1,null,true,{},[]]}",
          "{\"const\":{\"a\":[]}}",
          "{\"anyOf\":[]}",
          "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"boolean\"}]}",
          "{\"allOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}",
          "{\"$ref\":\"#\"}",
          "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}",
          "{\"$ref\":\"http://localhost:1/x\"}",
          "{\"type\":\"object\",\"properties\":{\"\":{\"type\":\"string\"},\"\\u0000\":{\"type\":\"null\"}},\"required\":[\"\",\"x\"]}",
          "{\"type\":[\"string\",\"null\"]}",
          "{\"type\":\"nothing\"}",
          "{\"not\":{}}",
          "5",
          "null",
          "[]");

  private static final List<String> GRAMMARS =
      List.of(
          "root ::= \"yes\" | \"no\"",
          "root ::= [a-z]+",
          "root ::= root",
          "root ::= a\na ::= a \"x\" | \"\"",
          "root ::= \"\"",
          "root ::= [^\\x00-\\U0010FFFF]",
          "root ::= (\"a\"?)*",
          "root ::= \"a\"{3,2}",
          "root ::= \"a\"{0,4000}",
          "root ::= missing",
          "root ::= \"",
          "x ::= \"a\"",
          "",
          "\u0000",
          "root ::= \"\u4e2d\"+",
          "root ::= <[1]>",
          "root ::= !<[1]>*");

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "1",
          "-1",
          "2",
          "0.5",
          "1.5",
          "-0.0",
          "1e-45",
          "1e38",
          "-1e38",
          "1e39",
          "1e308",
          "1e400",
          "-1e400",
          "2147483647",
          "2147483648",
          "-2147483648",
          "4294967295",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "100000",
          "0.1e1",
          "3.4028236e38");

  private static final List<String> ODD =
      List.of(
          "null",
          "true",
          "false",
          "\"\"",
          "\"x\"",
          "[]",
          "{}",
          "[null]",
          "[[]]",
          "{\"a\":1}",
          "\"\\ud800\"",
          "\"\\udc00\\ud800\"",
          "[\"\",\"\"]",
          "[1,\"a\",null]",
          "[-1]",
          "[99999999]",
          "[1.5]",
          "[1e400]",
          "\"auto\"",
          "\"none\"",
          "\"required\"",
          "\"content\"",
          "\"reasoning_content\"");

  /** The values that make sense, by field. */
  private static final Map<String, List<String>> FIELDS = new LinkedHashMap<>();

  static {
    FIELDS.put("max_tokens", List.of("1", "2", "5", "12"));
    FIELDS.put("max_completion_tokens", List.of("0", "1", "8"));
    FIELDS.put("n_predict", List.of("1", "-1", "8"));
    FIELDS.put("stream", List.of("true", "false"));
    FIELDS.put("stream_options", List.of("{\"include_usage\":true}", "{\"include_usage\":false}", "{\"x\":1}"));
    FIELDS.put("n", List.of("1", "2", "3", "128", "129"));
    FIELDS.put("best_of", List.of("1", "2"));
    FIELDS.put("seed", List.of("0", "1", "4294967294", "-1"));
    FIELDS.put("stop", List.of("\"a\"", "[\"e\",\" \"]", "[\"<|im_end|>\"]", "[\"\"]", "[\"{\\\"\"]", "\"\\u00e9\""));
    FIELDS.put("stop_token_ids", List.of("[0]", "[1,2,3]", "[-1]", "[2147483647]"));
    FIELDS.put("logprobs", List.of("true", "false", "0", "3", "20", "21"));
    FIELDS.put("top_logprobs", List.of("0", "3", "20", "21"));
    FIELDS.put(
        "logit_bias",
        List.of("{\"1\":5}", "{\"0\":-100,\"1\":100}", "{\"99999999\":1}", "{\"a\":1}", "{\"1\":1e39}", "[[1,2]]"));
    FIELDS.put("banned_tokens", List.of("[0,1,2]", "[99999999]"));
    FIELDS.put("bad_words", List.of("[\"a\",\"e\",\" \"]", "[\"\"]", "\"x\""));
    FIELDS.put("min_tokens", List.of("0", "3", "100"));
    FIELDS.put("ignore_eos", List.of("true", "false"));
    FIELDS.put("stream_flush", List.of("\"token\"", "\"word\"", "\"sentence\""));
    FIELDS.put("priority", List.of("0", "9", "10"));
    FIELDS.put("time_limit_ms", List.of("1", "50", "5000"));
    FIELDS.put("context_overflow", List.of("\"reject\"", "\"stop\"", "\"shift\""));
    FIELDS.put("n_keep", List.of("0", "5", "100000"));
    for (String name :
        List.of(
            "temperature",
            "top_p",
            "frequency_penalty",
            "presence_penalty",
            "min_p",
            "typical_p",
            "top_n_sigma",
            "repeat_penalty",
            "dynatemp_range",
            "dynatemp_exponent",
            "xtc_probability",
            "xtc_threshold",
            "dry_multiplier",
            "dry_base",
            "mirostat_tau",
            "mirostat_eta",
            "adaptive_target",
            "adaptive_decay")) {
      FIELDS.put(name, List.of("0", "0.1", "0.5", "1", "2", "5", "-1", "1e38", "-1e38", "1e-45"));
    }
    for (String name :
        List.of(
            "top_k",
            "repeat_last_n",
            "min_keep",
            "dry_allowed_length",
            "dry_penalty_last_n",
            "mirostat",
            "reasoning_budget_tokens")) {
      FIELDS.put(name, List.of("-1", "0", "1", "2", "64", "2147483647"));
    }
    FIELDS.put(
        "samplers", List.of("[]", "[\"top_k\"]", "[\"temperature\",\"temperature\"]", "[\"dry\",\"xtc\",\"min_p\"]"));
    FIELDS.put("dry_sequence_breakers", List.of("[]", "[\"\\n\"]", "[\"\"]", "[\"a\",\"b\"]"));
    FIELDS.put("reasoning_format", List.of("\"auto\"", "\"none\"", "\"deepseek\"", "\"hidden\""));
    FIELDS.put("guided_json", List.of("{\"type\":\"null\"}", "\"{}\"", "{\"enum\":[1]}"));
    FIELDS.put("guided_choice", List.of("[\"a\",\"\\u0000\"]", "[]", "[\"\"]", "[\"\\\"\\\\\"]"));
    FIELDS.put("guided_regex", List.of("\"a|[^b]{2,3}\"", "\"(?=a)\"", "\"()*|\"", "\"[\\u0000-\\uffff]\""));
    FIELDS.put("structured_outputs", List.of("{}", "{\"grammar\":\"root ::= [a]\"}", "{\"json_object\":true}"));
    FIELDS.put("reasoning_effort", List.of("\"low\"", "\"none\"", "\"high\""));
    FIELDS.put("reasoning_budget_message", List.of("\"done\"", "\"</think>\"", "\"\""));
    FIELDS.put(
        "chat_template_kwargs", List.of("{\"enable_thinking\":false}", "{\"messages\":[]}", "{\"a\":{\"b\":[1]}}"));
    FIELDS.put("add_generation_prompt", List.of("true", "false"));
    FIELDS.put("continue_final_message", List.of("true", "false", "\"content\"", "\"reasoning_content\""));
    FIELDS.put("parallel_tool_calls", List.of("true", "false"));
    FIELDS.put("echo", List.of("true", "false"));
    FIELDS.put("prompt_logprobs", List.of("0", "3", "21"));
    FIELDS.put("window", List.of("16", "64", "15", "100000"));
    FIELDS.put("spm_infill", List.of("true", "false"));
    FIELDS.put("user", List.of("\"u\""));
    FIELDS.put("model", List.of("\"demo\"", "\"default\"", "\"other\""));
  }

  private record Input(String path, String body) {
    byte[] bytes() {
      return (path + "\n" + body).getBytes(StandardCharsets.UTF_8);
    }
  }

  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void strangeRequests() throws Exception {
    boolean all = Boolean.getBoolean("panallama.fuzz.all");
    Random random = new Random(Fuzzing.seed());
    TreeMap<Integer, Integer> seen = new TreeMap<>();
    TreeMap<String, String> failures = new TreeMap<>();
    int done = 0;
    try (LogRecords faults = LogRecords.of(ErrorBoundary.class);
        DemoServer server = DemoServer.start(4, MAX_TOKENS)) {
      try (Fuzzing health = new Fuzzing(server.port())) {
        for (long began = System.nanoTime(); Fuzzing.goesOn(done, FEW, began); done++) {
          Input input = input(random);
          // What is left there after the process has died did it.
          Fuzzing.keep("chat-last.json", input.bytes());
          String kind = outcome(server.port(), input, seen);
          if (!kind.isEmpty()) {
            String smallest = all && failures.containsKey(kind) ? "" : smaller(server.port(), input, kind).toString();
            failures.putIfAbsent(
                kind, "\n" + smallest + ", kept in " + Fuzzing.keep("chat-" + done + ".json", input.bytes()));
            assertThat(all ? Map.of() : failures).isEmpty();
          }
        }
        System.out.println(
            done
                + " requests with seed "
                + Fuzzing.seed()
                + ": "
                + seen
                + ", slowest /health "
                + health.slowestHealth());
      }
      assertThat(server.get("/ready").statusCode()).isEqualTo(200);
      assertThat(new TreeSet<>(faults.errors())).isEmpty();
    }
    assertThat(failures).isEmpty();
    if (done >= FEW) {
      assertThat(seen).containsKeys(200, 400);
    }
  }

  /** Sends an input; what is wrong with its answer, or nothing. */
  private static String outcome(int port, Input input, Map<Integer, Integer> seen) throws IOException {
    try (RawHttp client = new RawHttp(port)) {
      client.send(TestServer.rawPost(input.path(), input.body()).getBytes(StandardCharsets.UTF_8));
      RawHttp.Answer answer = client.read();
      seen.merge(answer.status(), 1, Integer::sum);
      if (answer.status() >= 500) {
        return answer.status() + " " + answer.body().replaceAll("[0-9]+", "0");
      }
      if (answer.body().contains("event: error")) {
        Matcher code = CODE.matcher(answer.body().substring(answer.body().indexOf("event: error")));
        return code.find() && FAULTS.contains(code.group(1)) ? "stream " + code.group(1) : "";
      }
      return "";
    } catch (SocketTimeoutException stall) {
      return "stall";
    }
  }

  /** Leaves out fields and elements for as long as the same goes wrong. */
  private static Input smaller(int port, Input input, String kind) throws IOException {
    JsonNode root;
    try {
      root = JSON.readTree(input.body());
    } catch (IOException notJson) {
      return input;
    }
    boolean progress = true;
    while (progress) {
      progress = false;
      for (List<Object> place : places(root, List.of())) {
        JsonNode without = without(root, place);
        if (outcome(port, new Input(input.path(), without.toString()), new TreeMap<>()).equals(kind)) {
          root = without;
          progress = true;
          break;
        }
      }
    }
    return new Input(input.path(), root.toString());
  }

  private static List<List<Object>> places(JsonNode node, List<Object> here) {
    List<List<Object>> all = new ArrayList<>();
    if (node.isObject()) {
      node.fieldNames().forEachRemaining(name -> add(all, here, name, node.path(name)));
    } else {
      for (int i = 0; i < node.size(); i++) {
        add(all, here, i, node.path(i));
      }
    }
    return all;
  }

  private static void add(List<List<Object>> all, List<Object> here, Object step, JsonNode child) {
    List<Object> place = new ArrayList<>(here);
    place.add(step);
    all.add(place);
    all.addAll(places(child, place));
  }

  private static JsonNode without(JsonNode root, List<Object> place) {
    JsonNode copy = root.deepCopy();
    JsonNode parent = copy;
    for (Object step : place.subList(0, place.size() - 1)) {
      parent = step instanceof Integer index ? parent.path(index) : parent.path((String) step);
    }
    if (place.getLast() instanceof Integer index) {
      ((ArrayNode) parent).remove(index);
    } else {
      ((ObjectNode) parent).remove((String) place.getLast());
    }
    return copy;
  }

  private static Input input(Random random) {
    int kind = random.nextInt(10);
    String path = kind < 6 ? TestServer.CHAT : kind < 8 ? "/v1/completions" : kind < 9 ? "/infill" : "/apply-template";
    Map<String, String> fields = new LinkedHashMap<>();
    switch (path) {
      case "/v1/completions" -> fields.put("prompt", prompt(random));
      case "/infill" -> {
        fields.put("input_prefix", text(random));
        fields.put("input_suffix", text(random));
        if (random.nextBoolean()) {
          fields.put("input_extra", "[{\"filename\":" + text(random) + ",\"text\":" + text(random) + "}]");
        }
      }
      default -> chat(fields, random);
    }
    fields.put("max_tokens", Integer.toString(1 + random.nextInt(12)));
    fields.put("temperature", random.nextBoolean() ? "0" : "1");
    List<String> names = List.copyOf(FIELDS.keySet());
    for (int i = random.nextInt(6); i > 0; i--) {
      String name = names.get(random.nextInt(names.size()));
      fields.put(name, value(name, random));
    }
    String body = body(fields, random);
    return new Input(path, random.nextInt(12) == 0 ? broken(body, random) : body);
  }

  private static void chat(Map<String, String> fields, Random random) {
    List<String> messages = new ArrayList<>();
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      messages.add(message(random));
    }
    fields.put("messages", "[" + String.join(",", messages) + "]");
    if (random.nextInt(4) == 0) {
      fields.put("tools", tools(random));
      fields.put(
          "tool_choice",
          pick(
              List.of("\"auto\"", "\"none\"", "\"required\"", "{\"type\":\"function\",\"function\":{\"name\":\"f\"}}"),
              random));
    }
    if (random.nextInt(4) == 0) {
      fields.put(
          "response_format",
          pick(
              List.of(
                  "{\"type\":\"text\"}",
                  "{\"type\":\"json_object\"}",
                  "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"s\",\"schema\":"
                      + pick(SCHEMAS, random)
                      + "}}",
                  "{\"type\":\"json_schema\",\"json_schema\":{\"strict\":false,\"schema\":"
                      + pick(SCHEMAS, random)
                      + "}}"),
              random));
    } else if (random.nextInt(6) == 0) {
      fields.put("json_schema", pick(SCHEMAS, random));
    } else if (random.nextInt(6) == 0) {
      fields.put("grammar", quoted(pick(GRAMMARS, random)));
    }
    if (random.nextInt(5) == 0) {
      fields.put("continue_final_message", value("continue_final_message", random));
    }
  }

  private static String message(Random random) {
    String content =
        random.nextInt(8) == 0
            ? "[{\"type\":\"text\",\"text\":" + text(random) + "}]"
            : random.nextInt(20) == 0 ? "null" : text(random);
    String role = pick(List.of("system", "user", "user", "assistant", "assistant", "tool", "developer"), random);
    StringBuilder message = new StringBuilder("{\"role\":\"" + role + "\",\"content\":" + content);
    if (role.equals("tool") || random.nextInt(15) == 0) {
      message.append(",\"tool_call_id\":").append(text(random));
    }
    if (role.equals("assistant") && random.nextInt(4) == 0) {
      message.append(",\"reasoning_content\":").append(text(random));
    }
    if (role.equals("assistant") && random.nextInt(4) == 0) {
      String arguments =
          random.nextBoolean() ? "\"{\\\"a\\\":1}\"" : random.nextBoolean() ? text(random) : pick(ODD, random);
      message
          .append(",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":")
          .append(text(random))
          .append(",\"arguments\":")
          .append(arguments)
          .append("}}]");
    }
    return message.append('}').toString();
  }

  private static String tools(Random random) {
    List<String> tools = new ArrayList<>();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      tools.add(
          "{\"type\":\"function\",\"function\":{\"name\":"
              + (random.nextInt(3) > 0 ? "\"f\"" : text(random))
              + (random.nextBoolean() ? ",\"description\":" + text(random) : "")
              + (random.nextInt(4) > 0 ? ",\"parameters\":" + pick(SCHEMAS, random) : "")
              + (random.nextInt(3) == 0 ? ",\"strict\":" + random.nextBoolean() : "")
              + "}}");
    }
    return "[" + String.join(",", tools) + "]";
  }

  private static String prompt(Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> "[1,2,3]";
      case 1 -> pick(List.of("[]", "[0]", "[-1]", "[99999999]", "[\"a\"]", "[[1],[2]]", "null"), random);
      default -> text(random);
    };
  }

  private static String value(String name, Random random) {
    return switch (random.nextInt(6)) {
      case 0 -> pick(ODD, random);
      case 1 -> pick(NUMBERS, random);
      case 2 -> random.nextInt(3) == 0 ? text(random) : pick(FIELDS.get(name), random);
      default -> pick(FIELDS.get(name), random);
    };
  }

  /** Writes the fields, at times one of them twice. */
  private static String body(Map<String, String> fields, Random random) {
    List<String> members = new ArrayList<>();
    fields.forEach((name, value) -> members.add("\"" + name + "\":" + value));
    if (random.nextInt(30) == 0) {
      members.add(members.get(random.nextInt(members.size())));
    }
    if (random.nextInt(30) == 0) {
      members.add("\"unknown\":" + pick(ODD, random));
    }
    return "{" + String.join(",", members) + "}";
  }

  /** JSON that is none any more, or goes beyond what it may hold. */
  private static String broken(String body, Random random) {
    int at = random.nextInt(body.length());
    return switch (random.nextInt(6)) {
      case 0 -> body.substring(0, at);
      case 1 ->
          body.substring(0, at)
              + pick(List.of("\\ud800", "\u0000", "NaN", "//", "'", ",", "}", "]", "\\u12"), random)
              + body.substring(at);
      case 2 -> body.replaceFirst(":", ":" + "[".repeat(1 + random.nextInt(2_000)));
      case 3 -> body.replaceFirst(":", ":" + "9".repeat(1 + random.nextInt(2_000)));
      case 4 -> body + body;
      default -> "{\"messages\":" + "{\"a\":".repeat(random.nextInt(200)) + "1";
    };
  }

  private static String text(Random random) {
    String one = pick(TEXTS, random);
    return quoted(random.nextInt(3) == 0 ? one + pick(TEXTS, random) : one);
  }

  private static String quoted(String text) {
    return JSON.valueToTree(text).toString();
  }

  private static <T> T pick(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }
}
