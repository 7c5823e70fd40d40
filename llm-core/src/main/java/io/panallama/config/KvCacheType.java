package io.panallama.config;

/** Number format of the KV cache. Quantised formats of the values need flash attention. */
public enum KvCacheType {
  F32,
  F16,
  BF16,
  Q8_0,
  Q4_0,
  Q4_1,
  IQ4_NL,
  Q5_0,
  Q5_1
}
