package io.panallama.jmh;

import io.panallama.Model;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** English text to tokens of the demo model and back. */
@State(Scope.Thread)
public class TokenizerBenchmark extends LauncherJvm {
  private static final String SENTENCE = "The quick brown fox jumps over the lazy dog, and then it rests for a while. ";

  /** Characters; all of them ASCII. */
  @Param({"16", "256", "4096"})
  public int characters;

  private Model model;
  private String text;
  private int[] tokens;

  @Setup
  public void load() {
    model = Model.load(Models.file(Models.DEMO));
    text = SENTENCE.repeat(characters / SENTENCE.length() + 1).substring(0, characters);
    tokens = model.tokenizer().tokenize(text, false, false);
    if (!model.tokenizer().detokenize(tokens).equals(text)) {
      throw new IllegalStateException("the text does not come back");
    }
  }

  @TearDown
  public void close() {
    model.close();
  }

  @Benchmark
  public int[] tokenize() {
    return model.tokenizer().tokenize(text, false, false);
  }

  @Benchmark
  public String detokenize() {
    return model.tokenizer().detokenize(tokens);
  }
}
