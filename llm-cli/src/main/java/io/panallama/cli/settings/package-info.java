/**
 * Where the values of options come from: a flag on the command line, else an environment variable, else the configuration
 * file, else the default.
 *
 * <p>{@link io.panallama.cli.settings.Settings} is picocli's provider of defaults for every option of every command, so a new
 * option can be set in all three ways without further code. {@link io.panallama.cli.settings.ConfigFile} is the YAML file,
 * {@link io.panallama.cli.settings.OptionKeys} the naming rule, {@link io.panallama.cli.settings.Nearest} the answer to
 * "did you mean".
 */
@NullMarked
package io.panallama.cli.settings;

import org.jspecify.annotations.NullMarked;
