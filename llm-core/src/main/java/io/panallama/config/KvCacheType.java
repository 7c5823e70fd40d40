package io.panallama.config;

/** Number format of the KV cache. Quantised formats for the values need flash attention. */
public enum KvCacheType {
  /** 32 bits per number. */
  F32,
  /** 16 bits per number, half precision. The default. */
  F16,
  /** 16 bits per number, with the exponent of F32. */
  BF16,
  /** 8.5 bits per number. */
  Q8_0,
  /** 4.5 bits per number. */
  Q4_0,
  /** 5 bits per number. */
  Q4_1,
  /** 4.5 bits per number, on a non-linear scale. */
  IQ4_NL,
  /** 5.5 bits per number. */
  Q5_0,
  /** 6 bits per number. */
  Q5_1
}
