package io.panallama.server.dialect.fields;

import io.panallama.server.dialect.ApiException;

/** The errors of routes for what models that generate text don't do: 501, as in llama-server. */
public final class TextOnly {
  private TextOnly() {}

  /** The error of a route that computes embeddings. */
  public static ApiException embeddings() {
    return ApiException.invalid(
        501,
        null,
        "embedding_not_supported",
        "This server has no model that gives embeddings; start it with --embedding-model FILE, and it serves both.");
  }

  /** The error of a request for files or vector stores. */
  public static ApiException files() {
    return ApiException.invalid(
        501,
        null,
        "files_not_supported",
        "This server keeps no files; start it with --embedding-model FILE, which makes their vectors, and without"
            + " --no-files.");
  }

  /** The error of a route that ranks documents. */
  public static ApiException reranking() {
    return ApiException.invalid(
        501,
        null,
        "reranking_not_supported",
        "This server has no model that can rank documents; start it with --reranking-model FILE, and it serves both.");
  }

  /** The error of a route that classifies texts. */
  public static ApiException classification() {
    return ApiException.invalid(
        501,
        null,
        "classification_not_supported",
        "This server has no model that gives labels; start it with --classifier-model FILE, and it serves both.");
  }

  /**
   * The error of a route for something other than text.
   *
   * @param what what the route does, as an infinitive
   * @throws ApiException always, with 501
   */
  public static ApiException of(String what) {
    return ApiException.invalid(
        501,
        null,
        "modality_not_supported",
        "This server can't " + what + ": it takes and generates text only (/v1/chat/completions, /v1/responses).");
  }
}
