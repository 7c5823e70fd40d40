/**
 * The command line: {@code panallama serve}, {@code chat}, {@code run}, {@code doctor}, {@code inspect} and {@code bench}.
 *
 * <p>{@link io.panallama.cli.Main} hands every command a {@link io.panallama.cli.CommandContext}: its streams,
 * what it may draw on a terminal, and an {@link io.panallama.cli.Inference} that loads models. Tests pass another
 * one and need no native code.
 *
 * <p>Exit codes: 0 done; 1 the machine failed (no native library, a decode failed); 2 what the user gave can't be used (an
 * option, a file, a port); 130 interrupted by Ctrl-C. Everything but 0 comes with one line on standard error.
 */
@NullMarked
package io.panallama.cli;

import org.jspecify.annotations.NullMarked;
