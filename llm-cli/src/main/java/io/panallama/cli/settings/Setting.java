package io.panallama.cli.settings;

/**
 * A value that an environment variable or the configuration file gives to an option.
 *
 * @param value as on the command line; several values are joined by the option's separator
 * @param source its origin, human-readable: {@code PANALLAMA_PORT} or {@code config.yaml, line 3}
 */
public record Setting(String value, String source) {}
