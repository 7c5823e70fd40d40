package io.panallama.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * Options of llama-server (llama.cpp 0.5.0, common/arg.cpp) that {@code serve} has no use for, so that its command lines work
 * as they are. Those that ask for what is so anyway are silent, those that change no answer are ignored with a warning,
 * and those whose absence would make answers silently wrong are refused. None is shown in the help.
 *
 * <p>Options that mean something here are further names of our own.
 */
final class LlamaServerOptions {
  /** A name that ends with this takes a value. */
  private static final String VALUE = "=";

  /** What they ask for is so. */
  private static final List<String> SILENT =
      List.of(
          "--jinja",
          "--cont-batching -cb",
          "--no-context-shift",
          "--warmup",
          "--ui --webui",
          "--mmap",
          "--kv-offload -kvo",
          "--repack",
          "--op-offload",
          "--swa-full",
          "--cache-prompt",
          "--no-mmproj --no-mmproj-auto",
          "--offline",
          "--no-perf",
          "--no-models-autoload",
          "--no-cors-credentials",
          "--no-agent -no-ag",
          "--no-ui-mcp-proxy --no-webui-mcp-proxy",
          "--no-skip-chat-parsing",
          "--prefill-assistant",
          "--log-disable",
          "--log-prefix",
          "--no-log-prefix",
          "--log-timestamps",
          "--no-log-timestamps",
          "--log-colors=");

  /** They change no answer. */
  private static final List<String> IGNORED =
      List.of(
          "--no-jinja",
          "--no-cont-batching -nocb",
          "--threads-http=",
          "--slot-prompt-similarity= -sps=",
          "--cache-reuse=",
          "--keep=",
          "--ctx-checkpoints= --swa-checkpoints= -ctxcp=",
          "--checkpoint-min-step= -cms=",
          "--cache-idle-slots",
          "--no-cache-idle-slots",
          "--defrag-thold= -dt=",
          "--perf",
          "--show-timings",
          "--no-show-timings",
          "--cpu-mask= -C=",
          "--cpu-range= -Cr=",
          "--prio=",
          "--cpu-mask-batch= -Cb=",
          "--cpu-range-batch= -Crb=",
          "--cpu-strict-batch=",
          "--prio-batch=",
          "--poll-batch=",
          "--fit= -fit=",
          "--fit-target= -fitt=",
          "--fit-ctx= -fitc=",
          "--backend-sampling -bs",
          "--verbosity= --log-verbosity= -lv=",
          "--log-file=",
          "--log-jsonl",
          "--no-log-jsonl",
          "--log-prompts-dir=",
          "--tags=",
          "--reuse-port",
          "--sleep-idle-seconds=",
          "--slot-save-path=",
          "--media-path=",
          "--mmproj-auto",
          "--mmproj-offload",
          "--no-mmproj-offload",
          "--image-min-tokens=",
          "--image-max-tokens=",
          "--cors-methods=",
          "--cors-headers=",
          "--cors-credentials",
          "--ui-config= --webui-config=",
          "--ui-config-file= --webui-config-file=",
          "--lookup-cache-static= -lcs=",
          "--lookup-cache-dynamic= -lcd=",
          "--model-draft= --spec-draft-model= -md=",
          "--gpu-layers-draft= --n-gpu-layers-draft= --spec-draft-ngl= -ngld=",
          "--device-draft= --spec-draft-device= -devd=",
          "--threads-draft= --spec-draft-threads= -td=",
          "--threads-batch-draft= --spec-draft-threads-batch= -tbd=",
          "--ctx-size-draft= -cd=",
          "--cache-type-k-draft= --spec-draft-type-k= -ctkd=",
          "--cache-type-v-draft= --spec-draft-type-v= -ctvd=",
          "--draft= --draft-n= --draft-max= --spec-draft-n-max=",
          "--draft-min= --draft-n-min= --spec-draft-n-min=",
          "--draft-p-min= --spec-draft-p-min=",
          "--draft-p-split= --spec-draft-p-split=",
          "--spec-type=",
          "--escape -e",
          "--no-escape");

  private static final String NOTHING_IS_FETCHED =
      "nothing is downloaded here; fetch the file and name it with --model FILE.";

  private static final String NOT_BY_DEFAULT =
      "there is no such default for all requests; send the field with each request.";

  /** What would be missed; with the reason and the remedy. */
  private static final Map<String, String> REFUSED = refused();

  private LlamaServerOptions() {}

  private static Map<String, String> refused() {
    Map<String, String> all = new HashMap<>();
    all.put("--hf-repo= -hf= -hfr= --hf-file= -hff= --hf-token= -hft=", NOTHING_IS_FETCHED);
    all.put("--model-url= -mu= --docker-repo= -dr=", NOTHING_IS_FETCHED);
    all.put(
        "--lora= --lora-scaled= --lora-init-without-apply",
        "adapters (LoRA) are not supported; merge it into the model.");
    all.put(
        "--control-vector= --control-vector-scaled= --control-vector-layer-range=",
        "control vectors are not supported.");
    all.put("--attention=", "attention is what the model's file says.");
    all.put(
        "--mmproj= -mm= --mmproj-url= -mmu=",
        "images and audio are not supported; serve the model without its projector.");
    all.put("--no-cache-prompt", "use --no-prefix-reuse.");
    all.put(
        "--models-dir= --models-preset= --models-max= --models-autoload",
        "one model is served; name it with --model FILE.");
    all.put("--api-prefix=", "the paths are fixed; let a proxy add the prefix.");
    all.put("--path=", "only the chat page is served; let another server serve the files.");
    all.put("--cpu-moe -cmoe --n-cpu-moe= -ncmoe=", "use --override-tensor '\\.ffn_.*_exps=CPU'.");
    all.put("--rpc=", "other machines can't take part in the computation.");
    all.put(
        "--tools= --agent -ag --mcp-servers-config= --mcp-servers-json=", "the server runs no tools; the client does.");
    all.put("--grp-attn-n= -gan= --grp-attn-w= -gaw=", "self-extend is not supported; use --rope-scaling yarn.");
    all.put(
        "--samplers= --sampler-seq= --sampling-seq= --ignore-eos --xtc-probability= --xtc-threshold= --dry-multiplier="
            + " --dry-base= --dry-allowed-length= --dry-penalty-last-n= --dry-sequence-breaker= --adaptive-target="
            + " --adaptive-decay= --dynatemp-range= --dynatemp-exp= --mirostat= --mirostat-lr= --mirostat-ent="
            + " --logit-bias= -l= --grammar= --grammar-file= --json-schema= -j= --json-schema-file= -jf="
            + " --spm-infill --reasoning-effort= --reasoning-budget-message= --skip-chat-parsing",
        NOT_BY_DEFAULT);
    return Map.copyOf(all);
  }

  /** The arguments with hyphens in names of options of {@code serve} that have underscores: llama-server takes both. */
  static String[] hyphenated(CommandLine program, String... args) {
    CommandLine serve = program.getSubcommands().get("serve");
    if (serve == null || args.length == 0 || !args[0].equals("serve")) {
      return args;
    }
    Set<String> names = serve.getCommandSpec().optionsMap().keySet();
    return Arrays.stream(args).map(word -> hyphenated(names, word)).toArray(String[]::new);
  }

  private static String hyphenated(Set<String> names, String word) {
    int equals = word.indexOf('=');
    String name = equals < 0 ? word : word.substring(0, equals);
    String other = name.replace('_', '-');
    return name.startsWith("--") && names.contains(other) ? other + word.substring(name.length()) : word;
  }

  /** Adds them all to a command, hidden. */
  static void addTo(CommandSpec command) {
    SILENT.forEach(names -> add(command, names.split(" ")));
    IGNORED.forEach(names -> add(command, names.split(" ")));
    for (String names : REFUSED.keySet()) {
      for (String name : names.split(" ")) {
        add(command, name);
      }
    }
  }

  private static void add(CommandSpec command, String... names) {
    boolean takesValue = names[0].endsWith(VALUE);
    String[] plain = Arrays.stream(names).map(LlamaServerOptions::plain).toArray(String[]::new);
    OptionSpec.Builder option =
        OptionSpec.builder(plain[0], Arrays.copyOfRange(plain, 1, plain.length)).hidden(true).description("");
    command.addOption(
        takesValue
            ? option.type(String[].class).arity("1").paramLabel("VALUE").build()
            : option.type(boolean[].class).arity("0").build());
  }

  private static String plain(String name) {
    return name.endsWith(VALUE) ? name.substring(0, name.length() - 1) : name;
  }

  /**
   * The given options that are ignored and might be missed.
   *
   * @throws UsageException if an option was given that can't be ignored
   */
  static Set<String> ignored(ParseResult parsed) {
    Set<String> ignored = new LinkedHashSet<>();
    for (OptionSpec option : parsed.matchedOptions()) {
      String name = option.longestName();
      REFUSED.forEach((names, why) -> {
        if (plainNames(names).contains(name)) {
          throw new UsageException(name + ": " + why);
        }
      });
      if (IGNORED.stream().anyMatch(names -> plainNames(names).contains(name))) {
        ignored.add(spelling(option, parsed.originalArgs()));
      }
    }
    return ignored;
  }

  /** The name by which an option was given. */
  private static String spelling(OptionSpec option, List<String> arguments) {
    List<String> names = Arrays.asList(option.names());
    return arguments.stream()
        .map(argument -> argument.replaceFirst("=.*", ""))
        .filter(names::contains)
        .findFirst()
        .orElse(option.longestName());
  }

  private static List<String> plainNames(String names) {
    List<String> plain = new ArrayList<>();
    for (String name : names.split(" ")) {
      plain.add(plain(name));
    }
    return plain;
  }
}
