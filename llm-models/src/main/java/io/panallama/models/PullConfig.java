package io.panallama.models;

import io.panallama.quantize.QuantizationType;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a model is fetched, and what it becomes. Immutable.
 *
 * @param type type of the weights in the GGUF file
 * @param mavenSettings a {@code settings.xml} instead of the user's own
 * @param offline whether no repository is asked, whatever the settings say; the local repository is still used
 * @param listener receives the progress
 */
public record PullConfig(QuantizationType type, Optional<Path> mavenSettings, boolean offline, PullListener listener) {
  /** Half precision, the user's own settings. */
  public static final PullConfig DEFAULT =
      new PullConfig(QuantizationType.F16, Optional.empty(), false, PullListener.NONE);

  /** Checks the type as {@link OnnxImportConfig} does. */
  public PullConfig {
    OnnxImportConfig.DEFAULT.withType(type);
  }

  /** With another type of weights. */
  public PullConfig withType(QuantizationType value) {
    return new PullConfig(value, mavenSettings, offline, listener);
  }

  /** With another {@code settings.xml}. */
  public PullConfig withMavenSettings(Path value) {
    return new PullConfig(type, Optional.of(value), offline, listener);
  }

  /** Offline or not. */
  public PullConfig withOffline(boolean value) {
    return new PullConfig(type, mavenSettings, value, listener);
  }

  /** With a listener. */
  public PullConfig withListener(PullListener value) {
    return new PullConfig(type, mavenSettings, offline, value);
  }
}
