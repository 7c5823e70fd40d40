package io.panallama.internal.llama;

import io.panallama.error.QuantizationException.Reason;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What llama.cpp tells in words only, in one place: no call and no status has it. The words are those of v0.5.0; where a
 * later version chooses others the result is the general one (a variant that is not known, {@link Reason#FAILED}), and the
 * tests that expect the particular one fail. In the bridge, {@code quantize.cpp} reads the progress of a quantisation from
 * the log in the same way.
 *
 * <p>What can be known otherwise is not looked for here: an unknown architecture is refused in Java before a load.
 */
final class LlamaWords {
  /** {@code ggml-backend-reg.cpp}: "load_backend: loaded CPU backend from /path/libggml-cpu-zen4.so". */
  private static final Pattern CPU_LIBRARY = Pattern.compile("loaded CPU backend from .*ggml-cpu-([A-Za-z0-9_]+)\\.");

  /** {@code llama-quant.cpp}: "this quantization requires an imatrix!", "Missing importance matrix for tensor ...". */
  private static final Pattern IMPORTANCE_MATRIX = Pattern.compile("requires an imatrix|Missing importance matrix");

  /** {@code llama-quant.cpp}: "requantizing from type q4_K is disabled". */
  private static final Pattern REQUANTIZING = Pattern.compile("requantizing from type");

  private LlamaWords() {}

  /** Which of the libraries for the CPU ggml has chosen, such as {@code "zen4"}, by the lines that it logged then. */
  static Optional<String> cpuVariant(List<String> lines) {
    return lines.stream().map(CPU_LIBRARY::matcher).filter(Matcher::find).map(matcher -> matcher.group(1)).findFirst();
  }

  /** Why a quantisation failed, by the text of the exception that {@code llama_model_quantize} caught. */
  static Reason quantizeFailure(String text) {
    if (IMPORTANCE_MATRIX.matcher(text).find()) {
      return Reason.IMPORTANCE_MATRIX_REQUIRED;
    }
    return REQUANTIZING.matcher(text).find() ? Reason.ALREADY_QUANTIZED : Reason.FAILED;
  }
}
