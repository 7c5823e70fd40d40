package io.panallama.cli;

import io.panallama.embedding.Pooling;
import io.panallama.models.OnnxImportConfig;
import io.panallama.models.OnnxImportResult;
import io.panallama.models.OnnxImporter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama import onnx}: makes a GGUF file of an embedding model in an ONNX file. */
@Command(name = "onnx", description = "Convert an embedding model of the BERT family from ONNX to a GGUF file.")
final class ImportOnnxCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(paramLabel = "FILE", description = "The ONNX file: PyTorch's export in 32-bit floats.")
  private Path file = Path.of("");

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      description = "The model's tokenizer.json. Default: the one beside the ONNX file.")
  private @Nullable Path tokenizer;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      required = true,
      description = "The GGUF file to write.")
  private Path output = Path.of("");

  @Option(names = "--name", paramLabel = "NAME", description = "Name of the model. Default: that of the ONNX file.")
  private @Nullable String name;

  @Option(
      names = {"-f", "--force"},
      description = "Overwrite the output if it exists.")
  private boolean force;

  @Mixin private ImportedModelOptions imported = new ImportedModelOptions();

  ImportOnnxCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    // Quantising does not use a GPU.
    context.inference().selectBackend("cpu");
    Path vocabulary = tokenizer == null ? file.resolveSibling("tokenizer.json") : tokenizer;
    QuantizeProgress progress = new QuantizeProgress(context.err(), context.errTerminal());
    long started = System.nanoTime();
    OnnxImportResult result;
    try (progress;
        StopSignals.Registration _ = context.signals().onStop(progress::stop)) {
      result = OnnxImporter.importModel(file, vocabulary, output, config(progress));
    }
    context
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%s: %s, %.1f million parameters (%s, %.2f bits per weight, %.1f s)",
                Printable.line(output.toString()),
                Printable.line(result.name()),
                result.parameters() / 1e6,
                Printable.bytes(result.bytes()),
                result.bitsPerWeight(),
                (System.nanoTime() - started) / 1e9));
    return ExitCode.OK;
  }

  private OnnxImportConfig config(QuantizeProgress progress) {
    try {
      OnnxImportConfig config =
          OnnxImportConfig.DEFAULT
              .withType(imported.type())
              .withPooling(imported.pooling().orElse(Pooling.MEAN))
              .withOverwrite(force)
              .withListener(progress);
      return name == null ? config : config.withName(name);
    } catch (IllegalArgumentException refused) {
      throw new UsageException("--" + refused.getMessage(), refused);
    }
  }
}
