package io.panallama.search.internal.lucene;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.lucene.codecs.CodecUtil;
import org.apache.lucene.index.IndexFileNames;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;

/** Copies the files of a commit, so that the copy is whole or is no index. */
final class IndexCopy {
  private IndexCopy() {}

  /**
   * Copies files and makes them durable. The one that makes them an index comes last, by renaming.
   *
   * @param names the files of a commit, all of which never change
   */
  static void copy(Directory from, Collection<String> names, Directory to) throws IOException {
    List<String> data = new ArrayList<>(names);
    data.removeIf(name -> name.startsWith(IndexFileNames.SEGMENTS));
    String segments = names.stream().filter(name -> name.startsWith(IndexFileNames.SEGMENTS)).findFirst().orElseThrow();
    for (String name : data) {
      verify(from, name);
      to.copyFrom(from, name, name, IOContext.DEFAULT);
    }
    to.sync(data);
    verify(from, segments);
    String pending = "pending_" + segments;
    to.copyFrom(from, segments, pending, IOContext.DEFAULT);
    to.sync(List.of(pending));
    to.rename(pending, segments);
    to.syncMetaData();
  }

  /** Reads a file and compares the checksum at its end. */
  private static void verify(Directory directory, String name) throws IOException {
    try (IndexInput input = directory.openInput(name, IOContext.READONCE)) {
      CodecUtil.checksumEntireFile(input);
    }
  }
}
