package io.panallama.server.cli;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --backend}, of every command that loads the native libraries. */
final class BackendOption {
  @Option(
      names = "--backend",
      paramLabel = "auto|cpu|cuda",
      converter = Name.class,
      defaultValue = "${env:PANALLAMA_BACKEND}",
      description = "What computes. Default: $PANALLAMA_BACKEND, else auto: CUDA where it works, else CPU.")
  private @Nullable String backend;

  /** Makes the choice known before the libraries load. */
  void select(Inference inference) {
    if (backend != null) {
      inference.selectBackend(backend);
    }
  }

  static final class Name implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      String name = value.toLowerCase(Locale.ROOT);
      if (!List.of("auto", "cpu", "cuda").contains(name)) {
        throw new TypeConversionException("'" + value + "' is none of auto, cpu, cuda");
      }
      return name;
    }
  }
}
