package io.panallama.server.dialect;

import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationRequest;
import io.panallama.server.registry.ServedModel;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A request for generations, parsed as far as possible without the model.
 *
 * @param model the name of the model to use; null for the default one
 * @param stream whether the events are to be sent as they come
 * @param choices how many answers to give
 * @param request makes the core's request once the model is known
 * @param writer makes the writer of the answer once the engine has taken the request
 * @param detached answers at once, with a generation of its own that does not end with the connection; null to generate for
 *     the client that waits
 */
public record Call(
    @Nullable String model,
    boolean stream,
    int choices,
    RequestFactory request,
    WriterFactory writer,
    Route.@Nullable Handler detached) {
  /** All components but the model and {@code detached} are required. */
  public Call {
    Objects.requireNonNull(request, "request");
    Objects.requireNonNull(writer, "writer");
  }

  /** A request whose client waits for the answer. */
  public Call(@Nullable String model, boolean stream, int choices, RequestFactory request, WriterFactory writer) {
    this(model, stream, choices, request, writer, null);
  }

  /** The same request, answered at once by {@code handler}, which sees to the generation. */
  public Call detached(Route.Handler handler) {
    return new Call(model, stream, choices, request, writer, handler);
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
