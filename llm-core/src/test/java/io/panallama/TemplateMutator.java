package io.panallama;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes templates: changed ones of a corpus with hostile pieces, and random programs. The same seed makes the same templates. */
final class TemplateMutator {
  private static final Pattern TOKEN =
      Pattern.compile("\\{[%{#]-?|-?[%}#]\\}|\\w+|'[^'\\n]*'|\"[^\"\\n]*\"|\\s+|.", Pattern.DOTALL);

  private static final String PRELUDE =
      "{% set ns = namespace(v=[1], w='a') %}{% set a = 3 %}{% set b = 'ab' %}{% set c = [b, a] %}{% macro f(x='') %}{{"
          + " x }}{% endmacro %}{% macro g(x='') %}{{ x ~ (caller() if caller else '') }}{% endmacro %}";

  private static final List<String> FRAGMENTS =
      List.of(
          "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
          "{% macro f(x=f()) %}{{ x }}{% endmacro %}{{ f() }}",
          "{% macro g() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ g() }}",
          "{% set l = [] %}{% set _ = l.append(l) %}{{ l }}",
          "{% set l = [] %}{% set _ = l.append(l) %}{{ l|tojson }}",
          "{% set ns = namespace(v=[]) %}{% set ns.me = ns %}",
          "{{ ns }}",
          "{{ ns|tojson(indent=2) }}",
          "{% set _ = messages.append(messages) %}",
          "{% set _ = messages.append(messages[0]) %}",
          "{{ messages|tojson }}",
          "{{ messages }}",
          "{% for a in range(1000) %}",
          "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
          "{% for m in messages %}",
          "{% endfor %}",
          "{% set ns = namespace(v='a', w=[1]) %}{% for i in range(64) %}{% set ns.v = ns.v ~ ns.v %}{% endfor %}{{"
              + " ns.v }}",
          "{% set ns.w = [ns.w, ns.w] %}",
          "{% set ns.w = {'a': ns.w, 'b': ns.w} %}",
          "{{ 'a' * 1000000000 }}",
          "{{ '' * 1000000000 }}",
          "{{ 'a\nb'|indent(1000000000) }}",
          "{{ range(4611686018427387904) }}",
          "{{ ns.v.split('') }}",
          "{{ raise_exception('x' * 100000) }}",
          "{% break %}",
          "{% continue %}",
          "{% generation %}",
          "{% filter upper %}",
          "{% endfilter %}",
          "{% set x %}",
          "{% endset %}",
          "{% if false %}",
          "{% elif true %}",
          "{% else %}",
          "{% endif %}",
          "{#",
          "{%",
          "{{",
          "'",
          "\u0000",
          "\\");

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-1",
          "1",
          "2",
          "7",
          "255",
          "65536",
          "1000000",
          "2147483647",
          "4294967296",
          "9223372036854775807",
          "0.5");

  private static final List<String> NAMES =
      List.of(
          "messages",
          "tools",
          "a",
          "b",
          "c",
          "ns",
          "ns.v",
          "loop",
          "loop.index0",
          "loop.previtem",
          "f",
          "g",
          "caller",
          "true",
          "none",
          "undefined_name",
          "bos_token",
          "add_generation_prompt",
          "enable_thinking",
          "messages[0]",
          "messages[0].content");

  private static final List<String> FILTERS =
      List.of(
          "upper",
          "lower",
          "trim",
          "title",
          "capitalize",
          "length",
          "string",
          "tojson",
          "tojson(indent=4)",
          "list",
          "first",
          "last",
          "join(a)",
          "join(', ')",
          "replace('a', b)",
          "replace('', 'ab')",
          "indent(9)",
          "indent(a)",
          "sort",
          "sort(reverse=true)",
          "reverse",
          "unique",
          "min",
          "max",
          "sum",
          "map(attribute='role')",
          "map(attribute=0)",
          "selectattr('role', 'equalto', 'user')",
          "rejectattr('role')",
          "select('odd')",
          "default(c)",
          "default(x=a)",
          "dictsort",
          "items",
          "int",
          "int(a, 36)",
          "float",
          "abs",
          "safe",
          "wordcount",
          "slice(1, 2, a)",
          "items|list",
          "d(b, true)",
          "count",
          "e",
          "string|length");

  private static final List<String> TESTS =
      List.of(
          "defined",
          "none",
          "string",
          "mapping",
          "iterable",
          "odd",
          "even",
          "divisibleby(0)",
          "divisibleby(a)",
          "lower",
          "upper",
          "eq(b)",
          "in(a)",
          "gt(b)",
          "number",
          "callable",
          "sameas(a)",
          "test",
          "boolean",
          "not defined");

  private static final List<String> METHODS =
      List.of(
          "append(a)",
          "append(b)",
          "pop()",
          "pop(0)",
          "pop(a)",
          "items()",
          "keys()",
          "values()",
          "get('a')",
          "get(b, c)",
          "split('a')",
          "split(b)",
          "rsplit(',', 3)",
          "strip()",
          "strip(b)",
          "startswith(b)",
          "endswith('a')",
          "format(a, b)",
          "upper()",
          "replace(a, b)",
          "update(a)",
          "append",
          "x",
          "y.z",
          "0",
          "lstrip('ab')");

  private static final List<String> OPERATORS =
      List.of(
          "+",
          "-",
          "*",
          "/",
          "%",
          "~",
          "==",
          "!=",
          "<",
          ">",
          "<=",
          ">=",
          " and ",
          " or ",
          " in ",
          " not in ",
          "//",
          "**");

  private final List<List<String>> corpus = new ArrayList<>();
  private final Random random;

  TemplateMutator(List<String> shipped, Random random) {
    this.random = random;
    for (String source : shipped) {
      corpus.add(tokens(source));
    }
  }

  private static List<String> tokens(String source) {
    List<String> tokens = new ArrayList<>();
    Matcher matcher = TOKEN.matcher(source);
    while (matcher.find()) {
      tokens.add(matcher.group());
    }
    return tokens;
  }

  /** The next template. */
  String next() {
    return switch (random.nextInt(4)) {
      case 0 -> program(4);
      case 1 ->
          "{% set ns = namespace(v=[1], w='a') %}{% set a = 3 %}{% set b = 'ab' %}{% set c = [b, a] %}" + program(6);
      default -> mutant();
    };
  }

  private String mutant() {
    List<String> tokens = new ArrayList<>(one(corpus));
    int changes = 1 + random.nextInt(random.nextInt(4) == 0 ? 6 : 1);
    for (int i = 0; i < changes; i++) {
      change(tokens);
    }
    return String.join("", tokens);
  }

  private void change(List<String> tokens) {
    int at = random.nextInt(tokens.size());
    switch (random.nextInt(12)) {
      case 9 -> tokens.add(nextEnd(tokens, at) + 1, statement(2));
      case 10 -> tokens.add(nextEnd(tokens, at) + 1, "{% set messages = messages + messages %}");
      case 11 -> tokens.set(nextText(tokens, at), "'<" + "x".repeat(random.nextInt(2000)) + ">'");
      case 0 -> tokens.remove(at);
      case 1 -> tokens.add(at, tokens.get(at));
      case 2 -> tokens.set(at, tokens.get(random.nextInt(tokens.size())));
      case 3 -> tokens.set(at, one(one(corpus)));
      case 4 -> tokens.set(nextNumber(tokens, at), one(NUMBERS));
      case 5 -> tokens.add(nextEnd(tokens, at) + 1, one(FRAGMENTS));
      case 6 -> tokens.add(nextEnd(tokens, at) + 1, statement(3));
      case 7 -> tokens.set(nextName(tokens, at), "(" + expression(2) + ")");
      default -> {
        List<String> other = one(corpus);
        int from = nextEnd(other, random.nextInt(other.size())) + 1;
        int to = Math.min(other.size(), from + random.nextInt(300));
        tokens.addAll(nextEnd(tokens, at) + 1, other.subList(Math.min(from, to), to));
      }
    }
    if (tokens.isEmpty()) {
      tokens.add("{");
    }
  }

  private static int nextMatching(List<String> tokens, int from, Pattern wanted) {
    for (int i = 0; i < tokens.size(); i++) {
      int at = (from + i) % tokens.size();
      if (wanted.matcher(tokens.get(at)).matches()) {
        return at;
      }
    }
    return from;
  }

  private static int nextEnd(List<String> tokens, int from) {
    return nextMatching(tokens, from, Pattern.compile("-?[%}]\\}"));
  }

  private static int nextNumber(List<String> tokens, int from) {
    return nextMatching(tokens, from, Pattern.compile("\\d+"));
  }

  private static int nextText(List<String> tokens, int from) {
    return nextMatching(tokens, from, Pattern.compile("'.*'|\".*\"", Pattern.DOTALL));
  }

  private static int nextName(List<String> tokens, int from) {
    return nextMatching(tokens, from, Pattern.compile("message|messages|tools|content|loop|ns"));
  }

  private String program(int depth) {
    StringBuilder program = new StringBuilder();
    int statements = 1 + random.nextInt(6);
    for (int i = 0; i < statements; i++) {
      program.append(statement(depth));
    }
    return program.toString();
  }

  private String statement(int depth) {
    if (depth == 0) {
      return "{{ " + expression(1) + " }}";
    }
    String inside = random.nextInt(3) == 0 ? program(depth - 1) : statement(depth - 1);
    return switch (random.nextInt(13)) {
      case 0 -> "{% for a in " + list(2) + " %}" + inside + "{% endfor %}";
      case 1 -> "{% for a in range(" + number(0) + ") %}" + inside + "{% endfor %}";
      case 2 -> "{% for m in messages if " + expression(1) + " %}" + inside + "{% else %}x{% endfor %}";
      case 3 -> "{% if " + expression(2) + " %}" + inside + "{% else %}" + statement(depth - 1) + "{% endif %}";
      case 4 -> "{% macro " + either("f", "g") + "(a=" + expression(1) + ", b='b') %}" + inside + "{% endmacro %}";
      case 5 -> "{% call " + either("f", "g") + "(" + expression(1) + ") %}" + inside + "{% endcall %}";
      case 6 ->
          "{% filter "
              + one(List.of("upper", "trim", "indent(2)", "replace('a', 'bb')", "tojson"))
              + " %}"
              + inside
              + "{% endfilter %}";
      case 7 -> "{% set b %}" + inside + "{% endset %}";
      case 8 ->
          switch (random.nextInt(5)) {
            case 0 -> "{% set b = " + text(3) + " %}";
            case 1 -> "{% set c = " + list(3) + " %}";
            case 2 -> "{% set ns.v = " + list(3) + " %}";
            case 3 -> "{% set ns.w = " + text(3) + " %}";
            default -> "{% set " + one(NAMES) + " = " + expression(3) + " %}";
          };
      case 9 -> "{% set _ = " + either("c", "ns.v") + ".append(" + expression(1) + ") %}";
      case 10 -> random.nextInt(4) == 0 ? one(FRAGMENTS) : "{{ " + list(depth) + " }}";
      default -> "{{ " + expression(depth) + " }}";
    };
  }

  /** Mostly of a type that fits; otherwise of none. */
  private String expression(int depth) {
    return switch (random.nextInt(10)) {
      case 0 -> chaos(depth);
      case 1, 2, 3 -> text(depth);
      case 4, 5 -> number(depth);
      case 6, 7, 8 -> list(depth);
      default -> "{'a': " + expression(Math.max(0, depth - 1)) + ", " + text(0) + ": " + number(0) + "}";
    };
  }

  private String text(int depth) {
    if (depth <= 0) {
      return one(List.of("'a'", "b", "'ab\n<x>'", "ns.w", "messages[0].content|string", "messages[0].role", "''"));
    }
    String inner = text(depth - 1);
    return switch (random.nextInt(12)) {
      case 0 ->
          inner
              + "|"
              + one(List.of("upper", "lower", "trim", "title", "capitalize", "string", "safe", "tojson", "indent(2)"));
      case 1 -> "(" + inner + " ~ " + expression(depth - 1) + "|string)";
      case 2 -> "(" + inner + " + " + text(depth - 1) + ")";
      case 3 -> "(" + inner + " * " + small() + ")";
      case 4 -> list(depth - 1) + "|string";
      case 5 -> "(" + list(depth - 1) + ")|tojson";
      case 6 -> "(" + inner + ").replace(" + text(0) + ", " + text(depth - 1) + ")";
      case 7 -> "(" + inner + ")[" + small() + ":]";
      case 8 -> "'{}-{}'.format(" + inner + ", " + expression(depth - 1) + ")";
      case 9 -> "(" + inner + ").split('a')|join(" + text(0) + ")";
      case 10 -> either("f", "g") + "(" + inner + ")";
      default -> "(" + inner + " if " + number(0) + " else " + text(depth - 1) + ")";
    };
  }

  private String number(int depth) {
    if (depth <= 0) {
      return random.nextInt(8) == 0 ? one(NUMBERS) : either("a", small());
    }
    return switch (random.nextInt(4)) {
      case 0 -> "(" + list(depth - 1) + ")|length";
      case 1 -> "(" + text(depth - 1) + ")|length";
      case 2 ->
          "(" + number(depth - 1) + " " + one(List.of("+", "-", "*", "%", "/")) + " " + number(depth - 1) + ")|int";
      default -> "(" + number(depth - 1) + " " + one(List.of("<", "==", "!=")) + " " + number(depth - 1) + ")|int";
    };
  }

  private String list(int depth) {
    if (depth <= 0) {
      return one(List.of("c", "messages", "[]", "[1, 2]", "range(" + small() + ")", "ns.v", "tools|default([])"));
    }
    String inner = "(" + list(depth - 1) + ")";
    return switch (random.nextInt(9)) {
      case 0 -> "[" + expression(depth - 1) + ", " + expression(depth - 1) + "]";
      case 1 -> "(" + inner + " + " + list(depth - 1) + ")";
      case 2 -> inner + "|" + one(List.of("list", "reverse|list", "sort", "map(attribute='role')|list"));
      case 3 -> inner + "[" + small() + ":" + small() + "]";
      case 4 -> inner + "[::" + either("-1", small()) + "]";
      case 5 -> "(" + text(depth - 1) + ").split(" + either("'a'", "' '") + ")";
      case 6 -> inner + ".append(" + expression(depth - 1) + ")";
      case 7 -> "{'a': " + inner + "}" + one(List.of(".items()", ".values()", ".keys()", "|dictsort|list"));
      default -> "range(" + number(0) + ")";
    };
  }

  private String small() {
    return Integer.toString(random.nextInt(random.nextInt(4) == 0 ? 10_000 : 6));
  }

  private String chaos(int depth) {
    if (depth <= 0) {
      return switch (random.nextInt(4)) {
        case 0 -> one(NUMBERS);
        case 1 -> either("'a'", "'{}{}'");
        default -> one(NAMES);
      };
    }
    String inner = expression(depth - 1);
    return switch (random.nextInt(13)) {
      case 0 -> inner + "|" + one(FILTERS);
      case 1 -> "(" + inner + ")|" + one(FILTERS) + "|" + one(FILTERS);
      case 2 -> inner + " is " + one(TESTS);
      case 3 -> "(" + inner + ")." + one(METHODS);
      case 4 -> "(" + inner + ")" + one(OPERATORS) + "(" + expression(depth - 1) + ")";
      case 5 -> inner + one(OPERATORS) + expression(depth - 1);
      case 6 -> "[" + inner + ", " + expression(depth - 1) + "]";
      case 7 -> "{" + expression(0) + ": " + inner + "}";
      case 8 -> "(" + inner + ")[" + expression(0) + "]";
      case 9 -> "(" + inner + ")[" + one(NUMBERS) + ":" + expression(0) + ":" + one(NUMBERS) + "]";
      case 10 -> "(" + inner + " if " + expression(0) + " else " + expression(depth - 1) + ")";
      case 11 -> either("f", "g") + "(" + inner + ")";
      default -> either("not ", "-") + inner;
    };
  }

  private String either(String one, String other) {
    return random.nextBoolean() ? one : other;
  }

  private <T> T one(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
