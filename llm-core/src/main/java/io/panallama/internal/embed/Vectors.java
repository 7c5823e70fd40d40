package io.panallama.internal.embed;

import io.panallama.embedding.Normalization;
import java.util.Arrays;

/** Arithmetic on vectors. */
public final class Vectors {
  private Vectors() {}

  static boolean isFinite(float[] vector) {
    for (float value : vector) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /** The leading dimensions of a vector; the vector itself if it has no more. */
  public static float[] leading(float[] vector, int dimensions) {
    return dimensions < vector.length ? Arrays.copyOf(vector, dimensions) : vector;
  }

  /** Vectors that stand one behind the other. */
  public static float[][] divided(float[] all, int count) {
    int size = all.length / count;
    float[][] vectors = new float[count][];
    for (int i = 0; i < count; i++) {
      vectors[i] = Arrays.copyOfRange(all, i * size, (i + 1) * size);
    }
    return vectors;
  }

  /** Scales a vector in place. */
  public static void normalize(float[] vector, Normalization normalization) {
    double size =
        switch (normalization) {
          case Normalization.None _ -> 1;
          case Normalization.MaxAbs _ -> largest(vector);
          case Normalization.Norm norm -> norm(vector, norm.p());
        };
    if (size > 0 && size != 1) {
      for (int i = 0; i < vector.length; i++) {
        vector[i] = (float) (vector[i] / size);
      }
    }
  }

  private static double largest(float[] vector) {
    double largest = 0;
    for (float value : vector) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static double norm(float[] vector, int p) {
    // Divided by the largest first, because powers of large numbers are infinite and of small ones 0.
    double largest = largest(vector);
    if (largest == 0) {
      return 0;
    }
    double sum = 0;
    for (float value : vector) {
      sum += Math.pow(Math.abs(value) / largest, p);
    }
    return largest * Math.pow(sum, 1.0 / p);
  }
}
