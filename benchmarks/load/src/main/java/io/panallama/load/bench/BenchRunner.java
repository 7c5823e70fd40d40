package io.panallama.load.bench;

import io.panallama.Model;
import io.panallama.error.GenerationException;
import io.panallama.error.ModelLoadException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs tests one after the other, each in its own engine; a model stays loaded as long as the next test uses it.
 *
 * <p>One thread runs it, once; any thread may call {@link #stop}.
 */
public final class BenchRunner {
  private final BenchPlan plan;
  private final BenchListener listener;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile @Nullable Workload running;

  /** A runner that reports to {@code listener}. */
  public BenchRunner(BenchPlan plan, BenchListener listener) {
    this.plan = plan;
    this.listener = listener;
  }

  /**
   * Runs these tests and returns when they are done or the runner was stopped.
   *
   * @return whether all were done
   * @throws io.panallama.error.PanallamaException if a model cannot be loaded, an engine cannot be started or a step fails
   * @throws BenchException if a model cannot run a test
   * @throws IOException as {@link BenchListener#measured}
   */
  public boolean run(List<BenchCase> cases) throws IOException, InterruptedException {
    int next = 0;
    while (next < cases.size() && !isStopped()) {
      BenchCase first = cases.get(next);
      try (Model model =
          Model.load(first.file(), first.model().toBuilder().listener(fraction -> loading(first, fraction)).build())) {
        while (next < cases.size() && !isStopped() && cases.get(next).sameModel(first)) {
          measure(model, cases.get(next), next);
          next++;
        }
      } catch (ModelLoadException cancelled) {
        if (cancelled.reason() != ModelLoadException.Reason.CANCELLED) {
          throw cancelled;
        }
      }
    }
    return !isStopped();
  }

  private boolean loading(BenchCase first, float fraction) {
    listener.loading(first.file(), fraction);
    return !isStopped();
  }

  private void measure(Model model, BenchCase next, int number) throws IOException, InterruptedException {
    if (stopped.await(plan.delay().toMillis(), TimeUnit.MILLISECONDS)) {
      return;
    }
    BenchTest test = next.test();
    Instant began = Instant.now();
    try (Workload workload = Workload.start(model, next.engine(), test)) {
      running = workload;
      List<Long> nanos = new ArrayList<>();
      listener.running(number, test, 0);
      workload.prepare();
      warmUp(workload);
      for (int repetition = 1; repetition <= plan.repetitions() && !isStopped(); repetition++) {
        listener.running(number, test, repetition);
        nanos.add(workload.run());
      }
      if (!isStopped()) {
        listener.measured(BenchResult.of(next, workload.engine(), began, nanos));
      }
    } catch (GenerationException | IllegalStateException failure) {
      // A stop closes the engine, which ends its generations.
      if (!isStopped()) {
        throw failure;
      }
    } finally {
      running = null;
    }
  }

  private void warmUp(Workload workload) throws InterruptedException {
    Duration warmUp = plan.warmUp();
    long began = System.nanoTime();
    while (!isStopped() && System.nanoTime() - began < warmUp.toNanos()) {
      workload.run();
    }
  }

  private boolean isStopped() {
    return stopped.getCount() == 0;
  }

  /** Ends the running test; finished tests have been reported. */
  public void stop() {
    stopped.countDown();
    Workload workload = running;
    if (workload != null) {
      workload.close();
    }
  }
}
