package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.config.LazyMode;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.config.SplitMode;
import io.panallama.config.TensorPlacement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options of loading that few users need: how the weights are divided among devices, and overrides. */
final class DeviceOptions {
  private static final ModelConfig DEFAULTS = ModelConfig.defaults();

  @Option(
      names = {"-dev", "--device"},
      paramLabel = "NAMES",
      split = ",",
      description = "Devices to offload to, separated by commas; doctor shows them. Default: every GPU.")
  private List<String> devices = List.of();

  @Option(
      names = {"-sm", "--split-mode"},
      paramLabel = "MODE",
      converter = Split.class,
      description = "How the model is divided among GPUs: none, layer, row, tensor. Default: layer.")
  private SplitMode splitMode = DEFAULTS.splitMode();

  @Option(
      names = {"-ts", "--tensor-split"},
      paramLabel = "SHARES",
      split = ",",
      description = "Share of each GPU, such as 3,1. Default: by free memory.")
  private List<Float> tensorSplit = List.of();

  @Option(
      names = {"-ot", "--override-tensor"},
      paramLabel = "PATTERN=BUFFER",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      converter = Placement.class,
      description =
          "Where tensors whose names match go, such as '\\.ffn_.*_exps=CPU'; can be given several times. Default:"
              + " none.")
  private List<TensorPlacement> placements = List.of();

  @Option(
      names = "--override-kv",
      paramLabel = "KEY=TYPE:VALUE",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      converter = MetadataEntry.class,
      description =
          "Replace an entry of the metadata; TYPE is int, float, bool or str. Can be given several times. Default:"
              + " none.")
  private List<Map.Entry<String, MetadataValue>> metadata = List.of();

  @Option(
      names = {"-lzm", "--lazy-mode"},
      paramLabel = "MODE",
      converter = Lazy.class,
      description = "Whether marked tensors of a mapped file are read on demand: off, auto, on. Default: auto.")
  private LazyMode lazyMode = DEFAULTS.lazyMode();

  @Option(
      names = {"-nr", "--no-repack"},
      description = "Do not repack weights for faster kernels of this processor.")
  private boolean noRepack;

  @Option(names = "--no-host", description = "Do not use the GPU's pinned memory for weights in host memory.")
  private boolean noHost;

  @Option(
      names = "--numa",
      paramLabel = "STRATEGY",
      converter = Numa.class,
      description = "On a machine with several NUMA nodes: distribute, isolate, numactl. Default: none.")
  private @Nullable NumaStrategy numa;

  /**
   * Applies these options.
   *
   * @throws IllegalArgumentException if a value is out of its range
   */
  void configure(ModelConfig.Builder model) {
    Map<String, MetadataValue> overrides = new LinkedHashMap<>();
    metadata.forEach(entry -> overrides.put(entry.getKey(), entry.getValue()));
    model
        .devices(devices)
        .splitMode(splitMode)
        .tensorSplit(tensorSplit)
        .tensorPlacements(placements)
        .metadata(overrides)
        .lazyMode(lazyMode)
        .extraBuffers(!noRepack)
        .hostBuffers(!noHost);
  }

  /** How the process that computes uses a machine with several NUMA nodes. */
  Optional<NumaStrategy> numa() {
    return Optional.ofNullable(numa);
  }

  /** Tells llama.cpp about NUMA before the model is loaded. */
  void initialize(Inference inference) {
    if (numa != null) {
      inference.initializeNuma(numa);
    }
  }

  static final class Split extends Words<SplitMode> {
    Split() {
      super(SplitMode.class);
    }
  }

  static final class Lazy extends Words<LazyMode> {
    Lazy() {
      super(LazyMode.class);
    }
  }

  static final class Numa extends Words<NumaStrategy> {
    Numa() {
      super(NumaStrategy.class);
    }
  }

  static final class Placement implements ITypeConverter<TensorPlacement> {
    @Override
    public TensorPlacement convert(String value) {
      int equals = value.lastIndexOf('=');
      if (equals < 1 || equals == value.length() - 1) {
        throw new TypeConversionException("'" + value + "' is not PATTERN=BUFFER, such as '\\.ffn_.*_exps=CPU'");
      }
      return new TensorPlacement(value.substring(0, equals), value.substring(equals + 1));
    }
  }

  /** As llama.cpp writes it: {@code tokenizer.ggml.add_bos_token=bool:false}. */
  static final class MetadataEntry implements ITypeConverter<Map.Entry<String, MetadataValue>> {
    @Override
    public Map.Entry<String, MetadataValue> convert(String value) {
      int equals = value.indexOf('=');
      int colon = value.indexOf(':', equals);
      if (equals < 1 || colon < 0) {
        throw malformed(value);
      }
      String text = value.substring(colon + 1);
      try {
        MetadataValue parsed =
            switch (value.substring(equals + 1, colon)) {
              case "int" -> new MetadataValue.IntegerValue(Long.parseLong(text));
              case "float" -> new MetadataValue.FloatValue(Double.parseDouble(text));
              case "str" -> new MetadataValue.TextValue(text);
              case "bool" -> new MetadataValue.BooleanValue(truth(value, text));
              default -> throw malformed(value);
            };
        return Map.entry(value.substring(0, equals), parsed);
      } catch (IllegalArgumentException refused) {
        throw malformed(value);
      }
    }

    private static boolean truth(String value, String text) {
      return switch (text) {
        case "true" -> true;
        case "false" -> false;
        default -> throw malformed(value);
      };
    }

    private static TypeConversionException malformed(String value) {
      return new TypeConversionException(
          "'" + value + "' is not KEY=TYPE:VALUE with a value of that type, such as llama.context_length=int:4096");
    }
  }
}
