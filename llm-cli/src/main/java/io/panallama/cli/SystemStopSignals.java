package io.panallama.cli;

import java.time.Duration;
import java.util.Optional;
import org.jline.utils.Signals;

/** {@link StopSignals} from the operating system. */
final class SystemStopSignals implements StopSignals {
  /** What hears signals since the process began; empty if each registration hears its own. */
  private final Optional<StopRequest> process;

  private SystemStopSignals(Optional<StopRequest> process) {
    this.process = process;
  }

  /** Signals are heard while somebody is registered, and otherwise end the process. */
  static SystemStopSignals whileRegistered() {
    return new SystemStopSignals(Optional.empty());
  }

  /**
   * Signals are heard from now on until the process ends, for the only registration that there will be. One that comes before
   * it ends the process at once: nothing has been started yet, and what is being read may be a pipe without a writer.
   */
  static SystemStopSignals always() {
    StopRequest request = request();
    request.onStop(SystemStopSignals::endBeforeTheStart);
    register(request);
    return new SystemStopSignals(Optional.of(request));
  }

  @Override
  public Registration onStop(Runnable action) {
    if (process.isPresent()) {
      process.get().onStop(action);
      return () -> {};
    }
    StopRequest request = request();
    request.onStop(action);
    return register(request);
  }

  @Override
  public void endWithin(Duration limit) {
    Thread.ofPlatform()
        .daemon()
        .name("panallama-end")
        .start(() -> {
          try {
            Thread.sleep(limit);
          } catch (InterruptedException hurry) {
            // Nothing interrupts it but the end of the process.
            Thread.currentThread().interrupt();
          }
          System.err.println(
              "panallama: not everything ended within " + limit.toSeconds() + " s; the rest is ended now");
          end(ExitCode.OK);
        });
  }

  @Override
  public boolean isEnding() {
    Thread hook = new Thread(() -> {});
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      Runtime.getRuntime().removeShutdownHook(hook);
      return false;
    } catch (IllegalStateException ending) {
      // The documented answer of a virtual machine that runs its hooks.
      return true;
    }
  }

  private static StopRequest request() {
    return new StopRequest(System::nanoTime, SystemStopSignals::endAtOnce);
  }

  private static Registration register(StopRequest request) {
    Object oldTerminate = Signals.register("TERM", request::signal);
    Object oldInterrupt = Signals.register("INT", request::signal);
    return () -> {
      Signals.unregister("INT", oldInterrupt);
      Signals.unregister("TERM", oldTerminate);
    };
  }

  private static void endBeforeTheStart() {
    System.err.println("panallama: stopping");
    Runtime.getRuntime().halt(ExitCode.OK);
  }

  private static void endAtOnce() {
    end(ExitCode.INTERRUPTED);
  }

  /** Without what else belongs to an end in order, but not without the processes that would stay: engines and trials. */
  private static void end(int code) {
    try {
      ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
    } finally {
      Runtime.getRuntime().halt(code);
    }
  }
}
