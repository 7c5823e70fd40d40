package io.panallama.bindings;

import io.panallama.bindings.generated.LlamaCpp;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Compares the generated code with the pinned headers, by a C++ compiler. jextract itself is in no package registry that
 * the build may use, so {@code generate.sh --check} runs by hand only. What it would find in CI is found by this: one
 * {@code static_assert} for each function, callback type, struct, field and constant that is bound.
 */
final class HeaderCheck {
  private static final String PRELUDE =
      """
      #include "bindings.h"

      #include <cstddef>
      #include <cstdint>
      #include <string_view>
      #include <type_traits>

      struct V; struct Z; struct B; struct S; struct I; struct J; struct F; struct D; struct A;
      template <typename...> struct list;

      template <typename T> constexpr bool whole = (std::is_integral_v<T> || std::is_enum_v<T>) && !std::is_same_v<T, bool>;
      template <typename Tag, typename T> constexpr bool is = std::is_same_v<Tag, T>;
      template <typename T> constexpr bool is<V, T> = std::is_void_v<T>;
      template <typename T> constexpr bool is<Z, T> = std::is_same_v<T, bool>;
      template <typename T> constexpr bool is<B, T> = whole<T> && sizeof(T) == 1;
      template <typename T> constexpr bool is<S, T> = whole<T> && sizeof(T) == 2;
      template <typename T> constexpr bool is<I, T> = whole<T> && sizeof(T) == 4;
      template <typename T> constexpr bool is<J, T> = whole<T> && sizeof(T) == 8;
      template <typename T> constexpr bool is<F, T> = std::is_same_v<T, float>;
      template <typename T> constexpr bool is<D, T> = std::is_same_v<T, double>;
      template <typename T> constexpr bool is<A, T> = std::is_pointer_v<T>;

      template <typename Function, typename Return, typename List> struct same : std::false_type {};
      template <typename R, typename... P, typename Return, typename... Tags>
      struct same<R(P...), Return, list<Tags...>> {
        static constexpr bool parameters() {
          if constexpr (sizeof...(P) == sizeof...(Tags)) {
            return (is<Tags, P> && ...);
          } else {
            return false;
          }
        }
        static constexpr bool value = is<Return, R> && parameters();
      };

      """;

  private final List<String> lines = new ArrayList<>();

  /** Everything that is bound. The libraries are loaded, since a descriptor comes with the address of its function. */
  static HeaderCheck ofGeneratedCode() throws ReflectiveOperationException {
    HeaderCheck check = new HeaderCheck();
    IncludeList includes = IncludeList.read();
    for (String name : includes.functions()) {
      check.function(name, (FunctionDescriptor) LlamaCpp.class.getMethod(name + "$descriptor").invoke(null));
    }
    for (String name : includes.typedefs()) {
      Optional<FunctionDescriptor> type = callback(name);
      if (type.isPresent()) {
        check.functionType(name, "std::remove_pointer_t<" + name + ">", type.get());
      }
    }
    StructLayouts.generated().values().forEach(check::struct);
    for (String name : includes.constants()) {
      check.constant(name, LlamaCpp.class.getMethod(name).invoke(null));
    }
    return check;
  }

  /** The bound functions of the generated code, and its constants: what it has of its own, not what the list says. */
  static Set<String> generatedFunctions() {
    return methods()
        .map(Method::getName)
        .filter(name -> name.endsWith("$descriptor"))
        .map(name -> name.substring(0, name.length() - "$descriptor".length()))
        .collect(Collectors.toSet());
  }

  static Set<String> generatedConstants() {
    Set<String> functions = generatedFunctions();
    return methods()
        .filter(method -> method.getParameterCount() == 0)
        .map(Method::getName)
        .filter(name -> name.indexOf('$') < 0 && !functions.contains(name))
        .collect(Collectors.toSet());
  }

  private static Stream<Method> methods() {
    return Stream.of(LlamaCpp.class.getMethods()).filter(method -> method.getDeclaringClass() != Object.class);
  }

  HeaderCheck function(String name, FunctionDescriptor type) {
    return functionType(name, "decltype(" + name + ")", type);
  }

  private HeaderCheck functionType(String name, String cType, FunctionDescriptor type) {
    String result = type.returnLayout().map(HeaderCheck::tag).orElse("V");
    String parameters = type.argumentLayouts().stream().map(HeaderCheck::tag).collect(Collectors.joining(", "));
    return expect("same<%s, %s, list<%s>>::value".formatted(cType, result, parameters), name);
  }

  /** Size, and for each field the offset, the size and the type; and that the header has no other field. */
  HeaderCheck struct(GroupLayout layout) {
    String name = layout.name().orElseThrow();
    expect("sizeof(struct %s) == %d".formatted(name, layout.byteSize()), name);
    for (StructLayouts.Row row : StructLayouts.fields(layout).values()) {
      if (!row.field().isEmpty()) {
        String field = "std::declval<struct %s &>().%s".formatted(name, row.field());
        String what = name + "." + row.field();
        expect("offsetof(struct %s, %s) == %d".formatted(name, row.field(), row.offset()), what);
        expect("sizeof(%s) == %d".formatted(field, row.size()), what);
      }
    }
    List<MemoryLayout> members = layout.memberLayouts().stream().filter(member -> member.name().isPresent()).toList();
    for (MemoryLayout member : members) {
      if (member instanceof ValueLayout value) {
        String field =
            "decltype(%s::%s)".formatted("std::remove_reference_t<struct " + name + ">", value.name().orElseThrow());
        expect("is<%s, %s>".formatted(tag(value), field), name + "." + value.name().orElseThrow());
      }
    }
    boolean named = members.stream().noneMatch(member -> member.name().orElseThrow().startsWith("$anon$"));
    if (named) {
      String bound = IntStream.range(0, members.size()).mapToObj(i -> "m" + i).collect(Collectors.joining(", "));
      lines.add(
          "inline void members_of(struct %s & %s_members) { auto & [%s] = %2$s_members; }"
              .formatted(name, name, bound));
    }
    return this;
  }

  HeaderCheck constant(String name, Object value) {
    return switch (value) {
      case Integer number -> expect("static_cast<int32_t>(%s) == INT32_C(%d)".formatted(name, number), name);
      case Long number -> expect("static_cast<int64_t>(%s) == INT64_C(%d)".formatted(name, number), name);
      case MemorySegment text -> expect("std::string_view(%s) == \"%s\"".formatted(name, text.getString(0)), name);
      default -> throw new IllegalArgumentException(name + " is a " + value.getClass());
    };
  }

  private HeaderCheck expect(String condition, String name) {
    lines.add("static_assert(%s, \"%s differs\");".formatted(condition, name));
    return this;
  }

  /** What the compiler says against it; empty if everything agrees. */
  String errors(Path folder) throws IOException, InterruptedException {
    Path source = folder.resolve("check.cpp");
    Files.writeString(source, PRELUDE + String.join("\n", lines) + "\n");
    List<String> command =
        List.of(
            compiler(),
            "-std=c++17",
            "-fsyntax-only",
            "-w",
            "-I" + Path.of("jextract").toAbsolutePath(),
            "-I" + System.getProperty("panallama.test.headers"),
            source.toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    return process.waitFor() == 0 ? "" : output;
  }

  /** The compiler that has just built the bridge. */
  private static String compiler() {
    String chosen = System.getenv("CXX");
    if (chosen != null && !chosen.isBlank()) {
      return chosen.strip();
    }
    String path = String.valueOf(System.getenv("PATH"));
    return Stream.of("c++", "g++", "clang++")
        .filter(name -> Stream.of(path.split(":")).anyMatch(folder -> Files.isExecutable(Path.of(folder, name))))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("there is no C++ compiler on the PATH"));
  }

  private static Optional<FunctionDescriptor> callback(String name) throws ReflectiveOperationException {
    try {
      Class<?> type = Class.forName(LlamaCpp.class.getPackageName() + "." + name);
      return Optional.of((FunctionDescriptor) type.getMethod("descriptor").invoke(null));
    } catch (ClassNotFoundException e) {
      // A typedef of a number or of a pointer has no class.
      return Optional.empty();
    }
  }

  private static String tag(MemoryLayout layout) {
    return switch (layout) {
      case GroupLayout group -> "struct " + group.name().orElseThrow();
      case AddressLayout _ -> "A";
      case ValueLayout.OfBoolean _ -> "Z";
      case ValueLayout.OfByte _ -> "B";
      case ValueLayout.OfShort _ -> "S";
      case ValueLayout.OfInt _ -> "I";
      case ValueLayout.OfLong _ -> "J";
      case ValueLayout.OfFloat _ -> "F";
      case ValueLayout.OfDouble _ -> "D";
      case SequenceLayout array -> throw new IllegalArgumentException("an array is not passed: " + array);
      default -> throw new IllegalArgumentException("no C type is known for " + layout);
    };
  }
}
