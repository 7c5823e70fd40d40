package io.panallama.internal.llama;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The processors and ggml threads of one context, shared with the other contexts of this process.
 *
 * <p>Contexts that compute on the CPU take turns step by step ({@link CpuGate}), and those with the same number of threads share thread pools. There are no more pools of one size than can compute at the same time, so that the threads of an idle pool don't spin while others compute. A context with layers on a GPU has little work for the CPU; it has its own threads and waits for no other context.
 *
 * <p>Created and closed on the engine thread, which alone enters; {@link #wake} may be called from any thread.
 */
final class CpuThreads implements AutoCloseable {
  /** The gate for all contexts that compute on the CPU. */
  static final CpuGate GATE = new CpuGate(Processors.count());

  private static final int PROCESSORS = Processors.count();
  private static final List<SharedPool> POOLS = new ArrayList<>();

  /** A pool with its lane and the number of its contexts, which is guarded by {@link #POOLS}. */
  private static final class SharedPool {
    private final ThreadPoolParams params;
    private final ThreadPool pool;
    private final CpuGate.Lane lane = new CpuGate.Lane();
    private int users = 1;

    SharedPool(ThreadPoolParams params) {
      this.params = params;
      this.pool = ThreadPool.create(params);
    }
  }

  private final CpuGate gate;
  private final CpuGate.Turn turn;
  private final SharedPool pool;

  private CpuThreads(CpuGate gate, SharedPool pool, BooleanSupplier aborted) {
    this.gate = gate;
    this.pool = pool;
    this.turn = gate.turn(pool.params.threads(), pool.lane, aborted);
  }

  /**
   * Joins a pool that contexts of this kind share, or creates one.
   *
   * @param params the threads of the context's steps
   * @param offloaded whether a GPU computes part of the model
   * @param aborted whether a step that waits for its turn should be abandoned
   */
  static CpuThreads join(ThreadPoolParams params, boolean offloaded, BooleanSupplier aborted) {
    return Owned.build(owned -> {
      SharedPool pool = owned.add(pool(params, offloaded), CpuThreads::leave);
      return new CpuThreads(offloaded ? new CpuGate(params.threads()) : GATE, pool, aborted);
    });
  }

  /** Attaches these threads to a context until it is freed. */
  void attach(MemorySegment context) {
    pool.pool.attachTo(context);
  }

  private static SharedPool pool(ThreadPoolParams params, boolean offloaded) {
    // A pool of one thread has nothing to share.
    if (params.threads() == 1 || offloaded) {
      return new SharedPool(params);
    }
    synchronized (POOLS) {
      SharedPool pool = leastUsed(params);
      if (pool == null) {
        pool = new SharedPool(params);
        POOLS.add(pool);
      } else {
        pool.users++;
      }
      return pool;
    }
  }

  /** The least used pool of that kind; null if a new one should be created. */
  private static @Nullable SharedPool leastUsed(ThreadPoolParams params) {
    SharedPool least = null;
    int count = 0;
    for (SharedPool pool : POOLS) {
      if (pool.params.equals(params)) {
        count++;
        least = least == null || pool.users < least.users ? pool : least;
      }
    }
    return count < PROCESSORS / params.threads() ? null : least;
  }

  /**
   * Borrows {@code count} of the threads for sampling, between {@link #enter} and {@link #leave}. The result must be closed before this.
   *
   * @throws io.panallama.error.EngineStartException if ggml's CPU backend can't use them
   */
  SamplingPool borrow(int count) {
    return SamplingPool.borrow(pool.pool, count);
  }

  /**
   * Waits until this context may compute. A context that is alone never waits.
   *
   * @return false if {@code aborted} became true first; there is nothing to {@link #leave} in that case
   */
  boolean enter() {
    return gate.enter(turn);
  }

  /** Releases the processors for other contexts. */
  void leave() {
    gate.leave(turn);
  }

  /** Makes a waiting {@link #enter} check its abort flag. */
  void wake() {
    turn.wake();
  }

  /** Leaves the pool, after the context was freed; the last context to leave ends the threads. */
  @Override
  public void close() {
    leave(pool);
  }

  private static void leave(SharedPool pool) {
    synchronized (POOLS) {
      if (--pool.users == 0) {
        POOLS.remove(pool);
        pool.pool.close();
      }
    }
  }

  /** The current number of shared pools. */
  static int pools() {
    synchronized (POOLS) {
      return POOLS.size();
    }
  }
}
