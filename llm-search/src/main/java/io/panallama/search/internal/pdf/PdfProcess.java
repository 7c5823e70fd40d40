package io.panallama.search.internal.pdf;

import io.panallama.search.ingest.ReadLimits;
import io.panallama.search.internal.text.FileNames;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The process that reads PDF files, one after the other. It starts with the first file, and again after one that it did not
 * survive. Thread-safe.
 */
public final class PdfProcess implements AutoCloseable {
  private static final String MAIN = PdfProgram.class.getName();

  /** How a JVM exits with {@code -XX:+ExitOnOutOfMemoryError}. */
  private static final int OUT_OF_MEMORY = 3;

  /** What the start of the process may take, besides the file. */
  private static final int OPENING_SECONDS = 30;

  private static final int ENDING_SECONDS = 5;

  private final ReadLimits limits;
  private final ReentrantLock turn = new ReentrantLock();
  private volatile @Nullable Running running;

  /** Starts nothing yet. */
  public PdfProcess(ReadLimits limits) {
    this.limits = limits;
  }

  /**
   * The text of a file.
   *
   * @param title the title that it names; may be empty
   * @param pages the text of each page
   */
  public record PdfText(String title, List<String> pages) {}

  /**
   * Reads a file. An interrupt ends that, and the process with it; the interrupt is kept.
   *
   * @throws IOException if it can't be read, or takes more time or memory than it may; the message begins with "it"
   */
  public PdfText read(Path file) throws IOException {
    try {
      turn.lockInterruptibly();
    } catch (InterruptedException interrupt) {
      throw interrupted();
    }
    try {
      return FileNames.isLost(file.toAbsolutePath()) ? readLinked(file) : readAt(file);
    } finally {
      turn.unlock();
    }
  }

  /** Reads a file by another name: the path itself can't be told to the process. */
  private PdfText readLinked(Path file) throws IOException {
    Path folder = Files.createTempDirectory("panallama-pdf");
    Path link = folder.resolve("file.pdf");
    try {
      return readAt(Files.createSymbolicLink(link, file.toAbsolutePath()));
    } finally {
      Files.deleteIfExists(link);
      Files.delete(folder);
    }
  }

  private PdfText readAt(Path file) throws IOException {
    Running process = running;
    if (process == null) {
      process = new Running(limits);
      running = process;
    }
    try {
      return process.read(file, limits);
    } catch (DiedException died) {
      close();
      throw died;
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("it was not read, because the thread was interrupted");
  }

  /** Ends the process, also while it reads a file, which then can't be read. It may be used again. */
  @Override
  public void close() {
    Running process = running;
    if (process != null) {
      process.stop();
      running = null;
    }
  }

  /** The process did not survive a file. */
  private static final class DiedException extends IOException {
    private static final long serialVersionUID = 1L;

    DiedException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  private static final class Running {
    private final Process process;
    private final DataOutputStream out;
    private final DataInputStream in;
    private boolean isFresh = true;
    private volatile boolean reads;

    Running(ReadLimits limits) throws IOException {
      process = new ProcessBuilder(command(limits)).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      out = new DataOutputStream(new BufferedOutputStream(process.getOutputStream()));
      in = new DataInputStream(new BufferedInputStream(process.getInputStream()));
    }

    private static List<String> command(ReadLimits limits) {
      String java = File.separatorChar == '\\' ? "java.exe" : "java";
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", java).toString());
      command.add("-XX:+UseSerialGC");
      command.add("-XX:TieredStopAtLevel=1");
      command.add("-Xmx" + limits.pdfMemoryBytes());
      // What is left after such an error is unreliable; the next process begins anew.
      command.add("-XX:+ExitOnOutOfMemoryError");
      command.add("-XX:-CreateCoredumpOnCrash");
      command.add("-Djava.awt.headless=true");
      Module module = PdfProcess.class.getModule();
      String modules = System.getProperty("jdk.module.path");
      if (module.isNamed() && modules != null && System.getProperty("jdk.module.main") != null) {
        // The automatic modules among PDFBox's need it, but can't say so.
        command.addAll(List.of("--add-modules", "java.desktop", "--module-path", modules));
        command.addAll(List.of("-m", module.getName() + "/" + MAIN));
      } else {
        String path = System.getProperty("java.class.path");
        command.addAll(List.of("-cp", modules == null ? path : path + File.pathSeparator + modules, MAIN));
      }
      return command;
    }

    PdfText read(Path file, ReadLimits limits) throws IOException {
      long most = limits.pdfTime().toMillis() + TimeUnit.SECONDS.toMillis(OPENING_SECONDS) * (isFresh ? 1 : 0);
      isFresh = false;
      reads = true;
      FutureTask<PdfText> answer = new FutureTask<>(() -> ask(file, limits));
      // A platform thread: reading from a process would hold the carrier of a virtual one.
      Thread.ofPlatform().daemon(true).name("panallama-pdf").start(answer);
      try {
        return answer.get(most, TimeUnit.MILLISECONDS);
      } catch (ExecutionException failed) {
        throw failure(failed.getCause(), limits);
      } catch (TimeoutException late) {
        process.destroyForcibly();
        end();
        throw new DiedException("it takes longer than " + limits.pdfTime().toSeconds() + " seconds to read", late);
      } catch (InterruptedException interrupt) {
        process.destroyForcibly();
        throw new DiedException(String.valueOf(interrupted().getMessage()), interrupt);
      } finally {
        reads = false;
      }
    }

    private IOException failure(@Nullable Throwable cause, ReadLimits limits) {
      return switch (cause) {
        case RefusedException refused -> new IOException(refused.getMessage(), refused);
        case IOException gone -> new DiedException(end(limits), gone);
        case null, default -> new DiedException("its text can't be taken over: " + cause, cause);
      };
    }

    private PdfText ask(Path file, ReadLimits limits) throws IOException {
      PdfProgram.write(out, file.toAbsolutePath().toString());
      out.writeInt(limits.maxPages());
      out.writeInt(limits.maxCharacters());
      out.flush();
      return answer();
    }

    /** A file that the program could not read. */
    private static final class RefusedException extends IOException {
      private static final long serialVersionUID = 1L;

      RefusedException(String message) {
        super(message);
      }
    }

    private PdfText answer() throws IOException {
      int kind = in.readByte();
      if (kind == PdfProgram.REFUSED) {
        throw new RefusedException(PdfProgram.string(in));
      }
      if (kind != PdfProgram.TEXT) {
        // A virtual machine that runs out of memory says so on its standard output.
        throw new IOException("no answer");
      }
      String title = PdfProgram.string(in);
      int count = in.readInt();
      List<String> pages = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        pages.add(PdfProgram.string(in));
      }
      return new PdfText(title, pages);
    }

    /** Why the process has ended. */
    private String end(ReadLimits limits) {
      int code = end();
      return code == OUT_OF_MEMORY
          ? "it takes more than " + (limits.pdfMemoryBytes() >> 20) + " MiB of memory to read"
          : "the process that was reading it ended with code " + code;
    }

    /** Ends the process, at once if it reads a file. */
    void stop() {
      if (reads) {
        process.destroyForcibly();
      }
      end();
    }

    /** Ends the process and waits for it. */
    int end() {
      boolean interrupted = false;
      try {
        process.getOutputStream().close();
      } catch (IOException broken) {
        // It has ended already; the exit code is still to be had.
        interrupted = false;
      }
      try {
        while (true) {
          try {
            // It ends with its input; if it could not answer, it is about to exit with a code that says why.
            if (!process.waitFor(ENDING_SECONDS, TimeUnit.SECONDS)) {
              process.destroyForcibly();
            }
            return process.waitFor();
          } catch (InterruptedException interrupt) {
            interrupted = true;
          }
        }
      } finally {
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
