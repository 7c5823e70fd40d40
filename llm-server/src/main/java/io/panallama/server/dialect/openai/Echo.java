package io.panallama.server.dialect.openai;

import io.panallama.server.dialect.fields.PromptFields;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;

/** The prompt of a completion as text, for {@code echo}. */
final class Echo {
  private Echo() {}

  /**
   * The text of a prompt.
   *
   * @param bytes the bytes of a token
   */
  static String of(PromptFields.Given prompt, IntFunction<byte[]> bytes) {
    return switch (prompt) {
      case PromptFields.Text text -> text.text();
      case PromptFields.Mixed mixed -> {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (PromptFields.Part part : mixed.parts()) {
          part.ids().forEach(token -> all.writeBytes(bytes.apply(token)));
          all.writeBytes(part.text().getBytes(StandardCharsets.UTF_8));
        }
        yield all.toString(StandardCharsets.UTF_8);
      }
    };
  }
}
