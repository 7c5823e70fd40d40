package io.panallama.typed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.ScriptedGenerator;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Tool;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.UnsupportedTypeException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.typed.annotation.Length;
import io.panallama.typed.annotation.Matches;
import io.panallama.typed.annotation.Name;
import io.panallama.typed.annotation.Range;
import io.panallama.typed.annotation.Size;
import java.math.BigInteger;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Types to schemas, answers to values; without a model. */
class AnswerTypeTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Completion completion(FinishReason reason, String text) {
    ScriptedGenerator generator = new ScriptedGenerator().answer(reason, text);
    return generator.generate(ChatRequest.of("?")).await();
  }

  private static <T> T read(Class<T> type, String json) {
    return AnswerType.of(type).read(completion(FinishReason.STOP, json));
  }

  @Test
  void aSchemaSaysWhatTheRecordHas() throws Exception {
    JsonNode schema = JSON.readTree(AnswerType.of(Samples.Invoice.class).schema());
    JsonNode expected =
        JSON.readTree(
            """
            {"type": "object",
             "properties": {
               "number": {"type": "string", "minLength": 0, "maxLength": 8, "description": "as printed at the top"},
               "date": {"type": "string", "format": "date"},
               "items": {"type": "array", "minItems": 1, "maxItems": 3, "items": {
                 "type": "object", "description": "one line",
                 "properties": {
                   "name": {"type": "string", "minLength": 0, "maxLength": 10},
                   "count": {"type": "integer", "minimum": 1, "maximum": 99},
                   "price": {"type": "number"}},
                 "required": ["name", "count", "price"], "additionalProperties": false}},
               "mood": {"type": "string", "enum": ["GOOD", "so-so", "BAD"],
                 "description": "so-so: neither good nor bad"}},
             "required": ["number", "date", "items", "mood"], "additionalProperties": false}\
            """);
    assertThat(schema).isEqualTo(expected);
  }

  @Test
  void whatIsInSeveralPlacesIsDefinedOnce() throws Exception {
    JsonNode schema = JSON.readTree(AnswerType.of(Samples.Tangle.class).schema());
    assertThat(schema.path("$ref").asText()).isEqualTo("#/$defs/Tangle");
    assertThat(schema.path("$defs").properties())
        .extracting(Map.Entry::getKey)
        .containsExactlyInAnyOrder("Tangle", "Point", "Expression");
    JsonNode names = JSON.readTree(AnswerType.of(Samples.Größe.class).schema()).path("$defs");
    assertThat(names.properties()).extracting(Map.Entry::getKey).containsExactly("Type", "TypeN2");
  }

  @Test
  void valuesAreRead() {
    assertThat(read(Samples.Person.class, "{\"name\": \"Ada\", \"age\": -0}")).isEqualTo(new Samples.Person("Ada", 0));
    assertThat(read(Samples.Mood.class, "\"so-so\"")).isEqualTo(Samples.Mood.MIDDLING);
    assertThat(read(Samples.Figure.class, "{\"kind\": \"circle\", \"radius\": 3}")).isEqualTo(new Samples.Circle(3));
    assertThat(read(Samples.Chain.class, "{\"value\": true, \"next\": {\"value\": false, \"next\": null}}"))
        .isEqualTo(new Samples.Chain(true, Optional.of(new Samples.Chain(false, Optional.empty()))));
    assertThat(read(LocalDate.class, "\"2024-02-29\"")).isEqualTo(LocalDate.of(2024, 2, 29));
    assertThat(AnswerType.listOf(Samples.Mood.class).read(completion(FinishReason.STOP, "[\"GOOD\", \"BAD\"]")))
        .containsExactly(Samples.Mood.GOOD, Samples.Mood.BAD);
  }

  @Test
  void collectionsCantBeChanged() {
    Samples.Gatherings all =
        read(Samples.Gatherings.class, "{\"moods\": [\"BAD\", \"BAD\"], \"all\": [], \"nested\": [[]]}");
    assertThat(all.moods()).isEqualTo(Set.of(Samples.Mood.BAD));
    assertThatThrownBy(() -> all.nested().getFirst().add(true)).isInstanceOf(UnsupportedOperationException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{\"name\": \"Ada\"} => $ has no property \"age\"",
        "{\"name\": \"Ada\", \"age\": 2147483648} => $.age is 2147483648 instead of a whole number from -2147483648",
        "{\"name\": \"Ada\", \"age\": 1.5} => $.age is 1.5",
        "{\"name\": null, \"age\": 1} => $.name is null instead of a string",
        "{\"name\": \"a name that is too long\", \"age\": 1} => $.name",
        "[] => $ is [] instead of an object",
        "{\"name\": => can't be read as JSON",
        "{\"name\": \"Ada\", \"age\": 1} {} => can't be read as JSON",
        "`` => $ is",
      })
  void anotherAnswerIsAMismatch(String json, String message) {
    assertThatThrownBy(() -> read(Samples.Person.class, json))
        .isInstanceOfSatisfying(
            AnswerException.class, thrown -> assertThat(thrown.reason()).isEqualTo(AnswerException.Reason.MISMATCH))
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1e999", "-1e999", "1e400"})
  void aNumberThatIsNoDoubleIsAMismatch(String number) {
    assertThatThrownBy(() -> read(Samples.Fractions.class, "{\"d\": " + number + ", \"exact\": 1}"))
        .isInstanceOf(AnswerException.class);
  }

  @Test
  void anAnswerThatWasCutOffSaysByWhat() {
    Completion answer = completion(FinishReason.LENGTH, "{\"name\": \"A");
    assertThatThrownBy(() -> AnswerType.of(Samples.Person.class).read(answer))
        .isInstanceOfSatisfying(
            AnswerException.class,
            thrown -> {
              assertThat(thrown.reason()).isEqualTo(AnswerException.Reason.CUT_OFF);
              assertThat(thrown.completion().text()).isEqualTo("{\"name\": \"A");
            })
        .hasMessageContaining("LENGTH");
  }

  record Bounded(@Range(min = 0) BigInteger number) {}

  @ParameterizedTest
  @ValueSource(strings = {"-1", "9007199254740993", "99999999999999999999999", "-99999999999999999999999"})
  void aRangeHoldsForLargeNumbersToo(String number) {
    assertThatThrownBy(() -> read(Bounded.class, "{\"number\": " + number + "}"))
        .isInstanceOf(AnswerException.class)
        .hasMessageContaining("a whole number from 0 to 9007199254740992");
  }

  record Even(int number) {
    Even {
      if (number % 2 != 0) {
        throw new IllegalArgumentException(number + " is odd");
      }
    }
  }

  @Test
  void whatAConstructorThrowsIsTheCause() {
    assertThatThrownBy(() -> read(Even.class, "{\"number\": 3}"))
        .isInstanceOfSatisfying(
            AnswerException.class, thrown -> assertThat(thrown.reason()).isEqualTo(AnswerException.Reason.REFUSED))
        .hasMessageContaining("3 is odd")
        .hasRootCauseInstanceOf(IllegalArgumentException.class);
    assertThat(AnswerType.of(Even.class).readSoFar("{\"number\": 3}")).isEmpty();
  }

  record Floating(float f) {}

  record Letter(char c) {}

  record Anything(Object value) {}

  record Raw(@SuppressWarnings("rawtypes") List all) {}

  record Wild(List<?> all) {}

  record ByNumber(Map<Integer, String> all) {}

  record Deep(List<Optional<String>> all) {}

  record Box<T>(T value) {}

  record InBox(Box<String> box) {}

  record Loop(Loop next) {}

  record LongLoop(@Size(min = 1) List<LongLoop> next) {}

  record Twins(@Name("a") int one, @Name("a") int two) {}

  record NoName(@Name("") int one) {}

  record Backwards(@Range(min = 2, max = 1) int n) {}

  record TooLarge(@Range(max = Long.MAX_VALUE) long n) {}

  record Elsewhere(@Range(min = 1000) byte n) {}

  record BoundedDouble(@Range(max = 5) double d) {}

  record LongText(@Length(max = 5000) String s) {}

  record LongNumber(@Length(max = 5) int n) {}

  record Both(@Length(max = 5) @Matches("a") String s) {}

  record NoPattern(@Matches("(") String s) {}

  record Apart(@Size(min = 2) Set<String> all) {}

  enum Empty {}

  record HasEmpty(Empty empty) {}

  sealed interface Typed {}

  record WithType(int type) implements Typed {}

  sealed interface Mixed {}

  record Fine() implements Mixed {}

  enum NotFine implements Mixed {
    ONE
  }

  interface Open {}

  static Map<Class<?>, String> refusals() {
    return Map.ofEntries(
        Map.entry(Floating.class, "component f of record io.panallama.typed.AnswerTypeTest$Floating is a float"),
        Map.entry(Letter.class, "use String with @Length"),
        Map.entry(Anything.class, "component value of record"),
        Map.entry(Raw.class, "is a raw java.util.List"),
        Map.entry(Wild.class, "element of component all"),
        Map.entry(ByNumber.class, "a Map whose keys are not String"),
        Map.entry(Deep.class, "element of component all of record"),
        Map.entry(InBox.class, "is the generic"),
        Map.entry(Loop.class, "never ends"),
        Map.entry(LongLoop.class, "never ends"),
        Map.entry(Twins.class, "two properties of one name"),
        Map.entry(NoName.class, "empty @Name"),
        Map.entry(Backwards.class, "not in order"),
        Map.entry(TooLarge.class, "within 2^53"),
        Map.entry(Elsewhere.class, "without a value of its type"),
        Map.entry(BoundedDouble.class, "has @Range, which can't be enforced for double"),
        Map.entry(LongText.class, "within 0 to 2000"),
        Map.entry(LongNumber.class, "has @Length, which can't be enforced for int"),
        Map.entry(Both.class, "@Length and @Matches"),
        Map.entry(NoPattern.class, "no regular expression"),
        Map.entry(Apart.class, "is a Set with @Size(min = 2)"),
        Map.entry(HasEmpty.class, "has no constants"),
        Map.entry(Typed.class, "name another with @Discriminator"),
        Map.entry(Mixed.class, "permits io.panallama.typed.AnswerTypeTest$NotFine"),
        Map.entry(Open.class, "Allowed are records"),
        Map.entry(Object.class, "Allowed are records"));
  }

  static Set<Class<?>> refused() {
    return refusals().keySet();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void aTypeThatCantBeEnforcedIsRefusedWithItsPlace(Class<?> type) {
    assertThatThrownBy(() -> AnswerType.of(type))
        .isInstanceOf(UnsupportedTypeException.class)
        .hasMessageStartingWith("The ")
        .hasMessageContaining(refusals().get(type))
        .hasMessageEndingWith(".");
  }

  @Test
  void theShapeComesIntoThePrompt() {
    AnswerType<Samples.Invoice> type = AnswerType.of(Samples.Invoice.class);
    ChatRequest request = ChatRequest.of(ChatMessage.system("S"), ChatMessage.user("Read it."));
    ChatRequest asked = type.applyTo(request);
    assertThat(asked.options().format()).isEqualTo(new ResponseFormat.JsonSchema(type.schema()));
    assertThat(asked.messages().getFirst()).isEqualTo(request.messages().getFirst());
    assertThat(asked.messages().getLast().content())
        .isEqualTo(
            """
            Read it.

            Answer in JSON:
            {"number": <text, 0 to 8 characters: as printed at the top>, "date": <date, YYYY-MM-DD>, \
            "items": [{"name": <text, 0 to 10 characters>, "count": <whole number, 1 to 99>, "price": <number>} \
            (one line), ... 1 to 3], "mood": "GOOD" | "so-so" | "BAD" (so-so: neither good nor bad)}\
            """);
    assertThat(type.withShapeInPrompt(false).applyTo(request).messages()).isEqualTo(request.messages());
  }

  private static String shape(Class<?> type) {
    String asked = AnswerType.of(type).applyTo(ChatRequest.of("")).messages().getLast().content();
    return asked.substring("\n\nAnswer in JSON:\n".length());
  }

  @Test
  void theBoundsOfJavaTypesAreNoneOfTheModelsBusiness() {
    assertThat(shape(Samples.Wholes.class))
        .isEqualTo(
            "{\"b\": <whole number>, \"s\": <whole number>, \"i\": <whole number>, \"l\": <whole number>, \"big\":"
                + " <whole number>}");
    for (AnswerType<?> type : Samples.ALL) {
      assertThat(type.applyTo(ChatRequest.of("")).messages().getLast().content())
          .as(type.toString())
          .doesNotContain("2147483647", "2147483648", "32767", "9007199254740992", "$", "\\\\", "anyOf", "object");
    }
  }

  @Test
  void everyKindOfTypeHasAShape() {
    assertThat(shape(Samples.Bounds.class))
        .contains("\"below\": <whole number, -3 to -1>", "\"above\": <whole number, 0 or more>")
        .contains("\"some\": <text, 2 to 4 characters>");
    assertThat(shape(Samples.Mood.class)).startsWith("\"GOOD\" | \"so-so\" | \"BAD\"");
    assertThat(shape(Samples.Dictionary.class)).isEqualTo("{\"counts\": {<text>: <whole number, 0 to 9>, ...}}");
    assertThat(shape(Samples.Chain.class))
        .isEqualTo("<Chain>\nChain: {\"value\": true | false, \"next\" (may be left out): <Chain>}");
    assertThat(shape(Samples.Figure.class))
        .startsWith("{\"kind\": \"circle\", \"radius\": <whole number, 1 to 9>} | {");
    assertThat(shape(Samples.Times.class))
        .contains("\"time\": <time, hh:mm:ss>", "\"both\": <date and time, YYYY-MM-DDThh:mm:ss>", "\"id\": <UUID>");
  }

  @Test
  void anAnswerHasALimit() {
    AnswerType<Samples.Person> type = AnswerType.of(Samples.Person.class);
    ChatRequest request = ChatRequest.of("Invent a person.");
    assertThat(type.applyTo(request).options().maxTokens()).isEqualTo(AnswerType.MAX_TOKENS);
    GenerationOptions longer = GenerationOptions.builder().maxTokens(5000).build();
    assertThat(type.applyTo(request.with(longer)).options().maxTokens()).isEqualTo(5000);
  }

  @Test
  void theRequestBringsNeitherAFormatNorTools() {
    AnswerType<Samples.Person> type = AnswerType.of(Samples.Person.class);
    ChatRequest withFormat =
        ChatRequest.of("?").with(GenerationOptions.builder().format(new ResponseFormat.JsonObject()).build());
    ChatRequest withTools = ChatRequest.of("?").with(Tools.of(new Tool("t", "", Tool.NO_PARAMETERS)));
    for (ChatRequest request : List.of(withFormat, withTools)) {
      assertThatThrownBy(() -> type.applyTo(request)).isInstanceOf(InvalidRequestException.class);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "`` => ``",
        "{ => ``",
        "{\"number\": \"A => ``",
        "{\"number\": \"A1\", \"date\": \"2024-02-29 => ``",
        "{\"number\": \"A1\", \"date\": \"2024-02-29\", \"items\": [{\"name\": \"p\\ => ``",
        "{\"number\": \"A1\", \"date\": \"2024-02-29\", \"items\": [], \"mood\": \"GOOD\" => 0",
      })
  void aRecordComesWithItsLastPart(String json, String items) {
    Optional<Samples.Invoice> soFar = AnswerType.of(Samples.Invoice.class).readSoFar(json);
    assertThat(soFar.map(invoice -> Integer.toString(invoice.items().size())).orElse("")).isEqualTo(items);
  }

  record Story(String title, List<String> lines, Optional<Samples.Point> place) {}

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{ => Story[title=, lines=[], place=Optional.empty]",
        "{\"ti => Story[title=, lines=[], place=Optional.empty]",
        "{\"title\": => Story[title=, lines=[], place=Optional.empty]",
        "{\"title\": \"A q\\\"\\u00e => Story[title=A q\", lines=[], place=Optional.empty]",
        "{\"title\": \"A\\ud83d => Story[title=A, lines=[], place=Optional.empty]",
        "{\"title\": \"A\", \"lines\": [\"one\", \"tw => Story[title=A, lines=[one, tw], place=Optional.empty]",
        "{\"title\": \"A\", \"lines\": [\"one\", => Story[title=A, lines=[one], place=Optional.empty]",
        "{\"title\": \"A\", \"lines\": [\"]\"], \"place\": {\"x\": 1, \"y\": 2"
            + " => Story[title=A, lines=[]], place=Optional.empty]",
        "{\"title\": \"A\", \"lines\": [\"]\"], \"place\": {\"x\": 1, \"y\": 23}"
            + " => Story[title=A, lines=[]], place=Optional[Point[x=1, y=23]]]",
      })
  void aRecordOfTextsAndListsIsThereFromTheBeginning(String json, String expected) {
    assertThat(AnswerType.of(Story.class).readSoFar(json)).get().hasToString(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"}", "]", "x", "{]", "{\"a\" \"b\"}", "\"", "\\", "{\"title\":: \"A\"", "nul"})
  void whatIsNoJsonHasNoValue(String text) {
    assertThat(AnswerType.of(Samples.Invoice.class).readSoFar(text)).isEmpty();
  }

  @Test
  void askWaitsForTheValue() {
    ScriptedGenerator generator =
        new ScriptedGenerator().answer(FinishReason.STOP, "{\"name\": \"Ada\", ", "\"age\": 36}");
    assertThat(generator.ask("Who?", Samples.Person.class)).isEqualTo(new Samples.Person("Ada", 36));
  }

  @Test
  void valuesGrow() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .answer(FinishReason.STOP, "{\"title\": \"A", " tale\", ", "\"li", "nes\": [\"one\", \"t", "wo\"]}");
    try (TypedGeneration<Story> answer = generator.generate(ChatRequest.of("?"), AnswerType.of(Story.class))) {
      assertThat(answer)
          .extracting(Story::title, story -> story.lines().toString())
          .containsExactly(
              tuple("A", "[]"), tuple("A tale", "[]"), tuple("A tale", "[one, t]"), tuple("A tale", "[one, two]"));
      assertThat(answer.await().lines()).containsExactly("one", "two");
      assertThat(answer.completion().reason()).isEqualTo(FinishReason.STOP);
      assertThat(answer.json()).endsWith("\"two\"]}");
    }
  }

  @Test
  void aStreamThatIsCutOffEndsWithAnException() {
    ScriptedGenerator generator = new ScriptedGenerator().answer(FinishReason.LENGTH, "{\"title\": \"A");
    try (TypedGeneration<Story> answer = generator.generate(ChatRequest.of("?"), AnswerType.of(Story.class))) {
      List<Story> seen = new ArrayList<>();
      assertThatThrownBy(() -> answer.forEach(seen::add)).isInstanceOf(AnswerException.class);
      assertThat(seen).hasSize(1);
    }
  }

  @Test
  void cancellingCutsOff() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator().silence();
    try (TypedGeneration<Story> answer = generator.generate(ChatRequest.of("?"), AnswerType.of(Story.class))) {
      answer.cancel();
      assertThatThrownBy(answer::await)
          .isInstanceOfSatisfying(
              AnswerException.class,
              thrown -> assertThat(thrown.completion().reason()).isEqualTo(FinishReason.CANCELLED));
    }
  }

  @Test
  void aStreamThatIsClosedEnds() {
    ScriptedGenerator generator = new ScriptedGenerator().silence();
    TypedGeneration<Story> answer = generator.generate(ChatRequest.of("?"), AnswerType.of(Story.class));
    answer.close();
    assertThat(answer.iterator().hasNext()).isFalse();
    assertThatThrownBy(answer::completion).isInstanceOf(IllegalStateException.class);
  }
}
