package io.panallama.server.dialect.openai;

import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;

/** The prompt of a completion as text, for {@code echo}. */
final class Echo {
  private Echo() {}

  /**
   * @param bytes the bytes of a token
   */
  static String of(GenerationRequest request, IntFunction<byte[]> bytes) {
    return switch (request) {
      case InfillRequest infill -> infill.prefix();
      case CompletionRequest completion ->
          switch (completion.prompt()) {
            case Prompt.Text text -> text.text();
            case Prompt.Tokens tokens -> text(tokens.tokens(), bytes);
          };
      default -> throw new IllegalArgumentException("A conversation is not repeated.");
    };
  }

  private static String text(int[] tokens, IntFunction<byte[]> bytes) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int token : tokens) {
      all.writeBytes(bytes.apply(token));
    }
    return all.toString(StandardCharsets.UTF_8);
  }
}
