package io.panallama.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import java.util.ArrayList;
import java.util.List;
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
      description =
          "What happens to a text that is too long. Default: refuse. With --pooling none it can't be divided.")
  private LongText longText = LongText.REFUSE;

  @Parameters(
      arity = "0..*",
      paramLabel = "TEXT",
      description = "The texts. Default: the lines of standard input, also as -.")
  private List<String> texts = List.of();

  @Mixin private EmbedderOptions embedder = new EmbedderOptions();
  @Mixin private BackendOption backend = new BackendOption();

  EmbedCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    EmbeddingOptions options = EmbeddingOptions.builder().task(task).dimensions(dimensions).longText(longText).build();
    EmbedderConfig config = embedder.config();
    boolean divides = config.pooling() != Pooling.NONE;
    if (longText == LongText.MEAN_OF_PARTS && !divides) {
      throw new UsageException(
          "--long-text is mean-of-parts, but with --pooling none a text has no vector of its own; it must be refuse or"
              + " truncate.");
    }
    String whenTooLong = "--long-text truncate" + (divides ? " or mean-of-parts" : "");
    backend.select(context.inference());
    try (LoadedEmbedder loaded = new NamedModel(model).load(context, config)) {
      TextInput.each(context, texts, whenTooLong, (together, _) -> print(loaded, together, options));
    }
    return ExitCode.OK;
  }

  private void print(LoadedEmbedder loaded, List<String> of, EmbeddingOptions options) {
    long begin = System.nanoTime();
    List<ObjectNode> lines = loaded.embedder().pools() ? embeddings(loaded, of, options) : tokens(loaded, of, options);
    double latency = TextInput.latency(begin, of.size());
    for (ObjectNode json : lines) {
      // The vectors are last, because they are long.
      JsonNode vectors = json.remove("embedding");
      json.put("latency_ms", latency);
      json.set("embedding", vectors);
      context.out().println(json);
    }
  }

  private static List<ObjectNode> embeddings(LoadedEmbedder loaded, List<String> of, EmbeddingOptions options) {
    List<Embedding> embeddings = loaded.embedder().embed(of, options);
    List<ObjectNode> lines = new ArrayList<>();
    for (int i = 0; i < of.size(); i++) {
      Embedding embedding = embeddings.get(i);
      ObjectNode json = line(of.get(i), embedding.tokens(), embedding.truncated());
      if (embedding.parts() > 1) {
        json.put("parts", embedding.parts());
      }
      json.set("embedding", numbers(embedding.vector()));
      lines.add(json);
    }
    return lines;
  }

  private static List<ObjectNode> tokens(LoadedEmbedder loaded, List<String> of, EmbeddingOptions options) {
    List<TokenVectors> texts = loaded.embedder().tokenVectors(of, options);
    List<ObjectNode> lines = new ArrayList<>();
    for (int i = 0; i < of.size(); i++) {
      TokenVectors text = texts.get(i);
      ObjectNode json = line(of.get(i), text.tokens().length, text.truncated());
      ArrayNode vectors = json.putArray("embedding");
      for (float[] vector : text.vectors()) {
        vectors.add(numbers(vector));
      }
      lines.add(json);
    }
    return lines;
  }

  private static ObjectNode line(String text, int tokens, boolean truncated) {
    ObjectNode json = JSON.createObjectNode();
    json.put("text", text);
    json.put("tokens", tokens);
    if (truncated) {
      json.put("truncated", true);
    }
    return json;
  }

  private static ArrayNode numbers(float[] vector) {
    ArrayNode numbers = JSON.createArrayNode();
    for (float value : vector) {
      numbers.add(value);
    }
    return numbers;
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
