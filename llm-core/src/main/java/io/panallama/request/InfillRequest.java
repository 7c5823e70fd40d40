package io.panallama.request;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.util.List;
import java.util.Objects;

/**
 * A gap in a text, such as the place of the cursor in a source file, to be filled by a model that was trained for that.
 *
 * <p>The model sees {@code [extra files] <prefix> prefix + prompt <suffix> suffix <middle>}, in the order and within the
 * limits of llama-server's {@code /infill}: of the {@link #window} three quarters go to the end of the prefix and one to
 * prompt and beginning of the suffix. What is farther from the gap than that is left out, and so is the beginning of the
 * extra files where the context would not hold them together with the window and twice {@code maxTokens}. The window itself is
 * at most three quarters of the context. The prompt is never cut.
 *
 * <p>Special tokens written in any of the texts are text.
 *
 * @param prefix what precedes the gap
 * @param suffix what follows it
 * @param prompt the beginning of what fills it, which the answer goes on from; may be empty
 * @param extra other files that help, the most useful one last
 * @param window tokens around the gap, at least 16
 * @param suffixFirst whether the suffix stands before the prefix, which some models want (llama-server's {@code
 *     --spm-infill})
 */
public record InfillRequest(
    String prefix,
    String suffix,
    String prompt,
    List<File> extra,
    int window,
    boolean suffixFirst,
    GenerationOptions options)
    implements GenerationRequest {
  /** The window unless another is asked for: llama-server's default of {@code n_batch}, which has this role there. */
  public static final int DEFAULT_WINDOW = 2048;

  private static final int SMALLEST_WINDOW = 16;

  /**
   * Another file of the same project, or a part of one.
   *
   * @param name may be empty
   */
  public record File(String name, String text) {
    public File {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(text, "text");
    }
  }

  /**
   * @throws InvalidRequestException if the window is too small
   */
  public InfillRequest {
    Objects.requireNonNull(prefix, "prefix");
    Objects.requireNonNull(suffix, "suffix");
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(options, "options");
    extra = List.copyOf(extra);
    Checks.inRange("window", window, SMALLEST_WINDOW, Integer.MAX_VALUE);
  }

  /** A gap with nothing else around it and default options. */
  public static InfillRequest of(String prefix, String suffix) {
    return new InfillRequest(prefix, suffix, "", List.of(), DEFAULT_WINDOW, false, GenerationOptions.defaults());
  }

  @Override
  public InfillRequest with(GenerationOptions newOptions) {
    return new InfillRequest(prefix, suffix, prompt, extra, window, suffixFirst, newOptions);
  }

  /** The same gap, with the beginning of what fills it. */
  public InfillRequest withPrompt(String newPrompt) {
    return new InfillRequest(prefix, suffix, newPrompt, extra, window, suffixFirst, options);
  }

  /** The same gap beside other files. */
  public InfillRequest withExtra(List<File> newExtra) {
    return new InfillRequest(prefix, suffix, prompt, newExtra, window, suffixFirst, options);
  }

  public InfillRequest withWindow(int newWindow) {
    return new InfillRequest(prefix, suffix, prompt, extra, newWindow, suffixFirst, options);
  }

  public InfillRequest withSuffixFirst(boolean newSuffixFirst) {
    return new InfillRequest(prefix, suffix, prompt, extra, window, newSuffixFirst, options);
  }
}
