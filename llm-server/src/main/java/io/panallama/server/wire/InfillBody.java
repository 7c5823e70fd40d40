package io.panallama.server.wire;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.request.GenerationOptions;
import io.panallama.request.InfillRequest;
import io.panallama.server.ServedModel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the body of {@code POST /infill}, llama-server's route for filling gaps. */
public final class InfillBody {
  /** llama-server's fields that would change the answer and that this version can't carry out. */
  private static final List<String> UNSUPPORTED =
      List.of("n_indent", "n_probs", "t_max_predict_ms", "return_tokens", "top_logprobs", "stream_options");

  /** llama-server's word for no limit. */
  private static final int NO_LIMIT = -1;

  private InfillBody() {}

  /**
   * @see ApiRequest.Parser#parse
   */
  public static ApiRequest parse(JsonFields body, ServedModel model) {
    String prompt = body.string("prompt");
    Integer window = body.integer("window");
    Integer limit = limit(body);
    InfillRequest gap =
        InfillRequest.of(required(body, "input_prefix"), required(body, "input_suffix"))
            .withPrompt(prompt == null ? "" : prompt)
            .withExtra(extra(body))
            .withWindow(window == null ? InfillRequest.DEFAULT_WINDOW : window)
            .withSuffixFirst(body.bool("spm_infill"));
    for (String name : UNSUPPORTED) {
      ChatBody.refuse(body, name);
    }
    // Where the work is done changes nothing about the answer.
    body.accept("id_slot");
    ApiRequest request =
        CommonFields.finish(body, model, options -> gap.with(limit == null ? options : options.withMaxTokens(limit)));
    if (request.choices() != 1) {
      throw ApiException.invalid("n", "n is " + request.choices() + "; an infill has one choice.");
    }
    return request;
  }

  private static String required(JsonFields body, String name) {
    String text = body.string(name);
    if (text == null) {
      throw ApiException.invalid(name, name + " is missing.");
    }
    return text;
  }

  private static @Nullable Integer limit(JsonFields body) {
    Integer limit = body.integer("n_predict");
    if (limit == null) {
      return null;
    }
    if (body.any("max_tokens") != null || body.any("max_completion_tokens") != null) {
      throw ApiException.invalid("n_predict", "n_predict and max_tokens are two names of one thing; give one of them.");
    }
    if (limit < 1 && limit != NO_LIMIT) {
      throw ApiException.invalid(
          "n_predict", "n_predict is " + limit + "; it must be at least 1, or -1 for no limit but the context.");
    }
    return limit == NO_LIMIT ? GenerationOptions.UNLIMITED : limit;
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
      JsonFields file = ChatMessages.element(array, i, "input_extra");
      String name = file.string("filename");
      String text = file.string("text");
      if (text == null) {
        throw ApiException.invalid(file.path("text"), file.path("text") + " is missing.");
      }
      // llama.vim sends when it took the text.
      file.accept("time");
      file.refuseUnknown();
      files.add(new InfillRequest.File(name == null ? "" : name, text));
    }
    return files;
  }
}
