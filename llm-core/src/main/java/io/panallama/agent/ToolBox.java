package io.panallama.agent;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.chat.Tools;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.types.Definitions;
import io.panallama.internal.types.Place;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tools with their actions. {@link Agent} uses one; in your own loop, put {@link #tools} into the request and execute the returned calls with {@link #call}.
 *
 * <p>Immutable, and thread-safe if the tools are. In a named module the methods must be public in an exported package, or the package must be open to {@code io.panallama}, or a {@link MethodHandles.Lookup} must be given.
 */
public final class ToolBox {
  private static final int LONGEST_LIST = 32;

  private final Map<String, Entry> entries;
  private final Tools tools;

  /** Shared with the boxes that are derived from this one. */
  private final Definitions.Names names;

  private record Entry(Tool tool, ToolAction action) {}

  private ToolBox(Map<String, Entry> entries, Definitions.Names names) {
    this.entries = entries;
    this.names = names;
    this.tools =
        Tools.builder().list(entries.values().stream().map(Entry::tool).toList()).choice(new ToolChoice.Auto()).build();
  }

  /**
   * A box of the methods of these objects that are annotated with {@link ToolMethod}, including those of superclasses, in the order of the objects and of the method names.
   *
   * @throws IllegalArgumentException if an object has no such method
   * @throws io.panallama.error.UnsupportedTypeException if a parameter or a result has an unsupported type, a parameter has no name, or a method is not accessible; the message says which
   * @throws InvalidRequestException if two tools have the same name, a name has characters that {@link Tool} does not allow, or there are too many
   */
  public static ToolBox of(Object... targets) {
    return of(null, List.of(targets));
  }

  /**
   * A box of methods that only the owner of the lookup can access.
   *
   * @param lookup {@link MethodHandles#lookup()}, called in the module of the objects
   * @throws IllegalArgumentException if an object has no such method
   * @throws io.panallama.error.UnsupportedTypeException as {@link #of(Object...)}
   * @throws InvalidRequestException as {@link #of(Object...)}
   */
  public static ToolBox of(MethodHandles.Lookup lookup, Object... targets) {
    return of(lookup, List.of(targets));
  }

  private static ToolBox of(MethodHandles.@Nullable Lookup lookup, List<Object> targets) {
    Definitions.Names names = new Definitions.Names();
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (Object target : targets) {
      Map<String, Method> methods = marked(target.getClass());
      if (methods.isEmpty()) {
        throw new IllegalArgumentException(target.getClass().getName() + " has no method with @ToolMethod.");
      }
      for (Method method : methods.values()) {
        ToolMethod annotation = method.getAnnotation(ToolMethod.class);
        String name = annotation.name().isEmpty() ? method.getName() : annotation.name();
        MethodTool action = MethodTool.of(method, target, lookup, place(method));
        put(entries, new Tool(name, annotation.value(), action.schema(names), true), action);
      }
    }
    return new ToolBox(entries, names);
  }

  private static Place place(Method method) {
    return new Place("tool method " + method.getDeclaringClass().getName() + "." + method.getName());
  }

  /** Sorted by name and parameters: the JDK returns methods in no fixed order, and a prompt that changes can't be reused. */
  private static Map<String, Method> marked(Class<?> type) {
    Map<String, Method> found = new TreeMap<>();
    for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
      for (Method method : owner.getDeclaredMethods()) {
        if (method.isAnnotationPresent(ToolMethod.class) && !method.isBridge()) {
          String parameters =
              Arrays.stream(method.getParameters())
                  .map(Parameter::getType)
                  .map(Class::getName)
                  .collect(Collectors.joining(","));
          found.putIfAbsent(method.getName() + "(" + parameters, method);
        }
      }
    }
    return found;
  }

  private static void put(Map<String, Entry> entries, Tool tool, ToolAction action) {
    if (entries.put(tool.name(), new Entry(tool, action)) != null) {
      throw new InvalidRequestException(
          "tools.list", name("tools.list") + " has two tools named \"" + tool.name() + "\".");
    }
  }

  /**
   * These tools and another one.
   *
   * @param tool its arguments are checked only by the model's grammar
   * @throws InvalidRequestException if a tool with this name already exists, or there are too many
   */
  public ToolBox with(Tool tool, ToolFunction function) {
    Map<String, Entry> more = new LinkedHashMap<>(entries);
    put(more, tool, arguments -> new ToolOutcome.Result(function.call(arguments)));
    return new ToolBox(more, names);
  }

  /** The tools for a request; the model decides whether to call any. */
  public Tools tools() {
    return tools;
  }

  /**
   * Executes a call on the calling thread. A failure is reported as an outcome; an {@link Error} of a tool is thrown. If a tool is interrupted, the thread's interrupt flag is set.
   *
   * @param call a call of an answer that ended with {@link io.panallama.generation.FinishReason#TOOL_CALLS}
   */
  public ToolOutcome call(ToolCall call) {
    Entry entry = entries.get(call.name());
    if (entry == null) {
      return ToolAction.failure(
          ToolOutcome.Kind.UNKNOWN_TOOL,
          "there is no tool named \"" + call.name() + "\"; there are " + known() + ".",
          null);
    }
    try {
      return entry.action().call(call.arguments());
    } catch (InterruptedException interrupt) {
      // The interrupt is meant for the calling thread, which must see it.
      Thread.currentThread().interrupt();
      return ToolAction.failure(ToolOutcome.Kind.EXCEPTION, ToolAction.message(interrupt), interrupt);
    } catch (Exception thrown) {
      return ToolAction.failure(ToolOutcome.Kind.EXCEPTION, ToolAction.message(thrown), thrown);
    }
  }

  private String known() {
    List<String> all = new ArrayList<>(entries.keySet());
    return all.size() <= LONGEST_LIST ? all.toString() : all.size() + " others";
  }
}
