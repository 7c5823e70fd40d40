package io.panallama;

/** Told how far a quantisation is: before each tensor and once at the end, on the thread that quantises. */
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
