#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "constraint.h"
#include "guard.h"
#include "sampling_pool.h"
#include "shortlist.h"

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

// Measured with top-k 40: a shortlist takes 0.4 of the time that all candidates take at 800 times as many tokens, and the
// same or more at 100 times as many.
constexpr int32_t k_worth_a_shortlist = 256;

bool sees_shortlist(const struct panallama_sample & sample, int32_t n_vocab) {
    return sample.shortlist > 0 && sample.shortlist <= n_vocab / k_worth_a_shortlist;
}

// llama_sampler_sample ends the process when nothing is selected, and so does the acceptance of an end-of-generation
// token that the grammar had masked. This does the same work member by member, from `first` on, and looks at the
// candidates in between.
llama_token draw(llama_sampler * chain, int first, llama_token_data_array candidates) {
    const int n_members = llama_sampler_chain_n(chain);
    for (int i = first; i < n_members; i++) {
        llama_sampler * member = llama_sampler_chain_get(chain, i);
        if (member->iface->apply == nullptr) {
            continue;
        }
        llama_sampler_apply(member, &candidates);
        if (candidates.size == 0 || !any_candidate_left(candidates)) {
            throw std::runtime_error(std::string("the sampler '") + llama_sampler_name(member) +
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

llama_token select_token(const struct panallama_sample & sample, const float * logits, int32_t n_vocab) {
    thread_local candidate_list list;
    const llama_token_data_array candidates =
        sees_shortlist(sample, n_vocab) ? list.shortlist(logits, n_vocab, sample.shortlist) : list.all(logits, n_vocab);

    constraint * const grammar = constraint_of(llama_sampler_chain_get(sample.chain, 0));
    if (grammar == nullptr) {
        return draw(sample.chain, 0, candidates);
    }
    const llama_token token = draw(sample.chain, 1, candidates);
    if (grammar->allows(token)) {
        return token;
    }
    std::vector<llama_token_data> left    = grammar->allowed(logits, n_vocab);
    const llama_token_data_array  allowed = { left.data(), left.size(), -1, false };
    if (!any_candidate_left(allowed)) {
        throw std::runtime_error("the grammar allows no token here");
    }
    return draw(sample.chain, 1, allowed);
}

// The row of logits that a sample is taken from. The first access of a step puts the rows in order and every one waits
// for the backends, so it is not for two threads at a time.
const float * row_of(llama_context * ctx, const struct panallama_sample & sample) {
    require(sample.output_index >= 0, "the output index is negative");
    const float * logits = llama_get_logits_ith(ctx, sample.output_index);
    if (logits == nullptr) {
        throw invalid_input("there are no logits at output index " + std::to_string(sample.output_index));
    }
    return logits;
}

// Touches nothing but the sample, its chain and memory of this thread.
void sample_row(struct panallama_sample & sample, const float * logits, int32_t n_vocab) {
    require(sample.chain != nullptr && llama_sampler_chain_get(sample.chain, -1) != nullptr,
            "the sampler is not a chain");
    require(sample.n_top >= 0, "the number of top tokens is negative");
    require(sample.n_top == 0 || (sample.top_tokens != nullptr && sample.top_logprobs != nullptr),
            "there is no room for the top tokens");

    const llama_token token = select_token(sample, logits, n_vocab);
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

// What a sample needs beside what the caller sees of it.
struct sample_work {
    const float * logits  = nullptr; // NULL where they could not be had
    char *        failure = nullptr;
};

// About what a sample takes, in nanoseconds. Measured (zen4, rows of 4,000 to 128,000 normally distributed logits, the
// caches cold): 0.1 ns a token and 0.5 us an element of a shortlist; 2 ns a token where top-k sees all of them, 10 to 60
// where they are sorted; 8 ns a token for the sum of the log-probabilities.
int64_t estimated_ns(const struct panallama_sample & sample, int32_t n_vocab) {
    const int64_t all   = int64_t{ sample.shortlist > 0 ? 2 : 10 } * n_vocab;
    const int64_t chain = sees_shortlist(sample, n_vocab) ? n_vocab / 10 + int64_t{ 500 } * sample.shortlist : all;
    return chain + (sample.n_top > 0 ? int64_t{ 8 } * n_vocab : 0);
}

// Measured with 2 threads: 100 us of work and more take 0.5 to 0.6 of the time. But a graph ends when its last thread has
// been given a core, and where other processes want them that takes as long as a time slice of the system (4 to 8 ms), so
// it must be worth something.
constexpr int64_t k_worth_sharing_ns = 200000;

bool is_worth_sharing(const struct panallama_sample * samples, int32_t n_samples, int32_t n_vocab) {
    int64_t total = 0;
    for (int32_t i = 0; i < n_samples; i++) {
        total += estimated_ns(samples[i], n_vocab);
    }
    return n_samples > 1 && total >= k_worth_sharing_ns;
}

int32_t sample_all(
    llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, panallama_sampling_pool * pool, char ** error) {
    const int32_t n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(ctx)));

    thread_local std::vector<sample_work> reused;
    // By this name the other threads see the list of this one; by the other name each would see its own.
    std::vector<sample_work> & works = reused;
    works.assign(n_samples, sample_work());

    for (int32_t i = 0; i < n_samples; i++) {
        samples[i].token        = -1;
        samples[i].logprob      = std::numeric_limits<float>::quiet_NaN();
        samples[i].n_top_filled = 0;
        samples[i].status       = guarded(&works[i].failure, [&] {
            works[i].logits = row_of(ctx, samples[i]);
            return PANALLAMA_OK;
        });
    }

    const auto take = [&](int32_t i) {
        if (works[i].logits != nullptr) {
            samples[i].status = guarded(&works[i].failure, [&] {
                sample_row(samples[i], works[i].logits, n_vocab);
                return PANALLAMA_OK;
            });
        }
    };
    if (pool != nullptr && is_worth_sharing(samples, n_samples, n_vocab)) {
        pool->run(n_samples, take);
    } else {
        for (int32_t i = 0; i < n_samples; i++) {
            take(i);
        }
    }

    int32_t n_failed = 0;
    for (int32_t i = 0; i < n_samples; i++) {
        if (samples[i].status != PANALLAMA_OK) {
            if (n_failed++ == 0 && error != nullptr) {
                *error = works[i].failure;
            } else {
                std::free(works[i].failure);
            }
        }
    }
    return n_failed;
}

}  // namespace
}  // namespace panallama

extern "C" int32_t panallama_sample(
    struct llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, struct panallama_sampling_pool * pool,
    char ** error) {
    int32_t       n_failed = 0;
    const int32_t status   = panallama::guarded(error, [&] {
        n_failed = panallama::sample_all(ctx, samples, n_samples, pool, error);
        return PANALLAMA_OK;
    });
    if (status != PANALLAMA_OK) {
        // There was no memory to even begin.
        for (int32_t i = 0; i < n_samples; i++) {
            samples[i].token  = -1;
            samples[i].status = status;
        }
        return n_samples;
    }
    return n_failed;
}
