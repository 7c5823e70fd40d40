// An index of the tokens whose texts are prefixes of other tokens' texts.
//
// A grammar that refuses a token refuses every longer one that begins with its text. So of a vocabulary of 100,000 tokens,
// only some hundred have to be matched at most places of a JSON text.
#ifndef PANALLAMA_VOCAB_INDEX_H
#define PANALLAMA_VOCAB_INDEX_H

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "llama.h"

// Immutable.
struct panallama_vocab_index {
  public:
    explicit panallama_vocab_index(const llama_vocab * vocab);

    // The tokens that begin with no other token, and those that say nothing about others: ends of generation and tokens that
    // are not UTF-8 by themselves. Tokens without text are left out, because no grammar allows them.
    const std::vector<llama_token> & first() const { return first_; }

    // Calls `body` with the tokens that begin with `token`, except for those that also begin with a longer token.
    template <typename Body> void for_each_longer(llama_token token, const Body & body) const {
        for (int32_t i = begins_[token]; i < begins_[token + 1]; i++) {
            body(longer_[i]);
        }
    }

    // The bytes of a token that is not UTF-8 by itself; NULL for any other.
    const std::string * broken(llama_token token) const {
        const auto found = broken_.find(token);
        return found == broken_.end() ? nullptr : &found->second;
    }

  private:
    std::unordered_map<llama_token, std::string> broken_;
    std::vector<llama_token> first_;
    std::vector<int32_t>     begins_; // one more than there are tokens: where each has its part of longer_
    std::vector<llama_token> longer_;
};

#endif
