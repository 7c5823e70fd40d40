package io.panallama.quantize;

/**
 * The progress of a quantisation.
 *
 * @param tensor the tensor that is converted next; empty when all are done
 * @param tensorsDone number of tensors converted or copied
 * @param tensors total number of tensors
 * @param bytesDone bytes of the source's tensors that have been read
 * @param bytes total bytes of the source's tensors
 */
public record QuantizationProgress(String tensor, int tensorsDone, int tensors, long bytesDone, long bytes) {
  /** The fraction done, 0 to 1, by bytes. */
  public double fraction() {
    return bytes == 0 ? 1 : (double) bytesDone / bytes;
  }
}
