package io.panallama.jmh;

import io.panallama.demo.DemoModel;
import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;

/** The models that benchmarks run on: two with the same bytes everywhere, or any GGUF file. */
public final class Models {
  /** The embedded demo model: two million parameters, Q8_0, a vocabulary of 2,048. */
  public static final String DEMO = "demo";

  /** A llama of 6 layers, 384 wide, vocabulary 8,000: 17 million parameters of random weights, Q8_0. Never ends by itself. */
  public static final String GENERATED = "generated";

  private static final TinySpec SPEC =
      TinySpec.defaults()
          .withSize(6, 384, 6)
          .withFeedForward(1024)
          .withVocabulary(8_000)
          .withContextLength(4096)
          .withType(GgufType.Q8_0);

  private Models() {}

  /**
   * The file of a model; a generated one is deleted when the JVM ends.
   *
   * @param name {@link #DEMO}, {@link #GENERATED} or the path of a GGUF file
   * @throws IllegalArgumentException if it is none of these
   */
  public static Path file(String name) {
    return switch (name) {
      case DEMO -> DemoModel.extract();
      case GENERATED -> written(TinyModels.writer(SPEC));
      default -> existing(Path.of(name));
    };
  }

  private static Path existing(Path file) {
    if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
      throw new IllegalArgumentException(
          "The model is \"" + file + "\"; it must be " + DEMO + ", " + GENERATED + " or a GGUF file that can be read.");
    }
    return file;
  }

  /**
   * The file of a model with this many tokens and hardly any layers, deleted when the JVM ends. Unlike the models of
   * the test kit it suppresses no token, so that the sampler's logits are spread over all of them.
   */
  public static Path vocabularyFile(int tokens) {
    TinySpec spec = TinySpec.defaults().withSize(1, 32, 1).withVocabulary(tokens).withContextLength(512);
    GgufWriter writer = TinyModels.vocabularyWriter(spec);
    SplittableRandom random = new SplittableRandom(1);
    FloatSource weights =
        (_, target, count) -> {
          for (int i = 0; i < count; i++) {
            target[i] = (float) random.nextGaussian();
          }
        };
    long width = spec.width();
    long inner = spec.feedForward();
    for (String norm : List.of("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm")) {
      writer.tensor(norm + ".weight", GgufType.F32, List.of(width), FloatSource.constant(1));
    }
    for (String matrix : List.of("attn_q", "attn_k", "attn_v", "attn_output")) {
      writer.tensor("blk.0." + matrix + ".weight", GgufType.F16, List.of(width, width), weights);
    }
    writer.tensor("blk.0.ffn_gate.weight", GgufType.F16, List.of(width, inner), weights);
    writer.tensor("blk.0.ffn_up.weight", GgufType.F16, List.of(width, inner), weights);
    writer.tensor("blk.0.ffn_down.weight", GgufType.F16, List.of(inner, width), weights);
    writer.tensor("token_embd.weight", GgufType.F16, List.of(width, (long) tokens), weights);
    writer.tensor("output.weight", GgufType.F16, List.of(width, (long) tokens), weights);
    return written(writer);
  }

  private static Path written(GgufWriter writer) {
    try {
      Path file = Files.createTempFile("panallama-jmh", ".gguf");
      file.toFile().deleteOnExit();
      writer.write(file);
      return file;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
