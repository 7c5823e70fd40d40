package io.panallama.cli;

import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.demo.DemoModel;
import io.panallama.generation.Completion;
import io.panallama.generation.Generation;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code panallama doctor}: checks whether this machine can run Panallama and, if not, says what to do. */
@Command(name = "doctor", description = "Check this machine: Java, native libraries, devices, and a generated token.")
final class DoctorCommand implements Callable<Integer> {
  private final CommandContext context;

  @Mixin private BackendOption backend = new BackendOption();

  DoctorCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    backend.select(context.inference());
    row("panallama", Main.Version.number());
    row("Java", Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
    row(
        "system",
        System.getProperty("os.name")
            + " "
            + System.getProperty("os.version")
            + ", "
            + System.getProperty("os.arch")
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors");
    try {
      natives();
      Path demo = DemoModel.extract();
      row("demo model", "ok, " + demo);
      generate(demo);
    } catch (RuntimeException failure) {
      row("FAILED", ExitCode.describe(failure));
      row("what to do", Advice.of(failure));
      return ExitCode.FAILURE;
    }
    Optional<String> noCuda = backend.disappointment(context.inference()::natives);
    if (noCuda.isPresent()) {
      row("what to do", Advice.forCuda());
      return ExitCode.FAILURE;
    }
    context.out().println("This machine can run Panallama.");
    return ExitCode.OK;
  }

  private void natives() {
    NativeReport natives = context.inference().natives();
    row("llama.cpp", natives.llamaVersion() + " for " + natives.platform());
    row("natives", natives.directory().toString());
    row("backend", natives.backend());
    row("CPU code", natives.cpuVariant().orElse("not reported"));
    row("CUDA", natives.cudaUnavailable().map(why -> "no: " + Printable.line(why)).orElse(cudaFound(natives)));
    for (Device device : context.inference().devices()) {
      row("device", describe(device));
    }
  }

  /** Without a reason against CUDA, it is available or was not requested. */
  private String cudaFound(NativeReport natives) {
    boolean device = context.inference().devices().stream().anyMatch(each -> each.backend().startsWith("CUDA"));
    return device ? "found" : "not requested (backend " + natives.backend() + ")";
  }

  private void generate(Path demo) {
    EngineConfig small = EngineConfig.builder().slots(1).contextSize(256).build();
    GenerationOptions oneToken = GenerationOptions.builder().maxTokens(1).sampling(Sampling.greedy()).build();
    long before = System.nanoTime();
    try (LoadedEngine engine = context.inference().start(demo, ModelConfig.defaults(), small);
        Generation generation = engine.generator().generate(ChatRequest.of("Hello").with(oneToken))) {
      Completion completion = generation.await();
      long milliseconds = (System.nanoTime() - before) / 1_000_000;
      row("generation", "ok, \"" + Printable.line(completion.text()) + "\" after " + milliseconds + " ms with loading");
    }
  }

  /** One line about a device, memory included. ggml does not know how much of the CPU's memory is free. */
  static String describe(Device device) {
    String memory =
        device.memoryTotal() == 0
            ? ""
            : device.type() == Device.Type.CPU
                ? ", " + Printable.bytes(device.memoryTotal())
                : ", "
                    + Printable.bytes(device.memoryFree())
                    + " of "
                    + Printable.bytes(device.memoryTotal())
                    + " free";
    return Printable.line(device.name()) + " (" + Printable.line(device.description()) + ")" + memory;
  }

  private void row(String label, String value) {
    context.out().printf("%-11s %s%n", label, value);
  }
}
