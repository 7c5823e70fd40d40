package io.panallama.internal.types;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The {@code $defs} of one schema.
 *
 * <p>Their names consist of letters and digits: llama.cpp names a grammar rule after the reference, with anything else replaced by a dash, and confuses two references whose names become equal.
 */
public final class Definitions {
  private final Names names;
  private final Map<String, ObjectNode> bodies = new LinkedHashMap<>();

  /**
   * Unique names for classes. The tools of one request share them, because their schemas become one grammar, in which a name stands for one rule. Thread-safe.
   */
  public static final class Names {
    private final Map<Class<?>, String> byClass = new HashMap<>();

    private synchronized String of(Class<?> type) {
      String known = byClass.get(type);
      if (known != null) {
        return known;
      }
      String simple = type.getSimpleName();
      String base = simple.chars().allMatch(Definitions::isPlain) ? simple : "Type";
      String name = base;
      for (int i = 2; byClass.containsValue(name); i++) {
        name = base + "N" + i;
      }
      byClass.put(type, name);
      return name;
    }
  }

  private Definitions(Names names) {
    this.names = names;
  }

  private static boolean isPlain(int c) {
    return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
  }

  /**
   * The schema of a shape.
   *
   * @param names shared with the other schemas of the grammar
   */
  public static ObjectNode schema(Shape shape, Names names) {
    Definitions definitions = new Definitions(names);
    ObjectNode root = shape.schema(definitions);
    if (!definitions.bodies.isEmpty()) {
      ObjectNode all = root.putObject("$defs");
      definitions.bodies.forEach(all::set);
    }
    return root;
  }

  /** A reference to the schema of a class, which is created once. */
  ObjectNode reference(Class<?> type, Supplier<ObjectNode> body) {
    String name = names.of(type);
    if (!bodies.containsKey(name)) {
      bodies.put(name, Json.NODES.objectNode());
      bodies.put(name, body.get());
    }
    return Json.NODES.objectNode().put("$ref", "#/$defs/" + name);
  }
}
