package io.panallama.cli.settings;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The names of options outside the command line.
 *
 * <p>{@code --ctx-size} of {@code serve} is {@code ctx-size} in the section {@code serve} of the file and {@code
 * PANALLAMA_SERVE_CTX_SIZE} in the environment. The commands that answer with a model ({@link #GENERAL}) also read the
 * key without a section and {@code PANALLAMA_CTX_SIZE}. The others don't: options of {@code bench} and {@code quantize}
 * have the same names but other meanings and defaults, and a benchmark must not depend on what is set for a server.
 */
final class OptionKeys {
  /** Separates the values of an option that may be given several times; no command line holds it. */
  static final String SEPARATOR = "\u001f";

  private static final String PREFIX = "PANALLAMA_";

  /** The commands that read keys without a section. */
  private static final Set<String> GENERAL = Set.of("", "serve", "chat", "run", "doctor");

  /** The options that mean the same everywhere. */
  private static final Set<String> EVERYWHERE = Set.of("backend", "key-file");

  /** Variables with a meaning of their own for the launcher, the libraries or {@link Settings}. */
  private static final Set<String> RESERVED_VARIABLES =
      Set.of(
          "PANALLAMA_BUILD",
          "PANALLAMA_CACHE_DIR",
          "PANALLAMA_CONFIG",
          "PANALLAMA_DATA_DIR",
          "PANALLAMA_JAVA_OPTS",
          "PANALLAMA_NATIVE_DIR");

  private OptionKeys() {}

  /** llama-server's variables, by the key of the option of {@code serve} that they set. */
  private static final Map<String, String> LLAMA_VARIABLES =
      Map.ofEntries(
          Map.entry("model", "LLAMA_ARG_MODEL"),
          Map.entry("alias", "LLAMA_ARG_ALIAS"),
          Map.entry("host", "LLAMA_ARG_HOST"),
          Map.entry("port", "LLAMA_ARG_PORT"),
          Map.entry("ctx-size", "LLAMA_ARG_CTX_SIZE"),
          Map.entry("slots", "LLAMA_ARG_N_PARALLEL"),
          Map.entry("api-key", "LLAMA_API_KEY"),
          Map.entry("ssl-key-file", "LLAMA_ARG_SSL_KEY_FILE"),
          Map.entry("ssl-cert-file", "LLAMA_ARG_SSL_CERT_FILE"),
          Map.entry("metrics", "LLAMA_ARG_ENDPOINT_METRICS"),
          Map.entry("props", "LLAMA_ARG_ENDPOINT_PROPS"),
          Map.entry("cache-ram", "LLAMA_ARG_CACHE_RAM"),
          Map.entry("gpu-layers", "LLAMA_ARG_N_GPU_LAYERS"),
          Map.entry("threads", "LLAMA_ARG_THREADS"),
          Map.entry("batch-size", "LLAMA_ARG_BATCH"),
          Map.entry("ubatch-size", "LLAMA_ARG_UBATCH"),
          Map.entry("flash-attn", "LLAMA_ARG_FLASH_ATTN"),
          Map.entry("max-tokens", "LLAMA_ARG_N_PREDICT"),
          Map.entry("chat-template", "LLAMA_ARG_CHAT_TEMPLATE"),
          Map.entry("chat-template-file", "LLAMA_ARG_CHAT_TEMPLATE_FILE"));

  /**
   * Whether settings may give the option a value; not to options that request help or name the file itself, and not to
   * hidden ones, which are other programs'.
   */
  static boolean isSettable(OptionSpec option) {
    return !option.hidden() && !option.usageHelp() && !option.versionHelp() && !keys(option).contains("config");
  }

  /** The names without dashes, the main one first: long names, or the short one if there is no other. */
  static List<String> keys(OptionSpec option) {
    List<String> names = Arrays.asList(option.names());
    List<String> longNames = names.stream().filter(name -> name.startsWith("--")).toList();
    return (longNames.isEmpty() ? names : longNames).stream().map(name -> name.replaceFirst("^--?", "")).toList();
  }

  /** The command without the program's name: {@code "bench serve"}; empty for the program itself. */
  static String command(CommandSpec command) {
    List<String> words = List.of(command.qualifiedName(" ").split(" "));
    return String.join(" ", words.subList(1, words.size()));
  }

  /** The command that declares an option: an inherited one belongs to the program. */
  static String owner(OptionSpec option) {
    return option.inherited() ? "" : command(option.command());
  }

  /** Whether an option can be set without naming its command. */
  static boolean isGeneral(OptionSpec option) {
    return GENERAL.contains(owner(option)) || keys(option).stream().anyMatch(EVERYWHERE::contains);
  }

  /** The environment variables that set an option; those that name its command come first and take precedence. */
  static List<String> variables(OptionSpec option) {
    String owner = owner(option);
    String section = owner.isEmpty() ? "" : shout(owner) + "_";
    List<String> keys = keys(option).stream().map(OptionKeys::shout).toList();
    List<String> variables = new ArrayList<>();
    keys.forEach(key -> variables.add(PREFIX + section + key));
    if (isGeneral(option) && !owner.isEmpty()) {
      keys.forEach(key -> variables.add(PREFIX + key));
    }
    variables.removeAll(RESERVED_VARIABLES);
    String llama = LLAMA_VARIABLES.get(keys(option).getFirst());
    if (llama != null && owner.equals("serve")) {
      variables.add(llama);
    }
    return variables;
  }

  static boolean isOurs(String variable) {
    return variable.startsWith(PREFIX) && !RESERVED_VARIABLES.contains(variable);
  }

  /** Whether a variable may set an option, or is meant to. */
  static boolean isSetting(String variable) {
    return isOurs(variable) || LLAMA_VARIABLES.containsValue(variable);
  }

  private static String shout(String text) {
    return text.toUpperCase(Locale.ROOT).replace('-', '_').replace(' ', '_');
  }
}
