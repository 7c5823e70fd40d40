package io.panallama.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufValue;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama inspect}: shows what is in a GGUF file. Reads only the header and needs no native library. */
@Command(name = "inspect", description = "Show the contents of a GGUF file without loading the weights.")
final class InspectCommand implements Callable<Integer> {
  /** Arrays up to this length are printed; a vocabulary is not. */
  private static final int SHORT_ARRAY = 8;

  private static final int LONG_TEXT = 72;

  private final CommandContext context;

  @Parameters(paramLabel = "FILE", description = "The GGUF file.")
  private Path file = Path.of("");

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Option(names = "--tensors", description = "List every tensor.")
  private boolean tensors;

  InspectCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    GgufFile gguf = GgufFile.read(file);
    ModelOutline outline = ModelOutline.of(gguf);
    if (json) {
      context.out().println(new ObjectMapper().writeValueAsString(InspectJson.of(gguf, outline, tensors)));
    } else {
      printOutline(gguf, outline);
      context.out().println();
      printMetadata(gguf);
      if (tensors) {
        context.out().println();
        printTensors(gguf);
      }
    }
    return ExitCode.OK;
  }

  private void printOutline(GgufFile gguf, ModelOutline outline) {
    row("file", gguf.path() + " (" + Printable.bytes(gguf.fileSize()) + ", GGUF " + gguf.version() + ")");
    row("name", outline.name().orElse("none"));
    row("architecture", outline.architecture().orElse("none"));
    row("parameters", String.format(Locale.ROOT, "%,d", outline.parameters()));
    row("tensors", outline.tensorCount() + ", " + Printable.bytes(outline.tensorBytes()) + ": " + mix(outline));
    outline.contextLength().ifPresent(value -> row("context", String.format(Locale.ROOT, "%,d tokens", value)));
    outline.layers().ifPresent(value -> row("layers", Long.toString(value)));
    outline.embeddingLength().ifPresent(value -> row("embedding", Long.toString(value)));
    outline.heads().ifPresent(value -> row("heads", shortened(value)));
    outline.keyValueHeads().ifPresent(value -> row("KV heads", shortened(value)));
    String size =
        outline.vocabularySize().isPresent()
            ? String.format(Locale.ROOT, ", %,d tokens", outline.vocabularySize().getAsLong())
            : "";
    row("vocabulary", outline.vocabularyType().orElse("none") + size);
    row("chat template", outline.hasChatTemplate() ? "yes" : "no");
    row("loadable", outline.problem().map(problem -> "no: " + problem).orElse("yes"));
  }

  private static String mix(ModelOutline outline) {
    return outline.types().entrySet().stream()
        .map(type ->
            type.getValue().tensors() + " " + type.getKey() + " (" + Printable.bytes(type.getValue().bytes()) + ")")
        .collect(Collectors.joining(", "));
  }

  private void printMetadata(GgufFile gguf) {
    for (Map.Entry<String, GgufValue> entry : gguf.metadata().entrySet()) {
      context.out().println(Printable.line(entry.getKey()) + " = " + Printable.line(shortened(entry.getValue())));
    }
  }

  private void printTensors(GgufFile gguf) {
    for (GgufTensor tensor : gguf.tensors()) {
      String shape = tensor.dimensions().stream().map(String::valueOf).collect(Collectors.joining(" x "));
      context
          .out()
          .printf(
              "%-40s %-8s %-20s %s%n",
              Printable.line(tensor.name()), tensor.type(), shape, Printable.bytes(tensor.byteSize()));
    }
  }

  private static String shortened(GgufValue value) {
    if (value instanceof GgufArray array) {
      return array.size() <= SHORT_ARRAY
          ? IntStream.range(0, array.size())
              .mapToObj(i -> shortened(InspectJson.element(array, i).toString()))
              .toList()
              .toString()
          : array.toString();
    }
    return shortened(value.toString());
  }

  private static String shortened(String text) {
    if (text.codePointCount(0, text.length()) <= LONG_TEXT) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, LONG_TEXT)) + "... (" + text.length() + " characters)";
  }

  private void row(String label, String value) {
    context.out().printf("%-14s %s%n", label, Printable.line(value));
  }
}
