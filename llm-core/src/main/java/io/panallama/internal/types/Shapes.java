package io.panallama.internal.types;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.internal.types.SequenceShape.Kind;
import io.panallama.typed.annotation.Description;
import io.panallama.typed.annotation.Discriminator;
import io.panallama.typed.annotation.Length;
import io.panallama.typed.annotation.Matches;
import io.panallama.typed.annotation.Name;
import io.panallama.typed.annotation.Range;
import io.panallama.typed.annotation.Size;
import java.lang.annotation.Annotation;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedWildcardType;
import java.lang.reflect.Constructor;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Creates shapes of Java types. One instance creates the shapes of one schema, so that a record that is used several times, or inside itself, is one shape.
 */
public final class Shapes {
  private static final String ALLOWED =
      " Allowed are records, sealed interfaces of records, enums, List, Collection, Set, arrays, Map<String, ...>,"
          + " String, boolean, byte, short, int, long, BigInteger, double, BigDecimal, LocalDate, LocalTime,"
          + " LocalDateTime, OffsetDateTime, Instant, UUID, and Optional of those as a component.";

  private static final Map<Class<?>, String> REASONS =
      Map.of(
          float.class,
          "is a float, whose range no grammar can enforce; use double.",
          Float.class,
          "is a Float, whose range no grammar can enforce; use Double.",
          char.class,
          "is a char, which can't hold every character of a text; use String with @Length(min = 1, max = 1).",
          Character.class,
          "is a Character, which can't hold every character of a text; use String with @Length(min = 1, max = 1).");

  private static final List<Class<? extends Annotation>> CONSTRAINTS =
      List.of(Range.class, Length.class, Matches.class, Size.class);

  private final MethodHandles.@Nullable Lookup lookup;
  private final Map<Class<?>, RecordShape> records = new HashMap<>();
  private final Map<Class<?>, UnionShape> unions = new HashMap<>();

  private Shapes(MethodHandles.@Nullable Lookup lookup) {
    this.lookup = lookup;
  }

  /**
   * The shape of a whole answer.
   *
   * @throws io.panallama.error.UnsupportedTypeException if the type has no shape
   */
  public static Shape ofType(Class<?> type, MethodHandles.@Nullable Lookup lookup) {
    Place place = new Place("type " + type.getName());
    return finite(new Shapes(lookup).ofClass(type, List.of(), Unannotated.of(type), place), place);
  }

  public static Shape listOf(Shape item) {
    return new SequenceShape(Kind.LIST, item, Object.class, null);
  }

  /**
   * The shape of a method's result.
   *
   * @throws io.panallama.error.UnsupportedTypeException if the type has no shape
   */
  public static Shape ofResult(AnnotatedType type, MethodHandles.@Nullable Lookup lookup, Place place) {
    return finite(new Shapes(lookup).component(type, place), place);
  }

  /**
   * The shape of a method's arguments: an object that is read into an array.
   *
   * @throws io.panallama.error.UnsupportedTypeException if a parameter has no name or a type without a shape
   */
  public static Shape ofParameters(Method method, MethodHandles.@Nullable Lookup lookup, Place place) {
    Shapes shapes = new Shapes(lookup);
    MethodHandle arguments =
        MethodHandles.identity(Object[].class).asType(MethodType.methodType(Object.class, Object[].class));
    RecordShape shape = new RecordShape(method.getDeclaringClass(), "", arguments);
    List<RecordShape.Component> components = new ArrayList<>();
    for (Parameter part : method.getParameters()) {
      Place here = new Place("parameter " + part.getName() + " of " + place.words());
      if (!part.isNamePresent() && !part.isAnnotationPresent(Name.class)) {
        throw here.unsupported("has no name at run time: compile with -parameters, or annotate it with @Name.");
      }
      components.add(
          new RecordShape.Component(
              name(part, part.getName(), here),
              description(part),
              finite(shapes.component(part.getAnnotatedType(), here), here),
              MethodHandles.identity(Object.class)));
    }
    requireDistinct(components.stream().map(RecordShape.Component::name).toList(), place);
    shape.complete(components);
    return shape;
  }

  private static Shape finite(Shape shape, Place place) {
    if (!shape.isFinite(new HashSet<>())) {
      throw place.unsupported(
          "is " + shape + ", which must contain itself and so never ends; make the component Optional or a List.");
    }
    return shape;
  }

  static JsonNode write(Shape shape, @Nullable Object value) {
    return value == null ? Json.NODES.nullNode() : shape.write(value);
  }

  /** The shape of a component or a parameter; only these may be optional. */
  private Shape component(AnnotatedType use, Place place) {
    Class<?> raw = raw(use.getType(), place);
    if (raw == Optional.class) {
      return new OptionalShape(raw, of(argument(use, 0, place), new Place("content of " + place.words())));
    } else if (raw == OptionalInt.class) {
      return new OptionalShape(raw, ofClass(int.class, List.of(), use, place));
    } else if (raw == OptionalLong.class) {
      return new OptionalShape(raw, ofClass(long.class, List.of(), use, place));
    } else if (raw == OptionalDouble.class) {
      return new OptionalShape(raw, ofClass(double.class, List.of(), use, place));
    }
    return of(use, place);
  }

  private Shape of(AnnotatedType given, Place place) {
    AnnotatedType use = given instanceof AnnotatedWildcardType wild ? wild.getAnnotatedUpperBounds()[0] : given;
    List<AnnotatedType> arguments =
        use instanceof AnnotatedParameterizedType generic
            ? Arrays.asList(generic.getAnnotatedActualTypeArguments())
            : List.of();
    return ofClass(raw(use.getType(), place), arguments, use, place);
  }

  private static AnnotatedType argument(AnnotatedType use, int index, Place place) {
    if (use instanceof AnnotatedParameterizedType generic) {
      return generic.getAnnotatedActualTypeArguments()[index];
    }
    throw place.unsupported("is a raw " + use.getType().getTypeName() + "; say of what.");
  }

  private static Class<?> raw(Type type, Place place) {
    return switch (type) {
      case Class<?> plain -> plain;
      case ParameterizedType generic -> (Class<?>) generic.getRawType();
      case GenericArrayType array -> raw(array.getGenericComponentType(), place).arrayType();
      default -> throw place.unsupported("is the type variable or wildcard " + type + "; a type of its own is needed.");
    };
  }

  private Shape ofClass(Class<?> type, List<AnnotatedType> arguments, AnnotatedType use, Place place) {
    Shape scalar = Scalars.of(type, use, place);
    Set<Class<? extends Annotation>> known = Set.of();
    Shape shape;
    if (scalar != null) {
      known = type == String.class ? Set.of(Length.class, Matches.class) : known;
      known = Scalars.isWhole(type) ? Set.of(Range.class) : known;
      shape = scalar;
    } else if (type.isArray() || isSequence(type)) {
      known = Set.of(Size.class);
      shape = sequence(type, use, place);
    } else if (type == Map.class) {
      shape = map(use, place);
    } else if (!arguments.isEmpty() || type.getTypeParameters().length > 0) {
      throw place.unsupported("is the generic " + type.getName() + ", which has no fixed schema." + ALLOWED);
    } else if (type.isEnum()) {
      shape = new EnumShape(type, place);
    } else if (type.isRecord()) {
      shape = ofRecord(type, place).used();
    } else if (type.isSealed()) {
      shape = union(type, place).used();
    } else {
      throw place.unsupported(REASONS.getOrDefault(type, "is " + type.getTypeName() + ".") + ALLOWED);
    }
    for (Class<? extends Annotation> constraint : CONSTRAINTS) {
      if (use.isAnnotationPresent(constraint) && !known.contains(constraint)) {
        throw place.unsupported(
            "has @" + constraint.getSimpleName() + ", which can't be enforced for " + type.getSimpleName() + ".");
      }
    }
    return shape;
  }

  private static boolean isSequence(Class<?> type) {
    return type == List.class || type == Collection.class || type == Set.class;
  }

  private Shape sequence(Class<?> type, AnnotatedType use, Place place) {
    Size size = use.getAnnotation(Size.class);
    if (size != null) {
      Scalars.requireCounts(size.min(), size.max(), "@Size", place);
      if (type == Set.class && size.min() > 1) {
        throw place.unsupported(
            "is a Set with @Size(min = " + size.min() + "); no grammar keeps elements apart. Use List.");
      }
    }
    if (type.isArray()) {
      AnnotatedType item =
          use instanceof AnnotatedArrayType array
              ? array.getAnnotatedGenericComponentType()
              : Unannotated.of(type.getComponentType());
      return new SequenceShape(Kind.ARRAY, of(item, place.elementOf()), type.getComponentType(), size);
    }
    Shape item = of(argument(use, 0, place), place.elementOf());
    return new SequenceShape(type == Set.class ? Kind.SET : Kind.LIST, item, Object.class, size);
  }

  private Shape map(AnnotatedType use, Place place) {
    if (argument(use, 0, place).getType() != String.class) {
      throw place.unsupported("is a Map whose keys are not String.");
    }
    return new MapShape(of(argument(use, 1, place), place.elementOf()));
  }

  private RecordShape ofRecord(Class<?> type, Place place) {
    RecordShape known = records.get(type);
    if (known != null) {
      return known;
    }
    RecordComponent[] parts = type.getRecordComponents();
    Class<?>[] types = Arrays.stream(parts).map(RecordComponent::getType).toArray(Class<?>[]::new);
    RecordShape shape = new RecordShape(type, description(type), constructor(type, types, place));
    records.put(type, shape);
    List<RecordShape.Component> components = new ArrayList<>();
    for (RecordComponent part : parts) {
      Place here = new Place("component " + part.getName() + " of record " + type.getName());
      components.add(
          new RecordShape.Component(
              name(part, part.getName(), here),
              description(part),
              component(part.getAnnotatedType(), here),
              Access.method(part.getAccessor(), lookup, here)));
    }
    requireDistinct(components.stream().map(RecordShape.Component::name).toList(), place);
    shape.complete(components);
    return shape;
  }

  static void requireDistinct(List<String> names, Place place) {
    if (Set.copyOf(names).size() < names.size()) {
      throw place.unsupported("has two properties of one name: " + names + ".");
    }
  }

  private MethodHandle constructor(Class<?> type, Class<?>[] types, Place place) {
    try {
      Constructor<?> canonical = type.getDeclaredConstructor(types);
      return Access.constructor(canonical, lookup, place)
          .asFixedArity()
          .asSpreader(Object[].class, types.length)
          .asType(MethodType.methodType(Object.class, Object[].class));
    } catch (NoSuchMethodException impossible) {
      throw new IllegalStateException(type + " has no canonical constructor", impossible);
    }
  }

  private UnionShape union(Class<?> type, Place place) {
    UnionShape known = unions.get(type);
    if (known != null) {
      return known;
    }
    Discriminator annotated = type.getAnnotation(Discriminator.class);
    String discriminator = annotated == null ? Discriminator.DEFAULT : annotated.value();
    UnionShape shape = new UnionShape(type, description(type), discriminator);
    unions.put(type, shape);
    Map<String, RecordShape> variants = new LinkedHashMap<>();
    for (Class<?> one : leaves(type, place)) {
      RecordShape variant = ofRecord(one, place);
      String name = name(one, one.getSimpleName(), place);
      if (variants.put(name, variant) != null) {
        throw place.unsupported("is " + type.getName() + ", which has two records named \"" + name + "\"; use @Name.");
      }
      boolean taken =
          Arrays.stream(one.getRecordComponents())
              .anyMatch(part -> name(part, part.getName(), place).equals(discriminator));
      if (taken) {
        throw place.unsupported(
            "is "
                + type.getName()
                + ", whose record "
                + one.getName()
                + " has a component \""
                + discriminator
                + "\", the property that tells the records apart; name another with @Discriminator.");
      }
    }
    shape.complete(variants);
    return shape;
  }

  /** The records of a sealed type and of the sealed types below it. */
  private static Set<Class<?>> leaves(Class<?> sealed, Place place) {
    Set<Class<?>> leaves = new LinkedHashSet<>();
    for (Class<?> one : sealed.getPermittedSubclasses()) {
      if (one.isSealed()) {
        leaves.addAll(leaves(one, place));
      } else if (one.isRecord() && one.getTypeParameters().length == 0) {
        leaves.add(one);
      } else {
        throw place.unsupported(
            "is the sealed "
                + sealed.getName()
                + ", which permits "
                + one.getName()
                + "; only records without type parameters may be below it.");
      }
    }
    return leaves;
  }

  static String description(AnnotatedElement element) {
    Description annotated = element.getAnnotation(Description.class);
    return annotated == null ? "" : annotated.value();
  }

  static String name(AnnotatedElement element, String otherwise, Place place) {
    Name annotated = element.getAnnotation(Name.class);
    if (annotated != null && annotated.value().isEmpty()) {
      throw place.unsupported("has an empty @Name.");
    }
    return annotated == null ? otherwise : annotated.value();
  }
}
