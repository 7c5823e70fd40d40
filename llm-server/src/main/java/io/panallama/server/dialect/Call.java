package io.panallama.server.dialect;

import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationRequest;
import io.panallama.server.registry.ServedModel;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A request for generations, parsed as far as possible without the model; or one to such a route that asks for none.
 *
 * @param model the name of the model to use; null for the default one
 * @param stream whether the events are to be sent as they come
 * @param choices how many answers to give
 * @param request makes the core's request once the model is known
 * @param writer makes the writer of the answer once the engine has taken the request
 * @param instead makes the answer of a request that asks for no generation; null for any other request
 */
public record Call(
    @Nullable String model,
    boolean stream,
    int choices,
    RequestFactory request,
    WriterFactory writer,
    @Nullable AnswerFactory instead) {
  /** All components but the model and {@code instead} are required. */
  public Call {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(writer, "writer");
  }

  /** A request for generations. */
  public Call(@Nullable String model, boolean stream, int choices, RequestFactory request, WriterFactory writer) {
    this(model, stream, choices, request, writer, null);
  }

  /** A request for no generation. It is answered once the model can generate. */
  public static Call of(@Nullable String model, AnswerFactory answer) {
    Objects.requireNonNull(answer, "answer");
    return new Call(
        model,
        false,
        1,
        served -> {
          throw new IllegalStateException("Nothing is generated.");
        },
        (request, served, tokenBytes) -> {
          throw new IllegalStateException("Nothing is generated.");
        },
        answer);
  }

  /** Makes the answer of a request that asks for no generation. */
  @FunctionalInterface
  public interface AnswerFactory {
    /** The answer for this model. */
    Answer forModel(ServedModel model);
  }

  /** Makes the core's request. */
  @FunctionalInterface
  public interface RequestFactory {
    /**
     * The request for this model. Fields that the body leaves out take the model's defaults.
     *
     * @throws ApiException if the body contradicts itself under the model's defaults
     * @throws InvalidRequestException if the core refuses a value
     */
    GenerationRequest forModel(ServedModel model);
  }

  /** Makes the writer of one answer. */
  @FunctionalInterface
  public interface WriterFactory {
    /**
     * The writer of the answer to {@code request}.
     *
     * @param request a request that the engine has accepted, so its token ids are in the vocabulary
     * @param model the id of the model that answers
     * @param tokenBytes gives the bytes of a token of the model
     */
    EventWriter open(GenerationRequest request, String model, IntFunction<byte[]> tokenBytes);
  }
}
