package io.panallama.typed;

import static io.panallama.error.InvalidRequestException.name;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.UnsupportedTypeException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.internal.types.Definitions;
import io.panallama.internal.types.Json;
import io.panallama.internal.types.MismatchException;
import io.panallama.internal.types.Outline;
import io.panallama.internal.types.PartialJson;
import io.panallama.internal.types.RefusedException;
import io.panallama.internal.types.Shape;
import io.panallama.internal.types.Shapes;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.typed.annotation.Length;
import io.panallama.typed.annotation.Matches;
import io.panallama.typed.annotation.Size;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The type of an answer: a Java type with its JSON schema and its reader.
 *
 * <p>Records are created by their canonical constructors. On the class path any record will do. In a named module a
 * record must meet one of these conditions: it is public in an exported package; its package is open to
 * {@code io.panallama}; or its module supplies a {@link MethodHandles.Lookup}, as in {@code
 * AnswerType.of(Invoice.class, MethodHandles.lookup())}.
 *
 * <p>Immutable and thread-safe. Creating one takes some reflection, so keep it if you often ask for the same type.
 *
 * @param <T> the type of the answer's value
 */
public final class AnswerType<T> {
  /**
   * The maximum number of tokens of an answer whose request sets no limit, so that a model that finds no end does not
   * fill the context. About 700 words of English.
   */
  public static final int MAX_TOKENS = 1024;

  private static final String INSTRUCTION = "\n\nAnswer in JSON:\n";

  private final Shape shape;
  private final ObjectNode schema;
  private final boolean shown;

  private AnswerType(Shape shape, boolean shown) {
    this.shape = shape;
    this.schema = Definitions.schema(shape, new Definitions.Names());
    this.shown = shown;
  }

  private static <T> AnswerType<T> make(Class<T> type, MethodHandles.@Nullable Lookup lookup) {
    return new AnswerType<>(Shapes.ofType(type, lookup), true);
  }

  /**
   * The answer as one value of a class: a record, a sealed interface, an enum, or any other type in the
   * {@linkplain io.panallama.typed package's table}.
   *
   * @throws UnsupportedTypeException if no grammar can be built for the type, or a record is not accessible
   */
  public static <T> AnswerType<T> of(Class<T> type) {
    return make(type, null);
  }

  /**
   * A type whose classes only the owner of the lookup can access.
   *
   * @param lookup {@link MethodHandles#lookup()}, called in the module of the records
   * @throws UnsupportedTypeException if no grammar can be built for the type, or a record is not accessible
   */
  public static <T> AnswerType<T> of(Class<T> type, MethodHandles.Lookup lookup) {
    return make(type, lookup);
  }

  /**
   * The answer as a list of values of this class.
   *
   * @throws UnsupportedTypeException if no grammar can be built for the type, or a record is not accessible
   */
  public static <T> AnswerType<List<T>> listOf(Class<T> element) {
    return listOf(of(element));
  }

  /** The answer as a list of values of this type. */
  public static <T> AnswerType<List<T>> listOf(AnswerType<T> element) {
    return new AnswerType<>(Shapes.listOf(element.shape), element.shown);
  }

  /**
   * Sets whether the shape of the answer is appended to the last message, if that is the user's, so that the model
   * knows names and descriptions before it writes; it sees descriptions in no other way. True by default. The shape is
   * JSON with a placeholder for each value: {@code {"name": <text>, "age": <whole number>}}. The grammar enforces the
   * type in either case.
   */
  public AnswerType<T> withShapeInPrompt(boolean inPrompt) {
    return new AnswerType<>(shape, inPrompt);
  }

  /** The JSON schema. */
  public String schema() {
    return schema.toString();
  }

  /** The schema for {@link GenerationOptions.Builder#format}, as a strict one. */
  public ResponseFormat format() {
    return new ResponseFormat.JsonSchema(schema());
  }

  /**
   * The conversation, to be answered in this type, within {@link #MAX_TOKENS} tokens unless the request sets a limit.
   *
   * @throws InvalidRequestException if the request has a response format, or tools that may be called
   */
  public ChatRequest applyTo(ChatRequest request) {
    if (!(request.options().format() instanceof ResponseFormat.Text)) {
      throw new InvalidRequestException(
          "format", name("format") + " is given by the type of the answer; leave it out.");
    }
    if (request.tools().callable()) {
      throw new InvalidRequestException(
          "tools.list",
          name("tools.list")
              + " may be called in place of the answer, which would then not be of its type; leave them out or set "
              + name("tools.choice")
              + " to none.");
    }
    List<ChatMessage> messages = new ArrayList<>(request.messages());
    ChatMessage last = messages.getLast();
    if (shown && last.role() == Role.USER) {
      messages.set(
          messages.size() - 1,
          new ChatMessage(
              last.role(),
              last.content() + INSTRUCTION + Outline.of(schema),
              last.reasoning(),
              last.toolCalls(),
              last.toolCallId(),
              last.name()));
    }
    GenerationOptions options = request.options();
    int limit = options.maxTokens() == GenerationOptions.UNLIMITED ? MAX_TOKENS : options.maxTokens();
    return request.toBuilder()
        .messages(messages)
        .options(options.toBuilder().format(format()).maxTokens(limit).build())
        .build();
  }

  /**
   * Reads the value of an answer.
   *
   * @throws AnswerException if the answer was cut off, is not of the type, or a constructor rejected it
   */
  public T read(Completion answer) {
    if (answer.reason() != FinishReason.STOP) {
      throw new AnswerException(
          AnswerException.Reason.CUT_OFF,
          answer,
          "The answer ended by "
              + answer.reason()
              + " after "
              + answer.usage().completionTokens()
              + " tokens, before it was whole.",
          null);
    }
    try {
      return cast(shape.read(Json.parse(answer.text()), "$"));
    } catch (JsonProcessingException malformed) {
      throw new AnswerException(
          AnswerException.Reason.MISMATCH,
          answer,
          "The answer can't be read as JSON: " + malformed.getOriginalMessage() + ".",
          malformed);
    } catch (MismatchException mismatch) {
      throw new AnswerException(
          AnswerException.Reason.MISMATCH,
          answer,
          "The answer is not of the type: " + mismatch.getMessage() + ".",
          mismatch);
    } catch (RefusedException refused) {
      throw new AnswerException(
          AnswerException.Reason.REFUSED,
          answer,
          "The answer was refused: " + refused.getMessage() + ".",
          refused.getCause());
    }
  }

  /**
   * Reads the beginning of an answer as a value of the type.
   *
   * <p>Strings, lists, sets, arrays and maps are taken as far as they have arrived, including an incomplete last
   * element. Numbers, booleans, constants, dates and strings with {@link Matches} are left out until they are complete.
   * A component that has not begun is the empty string, the empty list or the empty optional; if its type has no such
   * value, as {@code int} has none, there is no value of its record yet. So the value may be shorter than {@link Size}
   * and {@link Length} require; if a constructor rejects it for that reason, there is no value.
   *
   * @param json the beginning of JSON of this type; may be empty
   * @return empty if there is no value yet
   */
  public Optional<T> readSoFar(String json) {
    JsonNode node = PartialJson.read(json);
    Object value = node == null ? null : shape.soFar(node);
    return value == null ? Optional.empty() : Optional.of(cast(value));
  }

  /** The shape was created from the class that T stands for. */
  @SuppressWarnings("unchecked")
  private T cast(Object value) {
    return (T) value;
  }

  @Override
  public String toString() {
    return "AnswerType[" + shape + "]";
  }
}
