package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.FlashAttention;
import io.panallama.config.KvCacheType;
import io.panallama.config.LazyMode;
import io.panallama.config.LoadMode;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.config.RopeScaling;
import io.panallama.config.SplitMode;
import io.panallama.config.TensorPlacement;
import io.panallama.config.ThreadPlacement;
import io.panallama.config.Trial;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every option of models and engines that the library has can be set on the command line. */
class ModelOptionsTest {
  @TempDir Path temp;
  private final FakeInference inference = new FakeInference();

  /** What a builder can set. */
  private static Set<String> components(Class<?> builder) {
    return Arrays.stream(builder.getMethods())
        .filter(method -> method.getReturnType() == builder && method.getParameterCount() == 1)
        .map(java.lang.reflect.Method::getName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** The names of the components in a configuration's text that differ from those of another one. */
  private static Set<String> different(Class<?> type, Object left, Object right) throws Exception {
    Set<String> names = new TreeSet<>();
    for (String name : components(Class.forName(type.getName() + "$Builder"))) {
      if (!type.getMethod(name).invoke(left).equals(type.getMethod(name).invoke(right))) {
        names.add(name);
      }
    }
    return names;
  }

  @Test
  void everyComponentOfModelAndEngineHasAnOption() throws Exception {
    Path template = Files.writeString(temp.resolve("template.jinja"), "{{ messages }}");
    CliRun run = CliRun.of(inference, ("config serve --model m.gguf").split(" "));
    assertThat(run.err()).isEmpty();

    ServeOptions parsed = new ServeOptions();
    new picocli.CommandLine(parsed)
        .parseArgs(
            ("--load-mode read --gpu-layers 1 --main-gpu 1 --check-tensors --trial always --chat-template "
                    + template
                    + " --device CUDA1,CUDA0 --split-mode row --tensor-split 3,1 --override-tensor a=CPU"
                    + " --override-tensor b=c=CUDA0 --override-kv x.y=int:4 --override-kv z=bool:false --lazy-mode on"
                    + " --no-repack --no-host --ctx-size 4096 --slots 2 --queue 1 --queue-tokens 99 --batch-size 64"
                    + " --ubatch-size 32 --threads 1 --batch-threads 2 --mailbox 9 --kv-type q8_0 --kv-value-type q4_0"
                    + " --flash-attn on --no-prefix-reuse --cache-ram 0 --itl-target 1 --ttft-target 1 --rope-scaling"
                    + " yarn --rope-freq-base 1 --rope-freq-scale 0.5 --yarn-ext-factor 1 --yarn-attn-factor 1"
                    + " --yarn-beta-fast 32 --yarn-beta-slow 1 --yarn-orig-ctx 1024 --no-kv-offload --no-op-offload"
                    + " --no-swa-full --no-kv-unified --cpus 0-2,5 --cpu-strict --thread-priority low --poll 0"
                    + " --isolate always --step-limit 7")
                .split(" "));
    ModelOptions.Configs configs =
        parsed.model.checked(config -> {
          parsed.engine.configure(config);
          parsed.isolation.configure(config);
        });

    // Neither is for users: one is for programs that only tokenize, the other is the progress bar.
    Set<String> ofModel = components(ModelConfig.Builder.class);
    ofModel.removeAll(Set.of("vocabularyOnly", "listener"));
    assertThat(different(ModelConfig.class, configs.model(), ModelConfig.defaults())).isEqualTo(ofModel);
    // The command line's spill files are read by the same installation, whose key is the default.
    Set<String> ofEngine = components(EngineConfig.Builder.class);
    ofEngine.remove("sessionKey");
    assertThat(different(EngineConfig.class, configs.engine(), EngineConfig.defaults())).isEqualTo(ofEngine);
    assertThat(different(RopeScaling.class, configs.engine().rope(), RopeScaling.defaults()))
        .isEqualTo(components(RopeScaling.Builder.class));
    assertThat(different(ThreadPlacement.class, configs.engine().placement(), ThreadPlacement.defaults()))
        .isEqualTo(components(ThreadPlacement.Builder.class));

    ModelConfig model = configs.model();
    assertThat(model.loadMode()).isEqualTo(LoadMode.READ);
    assertThat(model.devices()).containsExactly("CUDA1", "CUDA0");
    assertThat(model.splitMode()).isEqualTo(SplitMode.ROW);
    assertThat(model.tensorSplit()).containsExactly(3f, 1f);
    assertThat(model.tensorPlacements())
        .containsExactly(new TensorPlacement("a", "CPU"), new TensorPlacement("b=c", "CUDA0"));
    assertThat(model.metadata())
        .isEqualTo(Map.of("x.y", new MetadataValue.IntegerValue(4), "z", new MetadataValue.BooleanValue(false)));
    assertThat(model.lazyMode()).isEqualTo(LazyMode.ON);
    assertThat(configs.engine().placement().processors()).isEqualTo(Set.of(0, 1, 2, 5));
    assertThat(configs.engine().rope().yarnOriginalContext()).isEqualTo(1024);
  }

  /** The mixins of {@code serve} that make configurations of the core. */
  private static final class ServeOptions {
    @picocli.CommandLine.Mixin private final ModelOptions model = new ModelOptions();
    @picocli.CommandLine.Mixin private final EngineOptions engine = new EngineOptions();
    @picocli.CommandLine.Mixin private final IsolationOptions isolation = new IsolationOptions();
  }

  @Test
  void nothingSaidIsTheDefaultOfTheCore() {
    ServeOptions parsed = new ServeOptions();
    new picocli.CommandLine(parsed).parseArgs("--model", "m.gguf");

    ModelOptions.Configs configs = parsed.model.checked(parsed.engine::configure);

    // A model without a template is chatted with all the same, as other programs do.
    String chatMl = ChatTemplates.named("chatml").orElseThrow();
    assertThat(configs.model()).isEqualTo(ModelConfig.builder().fallbackChatTemplate(chatMl).build());
    assertThat(configs.engine()).isEqualTo(EngineConfig.defaults());
  }

  private static ModelOptions.Configs parse(String... options) {
    ServeOptions parsed = new ServeOptions();
    new picocli.CommandLine(parsed).parseArgs(options);
    return parsed.model.checked(parsed.engine::configure);
  }

  @Test
  void aTemplateIsANameOrATextOrAFile() throws Exception {
    Path file = Files.writeString(temp.resolve("chatml"), "{{ messages }}!");

    assertThat(parse("--chat-template", "llama3").model().chatTemplate()).isEqualTo(ChatTemplates.named("llama3"));
    assertThat(parse("--chat-template", "{{ messages }}").model().chatTemplate()).contains("{{ messages }}");
    assertThat(parse("--chat-template", file.toString()).model().chatTemplate()).contains("{{ messages }}!");
    assertThat(parse("--chat-template-file", file.toString()).model().chatTemplate()).contains("{{ messages }}!");
    ModelConfig none = parse("--chat-template", "none").model();
    assertThat(none.chatTemplate()).isEmpty();
    assertThat(none.fallbackChatTemplate()).isEmpty();
    assertThatThrownBy(() -> parse("--chat-template", "chatml", "--chat-template-file", file.toString()))
        .isInstanceOf(UsageException.class)
        .hasMessageContaining("exclude each other");
  }

  /** The spellings of llama-server, and what they mean here. */
  @Test
  void optionsOfLlamaServerMeanTheSame() {
    assertThat(parse("-np", "3", "-c", "0").engine())
        .isEqualTo(EngineConfig.builder().slots(3).contextSize(EngineConfig.AUTO).build());
    assertThat(parse("--parallel", "-1").engine().slots()).isEqualTo(8);
    assertThat(parse("--slots").engine().slots()).isEqualTo(8);
    assertThat(parse("--slots", "2", "--no-repack").engine().slots()).isEqualTo(2);
    assertThat(parse("--n-gpu-layers", "99").model().gpuLayers()).isEqualTo(99);
    assertThat(parse("-ngl", "auto").model().gpuLayers()).isEqualTo(ModelConfig.ALL_LAYERS);
    assertThat(parse("-fa").engine().flashAttention()).isEqualTo(FlashAttention.ENABLED);
    assertThat(parse("-fa", "off").engine().flashAttention()).isEqualTo(FlashAttention.DISABLED);
    assertThat(parse("-fa", "-c", "512").engine().contextSize()).isEqualTo(512);
    assertThat(parse("--threads-batch", "1").engine().batchThreads()).isEqualTo(1);

    EngineConfig cache = parse("-ctk", "q8_0").engine();
    assertThat(cache.keyType()).isEqualTo(KvCacheType.Q8_0);
    assertThat(cache.valueType()).as("llama-server's is about the keys alone").isEqualTo(KvCacheType.F16);
    assertThat(parse("--cache-type-v", "q4_0").engine().valueType()).isEqualTo(KvCacheType.Q4_0);

    assertThat(parse("--mlock").model().loadMode()).isEqualTo(LoadMode.MMAP_MLOCK);
    assertThat(parse("--no-mmap").model().loadMode()).isEqualTo(LoadMode.READ);
    assertThat(parse("--no-mmap", "--mlock").model().loadMode()).isEqualTo(LoadMode.MLOCK);
    assertThat(parse("-dio").model().loadMode()).isEqualTo(LoadMode.DIRECT_IO);
    assertThat(parse("-lm", "mmap+mlock").model().loadMode()).isEqualTo(LoadMode.MMAP_MLOCK);
    assertThatThrownBy(() -> parse("--load-mode", "mmap", "--mlock")).isInstanceOf(UsageException.class);
    assertThatThrownBy(() -> parse("-dio", "--mlock")).hasMessageContaining("--direct-io");
    assertThatThrownBy(() -> parse("--slots", "4", "--parallel", "2")).hasMessageContaining("--parallel is 2");
    assertThat(parse("--slots", "--parallel", "2").engine().slots()).isEqualTo(2);
    assertThatThrownBy(() -> parse("--rope-scale", "4", "--rope-freq-scale", "0.5"))
        .hasMessageContaining("--rope-freq-scale");

    assertThat(parse("--rope-scale", "4").engine().rope().frequencyScale()).isEqualTo(0.25f);
    assertThat(parse("-nkvo").engine().offloadKeyValues()).isFalse();
  }

  @Test
  void theEmbeddedModelIsTriedOnlyIfItIsAskedFor() {
    ServeOptions parsed = new ServeOptions();
    new picocli.CommandLine(parsed).parseArgs();
    assertThat(parsed.model.checked(parsed.engine::configure).model().trial()).isEqualTo(Trial.NEVER);

    ServeOptions asked = new ServeOptions();
    new picocli.CommandLine(asked).parseArgs("--trial", "always");
    assertThat(asked.model.checked(asked.engine::configure).model().trial()).isEqualTo(Trial.ALWAYS);
  }

  @Test
  void numaIsSetBeforeTheModelIsLoaded() {
    CliRun.of(inference, "run", "hi", "--numa", "isolate");
    assertThat(inference.numa).isEqualTo(List.of(NumaStrategy.ISOLATE));

    CliRun.of(inference, "run", "hi");
    assertThat(inference.numa).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          --rope-scaling=more          | 'more' is none of model, none, linear, yarn, longrope
          --rope-freq-scale=-1         | --rope-freq-scale is -1
          --yarn-orig-ctx=-1           | --yarn-orig-ctx is -1
          --poll=101                   | --poll is 101; it must be 0 to 100.
          --cpus=0-x                   | '0-x' is not a list of processors, such as 0-3,8
          --cpus=3-1                   | '3-1' ends before it begins
          --cpus=600                   | --cpus is 600; it must be 0 to 511.
          --cpu-strict                 | --cpu-strict is true without --cpus
          --split-mode=half            | 'half' is none of none, layer, row, tensor
          --tensor-split=0,0           | --tensor-split is [0.0, 0.0]
          --override-tensor=x          | 'x' is not PATTERN=BUFFER
          --override-kv=x=int:y        | 'x=int:y' is not KEY=TYPE:VALUE
          --override-kv=x=maybe:1      | 'x=maybe:1' is not KEY=TYPE:VALUE
          --numa=yes                   | 'yes' is none of distribute, isolate, numactl
          --chat-template=no-such-file | --chat-template: 'no-such-file' is neither a file, nor a Jinja template, nor one of chatml,
          --chat-template=no/such.file | --chat-template: no/such.file can't be read: there is no such file.
          --chat-template-file=nothing | --chat-template-file: nothing can't be read: there is no such file.
          --rope-scale=0               | --rope-scale is 0.0; it must be larger than 0
          """)
  void badValueIsOneLineThatNamesTheOption(String option, String expected) {
    CliRun run = CliRun.of(inference, "run", "hi", option);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: ").contains(expected).hasLineCount(1);
    assertThat(inference.files).isEmpty();
  }
}
