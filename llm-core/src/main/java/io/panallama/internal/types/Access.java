package io.panallama.internal.types;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/** Finds accessible handles for the constructors and methods of other modules. */
public final class Access {
  private Access() {}

  private interface Way {
    MethodHandle from(MethodHandles.Lookup lookup) throws IllegalAccessException;
  }

  /**
   * @param lookup a lookup with access to it; null if it must be public or open
   * @throws io.panallama.error.UnsupportedTypeException if it is not accessible; the message says what to do
   */
  static MethodHandle constructor(Constructor<?> constructor, MethodHandles.@Nullable Lookup lookup, Place place) {
    return way(
        constructor, constructor.getDeclaringClass(), from -> from.unreflectConstructor(constructor), lookup, place);
  }

  /**
   * @param lookup a lookup with access to it; null if it must be public or open
   * @throws io.panallama.error.UnsupportedTypeException if it is not accessible; the message says what to do
   */
  public static MethodHandle method(Method method, MethodHandles.@Nullable Lookup lookup, Place place) {
    return way(method, method.getDeclaringClass(), from -> from.unreflect(method), lookup, place);
  }

  private static MethodHandle way(
      AccessibleObject member, Class<?> owner, Way way, MethodHandles.@Nullable Lookup lookup, Place place) {
    if (lookup != null) {
      try {
        return way.from(MethodHandles.privateLookupIn(owner, lookup));
      } catch (IllegalAccessException elsewhere) {
        // The class belongs to another module; it may be accessible like any other.
      }
    }
    try {
      return way.from(MethodHandles.publicLookup());
    } catch (IllegalAccessException notPublic) {
      try {
        if (member.trySetAccessible()) {
          return way.from(MethodHandles.lookup());
        }
      } catch (IllegalAccessException closed) {
        notPublic.addSuppressed(closed);
      }
      throw place.unsupported(
          "can't be reached: "
              + owner.getName()
              + " of "
              + owner.getModule()
              + " is not public in an exported package, and its package is not open to "
              + Access.class.getModule()
              + ". Export or open the package, or pass MethodHandles.lookup() from that module.",
          notPublic);
    }
  }

  /** Calls an accessor of a record, which can only throw unchecked exceptions. */
  static @Nullable Object call(MethodHandle accessor, Object target) {
    try {
      return (Object) accessor.invoke(target);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
