package io.panallama.internal.llama;

import io.panallama.error.QuantizationException.Reason;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Extracts the facts that llama.cpp reports only as text, not by any call or status, in one place. The patterns match
 * v0.5.0; if a later version changes the text, the result is the general one (an unknown variant,
 * {@link Reason#FAILED}), and the tests that expect the specific one fail. In the bridge, {@code quantize.cpp} reads
 * the progress of a quantisation from the log in the same way.
 *
 * <p>Facts that can be known otherwise are not extracted here: an unknown architecture is rejected in Java before a
 * load.
 */
final class LlamaWords {
  /** {@code ggml-backend-reg.cpp}: "load_backend: loaded CPU backend from /path/libggml-cpu-zen4.so". */
  private static final Pattern CPU_LIBRARY = Pattern.compile("loaded CPU backend from .*ggml-cpu-([A-Za-z0-9_]+)\\.");

  /** {@code llama-quant.cpp}: "this quantization requires an imatrix!", "Missing importance matrix for tensor ...". */
  private static final Pattern IMPORTANCE_MATRIX = Pattern.compile("requires an imatrix|Missing importance matrix");

  /** {@code llama-quant.cpp}: "requantizing from type q4_K is disabled". */
  private static final Pattern REQUANTIZING = Pattern.compile("requantizing from type");

  /**
   * {@code llama-context.cpp}: "n_ctx_seq (8192) > n_ctx_train (1024) -- possible training context overflow". The engine limits
   * each sequence to the trained context; the cells of a unified cache are those of all sequences together.
   */
  private static final Pattern UNIFIED_CONTEXT = Pattern.compile("n_ctx_seq \\(\\d+\\) > n_ctx_train");

  private LlamaWords() {}

  /** Whether a warning does not apply to an engine, which rules out what it warns of. */
  static boolean isFalseAlarm(String line) {
    return UNIFIED_CONTEXT.matcher(line).find();
  }

  /** The CPU library that ggml has chosen, such as {@code "zen4"}, from the lines that it logged at that time. */
  static Optional<String> cpuVariant(List<String> lines) {
    return lines.stream().map(CPU_LIBRARY::matcher).filter(Matcher::find).map(matcher -> matcher.group(1)).findFirst();
  }

  /** Why a quantisation failed, from the text of the exception that {@code llama_model_quantize} caught. */
  static Reason quantizeFailure(String text) {
    if (IMPORTANCE_MATRIX.matcher(text).find()) {
      return Reason.IMPORTANCE_MATRIX_REQUIRED;
    }
    return REQUANTIZING.matcher(text).find() ? Reason.ALREADY_QUANTIZED : Reason.FAILED;
  }
}
