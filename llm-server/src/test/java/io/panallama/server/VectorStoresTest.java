package io.panallama.server;

import static io.panallama.server.TestServer.error;
import static io.panallama.server.TestServer.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.EmbeddingException;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.IncomingFile;
import io.panallama.server.documents.LibraryLimits;
import io.panallama.server.http.ErrorBoundary;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Vector stores, their files and batches, and searches in them. */
@Timeout(60)
class VectorStoresTest {
  private static final String STORES = "/v1/vector_stores";

  @TempDir private Path folder;

  private final WordEmbedder embedder = new WordEmbedder(32);
  private DocumentLibrary library;
  private TestServer server;

  @BeforeEach
  void start() {
    library = DocumentLibrary.open(folder, embedder.named("words"), LibraryLimits.DEFAULT);
    server = TestServer.start(ScriptedGenerator.answering("Hello"));
    server.server().serve(library);
  }

  @AfterEach
  void stop() {
    server.close();
    library.close();
  }

  private String file(String name, String text) {
    try (IncomingFile incoming = library.receive()) {
      byte[] bytes = text.getBytes(UTF_8);
      incoming.write(bytes, bytes.length);
      return incoming.keep(name, "assistants", OptionalLong.empty()).id();
    }
  }

  private JsonNode answer(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private JsonNode get(String path) {
    return answer(server.get(path));
  }

  private JsonNode post(String path, String body) {
    return answer(server.post(path, body.replace('\'', '"')));
  }

  private JsonNode delete(String path) {
    return answer(server.send(server.request(path).DELETE().build()));
  }

  private String store(String body) {
    return STORES + "/" + post(STORES, body).path("id").asText();
  }

  private JsonNode await(String path) throws InterruptedException {
    JsonNode now = get(path);
    while (now.path("status").asText().equals("in_progress")) {
      Thread.sleep(5);
      now = get(path);
    }
    return now;
  }

  private static List<String> values(JsonNode list, String name) {
    List<String> values = new ArrayList<>();
    list.path("data").forEach(item -> values.add(item.path(name).asText()));
    return values;
  }

  @Test
  void aStoreIsMadeChangedListedAndDeleted() throws Exception {
    String llamas = file("llamas.md", "# Llamas\n\nA llama weighs 130 kg and hums.");
    JsonNode made =
        post(
            STORES,
            "{'name':'docs','file_ids':['"
                + llamas
                + "'],'metadata':{'team':'a'},'expires_after':{'anchor':'last_active_at','days':7}}");
    String path = STORES + "/" + made.path("id").asText();
    assertThat(made.path("id").asText()).matches("vs_[0-9a-z]{24}");
    assertThat(made.path("object").asText()).isEqualTo("vector_store");
    assertThat(made.at("/file_counts/total").asInt()).isEqualTo(1);
    assertThat(made.at("/expires_after/days").asInt()).isEqualTo(7);
    assertThat(made.path("expires_at").asLong()).isEqualTo(made.path("last_active_at").asLong() + 7 * 86_400);
    assertThat(made.at("/metadata/team").asText()).isEqualTo("a");
    JsonNode done = await(path);
    assertThat(done.path("status").asText()).isEqualTo("completed");
    assertThat(done.at("/file_counts/completed").asInt()).isEqualTo(1);
    assertThat(done.path("usage_bytes").asInt()).isPositive();

    JsonNode changed = post(path, "{'name':'other','expires_after':null}");
    assertThat(changed.path("name").asText()).isEqualTo("other");
    assertThat(changed.at("/metadata/team").asText()).isEqualTo("a");
    assertThat(changed.path("expires_at").isNull()).isTrue();
    String second = store("{}");
    assertThat(values(get(STORES), "id")).hasSize(2).first().isEqualTo(second.substring(STORES.length() + 1));
    assertThat(values(get(STORES + "?order=asc&limit=1"), "name")).containsExactly("other");

    assertThat(delete(path).path("object").asText()).isEqualTo("vector_store.deleted");
    HttpResponse<String> gone = server.get(path);
    assertThat(gone.statusCode()).isEqualTo(404);
    assertThat(error(gone).path("message").asText()).startsWith("No such Vector store: vs_");
    assertThat(get("/v1/files/" + llamas).path("id").asText()).isEqualTo(llamas);
  }

  @Test
  void filesAreAddedSearchedChangedAndRemoved() throws Exception {
    String llamas = file("llamas.md", "# Llamas\n\nA llama weighs 130 kg and hums.");
    String cars = file("cars.txt", "A car weighs a ton.");
    String program = file("setup.exe", "MZ\0");
    String path = store("{'name':'docs'}");
    HttpResponse<String> added =
        server.post(
            path + "/files",
            ("{'file_id':'"
                    + llamas
                    + "','attributes':{'year':2024,'language':'en','draft':false},"
                    + "'chunking_strategy':{'type':'static','static':{'max_chunk_size_tokens':100,"
                    + "'chunk_overlap_tokens':20}}}")
                .replace('\'', '"'));
    assertThat(added.headers().firstValue("openai-poll-after-ms")).isPresent();
    JsonNode entry = answer(added);
    assertThat(entry.path("object").asText()).isEqualTo("vector_store.file");
    assertThat(entry.path("id").asText()).isEqualTo(llamas);
    assertThat(entry.at("/chunking_strategy/static/max_chunk_size_tokens").asInt()).isEqualTo(100);
    post(path + "/files", "{'file_id':'" + cars + "','attributes':{'year':2020.5}}");
    post(path + "/files", "{'file_id':'" + program + "'}");
    assertThat(await(path + "/files/" + llamas).path("status").asText()).isEqualTo("completed");
    await(path + "/files/" + cars);
    JsonNode failed = await(path + "/files/" + program);
    assertThat(failed.path("status").asText()).isEqualTo("failed");
    assertThat(failed.at("/last_error/code").asText()).isEqualTo("unsupported_file");

    assertThat(values(get(path + "/files"), "id")).containsExactly(program, cars, llamas);
    assertThat(values(get(path + "/files?filter=failed"), "id")).containsExactly(program);
    assertThat(values(get(path + "/files?filter=completed&order=asc&limit=1"), "id")).containsExactly(llamas);
    assertThat(server.get(path + "/files?filter=lost").statusCode()).isEqualTo(400);
    assertThat(get(path + "/files/" + llamas + "/content").at("/data/0/text").asText()).contains("hums");

    JsonNode found = post(path + "/search", "{'query':'llama hums','max_num_results':1}");
    assertThat(found.path("object").asText()).isEqualTo("vector_store.search_results.page");
    assertThat(found.at("/search_query/0").asText()).isEqualTo("llama hums");
    assertThat(found.path("data")).hasSize(1);
    assertThat(found.at("/data/0/file_id").asText()).isEqualTo(llamas);
    assertThat(found.at("/data/0/filename").asText()).isEqualTo("llamas.md");
    assertThat(found.at("/data/0/score").asDouble()).isBetween(0.1, 1.0);
    assertThat(found.at("/data/0/attributes/language").asText()).isEqualTo("en");
    assertThat(found.at("/data/0/attributes/year").isIntegralNumber()).isTrue();
    assertThat(found.at("/data/0/content/0/type").asText()).isEqualTo("text");
    assertThat(values(post(path + "/search", "{'query':['llama','car']}"), "filename"))
        .containsExactlyInAnyOrder("llamas.md", "cars.txt");
    assertThat(values(search(path, "{'type':'gt','key':'year','value':2020.5}"), "filename"))
        .containsExactly("llamas.md");
    assertThat(values(search(path, "{'type':'lte','key':'year','value':2020.5}"), "filename"))
        .containsExactly("cars.txt");
    assertThat(values(search(path, "{'type':'nin','key':'language','value':['en','de']}"), "filename"))
        .containsExactly("cars.txt");
    assertThat(
            values(
                search(
                    path,
                    "{'type':'and','filters':[{'type':'eq','key':'draft','value':false},"
                        + "{'type':'in','key':'language','value':['en']}]}"),
                "filename"))
        .containsExactly("llamas.md");

    post(path + "/files/" + cars, "{'attributes':{'language':'en'}}");
    assertThat(search(path, "{'type':'eq','key':'language','value':'en'}").path("data")).hasSize(2);
    assertThat(delete(path + "/files/" + cars).path("object").asText()).isEqualTo("vector_store.file.deleted");
    assertThat(values(post(path + "/search", "{'query':'car weighs'}"), "filename")).containsExactly("llamas.md");
    delete("/v1/files/" + llamas);
    assertThat(post(path + "/search", "{'query':'llama'}").path("data")).isEmpty();
    assertThat(server.get(path + "/files/" + llamas).statusCode()).isEqualTo(404);
  }

  private JsonNode search(String path, String filter) {
    return post(path + "/search", "{'query':'weighs','filters':" + filter + "}");
  }

  /** Dates, mostly. A number is neither before nor after a text. */
  @Test
  void textsAreComparedByCodePoints() throws Exception {
    String path = store("{}");
    String[] values = {
      "'2024-12-31'", "'2025-01-01'", "'2025-01-01T00:00:00Z'", "2025", "true", "'\uFF21'", "'\uD83E\uDD99'"
    };
    for (int i = 0; i < values.length; i++) {
      post(
          path + "/files",
          "{'file_id':'" + file(i + ".txt", "It weighs " + i) + "','attributes':{'v':" + values[i] + "}}");
    }
    for (JsonNode file : get(path + "/files").path("data")) {
      await(path + "/files/" + file.path("id").asText());
    }
    assertThat(matching(path, "lt", "'2025-01-01'")).containsExactly("0.txt");
    assertThat(matching(path, "lte", "'2025-01-01'")).containsExactly("0.txt", "1.txt");
    assertThat(matching(path, "gte", "'2025-01-01'")).containsExactly("1.txt", "2.txt", "5.txt", "6.txt");
    assertThat(matching(path, "gt", "'2025-01-01'")).containsExactly("2.txt", "5.txt", "6.txt");
    // In UTF-16, the llama would be first.
    assertThat(matching(path, "gt", "'\uFF21'")).containsExactly("6.txt");
    assertThat(matching(path, "gte", "0")).containsExactly("3.txt");
    HttpResponse<String> flag =
        server.post(path + "/search", "{\"query\":\"x\",\"filters\":{\"type\":\"gt\",\"key\":\"v\",\"value\":true}}");
    assertThat(flag.statusCode()).isEqualTo(400);
    assertThat(error(flag).path("message").asText()).startsWith("filters.value must be a number or a string");
  }

  private List<String> matching(String path, String type, String value) {
    JsonNode found = search(path, "{'type':'" + type + "','key':'v','value':" + value + "}");
    return values(found, "filename").stream().sorted().toList();
  }

  @Test
  void batchesAreFollowedAndCancelled() throws Exception {
    String path = store("{}");
    String one = file("one.txt", "The wombat digs.");
    String two = file("two.txt", "The wombat sleeps.");
    JsonNode batch = post(path + "/file_batches", "{'file_ids':['" + one + "','" + two + "']}");
    assertThat(batch.path("object").asText()).isEqualTo("vector_store.files_batch");
    String batchPath = path + "/file_batches/" + batch.path("id").asText();
    JsonNode done = await(batchPath);
    assertThat(done.path("status").asText()).isEqualTo("completed");
    assertThat(done.at("/file_counts/completed").asInt()).isEqualTo(2);
    assertThat(values(get(batchPath + "/files?order=asc"), "id")).containsExactly(one, two);
    assertThat(post(batchPath + "/cancel", "").path("status").asText()).isEqualTo("completed");

    CountDownLatch never = new CountDownLatch(1);
    embedder.beforeDocuments(() -> {
      try {
        never.await();
      } catch (InterruptedException closing) {
        throw new EmbeddingException(EmbeddingException.Reason.INTERRUPTED, "Interrupted.", closing);
      }
    });
    JsonNode second =
        post(
            path + "/file_batches",
            "{'files':[{'file_id':'" + one + "','attributes':{'n':1}},{'file_id':'" + two + "'}]}");
    assertThat(second.path("status").asText()).isEqualTo("in_progress");
    JsonNode cancelled = post(path + "/file_batches/" + second.path("id").asText() + "/cancel", "");
    assertThat(cancelled.path("status").asText()).isEqualTo("cancelled");
    assertThat(cancelled.at("/file_counts/cancelled").asInt()).isEqualTo(2);
    assertThat(get(path + "/files/" + one).at("/attributes/n").asInt()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                    | {'file_ids':['file-1']}                              | 404 | No such"
            + " File object: file-1",
        "''                                    | {'file_ids':'x'}                                     | 400 | file_ids",
        "''                                    | {'metadata':{'a':1}}                                 | 400 |"
            + " metadata.a",
        "''                                    | {'expires_after':{'anchor':'last_active_at'}}        | 400 |"
            + " expires_after.days",
        "''                                    | {'expires_after':{'days':0}}                         | 400 |"
            + " expires_after.days",
        "''                                    | {'chunking_strategy':{'type':'static'}}              | 400 |"
            + " chunking_strategy.static",
        "/vs_1                                 | {}                                                   | 404 | No such"
            + " Vector store: vs_1",
        "/vs_1/files                           | {'file_id':'f'}                                      | 404 | No such"
            + " Vector store: vs_1",
        "/ID/files                             | {}                                                   | 400 | file_id",
        "/ID/files                             | {'file_id':'f'}                                      | 404 | No such"
            + " File object: f",
        "/ID/files                             | {'file_id':'f','attributes':{'a':[1]}}               | 400 |"
            + " attributes.a",
        "/ID/files/f                           | {'attributes':{}}                                    | 404 | f",
        "/ID/file_batches                      | {}                                                   | 400 | file_ids",
        "/ID/file_batches/vsfb_1/cancel        | {}                                                   | 404 | vsfb_1",
        "/vs_1/search                          | {'query':'x'}                                        | 404 | No such"
            + " Vector store: vs_1",
        "/ID/search                            | {}                                                   | 400 | query",
        "/ID/search                            | {'query':' '}                                        | 400 | query",
        "/ID/search                            | {'query':[]}                                         | 400 | query",
        "/ID/search                            | {'query':'x','max_num_results':51}                   | 400 |"
            + " max_num_results",
        "/ID/search                            | {'query':'x','filters':{'type':'like'}}              | 400 |"
            + " filters.type",
        "/ID/search                            | {'query':'x','ranking_options':{'score_threshold':2}} | 400 |"
            + " ranking_options.score_threshold",
      })
  void mistakesAreNamed(String path, String body, int status, String words) {
    String store = path.contains("ID") ? store("{}").substring(STORES.length() + 1) : "";
    HttpResponse<String> response =
        server.post(STORES + path.strip().replace("ID", store), body.strip().replace('\'', '"'));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(error(response).path("message").asText()).contains(words.strip());
    assertThat(error(response).path("type").asText()).isEqualTo("invalid_request_error");
    if (status == 400) {
      assertThat(error(response).path("param").asText()).isEqualTo(words.strip());
    }
  }

  /** A body with one value too many, or one that is too long; the answer names it. */
  @Test
  void whatIsTooMuchIsNamed() {
    String many = IntStream.range(0, 17).mapToObj(i -> "'k" + i + "':'v'").collect(Collectors.joining(",", "{", "}"));
    String longName = "{'" + "k".repeat(65) + "':'v'}";
    String longText = "{'key':'" + "v".repeat(513) + "'}";
    String id = file("a.txt", "text");
    String store = store("{}");
    assertNamed(STORES, "{'metadata':" + many + "}", "metadata", "metadata has 17 values; at most 16 are allowed.");
    assertNamed(
        STORES,
        "{'metadata':" + longName + "}",
        "metadata",
        "A name in metadata has 65 characters; at most 64 are allowed.");
    assertNamed(
        store,
        "{'metadata':" + longText + "}",
        "metadata.key",
        "metadata.key has 513 characters; at most 512 are allowed.");
    assertNamed(
        STORES, "{'name':'" + "n".repeat(257) + "'}", "name", "name has 257 characters; at most 256 are allowed.");
    String file = "{'file_id':'" + id + "','attributes':";
    assertNamed(store + "/files", file + many + "}", "attributes", "attributes has 17 values; at most 16 are allowed.");
    assertNamed(
        store + "/files",
        file + longText + "}",
        "attributes.key",
        "attributes.key has 513 characters; at most 512 are allowed.");
    assertNamed(
        store + "/files",
        file + longName + "}",
        "attributes",
        "A name in attributes has 65 characters; it must have 1 to 64 and not be blank.");
    assertNamed(
        store + "/file_batches",
        "{'files':[{'file_id':'" + id + "'}," + file + longText + "}]}",
        "files[1].attributes.key",
        "files[1].attributes.key has 513 characters; at most 512 are allowed.");
    assertNamed(
        store + "/search",
        "{'query':['walrus','']}",
        "query[1]",
        "query[1] has 0 characters; it must have 1 to 16384 and not be blank.");
  }

  private void assertNamed(String path, String body, String param, String message) {
    HttpResponse<String> response = server.post(path, body.replace('\'', '"'));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(error(response).path("param").asText()).isEqualTo(param);
    assertThat(error(response).path("message").asText()).isEqualTo(message);
  }

  @Test
  void whatTheEmbedderThrowsIsTold() throws Exception {
    String path = store("{'file_ids':['" + file("a.txt", "text") + "']}");
    await(path);
    try (LogRecords log = LogRecords.of(ErrorBoundary.class)) {
      embedder.failing(new EmbeddingException(EmbeddingException.Reason.COMPUTE_FAILED, "The model failed.", null));
      HttpResponse<String> failed = server.post(path + "/search", "{\"query\":\"text\"}");
      assertThat(failed.statusCode()).isEqualTo(500);
      assertThat(error(failed).path("code").asText()).isEqualTo("embedding_failed");
      assertThat(log.errors()).hasSize(1);
    }
  }

  @Test
  void aFieldThatMeansNothingHereIsNamed() {
    HttpResponse<String> response = server.post(STORES, "{\"description\":\"d\"}");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Panallama-Ignored")).hasValue("description");
    String path = STORES + "/" + json(response.body()).path("id").asText();
    HttpResponse<String> searched = server.post(path + "/search", "{\"query\":\"x\",\"rewrite_query\":true}");
    assertThat(searched.headers().firstValue("Panallama-Ignored")).hasValue("rewrite_query");
    HttpRequest preflight =
        server.request(path + "/files/x").method("OPTIONS", HttpRequest.BodyPublishers.noBody()).build();
    assertThat(server.send(preflight).headers().firstValue("Allow")).hasValue("GET, HEAD, POST, DELETE, OPTIONS");
  }
}
