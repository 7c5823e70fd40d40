package io.panallama;

import java.util.LinkedHashMap;
import java.util.Map;

/** Schemas of all kinds, by name. */
public final class Schemas {
  private Schemas() {}

  public static Map<String, String> all() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("flat", object("\"name\": {\"type\": \"string\", \"maxLength\": 12}, \"age\": {\"type\": \"integer\"}"));
    all.put(
        "integers with one bound",
        object(
            "\"d\": {\"type\": \"integer\", \"exclusiveMaximum\": 0}, \"n\": {\"type\": \"integer\", \"minimum\":"
                + " 105}"));
    all.put("bounded integer", object("\"n\": {\"type\": \"integer\", \"minimum\": -17, \"maximum\": 4711}"));
    all.put(
        "exclusive bounds", object("\"n\": {\"type\": \"integer\", \"exclusiveMinimum\": 0, \"exclusiveMaximum\": 9}"));
    all.put("number", object("\"n\": {\"type\": \"number\"}"));
    all.put(
        "bounds of numbers",
        object(
            "\"n\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1}, \"m\": {\"type\": \"number\","
                + " \"exclusiveMinimum\": -2.5, \"exclusiveMaximum\": 17.25}, \"cent\": {\"type\": \"number\","
                + " \"multipleOf\": 0.01}, \"o\": {\"maximum\": -0.5}"));
    all.put(
        "64 bits",
        object(
            "\"n\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 9223372036854775807}, \"u\": {\"type\":"
                + " \"integer\", \"minimum\": 9223372036854775807, \"maximum\": 18446744073709551615}, \"s\":"
                + " {\"type\": \"integer\", \"maximum\": -9223372036854775808}, \"m\": {\"type\": \"integer\","
                + " \"minimum\": 0, \"maximum\": 90, \"multipleOf\": 15}"));
    all.put(
        "long strings",
        object(
            "\"s\": {\"type\": \"string\", \"maxLength\": 65536}, \"t\": {\"type\": \"array\", \"items\": {\"type\":"
                + " \"string\", \"maxLength\": 2500}, \"maxItems\": 3}"));
    all.put(
        "patterns without anchors",
        object(
            "\"a\": {\"type\": \"string\", \"pattern\": \"[a-z ]\"}, \"b\": {\"type\": \"string\", \"pattern\":"
                + " \"^[^1]|[^2]$\"}, \"c\": {\"type\": \"string\", \"pattern\": \"[^x]$\"}"));
    all.put(
        "a reference to the whole",
        """
        {"type": "object", "properties": {"v": {"type": ["string", "null"], "enum": ["a", null]},
         "next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}}, "required": ["v", "next"]}\
        """);
    all.put(
        "truth values as schemas",
        """
        {"type": "object", "properties": {"a": {"type": "array", "items": true, "maxItems": 0}, "b": false},
         "required": ["a"], "propertyNames": {"type": "string"}, "patternProperties": {"^x-": false}}\
        """);
    all.put("enum", object("\"e\": {\"enum\": [\"red\", \"grün\", \"\\\"blue\\\"\", 5, null, true]}"));
    all.put("const", object("\"version\": {\"const\": 3}, \"kind\": {\"const\": \"a\\nb\"}"));
    all.put(
        "array with bounds",
        object("\"a\": {\"type\": \"array\", \"items\": {\"type\": \"boolean\"}, \"minItems\": 2, \"maxItems\": 5}"));
    all.put(
        "nested arrays",
        """
        {"type": "array", "maxItems": 3,
         "items": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "maxItems": 3}}\
        """);
    all.put(
        "tuple",
        object("\"t\": {\"type\": \"array\", \"prefixItems\": [{\"type\": \"boolean\"}, {\"enum\": [1, 2]}]}"));
    all.put(
        "optional properties",
        """
        {"type": "object", "properties": {"a": {"type": "boolean"}, "b": {"type": "null"}, "c": {"enum": ["x"]},
         "d": {"type": "boolean"}}, "required": ["b"], "additionalProperties": false}\
        """);
    all.put(
        "nested", object("\"o\": " + object("\"p\": " + object("\"q\": " + object("\"r\": {\"type\": \"boolean\"}")))));
    all.put(
        "anyOf",
        object(
            "\"v\": {\"anyOf\": [{\"type\": \"boolean\"}, {\"type\": \"null\"}, "
                + object("\"x\": {\"const\": 1}")
                + "]}"));
    all.put(
        "oneOf by a discriminator",
        "{\"oneOf\": ["
            + object(
                "\"kind\": {\"const\": \"circle\"}, \"r\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 99}")
            + ", "
            + object(
                "\"kind\": {\"const\": \"square\"}, \"a\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 99}")
            + "]}");
    all.put(
        "$ref",
        """
        {"$defs": {"point": {"type": "object", "properties": {"x": {"type": "integer", "minimum": 0, "maximum": 99},
          "y": {"type": "integer", "minimum": 0, "maximum": 99}}, "required": ["x", "y"]}},
         "type": "object", "properties": {"from": {"$ref": "#/$defs/point"}, "to": {"$ref": "#/$defs/point"}},
         "required": ["from", "to"]}\
        """);
    all.put(
        "recursive",
        """
        {"$defs": {"tree": {"type": "object", "properties": {"v": {"type": "boolean"},
          "next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/tree"}]}}, "required": ["v", "next"]}},
         "$ref": "#/$defs/tree"}\
        """);
    all.put(
        "allOf",
        """
        {"allOf": [{"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]},
          {"type": "object", "properties": {"b": {"type": "null"}}, "required": ["b"]}]}\
        """);
    all.put("pattern", object("\"p\": {\"type\": \"string\", \"pattern\": \"^[A-Z]{2}-\\\\d{3}(\\\\.[^x]){0,2}$\"}"));
    all.put(
        "escapes in patterns",
        object(
            "\"p\": {\"type\": \"string\", \"pattern\":"
                + " \"^(?<a>[\\\\u4e00-\\\\u9fff]{2})\\\\t[\\\\n\\\\x41\\\"]{1,3}\\\\p{Lu}é+$\"}"));
    all.put(
        "numbers beyond a double",
        object(
            "\"a\": {\"const\": 12345678901234567890123}, \"b\": {\"enum\": [1e-400, 0.12345678901234567890123]}, "
                + "\"c\": {\"const\": {\"x\": [1e400, \"\\\"\\n\"]}}, \"d\": {\"type\": \"integer\", \"minimum\":"
                + " 10000000000000000000000, \"maximum\": 10000000000000000000050, \"multipleOf\": 10}"));
    all.put(
        "formats",
        object(
            "\"d\": {\"type\": \"string\", \"format\": \"date\"}, \"t\": {\"type\": \"string\", \"format\":"
                + " \"time\"}, \"m\": {\"type\": \"string\", \"format\": \"date-time\", \"maxLength\": 40}, \"u\":"
                + " {\"type\": \"string\", \"format\": \"uuid\"}"));
    all.put("string lengths", object("\"s\": {\"type\": \"string\", \"minLength\": 3, \"maxLength\": 6}"));
    all.put("list of types", object("\"v\": {\"type\": [\"boolean\", \"null\", \"integer\"]}"));
    all.put(
        "dictionary",
        """
        {"type": "object", "additionalProperties": {"type": "boolean"}}\
        """);
    all.put("names beyond ASCII", object("\"größe\": {\"type\": \"boolean\"}, \"日本\": {\"enum\": [\"東京\", \"🗼\"]}"));
    // In a grammar, a definition and a property once were rules of one name if all but letters and digits were dashes.
    all.put(
        "definitions with names alike",
        """
        {"$defs": {"a/b": {"type": "boolean"}, "a_b": {"enum": [1, 2]}, "a-b": {"enum": ["x", "y"]}, "p q": {"const": 7}},
         "definitions": {"a_b": {"type": "null"}},
         "type": "object", "properties": {
          "1": {"$ref": "#/$defs/a~1b"}, "2": {"$ref": "#/$defs/a_b"}, "3": {"$ref": "#/$defs/a-b"},
          "4": {"$ref": "#/definitions/a_b"}, "5": {"$ref": "#/$defs/p%20q"}, "6": {"$ref": "#/properties/7"},
          "7": {"type": "array", "items": {"$ref": "#/$defs/a_b"}, "maxItems": 2}, "8": {"$ref": "#/$defs/p q"},
          "ref-defs-a-b": {"const": 8}, "ref": {"type": "object", "properties": {"$defs": {"type": "object",
            "properties": {"a_b": {"const": 9}}, "required": ["a_b"]}}, "required": ["$defs"]}},
         "required": ["ref-defs-a-b", "ref", "1", "2", "3", "4", "5", "6", "7", "8"]}\
        """);
    all.put(
        "properties named like rules",
        object(
            "\"a/b\": {\"const\": 1}, \"a-b\": {\"const\": 2}, \"a_b\": {\"enum\": [3]}, "
                + "\"integral_part\": {\"enum\": [\"x\"]}, \"root\": {\"const\": 4}, \"space\": {\"const\": 5}, "
                + "\"n\": {\"type\": \"number\"}, \"\": {\"const\": 6}, \"string\": {\"const\": 7}"));
    return all;
  }

  /** An object that has all of these properties. */
  private static String object(String properties) {
    StringBuilder names = new StringBuilder();
    int depth = 0;
    boolean text = false;
    int begin = -1;
    for (int i = 0; i < properties.length(); i++) {
      char c = properties.charAt(i);
      if (c == '\\') {
        i++;
      } else if (c == '"') {
        text = !text;
        if (text) {
          begin = i;
        } else if (depth == 0 && properties.startsWith("\": ", i)) {
          names.append(names.isEmpty() ? "" : ", ").append(properties, begin, i + 1);
        }
      } else if (!text && (c == '{' || c == '[')) {
        depth++;
      } else if (!text && (c == '}' || c == ']')) {
        depth--;
      }
    }
    return "{\"type\": \"object\", \"properties\": {" + properties + "}, \"required\": [" + names + "]}";
  }
}
