package io.panallama.quantize;

/**
 * How far a quantisation is.
 *
 * @param tensor the tensor that is converted next; empty when all are done
 * @param tensorsDone how many have been converted or copied
 * @param tensors how many there are
 * @param bytesDone bytes of the source's tensors that have been read
 * @param bytes bytes of all of the source's tensors
 */
public record QuantizationProgress(String tensor, int tensorsDone, int tensors, long bytesDone, long bytes) {
  /** 0 to 1, by bytes. */
  public double fraction() {
    return bytes == 0 ? 1 : (double) bytesDone / bytes;
  }
}
