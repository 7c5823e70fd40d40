package io.panallama.search.internal.lucene;

import java.io.Closeable;
import java.io.IOException;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.SearcherManager;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.Directory;

/**
 * The searchers of an index. While this process only reads, they follow what another one commits; once it writes, they
 * show what its writer has committed. Thread-safe.
 */
final class Searchers implements Closeable {
  /** What a search does. */
  @FunctionalInterface
  interface Work<T> {
    T with(IndexSearcher searcher) throws IOException;
  }

  private record Source(SearcherManager manager, boolean committed) {}

  private volatile Source source;

  Searchers(Directory directory) throws IOException {
    source = new Source(new SearcherManager(directory, null), true);
  }

  /** From now on, shows what a writer has committed, as of each {@link #refresh}. */
  void follow(IndexWriter writer) throws IOException {
    Source old = source;
    source = new Source(new SearcherManager(writer, null), false);
    old.manager.close();
  }

  /** Shows all that the writer holds, so it must have been committed. */
  void refresh() throws IOException {
    source.manager.maybeRefreshBlocking();
  }

  <T> T search(Work<T> work) throws IOException {
    while (true) {
      Source used = source;
      IndexSearcher searcher;
      try {
        if (used.committed) {
          used.manager.maybeRefresh();
        }
        searcher = used.manager.acquire();
      } catch (AlreadyClosedException replaced) {
        if (used == source) {
          throw new IllegalStateException("The collection is closed.", replaced);
        }
        continue;
      }
      try {
        return work.with(searcher);
      } finally {
        used.manager.release(searcher);
      }
    }
  }

  @Override
  public void close() throws IOException {
    source.manager.close();
  }
}
