package io.panallama.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.TextClassifier;
import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.LongText;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.ScoreFunction;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama classify}: prints the labels of texts, a JSON object on a line for each. */
@Command(
    name = "classify",
    description =
        "Print the labels of texts: of the arguments, or of each line of standard input. One JSON object per line.")
final class ClassifyCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final CommandContext context;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      required = true,
      description = "GGUF file of a model that was trained to classify.")
  private String model = "";

  @Option(
      names = "--scores",
      paramLabel = "model|softmax|sigmoid|none",
      converter = Functions.class,
      description =
          "How the model's outputs become scores: softmax if one label is right, sigmoid if several may be, none for"
              + " the outputs as they are. Default: model, what its file says.")
  private ScoreFunction function = ScoreFunction.MODEL;

  @Option(
      names = "--long-text",
      paramLabel = "refuse|truncate|mean-of-parts",
      converter = EmbedCommand.LongTexts.class,
      description = "What happens to a text that is too long. Default: refuse.")
  private LongText longText = LongText.REFUSE;

  @Parameters(
      arity = "0..*",
      paramLabel = "TEXT",
      description = "The texts. Default: the lines of standard input, also as -.")
  private List<String> texts = List.of();

  @Mixin private BackendOption backend = new BackendOption();

  ClassifyCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    ClassifyOptions options = ClassifyOptions.builder().function(function).longText(longText).build();
    backend.select(context.inference());
    try (LoadedScorer<TextClassifier> loaded =
        new NamedModel(model)
            .load(
                context,
                (file, config) -> context.inference().startClassifier(file, config, EmbedderConfig.defaults()))) {
      TextInput.each(
          context,
          texts,
          "--long-text truncate or mean-of-parts",
          (together, _) -> {
            long begin = System.nanoTime();
            List<Classification> found = loaded.scorer().classify(together, options);
            double latency = TextInput.latency(begin, together.size());
            for (int i = 0; i < found.size(); i++) {
              print(together.get(i), found.get(i), latency);
            }
          });
    }
    return ExitCode.OK;
  }

  private void print(String text, Classification found, double latency) {
    ObjectNode json = JSON.createObjectNode();
    json.put("text", text);
    json.put("label", found.best().label());
    json.put("score", found.best().score());
    json.put("tokens", found.tokens());
    if (found.truncated()) {
      json.put("truncated", true);
    }
    if (found.parts() > 1) {
      json.put("parts", found.parts());
    }
    json.put("latency_ms", latency);
    // An array, since two labels may have the same name.
    ArrayNode scores = json.putArray("scores");
    for (LabelScore score : found.scores()) {
      scores.addObject().put("label", score.label()).put("score", score.score());
    }
    context.out().println(json);
  }

  static final class Functions extends Words<ScoreFunction> {
    Functions() {
      super(ScoreFunction.class);
    }
  }
}
