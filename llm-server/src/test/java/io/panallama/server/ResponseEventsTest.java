package io.panallama.server;

import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.error;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The events of responses that are kept, for clients that come back to them. */
@Timeout(60)
class ResponseEventsTest {
  private static final String RESPONSES = "/v1/responses";

  private static final String TOOLS =
      """
      "tools": [{"type": "function", "name": "now", "parameters": null}]\
      """;

  private static ScriptedGenerator thinkingAndCalling() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.emit(new GenerationEvent.Reasoning("Let me "));
          script.emit(new GenerationEvent.Reasoning("see."));
          script.say("One ");
          script.say("moment.");
          script.emit(new GenerationEvent.ToolCallStarted(0, "call_1", "now"));
          script.emit(new GenerationEvent.ToolCallArguments(0, "{}"));
          script.finish(FinishReason.TOOL_CALLS);
        });
  }

  private static List<JsonNode> events(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/event-stream");
    List<JsonNode> events = data(response.body()).stream().map(TestServer::json).toList();
    assertThat(response.body().lines().filter(line -> line.startsWith("event: ")).map(line -> line.substring(7)))
        .containsExactlyElementsOf(events.stream().map(event -> event.path("type").asText()).toList());
    return events;
  }

  private static List<Integer> numbers(List<JsonNode> events) {
    return events.stream().map(event -> event.path("sequence_number").asInt(-1)).toList();
  }

  /** What is left of a stream if only the kinds of events count, each delta joined with its neighbours. */
  private static List<String> kinds(List<JsonNode> events) {
    List<String> kinds = new ArrayList<>();
    for (JsonNode event : events) {
      String type = event.path("type").asText();
      if (kinds.isEmpty() || !kinds.getLast().equals(type)) {
        kinds.add(type);
      }
    }
    return kinds;
  }

  @Test
  void aResponseThatIsKeptIsStreamedAsIfItWereMadeAnew() {
    try (TestServer server = TestServer.start(thinkingAndCalling())) {
      String body = "{\"input\": \"x\", " + TOOLS + ", \"stream\": true}";
      List<JsonNode> live = events(server.post(RESPONSES, body));
      JsonNode kept = json(server.get(RESPONSES + "/" + live.getLast().at("/response/id").asText()).body());
      List<JsonNode> again =
          events(server.get(RESPONSES + "/" + kept.path("id").asText() + "?stream=true&include_obfuscation=false"));
      assertThat(kinds(again)).isEqualTo(kinds(live));
      assertThat(again.getFirst().path("response")).isEqualTo(live.getFirst().path("response"));
      assertThat(again.getLast().path("response")).isEqualTo(kept);
      for (String done : List.of("response.output_item.done", "response.output_item.added")) {
        assertThat(items(again, done)).isEqualTo(items(live, done));
      }
      for (int i = 0; i < again.size(); i++) {
        assertThat(again.get(i).path("sequence_number").asInt(-1)).isEqualTo(i);
      }
      List<JsonNode> rest =
          events(server.get(RESPONSES + "/" + kept.path("id").asText() + "?stream=true&starting_after=3"));
      assertThat(rest).isEqualTo(again.subList(4, again.size()));
      int last = again.size() - 1;
      assertThat(events(server.get(RESPONSES + "/" + kept.path("id").asText() + "?stream=true&starting_after=" + last)))
          .isEmpty();
    }
  }

  private static List<JsonNode> items(List<JsonNode> events, String type) {
    return events.stream().filter(event -> event.path("type").asText().equals(type)).map(e -> e.path("item")).toList();
  }

  @Test
  void responsesThatWereNotStreamedAreTooAndSoAreCutOnes() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("cut");
              script.finish(FinishReason.LENGTH);
            });
    try (TestServer server = TestServer.start(generator)) {
      String id = json(server.post(RESPONSES, "{\"input\": \"x\"}").body()).path("id").asText();
      List<JsonNode> events = events(server.get(RESPONSES + "/" + id + "?stream=true"));
      assertThat(events.getLast().path("type").asText()).isEqualTo("response.incomplete");
      assertThat(items(events, "response.output_item.done").getFirst().path("status").asText()).isEqualTo("incomplete");
      assertThat(events.getLast().path("response")).isEqualTo(json(server.get(RESPONSES + "/" + id).body()));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          stream=false                               |
          stream=TRUE&include[]=reasoning.encrypted_content |
          stream=1&include_obfuscation=true&foo=bar  | ?include_obfuscation, ?foo
          include[]=message.output_text.logprobs     | ?include[]
          include=foo&starting_after=0&_=5           | ?starting_after, ?include, ?_
          """)
  void whatAQueryAsksForInVainIsNamed(String query, String named) {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      String id = json(server.post(RESPONSES, "{\"input\": \"x\"}").body()).path("id").asText();
      HttpResponse<String> response = server.get(RESPONSES + "/" + id + "?" + query.replace("[]", "%5B%5D"));
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(response.headers().firstValue("Panallama-Ignored")).isEqualTo(Optional.ofNullable(named));
      boolean stream = query.startsWith("stream=TRUE") || query.startsWith("stream=1");
      assertThat(response.headers().firstValue("Content-Type").orElse("").startsWith("text/event-stream"))
          .isEqualTo(stream);
    }
  }

  @Test
  void aStrictServerRefusesQueriesWithoutAnEffect() {
    try (TestServer server =
        TestServer.start(
            TestServer.config().toBuilder().strictFields(true).build(), ScriptedGenerator.answering("x"))) {
      String path = RESPONSES + "/" + json(server.post(RESPONSES, "{\"input\": \"x\"}").body()).path("id").asText();
      HttpResponse<String> get = server.get(path + "?foo=bar");
      assertThat(get.statusCode()).isEqualTo(400);
      assertThat(error(get).path("param").asText()).isEqualTo("?foo");
      assertThat(server.send(server.request(path + "?foo=bar").DELETE().build()).statusCode()).isEqualTo(400);
      assertThat(server.get(path).statusCode()).as("nothing was deleted").isEqualTo(200);
      assertThat(server.post(RESPONSES + "?foo=bar", "{\"input\": \"x\"}").statusCode()).isEqualTo(400);
      assertThat(server.post(RESPONSES + "?api-version=1", "{\"input\": \"x\"}").statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({"stream=yes,stream", "stream=true&starting_after=-1,starting_after", "starting_after=,starting_after"})
  void aWrongQueryIsRefused(String query, String param) {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      String id = json(server.post(RESPONSES, "{\"input\": \"x\"}").body()).path("id").asText();
      HttpResponse<String> response = server.get(RESPONSES + "/" + id + "?" + query);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      assertThat(error(response).path("param").asText()).isEqualTo(param);
    }
  }

  @Test
  void anotherNumberThanOneOfAnEventIsRefused() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      String id = json(server.post(RESPONSES, "{\"input\": \"x\"}").body()).path("id").asText();
      HttpResponse<String> wrong = server.get(RESPONSES + "/" + id + "?stream=true&starting_after=x");
      assertThat(wrong.statusCode()).isEqualTo(400);
      assertThat(error(wrong).path("param").asText()).isEqualTo("starting_after");
      assertThat(server.get(RESPONSES + "/none?stream=true").statusCode()).isEqualTo(404);
    }
  }

  /** A line of a stream that goes on. */
  private static JsonNode next(Iterator<String> lines) {
    while (lines.hasNext()) {
      String line = lines.next();
      if (line.startsWith("data: ")) {
        return json(line.substring(6));
      }
    }
    throw new AssertionError("The stream has ended");
  }

  @Test
  void aStreamInTheBackgroundOutlivesItsClientAndIsTakenUpWhereItWasLeft() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<Stream<String>> first =
          server.stream(RESPONSES, "{\"input\": \"x\", \"background\": true, \"stream\": true}");
      ScriptedGenerator.Script script = generator.next();
      script.say("Hel");
      Iterator<String> lines = first.body().iterator();
      JsonNode created = next(lines);
      assertThat(created.path("type").asText()).isEqualTo("response.created");
      assertThat(created.at("/response/background").asBoolean()).isTrue();
      JsonNode event = next(lines);
      while (!event.path("type").asText().equals("response.output_text.delta")) {
        event = next(lines);
      }
      assertThat(event.path("delta").asText()).isEqualTo("Hel");
      first.body().close();
      String path = RESPONSES + "/" + created.at("/response/id").asText();
      int seen = event.path("sequence_number").asInt();
      HttpResponse<Stream<String>> second = get(server, path + "?stream=true&starting_after=" + seen);
      script.say("lo");
      Iterator<String> more = second.body().iterator();
      JsonNode following = next(more);
      assertThat(following.path("delta").asText()).isEqualTo("lo");
      assertThat(following.path("sequence_number").asInt()).isEqualTo(seen + 1);
      script.finish(FinishReason.STOP);
      JsonNode last = following;
      while (more.hasNext()) {
        String line = more.next();
        last = line.startsWith("data: ") ? json(line.substring(6)) : last;
      }
      assertThat(last.path("type").asText()).isEqualTo("response.completed");
      JsonNode kept = json(server.get(path).body());
      assertThat(kept.at("/output/0/content/0/text").asText()).isEqualTo("Hello");
      assertThat(last.path("response")).isEqualTo(kept);
      List<JsonNode> whole = events(server.get(path + "?stream=true"));
      assertThat(numbers(whole)).hasSize(last.path("sequence_number").asInt() + 1);
      assertThat(whole.get(seen)).isEqualTo(event);
      assertThat(script.isCancelled()).isFalse();
      server.awaitNoRequests();
    }
  }

  private static HttpResponse<Stream<String>> get(TestServer server, String path)
      throws IOException, InterruptedException {
    return server.lines(server.request(path).GET().build());
  }

  @Test
  void cancellingAndFailingEndTheStream() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      String body = "{\"input\": \"x\", \"background\": true, \"stream\": true}";
      HttpResponse<Stream<String>> stream = server.stream(RESPONSES, body);
      Iterator<String> lines = stream.body().iterator();
      String id = next(lines).at("/response/id").asText();
      ScriptedGenerator.Script script = generator.next();
      script.say("Hel");
      JsonNode event = next(lines);
      while (!event.path("type").asText().equals("response.output_text.delta")) {
        event = next(lines);
      }
      assertThat(server.post(RESPONSES + "/" + id + "/cancel", "").statusCode()).isEqualTo(200);
      assertThat(script.awaitCancel()).isTrue();
      List<JsonNode> events = new ArrayList<>();
      while (lines.hasNext()) {
        String line = lines.next();
        if (line.startsWith("data: ")) {
          events.add(json(line.substring(6)));
        }
      }
      assertThat(kinds(events))
          .as("open items are closed")
          .containsExactly(
              "response.output_text.done",
              "response.content_part.done",
              "response.output_item.done",
              "response.incomplete");
      assertThat(items(events, "response.output_item.done").getFirst().path("status").asText()).isEqualTo("incomplete");
      assertThat(events.getLast().at("/response/status").asText()).isEqualTo("cancelled");

      HttpResponse<Stream<String>> failing = server.stream(RESPONSES, body);
      generator.next().fail(new GenerationException(GenerationException.Reason.DECODE_FAILED, "It broke.", null));
      assertThat(failing.body().filter(line -> line.startsWith("event: ")))
          .endsWith("event: error", "event: response.failed");
    }
  }
}
