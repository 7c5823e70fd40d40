package io.panallama.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** One command line run in this process with what it printed. */
record CliRun(int code, String out, String err) {
  static CliRun of(Inference inference, String... args) {
    return withInput(inference, new byte[0], args);
  }

  static CliRun withInput(Inference inference, byte[] input, String... args) {
    return run(inference, input, _ -> () -> {}, args);
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

  private static CliRun run(Inference inference, byte[] input, StopSignals signals, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    CommandContext context =
        new CommandContext(
            new ByteArrayInputStream(input),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            false,
            inference,
            signals);
    int code = Main.run(context, args);
    return new CliRun(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
