package io.panallama.benchmarks.search;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Random vectors of length 1 around random centres, as the vectors of texts lie around subjects. */
final class UnitVectors {
  /** The length of the noise beside a centre of length 1: vectors of a cluster have a cosine of about 0.67. */
  private static final double NOISE = 0.7;

  private final float[][] centres;
  private final int dimensions;

  /**
   * Draws the centres.
   *
   * @param seed the same seed gives the same centres
   */
  UnitVectors(int clusters, int dimensions, long seed) {
    this.dimensions = dimensions;
    Random random = new Random(seed);
    centres = new float[clusters][];
    for (int i = 0; i < clusters; i++) {
      centres[i] = around(new float[dimensions], 1, random);
    }
  }

  /** A vector near one of the centres. */
  float[] next(Random random) {
    return around(centres[random.nextInt(centres.length)], NOISE / Math.sqrt(dimensions), random);
  }

  private static float[] around(float[] centre, double deviation, Random random) {
    float[] vector = centre.clone();
    double squares = 0;
    for (int i = 0; i < vector.length; i++) {
      vector[i] += (float) (deviation * random.nextGaussian());
      squares += (double) vector[i] * vector[i];
    }
    float factor = (float) (1 / Math.sqrt(squares));
    for (int i = 0; i < vector.length; i++) {
      vector[i] *= factor;
    }
    return vector;
  }

  /** The places of the vectors that are most like a query, best first, found by comparing with each. */
  static List<Integer> nearest(float[][] vectors, float[] query, int k) {
    float[] scores = new float[vectors.length];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = dot(vectors[i], query);
    }
    float[] sorted = scores.clone();
    Arrays.sort(sorted);
    float least = sorted[sorted.length - k];
    return IntStream.range(0, scores.length)
        .filter(i -> scores[i] >= least)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> scores[i]).reversed())
        .limit(k)
        .toList();
  }

  /** The scalar product, summed up in four parts that do not wait for each other. */
  static float dot(float[] a, float[] b) {
    float first = 0;
    float second = 0;
    float third = 0;
    float fourth = 0;
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      first += a[i] * b[i];
      second += a[i + 1] * b[i + 1];
      third += a[i + 2] * b[i + 2];
      fourth += a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      first += a[i] * b[i];
    }
    return first + second + (third + fourth);
  }
}
