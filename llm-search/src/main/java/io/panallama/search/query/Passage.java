package io.panallama.search.query;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A part of a document that was found.
 *
 * @param document the document's id
 * @param number which of the document's passages this is, from 0
 * @param title the document's title; may be empty
 * @param headings the headings above the passage, outermost first
 * @param firstPage the page on which it starts, from 1; 0 if the document has no pages
 * @param lastPage the page on which it ends; that on which it starts if it was stored before passages had a last page
 * @param text the passage
 * @param start offset of its first character in the document's text, in UTF-16 units
 * @param end offset behind its last character
 * @param metadata the document's
 * @param score what the passages are sorted by: the score of the last ranking that was asked for. Only scores of one search
 *     can be compared.
 * @param ranks where each ranking has the passage
 */
public record Passage(
    String document,
    int number,
    String title,
    List<String> headings,
    int firstPage,
    int lastPage,
    String text,
    int start,
    int end,
    Map<String, Object> metadata,
    double score,
    Ranks ranks) {

  /** With another score and ranks. */
  public Passage withScore(double value, Ranks found) {
    return new Passage(
        document, number, title, headings, firstPage, lastPage, text, start, end, metadata, value, found);
  }

  /**
   * Where the rankings have a passage. Each is empty where the ranking was not asked for, or does not have the passage among
   * its candidates; but the cosine is there in each search by vectors.
   *
   * @param vector place by vectors, from 1
   * @param cosine cosine of the angle between the vectors of the query and the passage
   * @param words place by BM25, from 1
   * @param bm25 score of BM25
   * @param ranker score of the {@link PassageRanker}
   */
  public record Ranks(
      OptionalInt vector, OptionalDouble cosine, OptionalInt words, OptionalDouble bm25, OptionalDouble ranker) {
    /** In no ranking. */
    public static final Ranks NONE =
        new Ranks(
            OptionalInt.empty(),
            OptionalDouble.empty(),
            OptionalInt.empty(),
            OptionalDouble.empty(),
            OptionalDouble.empty());

    /** With a place by vectors. */
    public Ranks withVector(int place, double similarity) {
      return new Ranks(OptionalInt.of(place), OptionalDouble.of(similarity), words, bm25, ranker);
    }

    /** With a cosine, but no place by vectors. */
    public Ranks withCosine(double similarity) {
      return new Ranks(vector, OptionalDouble.of(similarity), words, bm25, ranker);
    }

    /** With a place by words. */
    public Ranks withWords(int place, double score) {
      return new Ranks(vector, cosine, OptionalInt.of(place), OptionalDouble.of(score), ranker);
    }

    /** With a score of the ranker. */
    public Ranks withRanker(double score) {
      return new Ranks(vector, cosine, words, bm25, OptionalDouble.of(score));
    }
  }
}
