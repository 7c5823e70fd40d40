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
 * <p>Records are made by their canonical constructors. On the class path every record will do. In a named module a record needs one
 * of: to be public in an exported package; a package that is open to {@code io.panallama}; or a {@link MethodHandles.Lookup} from
 * its module, {@code AnswerType.of(Invoice.class, MethodHandles.lookup())}.
 *
 * <p>Immutable and thread-safe. Making one takes some reflection, so keep it where the same type is asked for often.
 *
 * @param <T> what the answer becomes
 */
public final class AnswerType<T> {
  /**
   * The most tokens of an answer whose request sets no limit: a model that finds no end must not fill the context. Some 700 words of
   * English.
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
   * The answer as one value of a class: a record, a sealed interface, an enum, or any of the types of the {@linkplain
   * io.panallama.typed package's table}.
   *
   * @throws UnsupportedTypeException if no grammar can be made for the type, or a record can't be reached
   */
  public static <T> AnswerType<T> of(Class<T> type) {
    return make(type, null);
  }

  /**
   * A type of classes that only the owner of the lookup can reach.
   *
   * @param lookup {@link MethodHandles#lookup()}, called in the module of the records
   * @throws UnsupportedTypeException if no grammar can be made for the type, or a record can't be reached
   */
  public static <T> AnswerType<T> of(Class<T> type, MethodHandles.Lookup lookup) {
    return make(type, lookup);
  }

  /**
   * The answer as a list of such values.
   *
   * @throws UnsupportedTypeException if no grammar can be made for the type, or a record can't be reached
   */
  public static <T> AnswerType<List<T>> listOf(Class<T> element) {
    return listOf(of(element));
  }

  /** The answer as a list of such values. */
  public static <T> AnswerType<List<T>> listOf(AnswerType<T> element) {
    return new AnswerType<>(Shapes.listOf(element.shape), element.shown);
  }

  /**
   * Whether the shape of the answer is put at the end of the last message, if that is the user's, so that the model knows names and
   * descriptions before it writes; descriptions reach it no other way. True by default. It is JSON with a place holder for each value:
   * {@code {"name": <text>, "age": <whole number>}}. The grammar holds the answer to the type either way.
   */
  public AnswerType<T> withShapeInPrompt(boolean inPrompt) {
    return new AnswerType<>(shape, inPrompt);
  }

  /** The JSON schema. */
  public String schema() {
    return schema.toString();
  }

  /** The schema as what {@link GenerationOptions.Builder#format} takes: a strict one. */
  public ResponseFormat format() {
    return new ResponseFormat.JsonSchema(schema());
  }

  /**
   * The conversation, to be answered in this type, and in {@link #MAX_TOKENS} tokens unless the request has a limit.
   *
   * @throws InvalidRequestException if the request has a response format or tools of its own
   */
  public ChatRequest applyTo(ChatRequest request) {
    if (!(request.options().format() instanceof ResponseFormat.Text)) {
      throw new InvalidRequestException(
          "format", name("format") + " is given by the type of the answer; leave it out.");
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
   * The value of an answer.
   *
   * @throws AnswerException if the answer was cut off, is not of the type, or a constructor refused it
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
   * What a beginning of an answer says so far, as a whole value.
   *
   * <p>Taken as they are: strings up to where they end, lists, sets, arrays and maps with the elements that are there, the last of
   * them as far as it came. Left out until they are complete: numbers, booleans, constants, dates and strings with {@link
   * Matches}. What has not begun is the empty string, the empty list or the empty optional; where a type has nothing like that, as
   * {@code int} has not, there is no value of its record yet. So the value may be shorter than {@link Size} and {@link Length} say,
   * and a constructor that refuses it means that there is none.
   *
   * @param json a beginning of JSON of this type; may be empty
   * @return empty as long as there is no value
   */
  public Optional<T> readSoFar(String json) {
    JsonNode node = PartialJson.read(json);
    Object value = node == null ? null : shape.soFar(node);
    return value == null ? Optional.empty() : Optional.of(cast(value));
  }

  /** The shape was made from the class that T stands for. */
  @SuppressWarnings("unchecked")
  private T cast(Object value) {
    return (T) value;
  }

  @Override
  public String toString() {
    return "AnswerType[" + shape + "]";
  }
}
