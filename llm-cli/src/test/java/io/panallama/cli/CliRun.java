package io.panallama.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** A command line that was run in this process, with its output. */
record CliRun(int code, String out, String err) {
  /** Without variables, and without a configuration file. */
  static final Environment ENVIRONMENT = new Environment(Map.of(), Path.of("no-such-folder", "config.yaml"));

  /** A context whose output is discarded. */
  static CommandContext context(Inference inference) {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    return new CommandContext(
        InputStream.nullInputStream(),
        nowhere,
        nowhere,
        new Terminals(false, false, false),
        ENVIRONMENT,
        inference,
        _ -> () -> {});
  }

  static CliRun of(Inference inference, String... args) {
    return withInput(inference, new byte[0], args);
  }

  static CliRun withInput(Inference inference, byte[] input, String... args) {
    return run(inference, input, _ -> () -> {}, args);
  }

  static CliRun withInput(Inference inference, InputStream input, String... args) {
    return run(inference, input, _ -> () -> {}, new Terminals(false, false, false), ENVIRONMENT, args);
  }

  static CliRun withInput(Inference inference, String input, String... args) {
    return withInput(inference, input.getBytes(StandardCharsets.UTF_8), args);
  }

  /** Presses Ctrl-C as soon as a command listens for it. */
  static CliRun withSignal(Inference inference, String input, String... args) {
    StopSignals atOnce =
        action -> {
          action.run();
          return () -> {};
        };
    return run(inference, input.getBytes(StandardCharsets.UTF_8), atOnce, args);
  }

  /** While a signal is ending the process. */
  static CliRun whileEnding(Inference inference, String... args) {
    StopSignals ending =
        new StopSignals() {
          @Override
          public Registration onStop(Runnable action) {
            return () -> {};
          }

          @Override
          public boolean isEnding() {
            return true;
          }
        };
    return run(inference, "Hello".getBytes(StandardCharsets.UTF_8), ending, args);
  }

  /** As if a person used the terminal. */
  static CliRun onTerminal(Inference inference, String input, String... args) {
    return run(
        inference,
        new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
        _ -> () -> {},
        new Terminals(true, true, true),
        ENVIRONMENT,
        args);
  }

  /** With these variables and this file instead of none. */
  static CliRun in(Environment environment, Inference inference, String... args) {
    InputStream none = InputStream.nullInputStream();
    return run(inference, none, _ -> () -> {}, new Terminals(false, false, false), environment, args);
  }

  private static CliRun run(Inference inference, byte[] input, StopSignals signals, String... args) {
    InputStream in = new ByteArrayInputStream(input);
    return run(inference, in, signals, new Terminals(false, false, false), ENVIRONMENT, args);
  }

  private static CliRun run(
      Inference inference,
      InputStream input,
      StopSignals signals,
      Terminals terminals,
      Environment environment,
      String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    CommandContext context =
        new CommandContext(
            input,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            terminals,
            environment,
            inference,
            signals);
    int code = Main.run(context, args);
    return new CliRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
