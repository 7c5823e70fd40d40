package io.panallama.internal.stream;

import io.panallama.jmh.LauncherJvm;
import java.time.Duration;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Passing a token from the engine to a reader. */
public class MailboxBenchmark extends LauncherJvm {
  private static final Duration LONG = Duration.ofHours(1);
  private static final int TOKEN = 7;
  private static final byte[] PIECE = {' ', 't', 'h', 'e'};

  private static Mailbox mailbox() {
    return new Mailbox(256, 64, 0);
  }

  private static void put(Mailbox mailbox) {
    mailbox.write(TOKEN, PIECE, 0, PIECE.length);
    mailbox.publish();
  }

  /** A mailbox with the benchmark's thread on both sides. */
  @State(Scope.Thread)
  public static class OneThread {
    private final Mailbox mailbox = mailbox();
    private final Utf8Assembler text = new Utf8Assembler();
  }

  /** Writes, reads and makes a string, while no thread waits. */
  @Benchmark
  public String writeAndRead(OneThread state) throws InterruptedException {
    put(state.mailbox);
    state.mailbox.await(LONG);
    state.mailbox.drainBytes(state.text);
    state.mailbox.advance();
    return state.text.take();
  }

  /** Writes and takes out, without a string. */
  @Benchmark
  public int writeAndAdvance(OneThread state) throws InterruptedException {
    put(state.mailbox);
    state.mailbox.await(LONG);
    int token = state.mailbox.token();
    state.mailbox.advance();
    return token;
  }

  /** A generation that never ends. */
  @State(Scope.Thread)
  public static class Stream {
    private final EngineGeneration generation = new EngineGeneration(1, 0, mailbox(), false, new NoEngine());
  }

  private static final class NoEngine implements ReaderListener {
    @Override
    public void caughtUp() {}

    @Override
    public void cancelled(EngineGeneration generation) {}
  }

  /** Writes, and reads as a user does: an event with a text. */
  @Benchmark
  public Object writeAndPoll(Stream stream) throws InterruptedException {
    put(stream.generation.mailbox());
    return stream.generation.poll(LONG);
  }

  /** A reader that sends every token back. */
  @State(Scope.Thread)
  public static class Echo {
    @Param({"platform", "virtual"})
    public String reader;

    private final Mailbox there = mailbox();
    private final Mailbox back = mailbox();
    private Thread thread;

    @Setup
    public void start() {
      Runnable echo = this::echo;
      thread = reader.equals("virtual") ? Thread.ofVirtual().start(echo) : Thread.ofPlatform().start(echo);
    }

    private void echo() {
      try {
        while (there.await(LONG) && !there.isEmpty()) {
          there.advance();
          put(back);
        }
      } catch (InterruptedException end) {
        Thread.currentThread().interrupt();
      }
    }

    @TearDown
    public void stop() throws InterruptedException {
      there.end();
      thread.join();
    }
  }

  /** Passes a token to a waiting thread and back to a waiting platform thread: two wake-ups. */
  @Benchmark
  public int roundTrip(Echo echo) throws InterruptedException {
    put(echo.there);
    echo.back.await(LONG);
    int token = echo.back.token();
    echo.back.advance();
    return token;
  }
}
