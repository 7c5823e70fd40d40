package io.panallama.search.internal.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexFileNames;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.FilterIndexOutput;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.MMapDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that takes so many bytes more, and a record of what was made durable. */
class FullDiskTest {
  private static final class SmallDisk extends FilterDirectory {
    final AtomicLong room = new AtomicLong(Long.MAX_VALUE);
    final Set<String> synced = new HashSet<>();

    SmallDisk(Directory directory) {
      super(directory);
    }

    @Override
    public IndexOutput createOutput(String name, IOContext context) throws IOException {
      return limited(super.createOutput(name, context));
    }

    @Override
    public IndexOutput createTempOutput(String prefix, String suffix, IOContext context) throws IOException {
      return limited(super.createTempOutput(prefix, suffix, context));
    }

    private IndexOutput limited(IndexOutput output) {
      return new FilterIndexOutput("limited", output.getName(), output) {
        @Override
        public void writeByte(byte b) throws IOException {
          take(1);
          super.writeByte(b);
        }

        @Override
        public void writeBytes(byte[] bytes, int offset, int length) throws IOException {
          take(length);
          super.writeBytes(bytes, offset, length);
        }
      };
    }

    private void take(int bytes) throws IOException {
      if (room.addAndGet(-bytes) < 0) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public void sync(Collection<String> names) throws IOException {
      super.sync(names);
      synchronized (synced) {
        synced.addAll(names);
      }
    }
  }

  @TempDir Path folder;

  private static List<NewPassage> passage(String id) {
    Document document = Document.of(id, "A text of document " + id + ".");
    return List.of(new NewPassage(document, 0, List.of(), 0, 0, 0, document.text().length(), new float[] {1, 0}));
  }

  private static List<String> ids(CollectionIndex index) {
    return index.documents(Optional.empty()).stream().map(DocumentSummary::id).toList();
  }

  @Test
  void aFullDiskLosesNothingThatWasAcknowledged() throws IOException {
    CollectionIndex.create("Collection", folder, "model", 2);
    List<String> acknowledged = new ArrayList<>();
    int refused = 0;
    SmallDisk disk = new SmallDisk(new MMapDirectory(folder));
    try (CollectionIndex index = CollectionIndex.open("Collection", disk)) {
      // Full at different moments: while documents, vectors, deletions or the commit are written.
      for (int i = 0; i < 60; i++) {
        String id = "d" + i;
        disk.room.set(i % 2 == 0 ? Long.MAX_VALUE : 100L * i);
        try {
          index.upsert(List.of(passage(id)));
          acknowledged.add(id);
        } catch (SearchException full) {
          assertThat(full.reason()).isEqualTo(Reason.DISK_FULL);
          assertThat(full).hasMessageContaining("free some space");
          refused++;
        }
        assertThat(ids(index)).containsExactlyInAnyOrderElementsOf(acknowledged);
      }
      disk.room.set(0);
      assertThatExceptionOfType(SearchException.class)
          .isThrownBy(() -> index.delete(List.of("d0")))
          .satisfies(full -> assertThat(full.reason()).isEqualTo(Reason.DISK_FULL));
      assertThat(ids(index)).contains("d0");
    }
    assertThat(refused).isGreaterThan(5);
    try (CollectionIndex index = CollectionIndex.open("Collection", folder)) {
      assertThat(ids(index)).containsExactlyInAnyOrderElementsOf(acknowledged);
    }
  }

  @Test
  void whatIsAcknowledgedIsOnTheDisk() throws IOException {
    CollectionIndex.create("Collection", folder, "model", 2);
    SmallDisk disk = new SmallDisk(new MMapDirectory(folder));
    try (CollectionIndex index = CollectionIndex.open("Collection", disk)) {
      for (int i = 0; i < 5; i++) {
        index.upsert(List.of(passage("d" + i)));
        List<String> files =
            DirectoryReader.listCommits(disk).getLast().getFileNames().stream()
                .filter(name -> !name.startsWith(IndexFileNames.SEGMENTS))
                .toList();
        synchronized (disk.synced) {
          assertThat(disk.synced).containsAll(files).anyMatch(name -> name.startsWith("pending_segments"));
          disk.synced.removeIf(name -> name.startsWith("pending_segments"));
        }
      }
    }
  }
}
