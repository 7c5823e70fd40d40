package io.panallama.cli;

import io.panallama.observe.NativeReport;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --backend}, of every command that loads the native libraries. */
final class BackendOption {
  @Option(
      names = "--backend",
      paramLabel = "auto|cpu|cuda",
      converter = Name.class,
      defaultValue = "${sys:panallama.backend:-auto}",
      description = "What to compute with. Default: auto, which is CUDA where it works, else the CPU.")
  private String backend = "auto";

  /** Sets the backend before the libraries load. */
  void select(Inference inference) {
    inference.selectBackend(backend);
  }

  /** The reason why CUDA was requested but is not used; the libraries fall back to the CPU. */
  Optional<String> disappointment(Supplier<NativeReport> natives) {
    return backend.equals("cuda") ? natives.get().cudaUnavailable() : Optional.empty();
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
