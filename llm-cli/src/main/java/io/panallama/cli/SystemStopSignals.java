package io.panallama.cli;

import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.utils.Signals;

/** {@link StopSignals} from the operating system. */
final class SystemStopSignals implements StopSignals {
  @Override
  public Registration onStop(Runnable action) {
    AtomicBoolean stopping = new AtomicBoolean();
    Runnable handler =
        () -> {
          if (stopping.getAndSet(true)) {
            Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
          }
          action.run();
        };
    Object oldInterrupt = Signals.register("INT", handler);
    Object oldTerminate = Signals.register("TERM", handler);
    return () -> {
      Signals.unregister("INT", oldInterrupt);
      Signals.unregister("TERM", oldTerminate);
    };
  }
}
