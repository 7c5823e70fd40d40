package io.panallama.cli;

import io.panallama.demo.DemoModel;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code panallama chat}: a conversation in the terminal. */
@Command(name = "chat", description = "Talk to a model in the terminal; also reads piped lines.")
final class ChatCommand implements Callable<Integer>, CheckedOptions {
  private final CommandContext context;

  @Option(names = "--system", paramLabel = "TEXT", description = "System message to start with. Default: none.")
  private @Nullable String system;

  @Mixin private DocsOptions docs = new DocsOptions();
  @Mixin private SamplingOptions sampling = new SamplingOptions();
  @Mixin private LimitOptions limits = new LimitOptions();
  @Mixin private ModelOptions model = new ModelOptions();

  ChatCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    GenerationOptions limited = limits.options();
    docs.check();
    try (LoadedEngine engine = model.start(context);
        DocsFolder folder = docs.open(context, engine)) {
      return folder != null && !folder.isComplete() ? ExitCode.INTERRUPTED : talk(engine, folder, limited);
    }
  }

  private int talk(LoadedEngine engine, @Nullable DocsFolder folder, GenerationOptions limited) {
    try (LineSource lines =
        context.interactive() ? TerminalLines.open() : new PipedLines(context.in(), context.signals())) {
      if (context.interactive()) {
        greet(engine);
      }
      GenerationOptions options = sampling.over(engine.model().sampling(), limited);
      ChatLoop loop = new ChatLoop(context, engine.generator(), folder, lines, options);
      loop.system(system == null ? "" : system);
      return loop.run();
    }
  }

  @Override
  public void checkOptions() {
    sampling.over(Sampling.recommended(), limits.options());
    model.checked(_ -> {});
  }

  private void greet(LoadedEngine engine) {
    context
        .out()
        .println(Printable.line(engine.model().name()) + ", " + engine.sequenceContextSize() + " tokens of context.");
    if (model.isDemo()) {
      context.out().println(DemoModel.notice());
    }
    context.out().println("/help lists the commands. Ctrl-C stops an answer, Ctrl-D leaves.");
  }
}
