package io.panallama.server.leak;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.observe.EngineStats;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedEngine;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Leaks of this process, made on purpose, are found by what they hold. */
@Timeout(120)
class LeakWatchTest {
  private static final int ROUNDS = 24;
  private static final int REQUESTS = 100;

  /** One measurement makes a window, so that a test takes no minutes. */
  private static final LeakSettings QUICK = new LeakSettings(0, REQUESTS, 1, 12, 60, 0.6);

  @TempDir private Path folder;
  private final AtomicLong requests = new AtomicLong();
  private final Registry registry = new Registry();

  private interface Seed {
    void more(int round) throws IOException;
  }

  /** The owners that are named while something is done after every hundred requests. */
  private Set<Owner> found(Seed seed) throws IOException {
    List<Leak> all = new ArrayList<>();
    LeakWatch watch = new LeakWatch(new ServerProbe(registry, () -> 0), requests::get, QUICK);
    for (int round = 0; round < ROUNDS; round++) {
      seed.more(round);
      requests.addAndGet(REQUESTS);
      all.addAll(watch.measure());
    }
    Set<Owner> owners = new TreeSet<>();
    all.forEach(leak -> owners.add(leak.owner()));
    owners.forEach(owner -> assertThat(watch.leaks(owner)).as(owner.label()).isTrue());
    return owners;
  }

  @Test
  void nothingIsFoundWhereNothingLeaks() throws IOException {
    assertThat(found(_ -> {})).isEmpty();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void descriptors() throws IOException {
    Path file = Files.createFile(folder.resolve("held"));
    List<FileChannel> held = new ArrayList<>();
    try {
      assertThat(found(_ -> held.add(FileChannel.open(file)))).contains(Owner.DESCRIPTORS);
    } finally {
      for (FileChannel channel : held) {
        channel.close();
      }
    }
  }

  /** Those of clients are explained. */
  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void connectionsAreNoLeak() throws IOException {
    Path file = Files.createFile(folder.resolve("held"));
    List<FileChannel> held = new ArrayList<>();
    LeakWatch watch = new LeakWatch(new ServerProbe(registry, held::size), requests::get, QUICK);
    List<Leak> all = new ArrayList<>();
    try {
      for (int round = 0; round < ROUNDS; round++) {
        held.add(FileChannel.open(file));
        requests.addAndGet(REQUESTS);
        all.addAll(watch.measure());
      }
    } finally {
      for (FileChannel channel : held) {
        channel.close();
      }
    }
    assertThat(all).noneMatch(leak -> leak.owner() == Owner.DESCRIPTORS);
  }

  @Test
  void threads() throws IOException {
    CountDownLatch end = new CountDownLatch(1);
    try {
      Set<Owner> owners =
          found(_ ->
              Thread.ofPlatform()
                  .daemon()
                  .start(() -> {
                    try {
                      end.await();
                    } catch (InterruptedException over) {
                      Thread.currentThread().interrupt();
                    }
                  }));
      assertThat(owners).contains(Owner.THREADS);
    } finally {
      end.countDown();
    }
  }

  @Test
  void directBuffers() throws IOException {
    List<ByteBuffer> held = new ArrayList<>();
    assertThat(found(_ -> held.add(ByteBuffer.allocateDirect(2 << 20))))
        .contains(Owner.DIRECT)
        .doesNotContain(Owner.NATIVE);
    assertThat(held).hasSize(ROUNDS);
  }

  /** Memory of an arena is in no statistics of the JVM. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void anArena() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Set<Owner> owners = found(_ -> arena.allocate(8 << 20).fill((byte) 1));
      assertThat(owners).contains(Owner.NATIVE).doesNotContain(Owner.DIRECT, Owner.DESCRIPTORS, Owner.THREADS);
    }
  }

  /** An engine whose sequences are not given back. */
  @Test
  void sequences() throws IOException {
    AtomicInteger left = new AtomicInteger();
    ServedEngine engine =
        ServedEngine.of(new ScriptedGenerator())
            .withStats(() -> new EngineStats(left.get(), 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    registry.serve(ServedModel.builder("m", 4096).build(), engine);
    assertThat(found(_ -> left.incrementAndGet())).containsExactly(Owner.SEQUENCES);
  }

  @Test
  void theOwnersOfAWorkerBeginAnewWithAnother() {
    AtomicLong worker = new AtomicLong(1);
    AtomicLong threads = new AtomicLong();
    LeakProbe probe =
        () -> new LeakProbe.Measurement(Map.of(Owner.WORKER_THREADS, threads.addAndGet(2)), Set.of(worker.get()));
    LeakWatch watch = new LeakWatch(probe, requests::get, QUICK);
    for (int round = 0; round < 60; round++) {
      // Replaced before anything is certain.
      worker.set(round / 10);
      requests.addAndGet(REQUESTS);
      assertThat(watch.measure()).isEmpty();
    }
    List<Leak> all = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      requests.addAndGet(REQUESTS);
      all.addAll(watch.measure());
    }
    assertThat(all).singleElement().satisfies(leak -> assertThat(leak.owner()).isEqualTo(Owner.WORKER_THREADS));
  }

  @Test
  void whatCannotBeMeasuredDisturbsNothing() {
    LeakProbe broken =
        () -> {
          throw new IllegalStateException("no measurement");
        };
    try (LeakWatch watch = new LeakWatch(broken, requests::get, QUICK).start()) {
      assertThat(watch.measure()).isEmpty();
    }
  }
}
