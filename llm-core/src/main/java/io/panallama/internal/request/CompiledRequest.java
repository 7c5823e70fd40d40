package io.panallama.internal.request;

import io.panallama.internal.llama.AnswerConstraint;
import io.panallama.request.GenerationOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request in the form in which the engine runs it.
 *
 * @param prompt the tokens, at least one
 * @param stops the texts that end the answer: the request's own and those of the chat template
 * @param parser describes the parser of the answer; null if the answer's text is its content
 * @param singleCall whether the answer ends after its first tool call
 * @param forced whether the answer has to be a tool call or in a format
 */
@SuppressWarnings("ArrayRecordComponent") // internal, never compared
public record CompiledRequest(
    int[] prompt,
    GenerationOptions options,
    List<String> stops,
    AnswerConstraint constraint,
    @Nullable String parser,
    boolean singleCall,
    boolean forced) {
  /** The same request with other options, and its own copy of the prompt. */
  public CompiledRequest with(GenerationOptions newOptions) {
    return new CompiledRequest(prompt.clone(), newOptions, stops, constraint, parser, singleCall, forced);
  }
}
