// The log-softmax of a row of logits.
#ifndef PANALLAMA_LOG_PROBABILITIES_H
#define PANALLAMA_LOG_PROBABILITIES_H

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "llama.h"

namespace panallama {

// The natural log-probabilities of a row. Refers to the row and copies nothing.
class log_probabilities {
  public:
    log_probabilities(const float * logits, int32_t n_vocab) : logits(logits) {
        float max = logits[0];
        for (int32_t i = 1; i < n_vocab; i++) {
            max = std::max(max, logits[i]);
        }
        double sum = 0.0;
        for (int32_t i = 0; i < n_vocab; i++) {
            sum += std::exp(static_cast<double>(logits[i]) - max);
        }
        log_sum = max + std::log(sum);
    }

    float of(llama_token token) const { return static_cast<float>(logits[token] - log_sum); }

    // The n likeliest tokens, by a bounded heap instead of a copy of the row. Equal logits are ordered by token id.
    void top(int32_t n_vocab, int32_t n, llama_token * tokens, float * logprobs) const {
        const auto likelier = [this](llama_token a, llama_token b) {
            return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
        };
        if (n == 0) {
            return;
        }
        int32_t filled = 0;
        for (llama_token token = 0; token < n_vocab; token++) {
            if (filled < n) {
                tokens[filled++] = token;
                std::push_heap(tokens, tokens + filled, likelier);
            } else if (likelier(token, tokens[0])) {
                std::pop_heap(tokens, tokens + n, likelier);
                tokens[n - 1] = token;
                std::push_heap(tokens, tokens + n, likelier);
            }
        }
        std::sort_heap(tokens, tokens + filled, likelier);
        for (int32_t i = 0; i < filled; i++) {
            logprobs[i] = of(tokens[i]);
        }
    }

  private:
    const float * logits;
    double        log_sum;
};

}  // namespace panallama

#endif
