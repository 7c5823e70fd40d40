package io.panallama.server;

import io.panallama.search.query.Filter;
import io.panallama.server.documents.FoundPassage;
import io.panallama.server.documents.PassageSearch;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/** Vector stores vs_1 and vs_2, in which every search finds the same; records the searches. */
final class FakePassageSearch implements PassageSearch {
  record Search(
      List<String> stores, String query, int limit, Optional<Filter> filter, double scoreThreshold, boolean virtual) {}

  final List<Search> searches = new CopyOnWriteArrayList<>();
  private final List<FoundPassage> found;

  private FakePassageSearch(List<FoundPassage> found) {
    this.found = List.copyOf(found);
  }

  /** Finds these texts, in files 1, 2 ... */
  static FakePassageSearch finding(String... texts) {
    List<FoundPassage> found = new ArrayList<>();
    Stream.of(texts)
        .forEach(text -> {
          int number = found.size() + 1;
          found.add(
              new FoundPassage(
                  "file-" + number,
                  number + ".pdf",
                  1.0 / number,
                  Map.of("language", "en"),
                  text,
                  number,
                  number,
                  List.of("Chapter " + number)));
        });
    return new FakePassageSearch(found);
  }

  @Override
  public boolean hasStore(String id) {
    return List.of("vs_1", "vs_2").contains(id);
  }

  @Override
  public List<FoundPassage> search(
      List<String> storeIds, String query, int limit, Optional<Filter> filter, double scoreThreshold) {
    searches.add(new Search(storeIds, query, limit, filter, scoreThreshold, Thread.currentThread().isVirtual()));
    return found;
  }
}
