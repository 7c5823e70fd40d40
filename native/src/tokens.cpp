#include <algorithm>
#include <limits>

#include "guard.h"

namespace panallama {
namespace {

constexpr int32_t k_overflow = std::numeric_limits<int32_t>::min();

// llama.cpp answers "minus what would be needed", or INT32_MIN when that does not fit an int32_t.
void set_count(int32_t answer, int32_t * count) {
    require(answer != k_overflow, "the result is longer than 2^31 - 1");
    *count = answer < 0 ? -answer : answer;
}

void require_tokenizer(const llama_vocab * vocab) {
    require(vocab != nullptr, "there is no vocabulary");
    require(llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
}

// Adding a special token that the vocabulary does not define is a GGML_ASSERT in llama.cpp.
void require_special_tokens(const llama_vocab * vocab) {
    require(!llama_vocab_get_add_bos(vocab) || llama_vocab_bos(vocab) != LLAMA_TOKEN_NULL,
            "the model wants a BOS token added but defines none");
    require(!llama_vocab_get_add_eos(vocab) || llama_vocab_eos(vocab) != LLAMA_TOKEN_NULL,
            "the model wants an EOS token added but defines none");
    if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_WPM) {
        require(llama_vocab_bos(vocab) != LLAMA_TOKEN_NULL, "the model wants a BOS token added but defines none");
        require(llama_vocab_sep(vocab) != LLAMA_TOKEN_NULL, "the model wants a SEP token added but defines none");
    }
}

void require_token_ids(const llama_vocab * vocab, const llama_token * tokens, int32_t n_tokens) {
    const int32_t n_vocab = llama_vocab_n_tokens(vocab);
    for (int32_t i = 0; i < n_tokens; i++) {
        if (tokens[i] < 0 || tokens[i] >= n_vocab) {
            throw invalid_input("token id " + std::to_string(tokens[i]) + " at index " + std::to_string(i) +
                                " is not in 0.." + std::to_string(n_vocab - 1));
        }
    }
}

}  // namespace
}  // namespace panallama

extern "C" {

int32_t panallama_tokenize(const struct llama_vocab * vocab,
                           const char *               text,
                           int32_t                    length,
                           bool                       add_special,
                           bool                       parse_special,
                           llama_token *              tokens,
                           int32_t                    capacity,
                           int32_t *                  count,
                           char **                    error) {
    using namespace panallama;
    return guarded(error, [&] {
        *count = 0;
        require_tokenizer(vocab);
        require(length >= 0 && (text != nullptr || length == 0), "the text has no bytes or a negative length");
        require(capacity >= 0 && (tokens != nullptr || capacity == 0), "the token buffer is missing or negative");
        if (add_special) {
            require_special_tokens(vocab);
        }
        const int32_t answer = llama_tokenize(
            vocab, text != nullptr ? text : "", length, tokens, capacity, add_special, parse_special);
        set_count(answer, count);
        return PANALLAMA_OK;
    });
}

int32_t panallama_detokenize(const struct llama_vocab * vocab,
                             const llama_token *        tokens,
                             int32_t                    n_tokens,
                             bool                       remove_special,
                             bool                       unparse_special,
                             char *                     text,
                             int32_t                    capacity,
                             int32_t *                  count,
                             char **                    error) {
    using namespace panallama;
    return guarded(error, [&] {
        *count = 0;
        require_tokenizer(vocab);
        require(n_tokens >= 0 && (tokens != nullptr || n_tokens == 0), "the tokens are missing or negative in number");
        require(capacity >= 0 && (text != nullptr || capacity == 0), "the text buffer is missing or negative");
        require_token_ids(vocab, tokens, n_tokens);
        const int32_t answer =
            llama_detokenize(vocab, tokens, n_tokens, text, capacity, remove_special, unparse_special);
        set_count(answer, count);
        return PANALLAMA_OK;
    });
}

int32_t panallama_pieces(const struct llama_vocab * vocab,
                         int32_t                    n_tokens,
                         int64_t *                  offsets,
                         char *                     text,
                         int64_t                    capacity,
                         char **                    error) {
    using namespace panallama;
    return guarded(error, [&] {
        require_tokenizer(vocab);
        require(offsets != nullptr, "there is no room for the offsets");
        require(n_tokens == llama_vocab_n_tokens(vocab), "the number of tokens is not that of the vocabulary");
        int64_t end = 0;
        for (llama_token token = 0; token < n_tokens; token++) {
            offsets[token] = end;
            const int32_t room =
                text == nullptr ? 0 : static_cast<int32_t>(std::clamp<int64_t>(capacity - end, 0, INT32_MAX));
            char empty;
            const int32_t answer = llama_token_to_piece(
                vocab, token, text == nullptr ? &empty : text + std::min(end, capacity), room, 0, true);
            require(answer >= 0 || text == nullptr, "the text buffer is too small for the vocabulary");
            end += answer < 0 ? -static_cast<int64_t>(answer) : answer;
        }
        offsets[n_tokens] = end;
        return PANALLAMA_OK;
    });
}

}  // extern "C"
