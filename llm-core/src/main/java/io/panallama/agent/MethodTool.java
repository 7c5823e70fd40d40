package io.panallama.agent;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.panallama.internal.types.Access;
import io.panallama.internal.types.Definitions;
import io.panallama.internal.types.Json;
import io.panallama.internal.types.MismatchException;
import io.panallama.internal.types.Place;
import io.panallama.internal.types.RefusedException;
import io.panallama.internal.types.Shape;
import io.panallama.internal.types.Shapes;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import org.jspecify.annotations.Nullable;

/**
 * A tool that calls a Java method.
 *
 * @param handle takes the arguments as an array of objects
 * @param result null if the method returns a text or nothing
 */
record MethodTool(Shape parameters, MethodHandle handle, @Nullable Shape result) implements ToolAction {
  private static final String NOTHING = "Done.";

  static MethodTool of(Method method, Object target, MethodHandles.@Nullable Lookup lookup, Place place) {
    MethodHandle handle = Access.method(method, lookup, place);
    if (!Modifier.isStatic(method.getModifiers())) {
      handle = handle.bindTo(target);
    }
    Class<?> type = method.getReturnType();
    boolean plain = type == void.class || type == Void.class || CharSequence.class.isAssignableFrom(type);
    return new MethodTool(
        Shapes.ofParameters(method, lookup, place),
        handle
            .asFixedArity()
            .asSpreader(Object[].class, method.getParameterCount())
            .asType(MethodType.methodType(Object.class, Object[].class)),
        plain
            ? null
            : Shapes.ofResult(method.getAnnotatedReturnType(), lookup, new Place("result of " + place.words())));
  }

  String schema(Definitions.Names names) {
    return Definitions.schema(parameters, names).toString();
  }

  @Override
  public ToolOutcome call(String arguments) throws Exception {
    Object[] values;
    try {
      // Models that call a tool without parameters may leave the object out.
      values = (Object[]) parameters.read(Json.parse(arguments.isBlank() ? "{}" : arguments), "arguments");
    } catch (JsonProcessingException malformed) {
      return invalid("the arguments are not JSON: " + malformed.getOriginalMessage(), malformed);
    } catch (MismatchException mismatch) {
      return invalid(ToolAction.message(mismatch), mismatch);
    } catch (RefusedException refused) {
      Exception cause = refused.getCause() instanceof Exception thrown ? thrown : refused;
      return invalid(ToolAction.message(cause), cause);
    }
    return new ToolOutcome.Result(text(invoke(values)));
  }

  private static ToolOutcome invalid(String what, Exception cause) {
    return ToolAction.failure(ToolOutcome.Kind.INVALID_ARGUMENTS, what, cause);
  }

  private @Nullable Object invoke(Object[] values) throws Exception {
    try {
      return (Object) handle.invokeExact(values);
    } catch (Exception | Error thrown) {
      throw thrown;
    } catch (Throwable other) {
      throw new IllegalStateException(other);
    }
  }

  private String text(@Nullable Object value) {
    if (value == null) {
      return result == null ? NOTHING : "null";
    }
    return result == null ? value.toString() : result.write(value).toString();
  }
}
