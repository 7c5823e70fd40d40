package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of a generation. Options that are not given keep the values that the model recommends. */
final class SamplingOptions {
  private static final int NO_LIMIT = -1;

  @Option(
      names = {"-n", "--max-tokens", "--predict", "--n-predict"},
      paramLabel = "N",
      description = "Most tokens to generate; -1 for no limit. Default: as many as the context holds.")
  private int maxTokens = GenerationOptions.UNLIMITED;

  @Option(
      names = {"--temperature", "--temp"},
      paramLabel = "T",
      description = "0 always takes the likeliest token, larger values vary more. Default: the model's own, else 0.8.")
  private @Nullable Float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Sample from the K likeliest tokens; 0 or less turns it off. Default: the model's own, else 40.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Sample from the likeliest tokens whose probabilities add up to P. Default: the model's own, else 0.95.")
  private @Nullable Float topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Sample from tokens at least P times as likely as the likeliest. Default: the model's own, else 0.05.")
  private @Nullable Float minP;

  @Option(
      names = "--repeat-penalty",
      paramLabel = "R",
      description = "Larger than 1 makes repetition less likely. Default: the model's own, else 1.")
  private @Nullable Float repeatPenalty;

  @Option(
      names = "--repeat-last-n",
      paramLabel = "N",
      description = "Tokens that the penalties look at; -1 is the whole context. Default: the model's own, else 64.")
  private @Nullable Integer repeatLastN;

  @Option(
      names = "--presence-penalty",
      paramLabel = "P",
      description = "Larger than 0 makes tokens that occurred less likely. Default: 0.")
  private @Nullable Float presencePenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "P",
      description = "Larger than 0 makes tokens less likely the more often they occurred. Default: 0.")
  private @Nullable Float frequencyPenalty;

  @Option(
      names = {"--typical-p", "--typical"},
      paramLabel = "P",
      description = "Locally typical sampling; 1 turns it off. Default: the model's own, else 1.")
  private @Nullable Float typicalP;

  @Option(
      names = {"--top-n-sigma", "--top-nsigma"},
      paramLabel = "N",
      description = "Sample from tokens within N standard deviations of the likeliest; 0 turns it off. Default: 0.")
  private @Nullable Float topNSigma;

  @Option(
      names = {"-s", "--seed"},
      paramLabel = "N",
      description = "0 to 4294967295; the same seed samples the same tokens. -1 is a random one. Default: random.")
  private @Nullable Long seed;

  @Option(
      names = {"-r", "--stop", "--reverse-prompt"},
      paramLabel = "TEXT",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description = "End the answer where this text appears; can be given several times. Default: none.")
  private List<String> stops = List.of();

  /**
   * These options over the values that a model recommends.
   *
   * @param limited the options to start from
   * @throws UsageException if there would be no answer
   * @throws io.panallama.error.InvalidRequestException if a value is out of its range
   */
  GenerationOptions over(Sampling recommended, GenerationOptions limited) {
    if (maxTokens < 1 && maxTokens != NO_LIMIT) {
      throw new UsageException("--max-tokens is " + maxTokens + "; it must be at least 1, or -1 for no limit.");
    }
    Sampling.Builder builder = recommended.toBuilder();
    if (temperature != null) {
      builder.temperature(temperature);
    }
    if (topK != null) {
      builder.topK(Math.max(topK, 0));
    }
    if (topP != null) {
      builder.topP(topP);
    }
    if (minP != null) {
      builder.minP(minP);
    }
    if (repeatPenalty != null) {
      builder.repeatPenalty(repeatPenalty);
    }
    if (repeatLastN != null) {
      builder.repeatLastN(repeatLastN);
    }
    if (presencePenalty != null) {
      builder.presencePenalty(presencePenalty);
    }
    if (frequencyPenalty != null) {
      builder.frequencyPenalty(frequencyPenalty);
    }
    if (typicalP != null) {
      builder.typicalP(typicalP);
    }
    if (topNSigma != null) {
      builder.topNSigma(Math.max(topNSigma, 0));
    }
    if (seed != null) {
      builder.seed(seed == -1 ? Sampling.RANDOM_SEED : seed);
    }
    return limited.toBuilder()
        .maxTokens(maxTokens == NO_LIMIT ? GenerationOptions.UNLIMITED : maxTokens)
        .sampling(builder.build())
        .stops(stops.toArray(String[]::new))
        .build();
  }
}
