package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.Route;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.IncomingFile;
import io.panallama.server.documents.IncomingPart;
import io.panallama.server.documents.LibraryLimits;
import io.panallama.server.documents.StoreFile;
import io.panallama.server.documents.StoredFile;
import io.panallama.server.documents.Upload;
import io.panallama.server.documents.VectorStore;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The OpenAPI document says what is true. */
@Timeout(120)
class ApiDescriptionTest {
  /** Fields whose value in the document refers to something that a fresh server hasn't, or needs a model of a certain kind. */
  private static final Set<String> NOT_SENT = Set.of("previous_response_id");

  private static JsonNode document(TestServer server) {
    HttpResponse<String> response = server.get("/openapi.json");
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    return json(response.body());
  }

  private static String operation(Route route) {
    String method =
        switch (route) {
          case Route.Generate _, Route.Post _, Route.Upload _, Route.Refused _ -> "post";
          case Route.Get _, Route.HeaderGet _ -> "get";
          case Route.Delete _ -> "delete";
        };
    return method + " " + route.path();
  }

  private static final String EXAMPLE_FILE = "file-0000000000000000000000aa";
  private static final String EXAMPLE_PART = "part_0000000000000000000000aa";

  private static final byte[] TEXT = "A llama weighs 130 kg.".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path folder;

  /** What the examples call by ids that only the server can make. */
  private final Map<String, String> ids = new LinkedHashMap<>();

  private @Nullable DocumentLibrary library;

  @AfterEach
  void close() {
    if (library != null) {
      library.close();
    }
  }

  /** Files that the examples are about. */
  private DocumentLibrary library() {
    DocumentLibrary open = DocumentLibrary.open(folder, new WordEmbedder(8).named("words"), LibraryLimits.DEFAULT);
    library = open;
    try (IncomingFile incoming = open.receive()) {
      incoming.write(TEXT, TEXT.length);
      StoredFile file = incoming.keep("llamas.txt", "assistants", OptionalLong.empty());
      StoreFile.Addition addition = new StoreFile.Addition(file.id(), Map.of(), ChunkConfig.DEFAULT);
      String store = open.createStore(new VectorStore.Settings("", Map.of(), 0), List.of(addition)).id();
      ids.put(EXAMPLE_FILE, file.id());
      ids.put("{file_id}", file.id());
      ids.put("{vector_store_id}", store);
      ids.put("{batch_id}", open.addBatch(store, List.of(addition)).id());
    }
    Upload.Announcement announcement =
        new Upload.Announcement("a.txt", "assistants", TEXT.length, OptionalLong.empty());
    String upload = open.uploads().create(announcement).id();
    ids.put("{upload_id}", upload);
    try (IncomingPart incoming = open.uploads().receive(upload)) {
      incoming.write(TEXT, TEXT.length);
      ids.put(EXAMPLE_PART, incoming.keep().id());
    }
    return open;
  }

  private String withIds(String text) {
    String known = text;
    for (Map.Entry<String, String> id : ids.entrySet()) {
      known = known.replace(id.getKey(), id.getValue());
    }
    return known;
  }

  private TestServer strict() {
    ServerConfig config =
        TestServer.config().toBuilder().strictFields(true).endpoints(Set.of(Endpoint.values())).build();
    TestServer server = TestServer.start(config, ScriptedGenerator.answering("x"));
    server.server().serve(ScriptedEmbedder.model(), new ScriptedEmbedder());
    server.server().serve(ScriptedReranker.model(), new ScriptedReranker());
    server.server().serve(ScriptedClassifier.model(), new ScriptedClassifier());
    server.server().serve(library());
    return server;
  }

  @Test
  void everyRouteIsDescribedAndNothingElse() {
    Set<String> routes =
        new TreeSet<>(Set.of("get /", "get /docs", "get /health", "get /livez", "get /ready", "get /openapi.json"));
    for (Dialect dialect : ChatServer.dialects(ServerConfig.defaults())) {
      dialect.routes().forEach(route -> routes.add(operation(route)));
    }
    Set<String> described = new TreeSet<>();
    try (TestServer server = strict()) {
      document(server)
          .path("paths")
          .properties()
          .forEach(path ->
              path.getValue()
                  .fieldNames()
                  .forEachRemaining(method -> described.add(method + " " + path.getKey().replaceAll("\\{\\w+}", "*"))));
    }
    assertThat(described)
        .as("describe a dialect's routes in src/main/resources/io/panallama/server/openapi/(its name).json")
        .isEqualTo(routes);
  }

  @Test
  void referencesLeadSomewhereAndNamesAreUsedOnce() {
    try (TestServer server = strict()) {
      JsonNode document = document(server);
      for (JsonNode reference : document.findValues("$ref")) {
        assertThat(document.at(reference.asText().substring(1)).isMissingNode()).as(reference.asText()).isFalse();
      }
      assertThat(document.findValuesAsText("operationId")).doesNotHaveDuplicates();
      assertThat(document.path("openapi").asText()).isEqualTo("3.1.0");
    }
  }

  private static void collect(JsonNode document, JsonNode schema, Map<String, JsonNode> properties) {
    if (schema.has("$ref")) {
      collect(document, document.at(schema.path("$ref").asText().substring(1)), properties);
    }
    schema.path("allOf").forEach(part -> collect(document, part, properties));
    schema.path("properties").properties().forEach(entry -> properties.put(entry.getKey(), entry.getValue()));
  }

  /** Each field that the document has is sent with the example that the document has for it, to a server that ignores nothing. */
  @Test
  void everyFieldOfARequestIsTakenAsDescribed() {
    try (TestServer server = strict()) {
      JsonNode document = document(server);
      int sent = 0;
      for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
        JsonNode content = path.getValue().path("post").path("requestBody").path("content").path("application/json");
        if (content.isMissingNode()) {
          continue;
        }
        Map<String, JsonNode> properties = new LinkedHashMap<>();
        collect(document, content.path("schema"), properties);
        assertThat(properties).as(path.getKey()).isNotEmpty();
        for (Map.Entry<String, JsonNode> property : properties.entrySet()) {
          JsonNode example = property.getValue().path("example");
          String where = path.getKey() + " " + property.getKey();
          assertThat(example.isMissingNode()).as(where + " has an example").isFalse();
          if (NOT_SENT.contains(property.getKey())) {
            continue;
          }
          ObjectNode body = content.path("example").deepCopy();
          body.set(property.getKey(), example);
          HttpResponse<String> response = server.post(withIds(path.getKey()), withIds(body.toString()));
          assertThat(response.statusCode()).as(where + ": " + response.body()).isEqualTo(200);
          sent++;
        }
      }
      assertThat(sent).isGreaterThan(100);
    }
  }

  /** What the page of the document says: only routes that refuse, or that read no body, have no example. */
  @Test
  void everyBodyHasAnExample() {
    try (TestServer server = strict()) {
      for (Map.Entry<String, JsonNode> path : document(server).path("paths").properties()) {
        JsonNode post = path.getValue().path("post");
        boolean upload = post.at("/requestBody/content").has("multipart/form-data");
        boolean answers = post.path("responses").has("200") && !upload;
        boolean readsNothing = path.getKey().equals("/props") || path.getKey().endsWith("/cancel");
        assertThat(post.at("/requestBody/content/application~1json").has("example"))
            .as(path.getKey())
            .isEqualTo(answers && !readsNothing);
      }
    }
  }

  /** The answers have what the document says that they always have. */
  @Test
  void answersHaveWhatTheyMustHave() {
    try (TestServer server = strict()) {
      JsonNode document = document(server);
      for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
        for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
          JsonNode body =
              method.getValue().path("requestBody").path("content").path("application/json").path("example");
          boolean post = method.getKey().equals("post");
          boolean sent = post ? !body.isMissingNode() : method.getKey().equals("get");
          if (path.getKey().contains("{") || !sent) {
            continue;
          }
          JsonNode schema =
              method.getValue().path("responses").path("200").path("content").path("application/json").path("schema");
          if (schema.has("$ref")) {
            schema = document.at(schema.path("$ref").asText().substring(1));
          }
          HttpResponse<String> response =
              post ? server.post(path.getKey(), body.toString()) : server.get(path.getKey());
          assertThat(response.statusCode()).as(path.getKey()).isEqualTo(200);
          for (JsonNode required : schema.path("required")) {
            assertThat(json(response.body()).has(required.asText())).as(path.getKey() + " " + required).isTrue();
          }
        }
      }
    }
  }

  /** What the page to try the API sends when its reader changes nothing; the embedded model has no tokens for {@code /infill}. */
  @Test
  void everyExampleIsAnsweredByARealModel() throws IOException, InterruptedException {
    int sent = 0;
    try (DemoServer server = DemoServer.start(1)) {
      server.serve(ScriptedEmbedder.model(), new ScriptedEmbedder());
      server.serve(ScriptedReranker.model(), new ScriptedReranker());
      server.serve(ScriptedClassifier.model(), new ScriptedClassifier());
      server.serve(library());
      for (Map.Entry<String, JsonNode> path : json(server.get("/openapi.json").body()).path("paths").properties()) {
        for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
          Optional<String> target = target(path.getKey(), method.getValue());
          JsonNode body =
              method.getValue().path("requestBody").path("content").path("application/json").path("example");
          boolean post = method.getKey().equals("post") && !body.isMissingNode();
          if (target.isPresent() && (post || method.getKey().equals("get"))) {
            HttpResponse<String> response =
                post ? server.post(target.get(), withIds(body.toString())) : server.get(target.get());
            int expected = path.getKey().equals("/infill") ? 400 : 200;
            assertThat(response.statusCode()).as(target.get() + ": " + response.body()).isEqualTo(expected);
            sent++;
          }
        }
      }
    }
    assertThat(sent).isGreaterThan(20);
  }

  /** Routes of each dialect that refuse a body which says nothing. */
  private static final List<String> REFUSING =
      List.of(
          "/v1/embeddings",
          "/embedding",
          "/api/embeddings",
          "/v1/rerank",
          "/classify",
          "/tokenize",
          "/apply-template",
          "/v1/messages/count_tokens",
          "/v1/responses/input_tokens",
          "/v1/uploads",
          "/v1/uploads/{upload_id}/complete",
          "/v1/vector_stores/{vector_store_id}/search");

  private static final String HI = "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]";
  private static final String WEATHER =
      "\"messages\": [{\"role\": \"user\", \"content\": \"What is the weather in Paris?\"}]";
  private static final String SCHEMA = "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}";
  private static final String TOOL =
      "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"parameters\": "
          + SCHEMA
          + "}}]";
  private static final String ANTHROPIC_TOOL =
      "\"tools\": [{\"name\": \"get_weather\", \"input_schema\": "
          + SCHEMA
          + "}], \"tool_choice\": {\"type\": \"any\"}";

  /** Requests whose answers have the fields that only some have, or fail; by their paths, as the document has them. */
  private static List<Map.Entry<String, String>> requests() {
    String tooLong = "\"" + "llama ".repeat(3000) + "\"";
    List<Map.Entry<String, String>> all = new ArrayList<>();
    String chat = "/v1/chat/completions";
    all.add(
        Map.entry(
            chat, "{" + HI + ", \"max_tokens\": 3, \"logprobs\": true, \"prompt_logprobs\": 1, \"verbose\": true}"));
    all.add(Map.entry(chat, "{" + HI + ", \"max_tokens\": 3, \"n\": 2}"));
    all.add(Map.entry(chat, "{" + WEATHER + ", \"tool_choice\": \"required\", " + TOOL + "}"));
    all.add(Map.entry(chat, "{\"messages\": 5}"));
    all.add(Map.entry(chat, "{\"messages\": [{\"role\": \"user\", \"content\": " + tooLong + "}]}"));
    all.add(Map.entry(chat + "/input_tokens", "{}"));
    all.add(Map.entry("/v1/completions", "{\"prompt\": \"x\", \"max_tokens\": 3, \"logprobs\": 1, \"echo\": true}"));
    all.add(Map.entry("/v1/completions", "{\"prompt\": " + tooLong + "}"));
    all.add(Map.entry("/v1/moderations", "{}"));
    all.add(Map.entry("/v1/responses", "{\"input\": \"x\", \"max_output_tokens\": 3, \"metadata\": {\"a\": \"b\"}}"));
    all.add(Map.entry("/v1/responses", "{\"input\": " + tooLong + "}"));
    all.add(Map.entry("/v1/messages", "{" + HI + ", \"max_tokens\": 3}"));
    all.add(Map.entry("/v1/messages", "{" + HI + ", \"stop_sequences\": [\"e\"]}"));
    all.add(Map.entry("/v1/messages", "{" + WEATHER + ", " + ANTHROPIC_TOOL + "}"));
    all.add(Map.entry("/v1/messages", "{}"));
    for (String path : List.of("/completion", "/completions")) {
      all.add(Map.entry(path, "{\"prompt\": \"x\", \"n_predict\": 3, \"n_probs\": 1, \"return_tokens\": true}"));
      all.add(Map.entry(path, "{\"prompt\": \"x\", \"n_predict\": 3, \"n_probs\": 1, \"post_sampling_probs\": true}"));
      all.add(Map.entry(path, "{\"prompt\": " + tooLong + "}"));
      all.add(Map.entry(path, "{\"prompt\": {}}"));
    }
    for (String path : REFUSING) {
      all.add(Map.entry(path, "{\"model\": 5, \"content\": 5}"));
    }
    all.add(Map.entry("/v1/uploads/{upload_id}/complete", "{\"part_ids\": [\"" + EXAMPLE_PART + "\"]}"));
    all.add(Map.entry("/infill", "{\"input_prefix\": \"a\", \"input_suffix\": \"b\"}"));
    all.add(Map.entry("/tokenize", "{\"content\": \"x\", \"with_pieces\": true}"));
    all.add(Map.entry("/detokenize", "{\"tokens\": [-1]}"));
    all.add(Map.entry("/api/chat", "{" + WEATHER + ", \"stream\": false, " + TOOL + "}"));
    all.add(
        Map.entry(
            "/api/chat", "{" + HI + ", \"stream\": false, \"logprobs\": true, \"options\": {\"num_predict\": 2}}"));
    all.add(Map.entry("/api/chat", "{\"stream\": false}"));
    all.add(Map.entry("/api/generate", "{\"prompt\": \"x\", \"stream\": false, \"logprobs\": true}"));
    all.add(Map.entry("/api/generate", "{\"prompt\": 5}"));
    all.add(Map.entry("/api/show", "{}"));
    return all;
  }

  /** Answers of a real model have no field that the document doesn't know, and all that it promises. */
  @Test
  void answersAreAsDescribed() throws IOException, InterruptedException {
    try (DemoServer server = DemoServer.start(2)) {
      server.serve(ScriptedEmbedder.model(), new ScriptedEmbedder());
      server.serve(ScriptedReranker.model(), new ScriptedReranker());
      server.serve(ScriptedClassifier.model(), new ScriptedClassifier());
      server.serve(library());
      JsonNode document = json(server.get("/openapi.json").body());
      AnswerDescription description = new AnswerDescription(document);
      int compared = 0;
      for (Map.Entry<String, String> request : requests()) {
        HttpResponse<String> response = server.post(withIds(request.getKey()), withIds(request.getValue()));
        description.compare("post", request.getKey(), response.statusCode(), json(response.body()));
      }
      for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
        for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
          Optional<String> target = target(path.getKey(), method.getValue());
          JsonNode body = method.getValue().at("/requestBody/content/application~1json/example");
          boolean post = method.getKey().equals("post") && !body.isMissingNode();
          boolean get = method.getKey().equals("get");
          boolean json = method.getValue().at("/responses/200/content").has("application/json");
          if (target.isPresent() && json && (post || get)) {
            String sent = withIds(body.toString());
            if (post && path.getKey().startsWith("/api/")) {
              sent = sent.replaceFirst("\\{", "{\"stream\": false, ");
            }
            HttpResponse<String> response = post ? server.post(target.get(), sent) : server.get(target.get());
            description.compare(method.getKey(), path.getKey(), response.statusCode(), json(response.body()));
            compared++;
          }
        }
      }
      assertThat(description.faults()).isEmpty();
      assertThat(compared).isGreaterThan(20);
    }
  }

  @Test
  void refusalsOfAServerWithoutTheModelAreAsDescribed() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      AnswerDescription description = new AnswerDescription(document(server));
      for (String path :
          List.of("/v1/embeddings", "/embedding", "/api/embed", "/api/embeddings", "/v1/rerank", "/classify")) {
        HttpResponse<String> response = server.post(path, "{}");
        assertThat(response.statusCode()).as(path).isEqualTo(501);
        description.compare("post", path, response.statusCode(), json(response.body()));
      }
      assertThat(description.faults()).isEmpty();
    }
  }

  /** The path with the examples of its parameters; nothing if one that it needs has none, since only the server makes its values. */
  private static Optional<String> target(String path, JsonNode operation) {
    String target = path;
    for (JsonNode parameter : operation.path("parameters")) {
      if (parameter.path("in").asText().equals("path")) {
        JsonNode example = parameter.path("example");
        if (example.isMissingNode()) {
          return Optional.empty();
        }
        target = target.replace("{" + parameter.path("name").asText() + "}", example.asText());
      }
    }
    return Optional.of(target);
  }
}
