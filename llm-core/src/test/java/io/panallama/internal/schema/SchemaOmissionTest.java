package io.panallama.internal.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.Natives;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a grammar can't enforce of a schema that is not strict. */
class SchemaOmissionTest {
  private static List<String> places(String schema) {
    return SchemaCheck.omissions("schema", schema).stream().map(SchemaOmission::place).toList();
  }

  /** Schemas as clients generate them, of which all is enforced. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"type\": [\"string\", \"null\"], \"enum\": [\"HAPPY\", \"SAD\"]}",
        "{\"type\": \"object\", \"properties\": {\"next\": {\"$ref\": \"#\"}}}",
        "{\"type\": \"object\", \"properties\": {\"list\": {\"type\": \"array\", \"items\": {\"$ref\": \"#\"}}}}",
        "{\"type\": \"number\", \"minimum\": 0, \"exclusiveMaximum\": 1.5}",
        "{\"type\": \"number\", \"minimum\": 0, \"exclusiveMinimum\": true}",
        "{\"type\": \"number\", \"multipleOf\": 0.01}",
        // As Zod 4 writes a double.
        "{\"type\": \"number\", \"minimum\": -1.7976931348623157e308, \"maximum\": 1.7976931348623157e308}",
        "{\"type\": \"integer\", \"maximum\": 9223372036854775807}",
        "{\"type\": \"integer\", \"minimum\": -9223372036854775808, \"maximum\": 18446744073709551615}",
        "{\"type\": \"integer\", \"minimum\": 0, \"maximum\": 100, \"multipleOf\": 5}",
        "{\"type\": \"object\", \"propertyNames\": {\"type\": \"string\"}}",
        "{\"type\": \"string\", \"unit\": \"m\", \"x-order\": 3, \"enumNames\": [\"a\"], \"nullable\": true}",
        "{\"type\": \"array\", \"items\": [{\"type\": \"string\"}], \"additionalItems\": false}",
        "{\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"additionalItems\": false}",
        "{\"type\": \"string\", \"pattern\": \"[a-z]+\"}",
        "{\"type\": \"string\", \"pattern\": \"^a|b$\"}",
        "{\"type\": \"string\", \"maxLength\": 65536}",
        "{\"type\": \"string\", \"minLength\": 3000, \"maxLength\": 1000000}",
        "{\"type\": \"object\", \"properties\": {\"value\": true}}",
        "{\"type\": \"object\", \"properties\": {\"value\": false}}",
        "{\"type\": \"object\", \"patternProperties\": {\"^x-\": {}}, \"properties\": {\"a\": {}}}",
        "{\"$ref\": \"#/definitions/a~1b\", \"definitions\": {\"a/b\": {\"type\": \"boolean\"}}}",
        "{\"allOf\": [{\"$ref\": \"#/$defs/a\"}], \"description\": \"x\", \"$defs\": {\"a\": {\"enum\": [1]}}}",
        "{\"allOf\": [{\"type\": \"object\", \"properties\": {\"a\": {}}}, {\"properties\": {\"b\": {\"minLength\":"
            + " 2}}}]}",
        "{\"type\": \"string\", \"format\": \"email\", \"contentEncoding\": \"base64\", \"$comment\": \"c\", \"$id\":"
            + " \"i\"}",
        // As Zod 4 writes a date, a UUID and an e-mail address.
        "{\"type\": \"string\", \"format\": \"date\", \"pattern\":"
            + " \"^(?:(?:\\\\d\\\\d[2468][048]|[13579][26]00)-02-29|\\\\d{4}"
            + "-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\\\d|3[01])|(?:02)-(?:0[1-9]|1\\\\d|2[0-8])))$\"}",
        "{\"type\": \"string\", \"format\": \"uuid\", \"pattern\":"
            + " \"^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}"
            + "-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000)$\"}",
        "{\"type\": \"string\", \"format\": \"email\", \"pattern\":"
            + " \"^(?!\\\\.)(?!.*\\\\.\\\\.)([A-Za-z0-9_'+\\\\-\\\\.]*)"
            + "[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\\\\-]*\\\\.)+[A-Za-z]{2,}$\"}",
        "{\"const\": 5}",
        "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"nullable\": true, \"maxLength\": 5}}",
        "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"nullable\": true, \"enum\": [\"a\"]}}",
        "{\"type\": \"array\", \"items\": {\"minLength\": 1, \"nullable\": true}}",
        "{\"type\": \"object\", \"properties\": {\"a\": {}}, \"required\": [\"a\"], \"dependentRequired\": {\"a\":"
            + " [\"a\"]}}",
        "{\"type\": \"object\", \"required\": [\"a\"]}",
        "{\"type\": \"string\", \"anyOf\": [{\"enum\": [\"a\"]}, {\"pattern\": \"^b$\"}]}",
      })
  void nothingIsLeftOut(String schema) {
    assertThat(SchemaCheck.omissions("schema", schema)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{\"type\": \"array\", \"maxItems\": 5000} => #/maxItems",
        "{\"type\": \"string\", \"maxLength\": 2000000} => #/maxLength",
        "{\"type\": \"string\", \"pattern\": \"^(?=a)b$\"} => #/pattern",
        "{\"type\": \"string\", \"format\": \"date\", \"pattern\": \"^2026\"} => #/format",
        "{\"type\": \"str\"} => #/type",
        "{\"type\": [\"string\", \"file\"]} => #/type",
        "{\"not\": {\"type\": \"null\"}} => #/not",
        "{\"type\": \"string\", \"if\": {}, \"then\": {}, \"else\": {}} => #/if #/then #/else",
        "{\"type\": \"object\", \"properties\": {\"x\": {\"type\": \"string\", \"glory\": 1}}} => #/properties/x/glory",
        "{\"type\": \"object\", \"patternProperties\": {\"^x\": {\"type\": \"boolean\"}}} => #/patternProperties",
        "{\"type\": \"object\", \"properties\": {\"a\": {}, \"b\": {}}, \"dependentRequired\": {\"a\": [\"b\"]}} =>"
            + " #/dependentRequired",
        "{\"$ref\": \"#\"} => #/$ref",
        "{\"$ref\": \"#/$defs/missing\"} => #/$ref",
        "{\"$ref\": \"https://example.com/x.json\"} => #/$ref",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"anyOf\": [{\"$ref\": \"#/$defs/a\"}, {}]}}} => #/$defs/a/$ref",
        "{\"type\": \"integer\", \"multipleOf\": 7} => #/multipleOf",
        "{\"type\": \"integer\", \"minimum\": 5, \"maximum\": 4} => #/maximum",
        "{\"type\": \"integer\", \"minimum\": \"5\"} => #/minimum",
        "{\"type\": \"integer\", \"minimum\": 1e300} => #/minimum",
        "{\"oneOf\": [{\"type\": \"integer\"}, {\"type\": \"number\"}]} => #/oneOf",
        "{\"enum\": []} => #/enum",
        "{\"anyOf\": []} => #/anyOf",
        "{\"type\": \"object\", \"properties\": {\"a\": 5}} => #/properties/a",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"string\", \"required\": true}}} =>"
            + " #/properties/a/required",
        "{\"type\": \"array\", \"uniqueItems\": true, \"contains\": {}} => #/uniqueItems #/contains",
        "{\"allOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}]} => #/allOf/1/type",
        "{\"allOf\": {\"const\": 2}} => #/allOf",
      })
  void whatIsLeftOutIsNamed(String schema, String places) {
    assertThat(String.join(" ", places(schema))).isEqualTo(places == null ? "" : places);
  }

  /** Values of a kind that JSON Schema does not give them, as clients write an absent list or an empty object. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{'properties': {'a': {}}, 'required': null} => {'properties':{'a':{}}} => .required",
        "{'properties': {'a': {}}, 'required': true} => {'properties':{'a':{}}} => .required",
        "{'properties': {'a': {}}, 'required': ['a', 5, null]} => {'properties':{'a':{}},'required':['a']} =>"
            + " .required[1]",
        "{'type': 'object', 'properties': []} => {'type':'object'} => .properties",
        "{'type': 'object', 'properties': null} => {'type':'object'} => .properties",
        "{'type': null} => {'type':'object'} => .type",
        "{'type': {'a': 1}, 'minLength': 1} => {'minLength':1} => .type",
        "{'type': ['string', null]} => {'type':['string','null']} =>",
        "{'properties': {'a': {'enum': null}}} => {'properties':{'a':{}}} => .properties.a.enum",
        "{'properties': {'a': {'items': null}}} => {'properties':{'a':{}}} => .properties.a.items",
        "{'properties': {'a': null}} => {'properties':{'a':{}}} => .properties.a",
        "{'properties': {'a': true}} => {'properties':{'a':true}} =>",
        "{'properties': {'a': {'description': 5}}} => {'properties':{'a':{}}} => .properties.a.description",
        "{'anyOf': [{}, null, {'items': [5]}]} => {'anyOf':[{},{},{'items':[{}]}]} => .anyOf[1]",
        "{'$defs': {'a': {'not': 5}}, '$ref': 5} => {'$defs':{'a':{}}} => .$defs.a.not",
        "{'minimum': null, 'uniqueItems': 5, 'default': null} => {'default':null} => .minimum",
        "{'exclusiveMinimum': true, 'const': null, 'x-a': null} => {'exclusiveMinimum':true,'const':null,'x-a':null}"
            + " =>",
      })
  void keywordsOfTheWrongKindAreNotShown(String quoted, String shown, String first) {
    String schema = quoted.replace('\'', '"');
    assertThat(SchemaCheck.shown("schema", schema).toString()).isEqualTo(shown.replace('\'', '"'));
    if (first != null) {
      assertThat(places(schema)).contains("#" + first.replace('.', '/').replace('[', '/').replace("]", ""));
      assertThatThrownBy(() -> SchemaCheck.check("schema", schema, true, "r"))
          .isInstanceOfSatisfying(
              InvalidRequestException.class, fault -> assertThat(fault.parameter()).isEqualTo("schema" + first))
          .hasMessageContaining(" must be ");
    }
  }

  /** Arguments are an object: what else a tool's schema allows is left out, and one that allows no object counts as none. */
  @ParameterizedTest
  @CsvSource(
      delimiterString = "=>",
      quoteCharacter = '`',
      value = {
        "{\"type\": \"string\"} => {\"type\":\"object\"} => #",
        "{\"enum\": [1]} => {\"type\":\"object\"} => #",
        "{\"minLength\": 3} => {\"type\":\"object\"} => #",
        "{\"type\": [\"null\", \"array\"]} => {\"type\":\"object\"} => #",
        "{\"description\": \"any\"} => {\"description\":\"any\",\"type\":\"object\"} =>",
        "{\"type\": [\"object\", \"null\"]} => {\"anyOf\":[{\"type\":\"object\"}]} =>",
        "{\"enum\": [1, {\"a\": 2}]} => {\"enum\":[{\"a\":2}]} =>",
        "{\"anyOf\": [{\"const\": 1}, {\"const\": {}}]} => {\"anyOf\":[{\"const\":{}}]} =>",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"type\": \"object\"}}} =>"
            + " {\"$ref\":\"#/$defs/td0\",\"$defs\":{\"td0\":{\"type\":\"object\"}}} =>",
        "{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"enum\": [{}, 2]}}} =>"
            + " {\"enum\":[{}],\"$defs\":{\"td0\":{\"enum\":[{},2]}}} =>",
      })
  void argumentsAreAnObject(String schema, String restricted, String places) {
    Natives.load();
    assertThat(SchemaCheck.checkArguments("schema", schema, false, "td").toString()).isEqualTo(restricted);
    assertThat(SchemaCheck.argumentOmissions("schema", schema).stream().map(SchemaOmission::place))
        .isEqualTo(places == null ? List.of() : List.of(places));
    if (places == null) {
      SchemaCheck.checkArguments("schema", schema, true, "td");
    } else {
      assertThatThrownBy(() -> SchemaCheck.checkArguments("schema", schema, true, "td"))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("at #: the arguments of a call are an object");
    }
  }

  @Test
  void allOfAHugeObjectIsLeftOut() {
    StringBuilder properties = new StringBuilder();
    for (int i = 0; i < 300; i++) {
      properties.append(i == 0 ? "" : ",").append("\"p").append(i).append("\": {\"type\": \"null\"}");
    }
    assertThat(places("{\"type\": \"object\", \"properties\": {" + properties + "}}")).containsExactly("#/properties");
  }

  @Test
  void deepSchemasAreLeftOutBelowALimit() {
    String deep = "{\"type\": \"array\", \"items\": ".repeat(80) + "{}" + "}".repeat(80);
    assertThat(places(deep)).hasSize(1).first().asString().endsWith("/items/items");
  }

  @Test
  void partsThatLeadBackToTheirWholeEnd() {
    assertThat(places("{\"allOf\": [{\"$ref\": \"#\"}, {\"type\": \"object\"}]}")).isNotEmpty();
    assertThat(places("{\"$ref\": \"#/$defs/a\", \"$defs\": {\"a\": {\"allOf\": [{\"$ref\": \"#/$defs/a\"}]}}}"))
        .isNotEmpty();
  }

  /** What would take forever, or all memory, is left out. */
  @ParameterizedTest
  @ValueSource(strings = {"alternatives", "parts", "names", "pattern"})
  @Timeout(60)
  void hostileSchemasAreReadSoon(String kind) {
    String properties =
        IntStream.range(0, 5000).mapToObj(i -> "\"p" + i + "\": {}").collect(Collectors.joining(",", "{", "}"));
    String reference = "{\"$ref\": \"#/$defs/a\"}";
    String schema =
        switch (kind) {
          case "alternatives" -> {
            String inner = "[{\"maxLength\": 1}, {\"maxLength\": 2}]";
            for (int i = 0; i < 9; i++) {
              inner = "[{\"anyOf\": " + inner + "}, {\"anyOf\": " + inner + "}]";
            }
            yield "{\"items\": {\"properties\": " + properties + ", \"anyOf\": " + inner + "}}";
          }
          case "parts" ->
              "{\"$defs\": {\"a\": {\"properties\": "
                  + properties
                  + "}}, \"allOf\": ["
                  + String.join(",", Collections.nCopies(5000, reference))
                  + "]}";
          case "names" -> {
            String name = "n".repeat(40_000);
            yield "{\"properties\": {\"" + name + "\": {\"properties\": " + properties.replace("{}", "5") + "}}}";
          }
          default ->
              "{\"properties\": {\""
                  + "a".repeat(60)
                  + "b\": {}}, \"patternProperties\": {\"^(a+)+$\": {\"type\": \"null\"}}}";
        };
    try {
      assertThat(SchemaCheck.omissions("schema", schema)).isNotEmpty();
    } catch (InvalidRequestException refused) {
      assertThat(refused).hasMessageContaining("more than 20000 schemas");
    }
  }

  @Test
  void strictSchemasAreRefusedWithThePlace() {
    assertThatThrownBy(() -> SchemaCheck.check("schema", "{\"type\": \"array\", \"items\": {\"not\": {}}}", true, "r"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("#/items: not can't be enforced");
  }

  @Test
  void theKeyOfRulesIsReserved() {
    assertThatThrownBy(() -> SchemaCheck.omissions("schema", "{\"const\": {\"panallama:gbnf\": \"x\"}}"))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("reserved");
  }
}
