package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama embed}: prints the vectors of texts, a JSON object on a line for each. */
@Command(
    name = "embed",
    description =
        "Print the vectors of texts: of the arguments, or of each line of standard input. One JSON object per line.")
final class EmbedCommand implements Callable<Integer> {
  /** Lines of standard input that are computed together. */
  private static final int TOGETHER = 256;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final CommandContext context;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE|NAME",
      required = true,
      description =
          "GGUF file of an embedding model, or of one that generates text; or a model that pull fetches, such as"
              + " minilm.")
  private String model = "";

  @Option(
      names = "--task",
      paramLabel = "plain|query|document",
      converter = Tasks.class,
      description = "What the texts are. Default: plain.")
  private EmbeddingTask task = EmbeddingTask.PLAIN;

  @Option(names = "--dimensions", paramLabel = "N", description = "Leading dimensions to keep. Default: 0, all.")
  private int dimensions = EmbeddingOptions.ALL;

  @Option(
      names = "--long-text",
      paramLabel = "refuse|truncate|mean-of-parts",
      converter = LongTexts.class,
      description = "What happens to a text that is too long. Default: refuse.")
  private LongText longText = LongText.REFUSE;

  @Parameters(arity = "0..*", paramLabel = "TEXT", description = "The texts. Default: the lines of standard input.")
  private List<String> texts = List.of();

  @Mixin private EmbedderOptions embedder = new EmbedderOptions();
  @Mixin private BackendOption backend = new BackendOption();

  EmbedCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    EmbeddingOptions options = EmbeddingOptions.builder().task(task).dimensions(dimensions).longText(longText).build();
    EmbedderConfig config = embedder.config();
    backend.select(context.inference());
    try (LoadedEmbedder loaded = new NamedModel(model).load(context, config)) {
      if (!texts.isEmpty()) {
        print(loaded, texts, options);
      } else {
        printLines(loaded, options);
      }
    }
    return ExitCode.OK;
  }

  private void printLines(LoadedEmbedder loaded, EmbeddingOptions options) throws JsonProcessingException {
    try (LineSource lines = new PipedLines(context.in(), context.signals())) {
      List<String> together = new ArrayList<>();
      Optional<String> line;
      do {
        line = lines.next("");
        line.ifPresent(together::add);
        if (together.size() == TOGETHER || line.isEmpty()) {
          print(loaded, together, options);
          together.clear();
        }
      } while (line.isPresent());
    }
  }

  private void print(LoadedEmbedder loaded, List<String> of, EmbeddingOptions options) throws JsonProcessingException {
    long begin = System.nanoTime();
    List<Embedding> embeddings = loaded.embedder().embed(of, options);
    double each = (System.nanoTime() - begin) / 1e6 / Math.max(1, of.size());
    for (int i = 0; i < of.size(); i++) {
      ObjectNode json = JSON.createObjectNode();
      json.put("text", of.get(i));
      json.put("tokens", embeddings.get(i).tokens());
      if (embeddings.get(i).truncated()) {
        json.put("truncated", true);
      }
      if (embeddings.get(i).parts() > 1) {
        json.put("parts", embeddings.get(i).parts());
      }
      json.put("latency_ms", Math.round(each * 1000) / 1000.0);
      ArrayNode vector = json.putArray("embedding");
      for (float value : embeddings.get(i).vector()) {
        vector.add(value);
      }
      context.out().println(JSON.writeValueAsString(json));
    }
  }

  static final class Tasks extends Words<EmbeddingTask> {
    Tasks() {
      super(EmbeddingTask.class);
    }
  }

  static final class LongTexts extends Words<LongText> {
    LongTexts() {
      super(LongText.class);
    }
  }
}
