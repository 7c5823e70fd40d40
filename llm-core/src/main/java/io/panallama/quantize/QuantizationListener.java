package io.panallama.quantize;

import io.panallama.error.QuantizationException;

/**
 * Receives the progress of a quantisation: before each tensor and once at the end, on the quantising thread.
 *
 * <p>If the source's weights have to be scanned first (see {@link io.panallama.Quantizer#estimate Quantizer.estimate}), it is also called before each MiB of the scan, with nothing done yet.
 */
@FunctionalInterface
public interface QuantizationListener {
  /** Ignores the progress and never stops. */
  QuantizationListener NONE = progress -> true;

  /**
   * @return false to stop the quantisation, which then fails with {@link QuantizationException.Reason#CANCELLED}; an exception also stops it and becomes the cause
   */
  boolean progress(QuantizationProgress progress);
}
