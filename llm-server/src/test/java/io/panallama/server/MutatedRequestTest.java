package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.server.http.ErrorBoundary;
import java.io.IOException;
import java.io.InputStream;
import java.math.RoundingMode;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Requests that real clients sent ({@code recorded-requests.json}), each with one or two fields added, removed, nulled or given another
 * type or value, most often one that is still allowed, against the demo model. The server answers, or blames the request and names the field; it never fails and never waits.
 * {@link Fuzzing} says how to run it for longer.
 */
@Tag("fuzz")
class MutatedRequestTest {
  private static final int FEW = 250;

  /** The limit where a request has none: one that also shifts its context would never end. */
  private static final int MAX_TOKENS = 64;

  private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

  /** Values of every type, among them those at the borders. */
  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "false",
          "0",
          "1",
          "-1",
          "2",
          "0.5",
          "-0.0",
          "1e400",
          "2147483648",
          "9223372036854775808",
          "\"\"",
          "\"x\"",
          "\"auto\"",
          "\"none\"",
          "\"required\"",
          "\"text\"",
          "\"user\"",
          "\"assistant\"",
          "\"tool\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"<|im_end|>\"",
          "[]",
          "[null]",
          "[1,\"a\",{}]",
          "{}",
          "{\"type\":\"x\"}",
          "{\"type\":\"object\",\"properties\":{\"a\":true}}");

  /** Names that some dialect reads, and some that none does. */
  private static final List<String> NAMES =
      List.of(
          "nobody_knows",
          "",
          "type",
          "id",
          "name",
          "content",
          "text",
          "tool_calls",
          "tool_call_id",
          "cache_control",
          "strict",
          "stop",
          "seed",
          "n",
          "logprobs",
          "tools",
          "tool_choice",
          "response_format",
          "grammar",
          "format",
          "options",
          "think",
          "thinking",
          "reasoning",
          "reasoning_content",
          "metadata",
          "index",
          "input",
          "messages",
          "prompt",
          "suffix",
          "raw",
          "images",
          "audio",
          "samplers",
          "logit_bias",
          "response_fields",
          "previous_response_id",
          "store",
          "truncation",
          "max_tokens",
          "n_predict");

  /** Names that no dialect reads. */
  private static final List<String> UNKNOWN =
      List.of("nobody_knows", "x-trace", "extra_body", "clientVersion", "priority_hint", "_meta", "\u0000", "a.b[0]");

  private static final List<String> SUFFIXES = List.of(" \u00e9\u4e2d", "\n", " ", "<|im_end|>", "\ud83e\udd99", "\"}");

  private record Recorded(String path, JsonNode body) {}

  /**
   * A request to send.
   *
   * @param names the names on the way to each changed field; those of a field at the top are one each
   */
  private record Mutant(String path, JsonNode body, List<List<String>> names) {
    byte[] bytes() {
      return (path + "\n" + body).getBytes(StandardCharsets.UTF_8);
    }
  }

  @Test
  @Timeout(value = 3, unit = TimeUnit.HOURS)
  void realRequestsWithAFieldChanged() throws Exception {
    List<Recorded> recorded = recorded();
    Random random = new Random(Fuzzing.seed());
    TreeMap<Integer, Integer> seen = new TreeMap<>();
    int done = 0;
    try (LogRecords faults = LogRecords.of(ErrorBoundary.class);
        DemoServer server = DemoServer.start(4, MAX_TOKENS)) {
      for (Recorded request : recorded) {
        assertThat(send(server.port(), request.path(), request.body()).status()).as("%s", request).isEqualTo(200);
      }
      try (Fuzzing health = new Fuzzing(server.port())) {
        for (long began = System.nanoTime(); Fuzzing.goesOn(done, FEW, began); done++) {
          Mutant mutant = mutant(recorded.get(random.nextInt(recorded.size())), random);
          String wrong = wrong(server.port(), mutant, seen);
          assertThat(wrong)
              .as(() -> "kept in " + Fuzzing.keep("mutant-last.json", mutant.bytes()) + ": " + mutant)
              .isEmpty();
        }
        System.out.println(
            done
                + " mutants with seed "
                + Fuzzing.seed()
                + ": "
                + seen
                + ", slowest /health "
                + health.slowestHealth());
      }
      assertThat(server.get("/ready").statusCode()).isEqualTo(200);
      assertThat(new TreeSet<>(faults.errors())).isEmpty();
    }
    if (done >= FEW) {
      assertThat(seen).containsKeys(200, 400);
      assertThat(seen.get(200)).as("of %s answered: the others reach no engine", done).isGreaterThanOrEqualTo(done / 2);
    }
  }

  private static List<Recorded> recorded() throws IOException {
    List<Recorded> all = new ArrayList<>();
    try (InputStream in = MutatedRequestTest.class.getResourceAsStream("recorded-requests.json")) {
      for (JsonNode request : JSON.readTree(in)) {
        all.add(new Recorded(request.path("path").asText(), request.path("body")));
      }
    }
    return all;
  }

  private static RawHttp.Answer send(int port, String path, JsonNode body) throws IOException {
    try (RawHttp client = new RawHttp(port)) {
      client.send(TestServer.rawPost(path, body.toString()).getBytes(StandardCharsets.UTF_8));
      return client.read();
    }
  }

  /** Sends a mutant; what is wrong with its answer, or nothing. */
  private static String wrong(int port, Mutant mutant, TreeMap<Integer, Integer> seen) throws IOException {
    RawHttp.Answer answer;
    try {
      answer = send(port, mutant.path(), mutant.body());
    } catch (SocketTimeoutException stall) {
      return "no answer";
    }
    seen.merge(answer.status(), 1, Integer::sum);
    if (answer.status() >= 500) {
      return answer.status() + " " + answer.body();
    }
    return answer.status() == 400 && mutant.names().stream().noneMatch(names -> isNamed(names, answer.body()))
        ? "a 400 that names no changed field: " + answer.body()
        : "";
  }

  /** Whether the answer, which is JSON, has the name of a field, or of one that it is in. */
  private static boolean isNamed(List<String> names, String answer) {
    return names.stream()
        .map(name -> TextNode.valueOf(name).toString())
        .map(quoted -> quoted.substring(1, quoted.length() - 1))
        .anyMatch(name -> Pattern.compile("(?<!\\w)" + Pattern.quote(name) + "(?!\\w)").matcher(answer).find());
  }

  private static Mutant mutant(Recorded request, Random random) {
    JsonNode body = request.body().deepCopy();
    List<List<String>> names = new ArrayList<>();
    for (int i = 1 + random.nextInt(10) / 9; i > 0; i--) {
      List<String> way = new ArrayList<>();
      change(body, way, random);
      names.add(way);
    }
    return new Mutant(request.path(), body, names);
  }

  /** Goes down to some field and changes it. */
  private static void change(JsonNode node, List<String> way, Random random) {
    if (node instanceof ObjectNode object) {
      List<String> fields = new ArrayList<>();
      object.fieldNames().forEachRemaining(fields::add);
      if (fields.isEmpty() || random.nextInt(4) == 0) {
        String added = pick(random.nextInt(3) == 0 ? NAMES : UNKNOWN, random);
        way.add(added);
        object.set(added, value(random));
        return;
      }
      String field = pick(fields, random);
      way.add(field);
      JsonNode child = object.path(field);
      if (child.isContainerNode() && child.size() > 0 && random.nextInt(8) > 0) {
        change(child, way, random);
      } else if (random.nextInt(6) == 0) {
        object.remove(field);
      } else {
        object.set(field, other(child, random));
      }
    } else if (node instanceof ArrayNode array && array.size() > 0) {
      int index = random.nextInt(array.size());
      JsonNode child = array.path(index);
      if (child.isContainerNode() && child.size() > 0 && random.nextInt(8) > 0) {
        change(child, way, random);
      } else if (random.nextInt(4) == 0) {
        array.remove(index);
      } else if (random.nextInt(2) == 0) {
        array.insert(index, child.deepCopy());
      } else {
        array.set(index, other(child, random));
      }
    }
  }

  /** Another value: most often one that a client could mean as well, else any, or the old one inside of another type. */
  private static JsonNode other(JsonNode old, Random random) {
    return switch (random.nextInt(12)) {
      case 0 -> JsonNodeFactory.instance.arrayNode().add(old);
      case 1 -> JsonNodeFactory.instance.textNode(old.toString());
      case 2 -> JsonNodeFactory.instance.objectNode().set("value", old);
      case 3, 4 -> value(random);
      default -> similar(old, random);
    };
  }

  /** Another value of the same type; the old one if it is empty or has no other. */
  private static JsonNode similar(JsonNode old, Random random) {
    return switch (old) {
      case TextNode text when text.asText().matches("[a-z0-9_]+") && random.nextBoolean() -> NullNode.getInstance();
      case TextNode text -> TextNode.valueOf(text.asText() + pick(SUFFIXES, random));
      case BooleanNode bool -> BooleanNode.valueOf(!bool.asBoolean());
      case NumericNode number -> numbered(number, random);
      case ArrayNode array when array.size() > 0 -> array.deepCopy().add(array.path(array.size() - 1).deepCopy());
      case ObjectNode object -> object.deepCopy().set(pick(UNKNOWN, random), value(random));
      default -> old;
    };
  }

  private static JsonNode numbered(NumericNode old, Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> DecimalNode.valueOf(old.decimalValue().setScale(1, RoundingMode.HALF_UP));
      case 1 -> IntNode.valueOf(random.nextInt(3));
      case 2 -> IntNode.valueOf(1 + random.nextInt(MAX_TOKENS));
      case 3 -> DoubleNode.valueOf(random.nextInt(1, 10) / 10.0);
      default -> TextNode.valueOf(old.asText());
    };
  }

  private static JsonNode value(Random random) {
    try {
      return JSON.readTree(pick(VALUES, random));
    } catch (IOException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }

  private static <T> T pick(List<T> list, Random random) {
    return list.get(random.nextInt(list.size()));
  }
}
