package io.panallama.search.internal.lucene;

import java.io.IOException;
import org.apache.lucene.codecs.Codec;
import org.apache.lucene.codecs.FilterCodec;
import org.apache.lucene.codecs.KnnVectorsFormat;
import org.apache.lucene.codecs.KnnVectorsReader;
import org.apache.lucene.codecs.KnnVectorsWriter;
import org.apache.lucene.codecs.lucene99.Lucene99HnswVectorsFormat;
import org.apache.lucene.codecs.perfield.PerFieldKnnVectorsFormat;
import org.apache.lucene.index.SegmentReadState;
import org.apache.lucene.index.SegmentWriteState;

/**
 * Lucene's graph of vectors (HNSW; Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
 * Hierarchical Navigable Small World graphs", 2018) for more than the 1,024 dimensions that Lucene allows by default: vectors
 * of models that generate text have thousands. It writes the same files under the same name, so Lucene reads them without it.
 */
final class WideVectors extends KnnVectorsFormat {
  /** The most dimensions of a collection. */
  static final int MAX_DIMENSIONS = 16_384;

  private final KnnVectorsFormat format = new Lucene99HnswVectorsFormat();

  private WideVectors() {
    super(new Lucene99HnswVectorsFormat().getName());
  }

  /** Lucene's default codec with these vectors. */
  static Codec codec() {
    Codec codec = Codec.getDefault();
    KnnVectorsFormat wide = new WideVectors();
    KnnVectorsFormat vectors =
        new PerFieldKnnVectorsFormat() {
          @Override
          public KnnVectorsFormat getKnnVectorsFormatForField(String field) {
            return wide;
          }
        };
    return new FilterCodec(codec.getName(), codec) {
      @Override
      public KnnVectorsFormat knnVectorsFormat() {
        return vectors;
      }
    };
  }

  @Override
  public KnnVectorsWriter fieldsWriter(SegmentWriteState state) throws IOException {
    return format.fieldsWriter(state);
  }

  @Override
  public KnnVectorsReader fieldsReader(SegmentReadState state) throws IOException {
    return format.fieldsReader(state);
  }

  @Override
  public int getMaxDimensions(String field) {
    return MAX_DIMENSIONS;
  }
}
