/**
 * The parameters and results of quantizing a model file.
 *
 * <pre>{@code
 * QuantizationConfig config = QuantizationConfig.of(QuantizationType.Q4_K_M);
 * }</pre>
 *
 * <p>{@link io.panallama.Quantizer} does the work. A {@link io.panallama.quantize.QuantizationListener} follows it and can stop it. The
 * values are immutable and thread-safe.
 */
@NullMarked
package io.panallama.quantize;

import org.jspecify.annotations.NullMarked;
