#include <cstdlib>
#include <string>
#include <vector>

#include "guard.h"
#include "log_probabilities.h"
#include "sampling_pool.h"

namespace panallama {
namespace {

// Below this many logits the threads of the pool are not worth waking: about 0.2 ms of work, at 8 ns each.
constexpr int64_t k_worth_sharing_logits = 25000;

// Checks everything before the threads begin, since they must not throw.
std::vector<const float *> rows_of(
    llama_context * ctx, int32_t output_index, int32_t n_rows, const llama_token * tokens, int32_t n_vocab) {
    require(output_index >= 0, "the output index is negative");
    std::vector<const float *> rows;
    rows.reserve(n_rows);
    for (int32_t i = 0; i < n_rows; i++) {
        require(tokens[i] >= 0 && tokens[i] < n_vocab, "a token is not in the vocabulary");
        const float * row = llama_get_logits_ith(ctx, output_index + i);
        if (row == nullptr) {
            throw invalid_input("there are no logits at output index " + std::to_string(output_index + i));
        }
        rows.push_back(row);
    }
    return rows;
}

}  // namespace
}  // namespace panallama

extern "C" int32_t panallama_prompt_logprobs(
    struct llama_context * ctx, int32_t output_index, int32_t n_rows, const llama_token * tokens, int32_t n_top,
    float * logprobs, llama_token * top_tokens, float * top_logprobs, struct panallama_sampling_pool * pool, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        const int32_t n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(ctx)));
        require(n_top >= 0 && n_top <= n_vocab, "more of the likeliest tokens are wanted than there are");
        const std::vector<const float *> rows = rows_of(ctx, output_index, n_rows, tokens, n_vocab);

        const auto take = [&](int32_t i) {
            const log_probabilities probabilities(rows[i], n_vocab);
            logprobs[i]      = probabilities.of(tokens[i]);
            const size_t top = static_cast<size_t>(i) * n_top;
            probabilities.top(n_vocab, n_top, top_tokens + top, top_logprobs + top);
        };
        if (pool != nullptr && n_rows > 1 && int64_t{ n_rows } * n_vocab >= k_worth_sharing_logits) {
            pool->run(n_rows, take);
        } else {
            for (int32_t i = 0; i < n_rows; i++) {
                take(i);
            }
        }
        return static_cast<int32_t>(PANALLAMA_OK);
    });
}
