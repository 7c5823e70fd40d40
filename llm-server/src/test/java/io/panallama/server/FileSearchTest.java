package io.panallama.server;

import static io.panallama.server.TestServer.error;
import static io.panallama.server.TestServer.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ToolChoice;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.search.query.Filter;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.IncomingFile;
import io.panallama.server.documents.LibraryLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tool file_search in Responses and in chats, on a scripted engine and a search that finds what the test wants. */
@Timeout(60)
class FileSearchTest {
  private static final String RESPONSES = "/v1/responses";
  private static final String CHAT = TestServer.CHAT;

  private static final String TOOL =
      """
      {"type": "file_search", "vector_store_ids": ["vs_1"]}\
      """;

  /** The second marker is divided, and stands behind an emoji. */
  private static final String[] ANSWER = {"🦙 hums [1]", " a lot [", "2, 9", "]."};

  private static TestServer start(ScriptedGenerator generator, FakePassageSearch search) {
    TestServer server = TestServer.start(generator);
    server.server().serve(search);
    return server;
  }

  private static FakePassageSearch two() {
    return FakePassageSearch.finding("It hums.", "It hums a lot.");
  }

  private static String responses(String more) {
    return "{\"input\": \"Does it hum?\", \"tools\": [" + TOOL + "]" + more + "}";
  }

  private static String chat(String more) {
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"Does it hum?\"}], \"tools\": ["
        + TOOL
        + "]"
        + more
        + "}";
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Panallama-Ignored")).isEmpty();
    return json(response.body());
  }

  private static List<JsonNode> data(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return TestServer.data(response.body()).stream()
        .filter(data -> !data.equals("[DONE]"))
        .map(TestServer::json)
        .toList();
  }

  private static String question(GenerationRequest request) {
    return ((ChatRequest) request).messages().getLast().content();
  }

  private static List<String> types(JsonNode nodes) {
    return StreamSupport.stream(nodes.spliterator(), false).map(node -> node.path("type").asText()).toList();
  }

  // ---- Responses ----

  @Test
  void aResponseIsGroundedAndCites() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering(ANSWER);
    FakePassageSearch search = two();
    try (TestServer server = start(generator, search)) {
      JsonNode response = ok(server.post(RESPONSES, responses("")));

      assertThat(types(response.path("output"))).containsExactly("file_search_call", "message");
      JsonNode call = response.path("output").path(0);
      assertThat(call.path("id").asText()).startsWith("fs_");
      assertThat(call.path("status").asText()).isEqualTo("completed");
      assertThat(call.path("queries").toString()).isEqualTo("[\"Does it hum?\"]");
      assertThat(call.path("results").isNull()).isTrue();
      JsonNode part = response.path("output").path(1).path("content").path(0);
      assertThat(part.path("text").asText()).isEqualTo("🦙 hums [1] a lot [2, 9].");
      assertThat(part.path("annotations").toString())
          .isEqualTo(
              "[{\"type\":\"file_citation\",\"index\":7,\"file_id\":\"file-1\",\"filename\":\"1.pdf\"},"
                  + "{\"type\":\"file_citation\",\"index\":17,\"file_id\":\"file-2\",\"filename\":\"2.pdf\"}]");
      assertThat(types(response.path("tools"))).containsExactly("file_search");
      assertThat(question(generator.next().request()))
          .contains("[1] 1.pdf, Chapter 1, page 1:\nIt hums.\n", "[2] 2.pdf, Chapter 2, page 2:\nIt hums a lot.\n")
          .endsWith("Question: Does it hum?");
      assertThat(search.searches)
          .containsExactly(
              new FakePassageSearch.Search(List.of("vs_1"), "Does it hum?", 10, Optional.empty(), 0, true));
    }
  }

  @Test
  void resultsAreIncludedOnRequest() {
    try (TestServer server = start(ScriptedGenerator.answering("Yes."), two())) {
      JsonNode response = ok(server.post(RESPONSES, responses(", \"include\": [\"file_search_call.results\"]")));

      assertThat(response.path("output").path(0).path("results").toString())
          .isEqualTo(
              "[{\"file_id\":\"file-1\",\"filename\":\"1.pdf\",\"score\":1.0,\"text\":\"It hums.\","
                  + "\"attributes\":{\"language\":\"en\"}},"
                  + "{\"file_id\":\"file-2\",\"filename\":\"2.pdf\",\"score\":0.5,\"text\":\"It hums a lot.\","
                  + "\"attributes\":{\"language\":\"en\"}}]");
      assertThat(response.path("output").path(1).path("content").path(0).path("annotations").toString())
          .isEqualTo("[]");
    }
  }

  @Test
  void aStreamHasTheEventsOfTheSearchAndOfEachCitation() {
    try (TestServer server = start(ScriptedGenerator.answering(ANSWER), two())) {
      List<JsonNode> events = data(server.post(RESPONSES, responses(", \"stream\": true")));

      List<String> types = new ArrayList<>();
      for (JsonNode event : events) {
        assertThat(event.path("sequence_number").asInt(-1)).isEqualTo(types.size());
        types.add(event.path("type").asText().substring("response.".length()));
      }
      assertThat(types)
          .containsExactly(
              "created",
              "in_progress",
              "output_item.added",
              "file_search_call.in_progress",
              "file_search_call.searching",
              "file_search_call.completed",
              "output_item.done",
              "output_item.added",
              "content_part.added",
              "output_text.delta",
              "output_text.annotation.added",
              "output_text.delta",
              "output_text.delta",
              "output_text.delta",
              "output_text.annotation.added",
              "output_text.done",
              "content_part.done",
              "output_item.done",
              "completed");
      JsonNode call = events.get(6).path("item");
      assertThat(events.get(2).path("item").path("status").asText()).isEqualTo("in_progress");
      assertThat(events.subList(3, 6))
          .allMatch(event -> event.path("item_id").equals(call.path("id")) && event.path("output_index").asInt() == 0);
      assertThat(call.path("queries").toString()).isEqualTo("[\"Does it hum?\"]");
      JsonNode second = events.get(14);
      assertThat(second.path("output_index").asInt()).isEqualTo(1);
      assertThat(second.path("annotation_index").asInt()).isEqualTo(1);
      assertThat(second.path("annotation").toString())
          .isEqualTo("{\"type\":\"file_citation\",\"index\":17,\"file_id\":\"file-2\",\"filename\":\"2.pdf\"}");
      JsonNode done = events.getLast().path("response").path("output");
      assertThat(types(done)).containsExactly("file_search_call", "message");
      assertThat(done.path(0)).isEqualTo(call);
      assertThat(done.path(1).path("content").path(0).path("annotations")).hasSize(2);
      assertThat(events.get(16).path("part").path("annotations")).hasSize(2);

      String id = events.getLast().path("response").path("id").asText();
      JsonNode kept = ok(server.get(RESPONSES + "/" + id));
      assertThat(kept.path("output")).isEqualTo(done);
      List<JsonNode> again = data(server.get(RESPONSES + "/" + id + "?stream=true"));
      assertThat(again.getLast().path("response").path("output")).isEqualTo(done);
      assertThat(again)
          .extracting(event -> event.path("type").asText())
          .contains("response.file_search_call.searching")
          .containsSubsequence("response.output_text.annotation.added", "response.output_text.annotation.added");
    }
  }

  @Test
  void theNextResponseSearchesAnewAndHasTheConversationWithoutPassages() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("It hums [1].");
    FakePassageSearch search = two();
    try (TestServer server = start(generator, search)) {
      String id = ok(server.post(RESPONSES, responses(""))).path("id").asText();
      JsonNode next =
          ok(
              server.post(
                  RESPONSES,
                  "{\"input\": \"How loud?\", \"previous_response_id\": \"" + id + "\", \"tools\": [" + TOOL + "]}"));
      generator.next();
      ChatRequest asked = (ChatRequest) generator.next().request();

      assertThat(asked.messages().subList(0, 2))
          .containsExactly(ChatMessage.user("Does it hum?"), ChatMessage.assistant("It hums [1]."));
      assertThat(asked.messages().get(2).content()).endsWith("Question: How loud?");
      assertThat(asked.messages()).hasSize(3);
      assertThat(search.searches)
          .extracting(FakePassageSearch.Search::query)
          .containsExactly("Does it hum?", "How loud?");
      JsonNode items = ok(server.get(RESPONSES + "/" + next.path("id").asText() + "/input_items?order=asc"));
      assertThat(types(items.path("data"))).containsExactly("message", "file_search_call", "message", "message");
    }
  }

  @Test
  void itemsOfAnEarlierAnswerAreTakenBack() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("Yes.");
    try (TestServer server = start(generator, two())) {
      ok(
          server.post(
              RESPONSES,
              """
              {"input": [{"role": "user", "content": "Does it hum?"},
               {"type": "file_search_call", "id": "fs_1", "status": "completed", "queries": ["Does it hum?"], "results": null},
               {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "content":
                [{"type": "output_text", "text": "Yes [1].", "annotations": [{"type": "file_citation", "index": 4,
                  "file_id": "file-1", "filename": "1.pdf"}]}]},
               {"role": "user", "content": "Sure?"}]}
              """));
      assertThat(((ChatRequest) generator.next().request()).messages())
          .containsExactly(
              ChatMessage.user("Does it hum?"), ChatMessage.assistant("Yes [1]."), ChatMessage.user("Sure?"));
    }
  }

  @Test
  void aResponseInTheBackgroundSearchesToo() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = start(generator, two())) {
      HttpResponse<String> begun = server.post(RESPONSES, responses(", \"background\": true, \"stream\": false"));
      assertThat(begun.statusCode()).as(begun.body()).isEqualTo(200);
      ScriptedGenerator.Script script = generator.next();
      assertThat(question(script.request())).contains("[2] 2.pdf");
      script.say("It does [2].");
      script.finish(FinishReason.STOP);
      String path = RESPONSES + "/" + json(begun.body()).path("id").asText();
      JsonNode done = data(server.get(path + "?stream=true")).getLast().path("response");
      assertThat(types(done.path("output"))).containsExactly("file_search_call", "message");
      assertThat(done.path("output").path(1).path("content").path(0).path("annotations")).hasSize(1);
    }
  }

  @Test
  void inputTokensCountThePassages() {
    ScriptedGenerator generator =
        ScriptedGenerator.answering("x").counting(request -> question(request).contains("[2] 2.pdf") ? 77 : 3);
    try (TestServer server = start(generator, two())) {
      assertThat(ok(server.post(RESPONSES + "/input_tokens", responses(""))).path("input_tokens").asInt())
          .isEqualTo(77);
      assertThat(ok(server.post(CHAT + "/input_tokens", chat(""))).path("input_tokens").asInt()).isEqualTo(77);
    }
  }

  // ---- chats ----

  @Test
  void aChatIsGroundedAndCites() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering(ANSWER);
    try (TestServer server = start(generator, two())) {
      JsonNode message = ok(server.post(CHAT, chat(""))).path("choices").path(0).path("message");

      assertThat(message.path("content").asText()).isEqualTo("🦙 hums [1] a lot [2, 9].");
      assertThat(message.path("annotations").toString())
          .isEqualTo(
              "[{\"type\":\"file_citation\",\"file_citation\":{\"index\":7,\"file_id\":\"file-1\",\"filename\":\"1.pdf\"}},"
                  + "{\"type\":\"file_citation\",\"file_citation\":{\"index\":17,\"file_id\":\"file-2\",\"filename\":\"2.pdf\"}}]");
      assertThat(question(generator.next().request())).contains("[2] 2.pdf, Chapter 2, page 2:\nIt hums a lot.\n");
    }
  }

  @Test
  void eachChoiceOfAChatHasItsCitations() {
    try (TestServer server = start(ScriptedGenerator.answering(ANSWER), two())) {
      JsonNode whole = ok(server.post(CHAT, chat(", \"n\": 2")));
      assertThat(whole.path("choices").path(1).path("message").path("annotations")).hasSize(2);

      List<JsonNode> chunks = data(server.post(CHAT, chat(", \"n\": 2, \"stream\": true")));
      for (int choice = 0; choice < 2; choice++) {
        int index = choice;
        assertThat(chunks)
            .filteredOn(chunk -> chunk.at("/choices/0/index").asInt(-1) == index)
            .filteredOn(chunk -> chunk.at("/choices/0/delta").has("annotations"))
            .singleElement()
            .satisfies(chunk -> assertThat(chunk.at("/choices/0/delta/annotations")).hasSize(2));
      }
    }
  }

  @Test
  void theAnnotationsOfAStreamComeBeforeItsEnd() {
    try (TestServer server = start(ScriptedGenerator.answering(ANSWER), two())) {
      List<JsonNode> chunks = data(server.post(CHAT, chat(", \"stream\": true")));

      JsonNode last = chunks.get(chunks.size() - 2);
      assertThat(last.at("/choices/0/finish_reason").isNull()).isTrue();
      assertThat(last.at("/choices/0/delta/annotations/1/file_citation").toString())
          .isEqualTo("{\"index\":17,\"file_id\":\"file-2\",\"filename\":\"2.pdf\"}");
      assertThat(chunks.getLast().at("/choices/0/finish_reason").asText()).isEqualTo("stop");
      assertThat(chunks).filteredOn(chunk -> chunk.at("/choices/0/delta").has("annotations")).hasSize(1);
    }
  }

  // ---- both ----

  @ParameterizedTest
  @ValueSource(strings = {RESPONSES, CHAT})
  void nothingFoundIsNoContextAndNoCitation(String route) throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("It may [1].");
    try (TestServer server = start(generator, FakePassageSearch.finding())) {
      String include = ", \"include\": [\"file_search_call.results\"]";
      JsonNode answer = ok(server.post(route, route.equals(CHAT) ? chat("") : responses(include)));

      assertThat(question(generator.next().request())).isEqualTo("Does it hum?");
      if (route.equals(CHAT)) {
        assertThat(answer.at("/choices/0/message/annotations").toString()).isEqualTo("[]");
      } else {
        assertThat(answer.at("/output/0/results").toString()).isEqualTo("[]");
        assertThat(answer.at("/output/0/queries/0").asText()).isEqualTo("Does it hum?");
        assertThat(answer.at("/output/1/content/0/annotations").toString()).isEqualTo("[]");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"auto\"",
        "\"required\"",
        "{\"type\": \"file_search\"}",
        "{\"type\": \"allowed_tools\", \"mode\": \"required\", \"tools\": [{\"type\": \"file_search\"}]}"
      })
  void everyChoiceThatLeavesTheToolSearches(String choice) throws Exception {
    for (String route : List.of(RESPONSES, CHAT)) {
      ScriptedGenerator generator = ScriptedGenerator.answering("Yes.");
      FakePassageSearch search = two();
      try (TestServer server = start(generator, search)) {
        String more = ", \"tool_choice\": " + choice;
        ok(server.post(route, route.equals(CHAT) ? chat(more) : responses(more)));
        assertThat(search.searches).as(route).hasSize(1);
        assertThat(((ChatRequest) generator.next().request()).tools().choice()).isEqualTo(new ToolChoice.Auto());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"none\"",
        "{\"type\": \"function\", \"name\": \"now\"}",
        "{\"type\": \"allowed_tools\", \"mode\": \"auto\", \"tools\": [{\"type\": \"function\", \"name\": \"now\"}]}"
      })
  void otherChoicesSearchNothing(String choice) throws Exception {
    for (String route : List.of(RESPONSES, CHAT)) {
      ScriptedGenerator generator = ScriptedGenerator.answering("Yes [1].");
      FakePassageSearch search = two();
      try (TestServer server = start(generator, search)) {
        String function = ", {\"type\": \"function\", \"name\": \"now\"}";
        String more = ", \"tool_choice\": " + choice;
        String body = (route.equals(CHAT) ? chat(more) : responses(more)).replace(TOOL, TOOL + function);
        JsonNode answer = ok(server.post(route, body));
        assertThat(search.searches).as(route).isEmpty();
        assertThat(question(generator.next().request())).isEqualTo("Does it hum?");
        assertThat(answer.findValue("file_citation")).isNull();
        assertThat(types(answer.path("output"))).doesNotContain("file_search_call");
        assertThat(answer.at("/choices/0/message").has("annotations")).isFalse();
      }
    }
  }

  @Test
  void filtersLimitsAndThresholdsArePassedOn() {
    String tool =
        """
        {"type": "file_search", "vector_store_ids": ["vs_2", "vs_1", "vs_2"], "max_num_results": 3,
         "ranking_options": {"ranker": "auto", "score_threshold": 0.25},
         "filters": {"type": "and", "filters": [{"type": "eq", "key": "language", "value": "en"},
           {"type": "or", "filters": [{"type": "gte", "key": "year", "value": 2024},
             {"type": "ne", "key": "draft", "value": true}, {"type": "nin", "key": "x", "value": ["a", 1]}]}]}}\
        """;
    Filter expected =
        Filter.all(
            Filter.equal("language", "en"),
            Filter.any(
                Filter.atLeast("year", 2024),
                Filter.not(Filter.equal("draft", true)),
                Filter.not(Filter.in("x", "a", 1.0))));
    for (String route : List.of(RESPONSES, CHAT)) {
      FakePassageSearch search = two();
      try (TestServer server = start(ScriptedGenerator.answering("Yes."), search)) {
        ok(server.post(route, (route.equals(CHAT) ? chat("") : responses("")).replace(TOOL, tool)));
        assertThat(search.searches)
            .containsExactly(
                new FakePassageSearch.Search(
                    List.of("vs_2", "vs_1"), "Does it hum?", 3, Optional.of(expected), 0.25, true));
      }
    }
  }

  @Test
  void functionsAndFormatsGoTogetherWithIt() throws Exception {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("Let me see [1].");
              script.emit(new GenerationEvent.ToolCallStarted(0, "call_1", "now"));
              script.emit(new GenerationEvent.ToolCallArguments(0, "{}"));
              script.finish(FinishReason.TOOL_CALLS);
            });
    String function = ", {\"type\": \"function\", \"name\": \"now\"}";
    try (TestServer server = start(generator, two())) {
      JsonNode response = ok(server.post(RESPONSES, responses("").replace(TOOL, TOOL + function)));
      assertThat(types(response.path("output"))).containsExactly("file_search_call", "message", "function_call");
      assertThat(types(response.path("tools"))).containsExactly("file_search", "function");
      JsonNode message = ok(server.post(CHAT, chat("").replace(TOOL, TOOL + function))).at("/choices/0/message");
      assertThat(message.path("tool_calls")).hasSize(1);
      assertThat(message.path("annotations")).hasSize(1);
      ChatRequest asked = (ChatRequest) generator.next().request();
      assertThat(asked.tools().list()).extracting("name").containsExactly("now");
      generator.next();

      ok(server.post(CHAT, chat(", \"response_format\": {\"type\": \"json_object\"}")));
      GenerationRequest formatted = generator.next().request();
      assertThat(formatted.options().format()).isEqualTo(new ResponseFormat.JsonObject());
      assertThat(question(formatted)).contains("[1] 1.pdf");
    }
  }

  @Test
  void passagesLeaveRoomForTheConversationAndTheAnswer() throws Exception {
    String large = "x".repeat(1_500);
    ScriptedGenerator generator = ScriptedGenerator.answering("Yes.").counting(request -> 500);
    try (TestServer server = start(generator, FakePassageSearch.finding(large, large, large, "small"))) {
      // 4096 tokens of a character each: 500 for the prompt, 1024 for the answer.
      ok(server.post(CHAT, chat("")));
      String question = question(generator.next().request());
      assertThat(question.length()).isBetween(1_500, 4_096 - 500 - 1_024);
      assertThat(question).contains("[1] 1.pdf", "[2] 4.pdf, Chapter 4, page 4:\nsmall").doesNotContain("[3]");
    }
  }

  @Test
  void theLastMessageOfTheUserIsTheQuestion() {
    FakePassageSearch search = two();
    try (TestServer server = start(ScriptedGenerator.answering("Yes."), search)) {
      String tools = ", \"tools\": [" + TOOL + "]}";
      ok(server.post(CHAT, "{\"messages\": [{\"role\": \"system\", \"content\": \"Be kind.\"}]" + tools));
      assertThat(search.searches).isEmpty();
      String end = "🦙".repeat(1_999) + "ab";
      ok(
          server.post(
              CHAT,
              "{\"messages\": [{\"role\": \"user\", \"content\": \"🦙"
                  + end
                  + "\"}, {\"role\": \"assistant\", \"content\": \"Well\"}]"
                  + tools));
      assertThat(search.searches).extracting(FakePassageSearch.Search::query).containsExactly(end);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"type\": \"file_search\"}|400|tools[0].vector_store_ids|missing_required_parameter",
        "{\"type\": \"file_search\", \"vector_store_ids\": []}|400|tools[0].vector_store_ids|null",
        "{\"type\": \"file_search\", \"vector_store_ids\": [\"vs_1\","
            + " \"vs_9\"]}|404|tools[0].vector_store_ids[1]|not_found",
        "{\"type\": \"file_search\", \"vector_store_ids\": [\"vs_1\"], \"max_num_results\": 51}"
            + "|400|tools[0].max_num_results|null",
        "{\"type\": \"file_search\", \"vector_store_ids\": [\"vs_1\"], \"ranking_options\": {\"score_threshold\": 2}}"
            + "|400|tools[0].ranking_options.score_threshold|null",
        "{\"type\": \"file_search\", \"vector_store_ids\": [\"vs_1\"], \"filters\": {\"type\": \"eq\", \"key\": \"x\"}}"
            + "|400|tools[0].filters.value|missing_required_parameter",
        "{\"type\": \"file_search\", \"vector_store_ids\": [\"vs_1\"], \"filters\": {\"type\": \"like\"}}"
            + "|400|tools[0].filters.type|null",
        "{\"type\": \"file_search\", \"vector_store_ids\": [\"vs_1\"]}, {\"type\": \"file_search\","
            + " \"vector_store_ids\": [\"vs_2\"]}|400|tools[1].type|null",
      })
  void whatIsWrongIsNamed(String tool, int status, String param, String code) {
    try (TestServer server = start(ScriptedGenerator.answering("x"), two())) {
      for (String route : List.of(RESPONSES, CHAT)) {
        HttpResponse<String> response =
            server.post(route, (route.equals(CHAT) ? chat("") : responses("")).replace(TOOL, tool));
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        assertThat(error(response).path("param").asText()).isEqualTo(param);
        assertThat(error(response).path("code").asText()).isEqualTo(code);
      }
    }
  }

  @Test
  void aChosenToolHasToBeThereAndTheServerNeedsStores() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      HttpResponse<String> chosen =
          server.post(RESPONSES, "{\"input\": \"x\", \"tool_choice\": {\"type\": \"file_search\"}}");
      assertThat(chosen.statusCode()).isEqualTo(400);
      assertThat(error(chosen).path("param").asText()).isEqualTo("tool_choice");
      for (String route : List.of(RESPONSES, CHAT)) {
        HttpResponse<String> without = server.post(route, route.equals(CHAT) ? chat("") : responses(""));
        assertThat(without.statusCode()).as(without.body()).isEqualTo(501);
        assertThat(error(without).path("code").asText()).isEqualTo("files_not_supported");
        assertThat(error(without).path("message").asText()).contains("--embedding-model");
      }
    }
  }

  // ---- with a library ----

  private static String file(DocumentLibrary library, String name, String text) {
    try (IncomingFile incoming = library.receive()) {
      byte[] bytes = text.getBytes(UTF_8);
      incoming.write(bytes, bytes.length);
      return incoming.keep(name, "assistants", OptionalLong.empty()).id();
    }
  }

  @Test
  void uploadedFilesAreCited(@TempDir Path folder) throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("It hums [1].");
    WordEmbedder embedder = new WordEmbedder(32);
    try (DocumentLibrary library = DocumentLibrary.open(folder, embedder.named("words"), LibraryLimits.DEFAULT);
        TestServer server = TestServer.start(generator)) {
      server.server().serve(library);
      String llamas = file(library, "llamas.md", "# Llamas\n\nA llama hums.");
      String zebras = file(library, "zebras.txt", "A zebra has stripes.");
      String path = "/v1/vector_stores";
      String body = "{\"file_ids\": [\"" + zebras + "\", \"" + llamas + "\"]}";
      JsonNode store = ok(server.post(path, body));
      String id = store.path("id").asText();
      while (store.path("status").asText().equals("in_progress")) {
        Thread.sleep(5);
        store = ok(server.get(path + "/" + id));
      }
      assertThat(store.at("/file_counts/completed").asInt()).as(store.toString()).isEqualTo(2);

      JsonNode response =
          ok(
              server.post(
                  RESPONSES,
                  responses(", \"include\": [\"file_search_call.results\"]")
                      .replace("vs_1", id)
                      .replace("Does it hum?", "Does a llama hum?")));

      assertThat(response.at("/output/0/results/0/filename").asText()).isEqualTo("llamas.md");
      assertThat(response.at("/output/0/results/0/score").asDouble()).isBetween(0.0, 1.0);
      assertThat(response.at("/output/1/content/0/annotations").toString())
          .isEqualTo(
              "[{\"type\":\"file_citation\",\"index\":8,\"file_id\":\"" + llamas + "\",\"filename\":\"llamas.md\"}]");
      assertThat(question(generator.next().request())).contains("[1] llamas.md, Llamas:\n", "A llama hums.");
    }
  }
}
