package io.panallama.cli.profile;

import io.panallama.cli.profile.Jcmd.Jvm;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Recordings that are running in several processes: a server's and those that compute for it. Lifetime: {@link #close} ends those that
 * are left and discards what they have recorded; if this process is killed, they end by themselves. For one thread.
 */
public final class FlightRecording implements AutoCloseable {
  /** How much longer than it should a recording goes on at most, if nobody ends it. */
  private static final Duration SLACK = Duration.ofSeconds(60);

  private final Jcmd jcmd;
  private final String name = "panallama-profile-" + ProcessHandle.current().pid();
  private final List<Jvm> running = new ArrayList<>();

  private FlightRecording(Jcmd jcmd) {
    this.jcmd = jcmd;
  }

  /**
   * Begins to record.
   *
   * @param processes the server first
   * @param length how long it is going to take
   * @throws IOException if one of them can't be told; none of them records then
   */
  public static FlightRecording start(Jcmd jcmd, List<Jvm> processes, Duration length)
      throws IOException, InterruptedException {
    FlightRecording recording = new FlightRecording(jcmd);
    try {
      for (Jvm jvm : processes) {
        recording.running.add(jvm);
        jcmd.tell(
            jvm.pid(),
            "JFR.start",
            "name=" + recording.name,
            "settings=profile",
            "duration=" + length.plus(SLACK).toSeconds() + "s");
      }
      return recording;
    } catch (IOException | InterruptedException | RuntimeException failed) {
      recording.close();
      throw failed;
    }
  }

  /**
   * Ends the recordings and writes them to one file, one behind the other, as {@link FlightReader} and the JDK's programs read it.
   *
   * @return the processes that have ended meanwhile, so that nothing is known of them
   * @throws IOException if the server's recording can't be had, or the file can't be written
   */
  public List<Jvm> finish(Path file) throws IOException, InterruptedException {
    List<Jvm> lost = new ArrayList<>();
    Path folder = Files.createTempDirectory("panallama-profile");
    try (OutputStream out = Files.newOutputStream(file)) {
      boolean server = true;
      while (!running.isEmpty()) {
        Jvm jvm = running.removeFirst();
        Path part = folder.resolve(jvm.pid() + ".jfr");
        try {
          jcmd.tell(jvm.pid(), "JFR.stop", "name=" + name, "filename=" + part);
          Files.copy(part, out);
        } catch (IOException gone) {
          if (server) {
            throw gone;
          }
          lost.add(jvm);
        } finally {
          Files.deleteIfExists(part);
        }
        server = false;
      }
      return lost;
    } finally {
      Files.delete(folder);
    }
  }

  /** Ends what still records. Repeating it is harmless. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    for (Jvm jvm : running) {
      try {
        jcmd.tell(jvm.pid(), "JFR.stop", "name=" + name);
      } catch (IOException ended) {
        // It has ended, or had not begun.
      } catch (InterruptedException hurry) {
        interrupted = true;
      }
    }
    running.clear();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
