package io.panallama.cli;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.ModelConfig;
import io.panallama.models.EmbeddingModels;
import io.panallama.models.MavenModel;
import io.panallama.models.PullConfig;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;

/**
 * A model that generates no text as an option names it: a file, or one that is fetched as {@code panallama pull} does. A file goes
 * before a model of the same name.
 */
final class NamedModel {
  private static final String EXTENSION = ".gguf";

  private final String text;

  /**
   * A model by its name.
   *
   * @param text what the option was given
   */
  NamedModel(String text) {
    this.text = text;
  }

  /** The name in answers: the alias, the artifact's, or the file's without its extension. */
  String id() {
    Optional<MavenModel> fetched = fetched();
    if (fetched.isPresent()) {
      return isAlias() ? text.toLowerCase(Locale.ROOT) : fetched.get().artifactId();
    }
    String file = fileName();
    return file.toLowerCase(Locale.ROOT).endsWith(EXTENSION)
        ? file.substring(0, file.length() - EXTENSION.length())
        : file;
  }

  private boolean isAlias() {
    return MavenModel.aliases().containsKey(text.toLowerCase(Locale.ROOT));
  }

  private String fileName() {
    Path name = path().getFileName();
    return name == null ? text : name.toString();
  }

  private Path path() {
    try {
      return Path.of(text);
    } catch (InvalidPathException none) {
      throw new UsageException("'" + text + "' is neither a file nor a model that can be fetched.", none);
    }
  }

  /**
   * The model's file, which is fetched if it has to be.
   *
   * @param stopped asked meanwhile; what is fetched is given up once it is true
   * @throws UsageException if it is no file and no model that can be fetched
   * @throws io.panallama.models.ModelPullException if it can't be fetched
   */
  Path file(CommandContext context, BooleanSupplier stopped) {
    Optional<MavenModel> fetched = fetched();
    if (fetched.isEmpty()) {
      requireFileName();
      return path();
    }
    try (PullBar bar = new PullBar(context.err(), context.errTerminal(), text)) {
      PullConfig config =
          PullConfig.DEFAULT.withListener(progress -> bar.progress(progress) && !stopped.getAsBoolean());
      return EmbeddingModels.pull(fetched.get(), config).file();
    }
  }

  /** Refuses a plain word that names no file; a path, or a name with the files' extension, is one that is missing. */
  private void requireFileName() {
    boolean word = path().getNameCount() == 1 && !path().isAbsolute() && !text.contains(".");
    if (word && !Files.exists(path())) {
      throw new UsageException(
          "'"
              + text
              + "' is neither a file nor a model that can be fetched; those are "
              + String.join(", ", MavenModel.aliases().keySet())
              + " and maven:GROUP:ARTIFACT:VERSION.");
    }
  }

  /**
   * Fetches the model if it has to be, and loads it, with bars on a terminal; Ctrl-C ends the one and the other.
   *
   * @param start loads the file
   */
  <T> T load(CommandContext context, BiFunction<Path, ModelConfig, T> start) {
    AtomicBoolean stopped = new AtomicBoolean();
    Path file;
    try (StopSignals.Registration _ = context.signals().onStop(() -> stopped.set(true))) {
      file = file(context, stopped::get);
    }
    try (LoadProgress progress =
        new LoadProgress(context.err(), context.errTerminal(), id(), System::nanoTime, () -> false)) {
      return start.apply(file, ModelConfig.builder().listener(progress).build());
    }
  }

  /** Fetches and loads an embedding model. */
  LoadedEmbedder load(CommandContext context, EmbedderConfig config) {
    return load(context, (file, model) -> context.inference().startEmbedder(file, model, config));
  }

  private Optional<MavenModel> fetched() {
    boolean named = isAlias() || text.startsWith("maven:");
    if (!named || !text.startsWith("maven:") && Files.exists(path())) {
      return Optional.empty();
    }
    try {
      return Optional.of(MavenModel.parse(text));
    } catch (IllegalArgumentException refused) {
      throw new UsageException(String.valueOf(refused.getMessage()), refused);
    }
  }
}
