package io.panallama.config;

/** Whether attention runs in the fused kernel. */
public enum FlashAttention {
  /** Where the device supports it for this model. */
  AUTO,
  ENABLED,
  DISABLED
}
