package io.panallama.config;

/** Whether attention runs in the fused kernel. */
public enum FlashAttention {
  /** Where the device supports it for this model. */
  AUTO,
  /** Always; an engine on a device or model without it does not start. */
  ENABLED,
  /** Never. */
  DISABLED
}
