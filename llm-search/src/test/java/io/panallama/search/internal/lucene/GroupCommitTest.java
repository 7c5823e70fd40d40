package io.panallama.search.internal.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class GroupCommitTest {
  /** A writer that is a list: applied changes become committed ones. */
  private static final class Lists implements GroupCommit.Target<List<String>> {
    final List<String> committed = new ArrayList<>();
    final List<Integer> groups = new ArrayList<>();
    final Semaphore mayCommit = new Semaphore(0);
    final CountDownLatch commits = new CountDownLatch(1);
    private List<String> applied = new ArrayList<>();
    private boolean closed;

    @Override
    public List<String> writer() {
      return applied;
    }

    @Override
    public void commit() throws IOException {
      commits.countDown();
      mayCommit.acquireUninterruptibly();
      if (applied.contains("unwritable")) {
        throw new IOException("No space left on device");
      }
      committed.addAll(applied);
      groups.add(applied.size());
      applied.clear();
    }

    @Override
    public void rollback() {
      applied = new ArrayList<>();
    }

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public SearchException failure(Throwable cause) {
      return StorageErrors.of("The list", cause);
    }
  }

  private final Lists lists = new Lists();
  private final GroupCommit commits = new GroupCommit("test", lists);
  private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void close() {
    lists.mayCommit.release(1_000);
    callers.close();
    commits.close();
  }

  private Future<?> add(String text) {
    return callers.submit(() -> commits.make((List<String> writer) -> writer.add(text)));
  }

  private void awaitQueued(int count) {
    while (commits.waiting() < count) {
      Thread.onSpinWait();
    }
  }

  @Test
  void changesThatWaitShareOneCommit() throws Exception {
    Future<?> first = add("a");
    lists.commits.await();
    List<Future<?>> others = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      others.add(add("n" + i));
    }
    awaitQueued(20);
    assertThat(first.isDone()).isFalse();

    lists.mayCommit.release(2);
    first.get();
    for (Future<?> other : others) {
      other.get();
    }
    assertThat(lists.groups).containsExactly(1, 20);
    assertThat(lists.committed).hasSize(21);
  }

  @Test
  void onlyWhatCantBeCommittedFails() throws Exception {
    Future<?> first = add("a");
    lists.commits.await();
    Future<?> good = add("b");
    Future<?> bad = add("unwritable");
    awaitQueued(2);
    lists.mayCommit.release(100);

    first.get();
    good.get();
    assertThatExceptionOfType(ExecutionException.class)
        .isThrownBy(bad::get)
        .havingCause()
        .isInstanceOfSatisfying(
            SearchException.class, failure -> assertThat(failure.reason()).isEqualTo(Reason.DISK_FULL));
    add("c").get();
    assertThat(lists.committed).containsExactlyInAnyOrder("a", "b", "c");
  }

  @Test
  void closingMakesWhatWaits() throws Exception {
    Future<?> first = add("a");
    lists.commits.await();
    Future<?> second = add("b");
    awaitQueued(1);
    lists.mayCommit.release(2);
    commits.close();

    first.get();
    second.get();
    assertThat(lists.committed).containsExactly("a", "b");
    assertThat(lists.closed).isTrue();
    assertThatIllegalStateException().isThrownBy(() -> commits.make((List<String> _) -> {}));
  }
}
