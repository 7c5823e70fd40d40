package io.panallama.internal.worker;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.embedding.Normalization;
import io.panallama.embedding.TokenVectors;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.scoring.ScoreFunction;

/** How texts are embedded, ranked and classified, and what comes of it, as bytes. */
public final class TextCodec {
  private static final int NONE = 0;
  private static final int MAX_ABS = -1;

  private TextCodec() {}

  // ---- options ----

  public static void write(Output out, EmbeddingOptions options) {
    out.put(options.task());
    out.put(
        switch (options.normalization()) {
          case Normalization.None() -> NONE;
          case Normalization.MaxAbs() -> MAX_ABS;
          case Normalization.Norm(int p) -> p;
        });
    out.put(options.dimensions()).put(options.longText()).put(options.priority());
  }

  public static EmbeddingOptions embeddingOptions(Input in) {
    EmbeddingOptions.Builder options = EmbeddingOptions.builder().task(in.constant(EmbeddingTask.class));
    int norm = in.integer();
    return options
        .normalization(
            switch (norm) {
              case NONE -> Normalization.NONE;
              case MAX_ABS -> Normalization.MAX_ABS;
              default -> new Normalization.Norm(norm);
            })
        .dimensions(in.integer())
        .longText(in.constant(LongText.class))
        .priority(in.integer())
        .build();
  }

  public static void write(Output out, RerankOptions options) {
    out.put(options.topN())
        .put(options.normalized())
        .put(options.truncate())
        .put(options.maxDocumentTokens())
        .put(options.priority());
  }

  public static RerankOptions rerankOptions(Input in) {
    return RerankOptions.builder()
        .topN(in.integer())
        .normalized(in.flag())
        .truncate(in.flag())
        .maxDocumentTokens(in.integer())
        .priority(in.integer())
        .build();
  }

  public static void write(Output out, ClassifyOptions options) {
    out.put(options.function()).put(options.longText()).put(options.priority());
  }

  public static ClassifyOptions classifyOptions(Input in) {
    return ClassifyOptions.builder()
        .function(in.constant(ScoreFunction.class))
        .longText(in.constant(LongText.class))
        .priority(in.integer())
        .build();
  }

  // ---- results ----

  public static void write(Output out, Embedding embedding) {
    out.put(embedding.vector()).put(embedding.tokens()).put(embedding.truncated()).put(embedding.parts());
  }

  public static Embedding embedding(Input in) {
    return new Embedding(in.reals(), in.integer(), in.flag(), in.integer());
  }

  public static void write(Output out, TokenVectors vectors) {
    out.put(vectors.tokens());
    for (float[] vector : vectors.vectors()) {
      out.put(vector);
    }
    out.put(vectors.truncated());
  }

  public static TokenVectors tokenVectors(Input in) {
    int[] tokens = in.integers();
    float[][] vectors = new float[tokens.length][];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = in.reals();
    }
    return new TokenVectors(tokens, vectors, in.flag());
  }

  public static void write(Output out, Ranking ranking) {
    out.put(
        ranking.documents(),
        (o, document) ->
            o.put(document.index()).put(document.score()).put(document.tokens()).put(document.truncated()));
    out.put(ranking.tokens());
  }

  public static Ranking ranking(Input in) {
    return new Ranking(in.list(i -> new RankedDocument(i.integer(), i.real(), i.integer(), i.flag())), in.number());
  }

  public static void write(Output out, Classification classification) {
    write(out, classification.best());
    out.put(classification.scores(), TextCodec::write);
    out.put(classification.tokens()).put(classification.truncated()).put(classification.parts());
  }

  public static Classification classification(Input in) {
    return new Classification(score(in), in.list(TextCodec::score), in.integer(), in.flag(), in.integer());
  }

  private static void write(Output out, LabelScore score) {
    out.put(score.index()).put(score.label()).put(score.score());
  }

  private static LabelScore score(Input in) {
    return new LabelScore(in.integer(), in.text(), in.real());
  }

  // ---- the worker's side ----

  /** Reads the values of a question, has them computed and writes the answer. */
  static void answer(Question question, Input in, Output out, TextBackend backend) {
    switch (question) {
      case EMBED -> out.put(backend.embed(in.list(Input::text), embeddingOptions(in)), TextCodec::write);
      case EMBED_TOKENS ->
          out.put(backend.embedTokens(in.list(Input::integers), embeddingOptions(in)), TextCodec::write);
      case TOKEN_VECTORS -> out.put(backend.tokenVectors(in.list(Input::text), embeddingOptions(in)), TextCodec::write);
      case TOKEN_VECTORS_OF ->
          out.put(backend.tokenVectorsOf(in.list(Input::integers), embeddingOptions(in)), TextCodec::write);
      case RANK -> write(out, backend.rank(in.text(), in.list(Input::text), rerankOptions(in)));
      case CLASSIFY -> out.put(backend.classify(in.list(Input::text), classifyOptions(in)), TextCodec::write);
      case COUNT_TEXT -> out.put(backend.countTokens(in.text()));
      case RENDER, COUNT_REQUEST, TOKENIZE, DETOKENIZE, PIECES, REHEARSE ->
          throw new WireException("a worker that computes texts was asked for " + question);
    }
  }
}
