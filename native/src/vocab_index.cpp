#include "vocab_index.h"

#include <algorithm>
#include <string>

#include "common.h"
#include "guard.h"
#include "utf8.h"

namespace {

bool is_whole_utf8(const std::string & text) {
    panallama::utf8_state state;
    return state.advance(text) && state.is_whole();
}

}  // namespace

panallama_vocab_index::panallama_vocab_index(const llama_vocab * vocab) {
    const int32_t                                    n_tokens = llama_vocab_n_tokens(vocab);
    std::vector<std::pair<std::string, llama_token>> sorted;
    for (llama_token token = 0; token < n_tokens; token++) {
        std::string text = common_token_to_piece(vocab, token, true);
        if (llama_vocab_is_eog(vocab, token)) {
            first_.push_back(token);
        } else if (!text.empty() && is_whole_utf8(text)) {
            sorted.emplace_back(std::move(text), token);
        } else if (!text.empty()) {
            first_.push_back(token);
            broken_[token] = text;
        }
    }
    std::sort(sorted.begin(), sorted.end());

    // The tokens that the current text begins with, the longest last. Equal texts count as one.
    std::vector<size_t>      open;
    std::vector<llama_token> parents(n_tokens, LLAMA_TOKEN_NULL);
    for (size_t i = 0; i < sorted.size(); i++) {
        const std::string & text = sorted[i].first;
        while (!open.empty() && text.compare(0, sorted[open.back()].first.size(), sorted[open.back()].first) != 0) {
            open.pop_back();
        }
        if (open.empty()) {
            first_.push_back(sorted[i].second);
        } else {
            parents[sorted[i].second] = sorted[open.back()].second;
        }
        open.push_back(i);
    }

    begins_.assign(n_tokens + 1, 0);
    for (const llama_token parent : parents) {
        if (parent != LLAMA_TOKEN_NULL) {
            begins_[parent + 1]++;
        }
    }
    for (int32_t token = 0; token < n_tokens; token++) {
        begins_[token + 1] += begins_[token];
    }
    longer_.resize(begins_[n_tokens]);
    std::vector<int32_t> next(begins_.begin(), begins_.end() - 1);
    for (llama_token token = 0; token < n_tokens; token++) {
        if (parents[token] != LLAMA_TOKEN_NULL) {
            longer_[next[parents[token]]++] = token;
        }
    }
}

extern "C" {

int32_t panallama_vocab_index_new(
    const struct llama_vocab * vocab, struct panallama_vocab_index ** out, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the index");
        *out = nullptr;
        require(vocab != nullptr && llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
        *out = new panallama_vocab_index(vocab);
        return PANALLAMA_OK;
    });
}

void panallama_vocab_index_free(struct panallama_vocab_index * index) {
    delete index;
}

}  // extern "C"
