/**
 * The command line: {@code panallama serve}, {@code chat}, {@code run}, {@code doctor}, {@code inspect}, {@code quantize},
 * {@code bench}, {@code cache}, {@code config} and {@code completion}.
 *
 * <p>{@link io.panallama.cli.Main} gives every command a {@link io.panallama.cli.CommandContext}: its streams, which of them
 * are terminals, its surroundings, and an {@link io.panallama.cli.Inference} that loads models. Tests pass another one and
 * need no native code. Values of options that are not on the command line come from {@code io.panallama.cli.settings}.
 *
 * <p>Exit codes: 0 success; 1 the machine failed (no native library, a decode failed); 2 what the user gave can't be used (an
 * option, a file, a port); 130 interrupted by Ctrl-C. Every code but 0 comes with one line on standard error.
 */
@NullMarked
package io.panallama.cli;

import org.jspecify.annotations.NullMarked;
