package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.InvalidRequestException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
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

  /** A text as the library names it. */
  private static final Pattern TEXT = Pattern.compile("\\btexts\\[(\\d+)]");

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
    try (LoadedEmbedder loaded = load(config)) {
      if (!texts.isEmpty()) {
        print(loaded, texts, options, index -> "text " + (index + 1));
      } else {
        printLines(loaded, options);
      }
    }
    return ExitCode.OK;
  }

  private LoadedEmbedder load(EmbedderConfig config) {
    NamedModel named = new NamedModel(model);
    AtomicBoolean stopped = new AtomicBoolean();
    Path file;
    try (StopSignals.Registration _ = context.signals().onStop(() -> stopped.set(true))) {
      file = named.file(context, stopped::get);
    }
    try (LoadProgress progress =
        new LoadProgress(context.err(), context.errTerminal(), named.id(), System::nanoTime, () -> false)) {
      return context.inference().startEmbedder(file, ModelConfig.builder().listener(progress).build(), config);
    }
  }

  private void printLines(LoadedEmbedder loaded, EmbeddingOptions options) throws JsonProcessingException {
    try (LineSource lines = new PipedLines(context.in(), context.signals())) {
      List<String> together = new ArrayList<>();
      Optional<String> line;
      long printed = 0;
      do {
        line = lines.next("");
        line.ifPresent(together::add);
        if (together.size() == TOGETHER || line.isEmpty()) {
          long before = printed;
          print(loaded, together, options, index -> "line " + (before + index + 1));
          printed += together.size();
          together.clear();
        }
      } while (line.isPresent());
    }
  }

  /**
   * @param places what a user calls the text of an index
   */
  private void print(LoadedEmbedder loaded, List<String> of, EmbeddingOptions options, IntFunction<String> places)
      throws JsonProcessingException {
    long begin = System.nanoTime();
    List<ObjectNode> lines;
    try {
      lines = loaded.embedder().pools() ? embeddings(loaded, of, options) : tokens(loaded, of, options);
    } catch (InvalidRequestException refused) {
      if (!TEXT.matcher(refused.parameter()).find()) {
        throw refused;
      }
      throw new UsageException(placed(String.valueOf(refused.getMessage()), places), refused);
    } catch (EmbeddingException failed) {
      throw new EmbeddingException(failed.reason(), placed(String.valueOf(failed.getMessage()), places), failed);
    }
    double each = (System.nanoTime() - begin) / 1e6 / Math.max(1, of.size());
    for (ObjectNode json : lines) {
      // The vectors are last, because they are long.
      JsonNode vectors = json.remove("embedding");
      json.put("latency_ms", Math.round(each * 1000) / 1000.0);
      json.set("embedding", vectors);
      context.out().println(JSON.writeValueAsString(json));
    }
  }

  private static String placed(String message, IntFunction<String> places) {
    return TEXT.matcher(message).replaceAll(text -> places.apply(Integer.parseInt(text.group(1))));
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
