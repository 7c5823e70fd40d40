package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextGenerator;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.registry.ServedModel;
import java.util.ArrayList;
import java.util.List;

/**
 * The body of {@code POST /infill}, llama-server's route for filling gaps. Immutable.
 *
 * @param gap the request without its options
 */
record InfillBody(CompletionOptions options, InfillRequest gap) {
  /**
   * Reads a body.
   *
   * @throws ApiException if a field is wrong or not supported
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  static InfillBody read(JsonFields body) {
    String prompt = body.string("prompt");
    Integer window = body.integer("window", IntegerRange.atLeast(InfillRequest.SMALLEST_WINDOW));
    InfillRequest gap =
        InfillRequest.of(required(body, "input_prefix"), required(body, "input_suffix")).toBuilder()
            .prompt(prompt == null ? "" : prompt)
            .extra(extra(body))
            .window(window == null ? InfillRequest.DEFAULT_WINDOW : window)
            .suffixFirst(body.bool("spm_infill"))
            .build();
    return new InfillBody(CompletionOptions.read(body), gap);
  }

  /**
   * The request to this model.
   *
   * @throws InvalidRequestException if the core finds a value out of its range
   */
  GenerationRequest request(ServedModel model, TextGenerator generator) {
    return gap.with(options.options(model, generator));
  }

  private static String required(JsonFields body, String name) {
    String text = body.string(name);
    if (text == null) {
      throw ApiException.invalid(name, name + " is missing.");
    }
    return text;
  }

  private static List<InfillRequest.File> extra(JsonFields body) {
    JsonNode array = body.any("input_extra");
    if (array == null) {
      return List.of();
    }
    if (!array.isArray()) {
      throw JsonFields.wrongType("input_extra", array, "an array of objects with filename and text");
    }
    List<InfillRequest.File> files = new ArrayList<>();
    for (int i = 0; i < array.size(); i++) {
      JsonFields file = body.element(array, i, "input_extra");
      String name = file.string("filename");
      String text = file.string("text");
      if (text == null) {
        throw ApiException.invalid(file.path("text"), file.path("text") + " is missing.");
      }
      // llama.vim sends the time at which it took the text.
      file.accept("time");
      file.ignoreUnknown();
      files.add(new InfillRequest.File(name == null ? "" : name, text));
    }
    return files;
  }
}
