package io.panallama.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Completion;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.ChatRequest;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.FieldNames;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.dialect.Route;
import io.panallama.server.dialect.openai.OpenAiDialect;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A dialect is a package that touches nothing else, and adding one is one registration. */
class DialectSeamTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.panallama.server");

  /** The packages that have a dialect in them. */
  private static final Set<String> DIALECTS =
      CLASSES.stream()
          .filter(type -> !type.isInterface() && type.isAssignableTo(Dialect.class))
          .map(JavaClass::getPackageName)
          .collect(Collectors.toSet());

  @Test
  void dialectsDoNotKnowOneAnother() {
    assertThat(DIALECTS)
        .containsOnly(
            "io.panallama.server.dialect.openai",
            "io.panallama.server.dialect.llamacpp",
            "io.panallama.server.dialect.anthropic",
            "io.panallama.server.dialect.ollama",
            "io.panallama.server.dialect.responses",
            "io.panallama.server.dialect.files",
            "io.panallama.server.dialect.admin",
            "io.panallama.server.dialect.streams");
    for (String one : DIALECTS) {
      String[] others = DIALECTS.stream().filter(other -> !other.equals(one)).toArray(String[]::new);
      noClasses().that().resideInAPackage(one).should().dependOnClassesThat().resideInAnyPackage(others).check(CLASSES);
    }
  }

  @Test
  void onlyTheListOfDialectsKnowsThem() {
    noClasses()
        .that()
        .resideOutsideOfPackages(DIALECTS.toArray(String[]::new))
        .and()
        .doNotHaveFullyQualifiedName(ChatServer.class.getName())
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(DIALECTS.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void dialectsKnowNoConnections() {
    noClasses()
        .that()
        .resideInAPackage("io.panallama.server.dialect..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.helidon..", "io.panallama.server.http..", "io.panallama.server.page..")
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.panallama.server.(**)").should().beFreeOfCycles().check(CLASSES);
    noClasses()
        .that()
        .resideInAPackage("io.panallama.server.*..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.panallama.server")
        .check(CLASSES);
  }

  /** A third dialect: it takes a text, answers with lines of JSON, and has errors of its own. */
  private static final class Plain implements Dialect {
    @Override
    public String name() {
      return "plain";
    }

    @Override
    public List<Route> routes() {
      return List.of(
          new Route.Generate("/plain", Framing.NDJSON, Plain::read),
          new Route.Get(
              "/plain",
              (request, registry) -> Answer.json(("\"" + registry.models().getFirst().id() + "\"").getBytes(UTF_8))),
          new Route.Get(
              "/plain/*", (request, registry) -> Answer.json(("\"" + request.rest() + "\"").getBytes(UTF_8))));
    }

    @Override
    public ErrorWriter errors() {
      return error -> ("{\"plain\":\"" + error.text() + "\"}").getBytes(UTF_8);
    }

    @Override
    public FieldNames fieldNames() {
      return javaPath -> javaPath.equals("messages") ? "text" : javaPath;
    }

    private static Call read(ClientRequest asked) {
      String text = new String(asked.body(), UTF_8);
      if (text.isEmpty()) {
        throw ApiException.invalid("text", "There is no text.");
      }
      return new Call(
          null,
          text.startsWith("stream"),
          1,
          model -> ChatRequest.of(text),
          (request, model, tokenBytes) -> new Lines());
    }

    private static final class Lines implements EventWriter {
      @Override
      public void begin(Frames out) {}

      @Override
      public void event(GenerationEvent event, Frames out) throws IOException {
        if (event instanceof GenerationEvent.Text piece) {
          out.data("\"".getBytes(UTF_8), piece.text().getBytes(UTF_8), "\"".getBytes(UTF_8));
        }
      }

      @Override
      public void end(List<GenerationEvent.Finished> ends, Frames out) throws IOException {
        out.data("true".getBytes(UTF_8));
      }

      @Override
      public byte[] whole(List<Completion> answers) {
        return ("\"" + answers.getFirst().text() + "\"").getBytes(UTF_8);
      }

      @Override
      public EventWriter choice(int index) {
        throw new IllegalArgumentException("There is one choice.");
      }
    }
  }

  private static TestServer start(ScriptedGenerator generator) {
    ChatServer server = ChatServer.start(TestServer.config(), List.of(new OpenAiDialect(false), new Plain()));
    server.serve(TestServer.model(), generator);
    return TestServer.around(server);
  }

  @Test
  void aThirdDialectIsOneRegistration() {
    try (TestServer server = start(ScriptedGenerator.answering("one", "two"))) {
      assertThat(server.post("/plain", "hello").body()).isEqualTo("\"onetwo\"");
      HttpResponse<String> stream = server.post("/plain", "stream");
      assertThat(stream.headers().firstValue("Content-Type")).hasValue("application/x-ndjson");
      assertThat(stream.body()).isEqualTo("\"one\"\n\"two\"\ntrue\n");
      assertThat(server.get("/plain").body()).isEqualTo("\"test/model\"");
      assertThat(server.get("/plain/a/b").body()).isEqualTo("\"a/b\"");
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(200);
      assertThat(server.post("/infill", "{}").statusCode()).as("llama.cpp's dialect is not registered").isEqualTo(404);
    }
  }

  @Test
  void errorsHaveTheShapeAndTheNamesOfThePathsDialect() {
    ScriptedGenerator strict = new ScriptedGenerator();
    strict.refuse(new InvalidRequestException("messages", InvalidRequestException.name("messages") + " is no good."));
    try (TestServer server = start(strict)) {
      assertThat(server.post("/plain", "x").body()).isEqualTo("{\"plain\":\"text is no good.\"}");
      assertThat(server.post("/plain", "").body()).isEqualTo("{\"plain\":\"There is no text.\"}");
      HttpResponse<String> method = server.send(server.request("/plain").DELETE().build());
      assertThat(method.statusCode()).isEqualTo(405);
      assertThat(method.headers().firstValue("Allow").orElseThrow().split(", "))
          .containsExactlyInAnyOrder("GET", "HEAD", "POST");
      assertThat(method.body()).startsWith("{\"plain\":");
      assertThat(server.post(CHAT, HELLO).body()).startsWith("{\"error\":");
      assertThat(server.get("/nowhere").body()).startsWith("{\"error\":");
    }
  }
}
