package io.panallama.internal.embed;

/** What becomes of the outputs of a model's head. Pure. */
public final class Scores {
  private Scores() {}

  /** 1 / (1 + exp(-x)) of each, in place. */
  public static void sigmoid(float[] outputs) {
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = sigmoid(outputs[i]);
    }
  }

  /** 1 / (1 + exp(-x)). */
  public static float sigmoid(float output) {
    return (float) (1 / (1 + Math.exp(-output)));
  }

  /** exp(x) divided by the sum of exp over all, in place. */
  public static void softmax(float[] outputs) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float output : outputs) {
      largest = Math.max(largest, output);
    }
    // Without the largest, exp of a large number would be infinite.
    double sum = 0;
    for (float output : outputs) {
      sum += Math.exp((double) output - largest);
    }
    for (int i = 0; i < outputs.length; i++) {
      outputs[i] = (float) (Math.exp((double) outputs[i] - largest) / sum);
    }
  }

  /** The index of the largest, the first of them if several are; there must be one at least. */
  public static int largest(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }
}
