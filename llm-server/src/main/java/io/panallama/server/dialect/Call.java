package io.panallama.server.dialect;

import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Generation;
import io.panallama.request.GenerationRequest;
import io.panallama.server.registry.Lease;
import io.panallama.server.registry.ServedModel;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A request for generations, parsed as far as possible without the model.
 *
 * @param model the name of the model to use; null for the default one
 * @param stream whether the events are to be sent as they come
 * @param choices how many answers to give to each request
 * @param requests make the core's requests once the model is known, at least one; the answer's choices are those of the first, then
 *     those of the second, and so on
 * @param around wraps each generation before it is read, for limits that the engine doesn't know
 * @param writer makes the writer of the answer once the engine has taken the requests
 * @param names what the body calls some of the core's values, by the core's names; the dialect has names for the rest
 * @param resumable whether the client of a stream asks in the body to be able to come back to it
 * @param detached answers at once, with a generation of its own that does not end with the connection; null to generate for
 *     the client that waits
 */
public record Call(
    @Nullable String model,
    boolean stream,
    int choices,
    List<RequestFactory> requests,
    UnaryOperator<Generation> around,
    WriterFactory writer,
    Map<String, String> names,
    boolean resumable,
    Route.@Nullable Handler detached) {
  /** All components but the model and {@code detached} are required. */
  public Call {
    requests = List.copyOf(requests);
    names = Map.copyOf(names);
    Objects.requireNonNull(around, "around");
    Objects.requireNonNull(writer, "writer");
    if (requests.isEmpty()) {
      throw new IllegalArgumentException("requests is empty; a call needs at least one.");
    }
  }

  /** A call with one request that needs no tokens to be made. */
  public Call(
      @Nullable String model,
      boolean stream,
      int choices,
      Function<ServedModel, GenerationRequest> request,
      WriterFactory writer) {
    this(model, stream, choices, List.of(lease -> request.apply(lease.model())), writer);
  }

  /** A call whose client waits for the answer. */
  public Call(
      @Nullable String model, boolean stream, int choices, List<RequestFactory> requests, WriterFactory writer) {
    this(model, stream, choices, requests, UnaryOperator.identity(), writer, Map.of(), false, null);
  }

  /** The same call, answered at once by {@code handler}, which sees to the generation. */
  public Call detached(Route.Handler handler) {
    return new Call(model, stream, choices, requests, around, writer, names, resumable, handler);
  }

  /** The same call whose generations are read through {@code wrapper}. */
  public Call around(UnaryOperator<Generation> wrapper) {
    return new Call(model, stream, choices, requests, wrapper, writer, names, resumable, detached);
  }

  /** The same call whose errors have these names of the core's values. */
  public Call named(Map<String, String> wireNames) {
    return new Call(model, stream, choices, requests, around, writer, wireNames, resumable, detached);
  }

  /** The same call, whose client asks to be able to come back to its stream, or does not. */
  public Call resumable(boolean wanted) {
    return new Call(model, stream, choices, requests, around, writer, names, wanted, detached);
  }

  /** Makes the core's request. */
  @FunctionalInterface
  public interface RequestFactory {
    /**
     * The request for the model of a lease. Fields that the body leaves out take the model's defaults.
     *
     * @param lease the right to use the model, whose generator knows its tokens
     * @throws ApiException if the body contradicts itself under the model's defaults
     * @throws InvalidRequestException if the core refuses a value
     */
    GenerationRequest forModel(Lease lease);
  }

  /** Makes the writer of one answer. */
  @FunctionalInterface
  public interface WriterFactory {
    /**
     * The writer of the answer to {@code request}.
     *
     * @param request the first request; the engine has accepted all, so their token ids are in the vocabulary
     * @param model the id of the model that answers
     * @param tokenBytes gives the bytes of a token of the model
     */
    EventWriter open(GenerationRequest request, String model, IntFunction<byte[]> tokenBytes);
  }
}
