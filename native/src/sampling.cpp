#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "guard.h"

namespace panallama {
namespace {

constexpr float k_minus_infinity = -std::numeric_limits<float>::infinity();

// Reports the likeliest tokens and, once `sample.token` is known, its own log-probability.
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

    // The n likeliest, by a bounded heap: no copy of the row. Equal logits are ordered by token id.
    void top(int32_t n_vocab, int32_t n, llama_token * tokens, float * logprobs) const {
        const auto likelier = [this](llama_token a, llama_token b) {
            return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
        };
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

bool any_candidate_left(const llama_token_data_array & candidates) {
    return std::any_of(candidates.data, candidates.data + candidates.size,
                       [](const llama_token_data & candidate) { return candidate.logit > k_minus_infinity; });
}

// llama_sampler_sample ends the process when nothing is selected, and so does the acceptance of an end-of-generation
// token that the grammar had masked. This does the same work member by member and looks at the candidates in between.
llama_token select_token(llama_sampler * chain, const float * logits, int32_t n_vocab) {
    thread_local std::vector<llama_token_data> buffer;
    buffer.resize(n_vocab);
    bool bad = false;
    for (llama_token token = 0; token < n_vocab; token++) {
        const float logit = logits[token];
        bad |= !(logit < std::numeric_limits<float>::infinity());
        buffer[token] = llama_token_data{ token, logit, 0.0f };
    }
    if (bad) {
        throw std::runtime_error("the logits hold NaN or infinity; the model or its quantization is broken");
    }

    llama_token_data_array candidates = { buffer.data(), buffer.size(), -1, false };

    const int n_members = llama_sampler_chain_n(chain);
    for (int i = 0; i < n_members; i++) {
        llama_sampler * member = llama_sampler_chain_get(chain, i);
        if (member->iface->apply == nullptr) {
            continue;
        }
        llama_sampler_apply(member, &candidates);
        if (candidates.size == 0 || !any_candidate_left(candidates)) {
            const bool grammar = std::strcmp(llama_sampler_name(member), "grammar") == 0;
            throw std::runtime_error(grammar ? std::string("the grammar allows no token here")
                                             : std::string("the sampler '") + llama_sampler_name(member) +
                                                   "' left no token to choose from");
        }
    }

    if (candidates.selected < 0 || candidates.selected >= static_cast<int64_t>(candidates.size)) {
        throw std::runtime_error("the sampler chain selected no token; it must end in a selecting sampler");
    }
    const llama_token_data & chosen = candidates.data[candidates.selected];
    if (!(chosen.logit > k_minus_infinity)) {
        throw std::runtime_error("the sampler chain selected a token that is masked");
    }
    // A bias or temperature out of all proportion: inf - inf makes every probability NaN, and the draw takes any token.
    if (!(chosen.logit < std::numeric_limits<float>::infinity()) || std::isnan(chosen.p)) {
        throw std::runtime_error("the sampler chain made numbers too large to draw from");
    }
    return chosen.id;
}

void sample_one(llama_context * ctx, int32_t n_vocab, struct panallama_sample & sample) {
    require(sample.chain != nullptr && llama_sampler_chain_get(sample.chain, -1) != nullptr,
            "the sampler is not a chain");
    require(sample.output_index >= 0, "the output index is negative");
    require(sample.n_top >= 0, "the number of top tokens is negative");
    require(sample.n_top == 0 || (sample.top_tokens != nullptr && sample.top_logprobs != nullptr),
            "there is no room for the top tokens");
    const float * logits = llama_get_logits_ith(ctx, sample.output_index);
    if (logits == nullptr) {
        throw invalid_input("there are no logits at output index " + std::to_string(sample.output_index));
    }

    const llama_token token = select_token(sample.chain, logits, n_vocab);
    if (sample.n_top > 0) {
        const log_probabilities probabilities(logits, n_vocab);
        const int32_t           n = std::min(sample.n_top, n_vocab);
        probabilities.top(n_vocab, n, sample.top_tokens, sample.top_logprobs);
        sample.n_top_filled = n;
        sample.logprob      = probabilities.of(token);
    }
    llama_sampler_accept(sample.chain, token);
    sample.token = token;
}

}  // namespace
}  // namespace panallama

extern "C" int32_t panallama_sample(
    struct llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, char ** error) {
    int32_t n_failed = 0;
    if (error != nullptr) {
        *error = nullptr;
    }
    const int32_t n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(ctx)));
    for (int32_t i = 0; i < n_samples; i++) {
        struct panallama_sample & sample = samples[i];
        sample.token                     = -1;
        sample.logprob                   = std::numeric_limits<float>::quiet_NaN();
        sample.n_top_filled              = 0;
        sample.status                    = panallama::guarded(n_failed == 0 ? error : nullptr, [&] {
            panallama::sample_one(ctx, n_vocab, sample);
            return PANALLAMA_OK;
        });
        n_failed += sample.status != PANALLAMA_OK;
    }
    return n_failed;
}
