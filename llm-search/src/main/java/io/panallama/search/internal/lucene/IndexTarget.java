package io.panallama.search.internal.lucene;

import io.panallama.platform.FileTrouble;
import io.panallama.search.error.SearchException;
import java.io.IOException;
import java.util.Map;
import org.apache.lucene.index.ConcurrentMergeScheduler;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.KeepOnlyLastCommitDeletionPolicy;
import org.apache.lucene.index.SnapshotDeletionPolicy;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;
import org.jspecify.annotations.Nullable;

/** Lucene's writer as the target of commits. It holds the lock of the index from the first change on. */
final class IndexTarget implements GroupCommit.Target<IndexWriter> {
  private static final System.Logger LOG = System.getLogger("io.panallama.search");

  private final Directory directory;
  private final String what;
  private final Words words;
  private @Nullable Searchers searchers;
  private @Nullable IndexWriter writer;

  /** For threads that keep a commit's files; the policy belongs to the current writer. */
  private volatile @Nullable SnapshotDeletionPolicy commits;

  /** For threads that wait for merges; those of the current writer. */
  private volatile @Nullable LoggingMerges merges;

  /**
   * A target without a writer.
   *
   * @param what the thing that messages are about
   */
  IndexTarget(Directory directory, String what, Words words) {
    this.directory = directory;
    this.what = what;
    this.words = words;
  }

  /**
   * Makes an empty index that keeps facts.
   *
   * @return false if there is an index already, which stays as it is
   */
  static boolean create(Directory directory, Words words, Map<String, String> facts) throws IOException {
    // Not CREATE, which would empty an index that another process has made a moment ago.
    IndexWriterConfig config = config(words).setOpenMode(IndexWriterConfig.OpenMode.CREATE_OR_APPEND);
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      if (writer.getLiveCommitData() != null && writer.getLiveCommitData().iterator().hasNext()) {
        return false;
      }
      writer.setLiveCommitData(facts.entrySet());
      writer.commit();
      return true;
    }
  }

  private static IndexWriterConfig config(Words words) {
    return new IndexWriterConfig(words)
        .setCodec(WideVectors.codec())
        // Merges go on in the background; a caller does not wait for them.
        .setMaxFullFlushMergeWaitMillis(0)
        // What is not acknowledged need not be kept.
        .setCommitOnClose(false);
  }

  /** A merge that fails leaves the segments as they are. */
  private static final class LoggingMerges extends ConcurrentMergeScheduler {
    /** Milliseconds after which aborted merges are noticed, which don't notify as those do that end. */
    private static final long PAUSE = 100;

    /** Waits until no merge runs. Unlike {@link #sync()} it ends when the thread is interrupted. */
    synchronized void await() throws InterruptedException {
      while (mergeThreadCount() > 0) {
        wait(PAUSE);
      }
    }

    @Override
    protected void handleMergeException(Throwable failure) {
      LOG.log(
          System.Logger.Level.WARNING,
          "Segments could not be merged; it is tried again later: " + FileTrouble.reason(failure));
    }
  }

  /** From now on, searchers follow the writer. */
  void attach(Searchers value) {
    searchers = value;
  }

  @Override
  public IndexWriter writer() throws IOException {
    IndexWriter open = writer;
    if (open == null) {
      SnapshotDeletionPolicy policy = new SnapshotDeletionPolicy(new KeepOnlyLastCommitDeletionPolicy());
      IndexWriterConfig config = config(words).setOpenMode(IndexWriterConfig.OpenMode.APPEND);
      LoggingMerges scheduler = new LoggingMerges();
      config.setIndexDeletionPolicy(policy).setMergeScheduler(scheduler);
      open = new IndexWriter(directory, config);
      writer = open;
      merges = scheduler;
      commits = policy;
      if (searchers != null) {
        searchers.follow(open);
      }
    }
    return open;
  }

  @Override
  public void commit() throws IOException {
    if (writer != null) {
      writer.commit();
    }
    if (searchers != null) {
      searchers.refresh();
    }
  }

  /**
   * Waits until no merge runs. Any thread.
   *
   * @throws SearchException if the thread is interrupted
   */
  void awaitMerges() {
    LoggingMerges running = merges;
    if (running == null) {
      return;
    }
    try {
      running.await();
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new SearchException(
          SearchException.Reason.INTERRUPTED,
          "The thread was interrupted while it waited for segments to be merged; they are merged all the same.",
          interrupt);
    }
  }

  @Override
  public void rollback() {
    close();
  }

  @Override
  public void close() {
    if (writer != null) {
      try {
        writer.rollback();
      } catch (IOException | RuntimeException failure) {
        LOG.log(
            System.Logger.Level.WARNING,
            "The writer of " + what + " was not closed in order: " + FileTrouble.reason(failure));
      }
      writer = null;
      commits = null;
      merges = null;
    }
  }

  @Override
  public SearchException failure(Throwable cause) {
    // The writer is closed by the first error that it can't survive, and says so from then on.
    Throwable first = cause instanceof AlreadyClosedException ? cause.getCause() : null;
    return StorageErrors.of(what, first == null ? cause : first);
  }

  /** What is done with the files of a commit while they are kept. */
  @FunctionalInterface
  interface CommitWork {
    void with(IndexCommit commit) throws IOException;
  }

  /** Keeps the files of the last commit while something is done with them. Any thread, once there is a writer. */
  void keepingLastCommit(CommitWork work) throws IOException {
    SnapshotDeletionPolicy policy = commits;
    if (policy == null) {
      throw new IllegalStateException("There is no writer.");
    }
    IndexCommit commit = policy.snapshot();
    try {
      work.with(commit);
    } finally {
      policy.release(commit);
    }
  }
}
