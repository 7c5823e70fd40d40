package io.panallama.quantize;

import io.panallama.error.QuantizationException;

/**
 * Told how far a quantisation is: before each tensor and once at the end, on the thread that quantises.
 *
 * <p>Where the source's weights have to be looked through first, which {@link io.panallama.Quantizer#estimate Quantizer.estimate} says, it is also told before
 * each MiB of that, with nothing done yet.
 */
@FunctionalInterface
public interface QuantizationListener {
  /** Hears nothing and never stops. */
  QuantizationListener NONE = progress -> true;

  /**
   * @return false to stop, which then fails with {@link QuantizationException.Reason#CANCELLED}; throwing stops likewise
   *     and the exception becomes the cause
   */
  boolean progress(QuantizationProgress progress);
}
