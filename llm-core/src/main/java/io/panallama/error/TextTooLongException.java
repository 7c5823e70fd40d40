package io.panallama.error;

/** A text has more tokens than an embedder, a reranker or a classifier takes. Nothing was computed. */
public final class TextTooLongException extends InvalidRequestException {
  /** The {@link #index} of a query, which is none of several texts. */
  public static final int NO_INDEX = -1;

  private static final long serialVersionUID = 1L;

  private final int index;
  private final int tokens;
  private final int maxTokens;

  /**
   * Reports a text.
   *
   * @param index of the text among those given, from 0
   * @param tokens its tokens, those that the vocabulary puts around it included
   * @param maxTokens how many the embedder takes
   */
  public TextTooLongException(int index, int tokens, int maxTokens) {
    this(
        "texts[" + index + "]",
        name("texts[" + index + "]")
            + " has "
            + tokens
            + " tokens, but the model takes "
            + maxTokens
            + "; shorten it, or have it truncated or divided.",
        index,
        tokens,
        maxTokens);
  }

  private TextTooLongException(String parameter, String message, int index, int tokens, int maxTokens) {
    super(parameter, message);
    this.index = index;
    this.tokens = tokens;
    this.maxTokens = maxTokens;
  }

  /**
   * Reports a document that is too long together with the query.
   *
   * @param index of the document among those given, from 0
   * @param tokens those of both, with what stands around them
   * @param maxTokens how many the reranker takes
   */
  public static TextTooLongException ofDocument(int index, int tokens, int maxTokens) {
    String parameter = "documents[" + index + "]";
    return new TextTooLongException(
        parameter,
        name(parameter)
            + " has "
            + tokens
            + " tokens together with the query, but the model takes "
            + maxTokens
            + "; shorten it, or have it truncated.",
        index,
        tokens,
        maxTokens);
  }

  /**
   * Reports a query that leaves no room for a document.
   *
   * @param tokens those of the query, with what stands around it
   * @param maxTokens how many the reranker takes for a query and a document
   */
  public static TextTooLongException ofQuery(int tokens, int maxTokens) {
    return new TextTooLongException(
        "query",
        name("query")
            + " has "
            + tokens
            + " tokens with those around it, but the model takes "
            + maxTokens
            + " together with a document; shorten it.",
        NO_INDEX,
        tokens,
        maxTokens);
  }

  /** The index of the text among those given, from 0; {@link #NO_INDEX} for a query. */
  public int index() {
    return index;
  }

  /** The number of its tokens; for a reranker, those of query and document together. */
  public int tokens() {
    return tokens;
  }

  /** The number of tokens that the model takes. */
  public int maxTokens() {
    return maxTokens;
  }
}
