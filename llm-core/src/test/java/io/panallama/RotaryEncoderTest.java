package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Normalization;
import io.panallama.testkit.TinyBert;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vectors of an encoder with rotary positions (nomic-bert), computed a second time in Java. */
class RotaryEncoderTest {
  @TempDir private static Path folder;

  @Test
  void vectorsAreWhatTheModelGives() {
    TinyBert nomic = TinyBert.nomic(5);
    EmbeddingOptions raw = EmbeddingOptions.builder().normalization(Normalization.NONE).build();
    List<String> texts = List.of("the llama sings", "sings the llama", "a ".repeat(60), "");
    try (Embedder embedder = Embedder.load(nomic.write(folder.resolve("nomic.gguf")))) {
      List<Embedding> embeddings = embedder.embed(texts, raw);
      for (int i = 0; i < texts.size(); i++) {
        float[] vector = embeddings.get(i).vector();
        float[] expected = nomic.mean(embedder.model().tokenizer().tokenize(texts.get(i), true, false));
        for (int k = 0; k < expected.length; k++) {
          assertThat(vector[k]).as(texts.get(i)).isCloseTo(expected[k], within(5e-3f));
        }
      }
    }
  }
}
