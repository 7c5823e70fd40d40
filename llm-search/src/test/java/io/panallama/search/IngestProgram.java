package io.panallama.search;

import io.panallama.search.document.Document;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Stores documents on several threads until it is killed, and prints the id of each that was acknowledged. A part of them are
 * upserts of documents that are there, and deletions.
 */
final class IngestProgram {
  static final int THREADS = 3;
  static final int DIMENSIONS = 8;

  private IngestProgram() {}

  /** The text of a version of a document. */
  static String text(String id, int version) {
    return "Version " + version + " of document " + id + ".";
  }

  /** {@code IngestProgram FOLDER FIRST}: where the store is, and the first number of a document. */
  public static void main(String[] arguments) throws IOException {
    DocumentStore store = DocumentStore.open(Path.of(arguments[0]));
    DocumentCollection docs = store.openOrCreate("docs", WordEmbedder.named("words", DIMENSIONS));
    for (int t = 0; t < THREADS; t++) {
      int thread = t;
      int first = Integer.parseInt(arguments[1]);
      Thread.ofPlatform().daemon(true).start(() -> store(docs, thread, first));
    }
    // Ends by itself if nobody kills it and its parent is gone.
    new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
    System.exit(0);
  }

  private static void store(DocumentCollection docs, int thread, int first) {
    for (int i = first; ; i++) {
      String id = "t" + thread + "n" + i;
      put(docs, id, 1);
      if (i % 5 == 1) {
        put(docs, id, 2);
      }
      if (i % 5 == 2) {
        docs.delete(List.of(id));
        say("deleted " + id);
      }
    }
  }

  private static void put(DocumentCollection docs, String id, int version) {
    docs.upsert(Document.of(id, text(id, version)));
    say("stored " + id + " " + version);
  }

  private static void say(String line) {
    synchronized (System.out) {
      System.out.println(line);
      System.out.flush();
    }
  }
}
