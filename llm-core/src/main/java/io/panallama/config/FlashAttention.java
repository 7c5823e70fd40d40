package io.panallama.config;

/** Whether attention uses the fused kernel. */
public enum FlashAttention {
  /** Use it if the device supports it for this model. */
  AUTO,
  /** Always use it; an engine on a device or model without it does not start. */
  ENABLED,
  /** Never use it. */
  DISABLED
}
