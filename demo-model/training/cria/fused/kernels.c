// What lies between the matrix products of a llama, forward and backward, fused so that each value is read once.
// Activations are bf16; the residual stream, the norms and all sums are f32. GCC vectorises the inner loops
// (-O3 -march=native -ffast-math).

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t bf16;

static inline float widen(bf16 value) {
  union {
    uint32_t bits;
    float number;
  } u = {.bits = (uint32_t)value << 16};
  return u.number;
}

// Rounds to the nearest, ties to even.
static inline bf16 narrow(float value) {
  union {
    float number;
    uint32_t bits;
  } u = {.number = value};
  return (bf16)((u.bits + 0x7fffu + ((u.bits >> 16) & 1u)) >> 16);
}

// exp with a relative error of about 1e-7, without a branch or a call, so that loops around it vectorise.
// Cephes' expf: exp(x) = 2^n exp(r), |r| <= ln(2)/2, exp(r) by a polynomial.
static inline float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : (x > 87.0f ? 87.0f : x);
  float n = floorf(x * 1.44269504f + 0.5f);
  float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  union {
    int32_t bits;
    float number;
  } power = {.bits = ((int32_t)n + 127) << 23};
  return p * power.number;
}

// ---- copies ----

void to_bf16(const float *restrict x, bf16 *restrict y, long n) {
  for (long i = 0; i < n; i++) y[i] = narrow(x[i]);
}

// sum += x
void accumulate(const bf16 *restrict x, float *restrict sum, long n) {
  for (long i = 0; i < n; i++) sum[i] += widen(x[i]);
}

// out = x + y
void add(const float *restrict x, const bf16 *restrict y, float *restrict out, long n) {
  for (long i = 0; i < n; i++) out[i] = x[i] + widen(y[i]);
}

// ---- RMSNorm: y = x * scale * weight, scale = 1 / sqrt(mean(x^2) + epsilon) ----

void norm_forward(const float *restrict x, const float *restrict weight, bf16 *restrict y, float *restrict scales,
                  long rows, long width, float epsilon) {
  for (long i = 0; i < rows; i++) {
    const float *restrict in = x + i * width;
    bf16 *restrict out = y + i * width;
    float squares = 0;
    for (long j = 0; j < width; j++) squares += in[j] * in[j];
    float scale = 1.0f / sqrtf(squares / width + epsilon);
    scales[i] = scale;
    for (long j = 0; j < width; j++) out[j] = narrow(in[j] * scale * weight[j]);
  }
}

// dx += the gradient, dweight += the gradient
void norm_backward(const float *restrict x, const float *restrict weight, const float *restrict scales,
                   const bf16 *restrict dy, float *restrict dx, float *restrict dweight, long rows, long width) {
  for (long i = 0; i < rows; i++) {
    const float *restrict in = x + i * width;
    const bf16 *restrict grad = dy + i * width;
    float *restrict out = dx + i * width;
    float scale = scales[i], dot = 0;
    for (long j = 0; j < width; j++) dot += widen(grad[j]) * weight[j] * in[j];
    dot *= scale * scale / width;
    for (long j = 0; j < width; j++) {
      float g = widen(grad[j]);
      out[j] += scale * (g * weight[j] - in[j] * dot);
      dweight[j] += g * in[j] * scale;
    }
  }
}

// ---- SwiGLU: y = silu(gate) * up; gate and up are the halves of a row ----

void swiglu_forward(const bf16 *restrict gate_up, bf16 *restrict y, long rows, long width) {
  for (long i = 0; i < rows; i++) {
    const bf16 *restrict gate = gate_up + i * 2 * width, *restrict up = gate + width;
    bf16 *restrict out = y + i * width;
    for (long j = 0; j < width; j++) {
      float g = widen(gate[j]);
      out[j] = narrow(g * widen(up[j]) / (1.0f + fast_exp(-g)));
    }
  }
}

void swiglu_backward(const bf16 *restrict gate_up, const bf16 *restrict dy, bf16 *restrict dgate_up, long rows,
                     long width) {
  for (long i = 0; i < rows; i++) {
    const bf16 *restrict gate = gate_up + i * 2 * width, *restrict up = gate + width;
    const bf16 *restrict grad = dy + i * width;
    bf16 *restrict dgate = dgate_up + i * 2 * width, *restrict dup = dgate + width;
    for (long j = 0; j < width; j++) {
      float g = widen(gate[j]), d = widen(grad[j]);
      float sigmoid = 1.0f / (1.0f + fast_exp(-g));
      dgate[j] = narrow(d * widen(up[j]) * sigmoid * (1.0f + g * (1.0f - sigmoid)));
      dup[j] = narrow(d * g * sigmoid);
    }
  }
}

// ---- q, k and v of a row, taken apart into [batch, head, position, value], q and k turned by RoPE ----

void split_forward(const bf16 *restrict qkv, const float *restrict cos, const float *restrict sin, bf16 *restrict q,
                   bf16 *restrict k, bf16 *restrict v, long batch, long length, long heads, long kv_heads, long head) {
  long width = (heads + 2 * kv_heads) * head, half = head / 2;
  for (long b = 0; b < batch; b++) {
    for (long t = 0; t < length; t++) {
      const bf16 *row = qkv + (b * length + t) * width;
      const float *restrict c = cos + t * half, *restrict s = sin + t * half;
      for (long h = 0; h < heads + kv_heads; h++) {
        bf16 *restrict out = h < heads ? q + ((b * heads + h) * length + t) * head
                                       : k + ((b * kv_heads + h - heads) * length + t) * head;
        const bf16 *restrict in = row + h * head;
        for (long j = 0; j < half; j++) {
          float even = widen(in[2 * j]), odd = widen(in[2 * j + 1]);
          out[2 * j] = narrow(even * c[j] - odd * s[j]);
          out[2 * j + 1] = narrow(even * s[j] + odd * c[j]);
        }
      }
      for (long h = 0; h < kv_heads; h++)
        memcpy(v + ((b * kv_heads + h) * length + t) * head, row + (heads + kv_heads + h) * head, head * sizeof(bf16));
    }
  }
}

void split_backward(const bf16 *restrict dq, const bf16 *restrict dk, const bf16 *restrict dv,
                    const float *restrict cos, const float *restrict sin, bf16 *restrict dqkv, long batch, long length,
                    long heads, long kv_heads, long head) {
  long width = (heads + 2 * kv_heads) * head, half = head / 2;
  for (long b = 0; b < batch; b++) {
    for (long t = 0; t < length; t++) {
      bf16 *row = dqkv + (b * length + t) * width;
      const float *restrict c = cos + t * half, *restrict s = sin + t * half;
      for (long h = 0; h < heads + kv_heads; h++) {
        const bf16 *restrict in = h < heads ? dq + ((b * heads + h) * length + t) * head
                                            : dk + ((b * kv_heads + h - heads) * length + t) * head;
        bf16 *restrict out = row + h * head;
        for (long j = 0; j < half; j++) {
          float even = widen(in[2 * j]), odd = widen(in[2 * j + 1]);
          out[2 * j] = narrow(even * c[j] + odd * s[j]);
          out[2 * j + 1] = narrow(odd * c[j] - even * s[j]);
        }
      }
      for (long h = 0; h < kv_heads; h++)
        memcpy(row + (heads + kv_heads + h) * head, dv + ((b * kv_heads + h) * length + t) * head, head * sizeof(bf16));
    }
  }
}

// [batch, head, position, value] to [batch, position, head, value]
void join_heads(const bf16 *restrict x, bf16 *restrict y, long batch, long length, long heads, long head) {
  for (long b = 0; b < batch; b++)
    for (long h = 0; h < heads; h++)
      for (long t = 0; t < length; t++)
        memcpy(y + ((b * length + t) * heads + h) * head, x + ((b * heads + h) * length + t) * head,
               head * sizeof(bf16));
}

// and back
void part_heads(const bf16 *restrict y, bf16 *restrict x, long batch, long length, long heads, long head) {
  for (long b = 0; b < batch; b++)
    for (long h = 0; h < heads; h++)
      for (long t = 0; t < length; t++)
        memcpy(x + ((b * heads + h) * length + t) * head, y + ((b * length + t) * heads + h) * head,
               head * sizeof(bf16));
}

// ---- causal softmax in place: row r asks from position r % length ----

enum { LONGEST = 4096 };

// Rows may hold at most LONGEST scores; returns 0 and does nothing where they hold more.
int softmax_forward(bf16 *restrict scores, long rows, long length, float scale) {
  float row[LONGEST];
  if (length > LONGEST) return 0;
  for (long r = 0; r < rows; r++) {
    long seen = r % length + 1;
    bf16 *restrict s = scores + r * length;
    float top = -INFINITY, sum = 0;
    for (long j = 0; j < seen; j++) {
      row[j] = widen(s[j]);
      top = row[j] > top ? row[j] : top;
    }
    for (long j = 0; j < seen; j++) {
      row[j] = fast_exp((row[j] - top) * scale);
      sum += row[j];
    }
    float share = 1.0f / sum;
    for (long j = 0; j < seen; j++) s[j] = narrow(row[j] * share);
    memset(s + seen, 0, (length - seen) * sizeof(bf16));
  }
  return 1;
}

// gradient of the probabilities -> gradient of the scores, in place
void softmax_backward(const bf16 *restrict probabilities, bf16 *restrict gradient, long rows, long length, float scale) {
  for (long r = 0; r < rows; r++) {
    long seen = r % length + 1;
    const bf16 *restrict p = probabilities + r * length;
    bf16 *restrict g = gradient + r * length;
    float dot = 0;
    for (long j = 0; j < seen; j++) dot += widen(p[j]) * widen(g[j]);
    for (long j = 0; j < seen; j++) g[j] = narrow(widen(p[j]) * (widen(g[j]) - dot) * scale);
    memset(g + seen, 0, (length - seen) * sizeof(bf16));
  }
}

// ---- loss and embedding ----

// Summed cross entropy; the logits become their gradient times scale.
double cross_entropy(bf16 *restrict logits, const int64_t *restrict targets, long rows, long vocabulary, float scale,
                     float *restrict row) {
  double loss = 0;
  for (long i = 0; i < rows; i++) {
    bf16 *restrict l = logits + i * vocabulary;
    float top = -INFINITY, sum = 0;
    for (long j = 0; j < vocabulary; j++) {
      row[j] = widen(l[j]);
      top = row[j] > top ? row[j] : top;
    }
    float target = row[targets[i]];
    for (long j = 0; j < vocabulary; j++) {
      row[j] = fast_exp(row[j] - top);
      sum += row[j];
    }
    loss += logf(sum) + top - target;
    row[targets[i]] -= sum;
    float share = scale / sum;
    for (long j = 0; j < vocabulary; j++) l[j] = narrow(row[j] * share);
  }
  return loss;
}

// The gradient of looking tokens up: dembedding[token] += dx
void embedding_backward(const float *restrict dx, const int64_t *restrict tokens, float *restrict dembedding, long rows,
                        long width) {
  for (long i = 0; i < rows; i++) {
    float *restrict out = dembedding + tokens[i] * width;
    const float *restrict in = dx + i * width;
    for (long j = 0; j < width; j++) out[j] += in[j];
  }
}
