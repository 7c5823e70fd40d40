package io.panallama.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Requests for embeddings, one after the other.
 *
 * @param length of each text
 * @param texts of a request
 */
record EmbeddingCase(Length length, int texts) {
  /** Common English words; each is one token of BERT's vocabulary. */
  private static final List<String> WORDS =
      List.of(
          ("time year people way day man thing woman life child world school state family student group country problem"
               + " hand part place case week company system program question work government number night point home"
               + " water room mother area money story fact month lot right study book eye job word business issue side"
               + " kind head house service friend father power hour game line end member law car city name team minute"
               + " idea body information back parent face others level office door health person art war history party"
               + " result change morning reason research girl guy moment air teacher force education")
              .split(" "));

  /** What [CLS] and [SEP] add. */
  private static final int FRAME = 2;

  /** How long a text is. */
  enum Length {
    SHORT("short", 8, 640),
    MIDDLE("128 tokens", 128, 128),
    LONG("490 tokens", 490, 64);

    private final String label;
    private final int tokens;
    private final int measured;

    /**
     * @param tokens of a text, with those that the vocabulary puts around it
     * @param measured texts of a sample, in one or more requests
     */
    Length(String label, int tokens, int measured) {
      this.label = label;
      this.tokens = tokens;
      this.measured = measured;
    }

    String label() {
      return label;
    }
  }

  /** Requests with a single text take a place of their own in a sample; more of them would only take longer. */
  private static final int MOST_REQUESTS = 200;

  /** All combinations. */
  static List<EmbeddingCase> all() {
    List<EmbeddingCase> all = new ArrayList<>();
    for (Length length : Length.values()) {
      for (int texts : List.of(1, 8, 64)) {
        all.add(new EmbeddingCase(length, texts));
      }
    }
    return all;
  }

  /** Of each text. */
  int tokens() {
    return length.tokens;
  }

  String label() {
    return length.label() + ", " + texts + (texts == 1 ? " text" : " texts") + " a request";
  }

  /** The requests of a sample; each round has texts of its own, the same for both sides. */
  List<List<String>> requests(int round) {
    Random random = new Random(31L * round + 7L * length.ordinal() + texts);
    List<List<String>> requests = new ArrayList<>();
    for (int i = 0; i < Math.clamp(length.measured / texts, 1, MOST_REQUESTS); i++) {
      List<String> request = new ArrayList<>();
      for (int j = 0; j < texts; j++) {
        request.add(text(random));
      }
      requests.add(request);
    }
    return requests;
  }

  private String text(Random random) {
    List<String> words = new ArrayList<>();
    for (int i = FRAME; i < length.tokens; i++) {
      words.add(WORDS.get(random.nextInt(WORDS.size())));
    }
    return String.join(" ", words);
  }
}
