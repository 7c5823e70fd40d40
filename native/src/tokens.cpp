#include "tokens.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "cancellation.h"
#include "guard.h"
#include "literals.h"
#include "src/llama-vocab.h"
#include "src/unicode.h"

namespace panallama {
namespace {

constexpr int32_t k_overflow = std::numeric_limits<int32_t>::min();

// llama.cpp returns the negated size that is needed, or INT32_MIN when that does not fit into an int32_t.
void set_count(int32_t answer, int32_t * count) {
    require(answer != k_overflow, "the result is longer than 2^31 - 1");
    *count = answer < 0 ? -answer : answer;
}

void require_tokenizer(const llama_vocab * vocab) {
    require(vocab != nullptr, "there is no vocabulary");
    require(llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
}

// llama.cpp asserts that the vocabulary defines the special tokens that are added.
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

// Under this pre-tokenizer a run of white space becomes a word, and find_bpe_rank asserts that no word contains a space.
void require_single_spaces(const llama_vocab * vocab, const char * text, size_t length) {
    if (vocab->get_pre_type() != LLAMA_VOCAB_PRE_TYPE_WHITESPACE) {
        return;
    }
    uint32_t before = 'x';
    for (const uint32_t now : unicode_cpts_from_utf8(std::string(text, length))) {
        const bool both_white =
            unicode_cpt_flags_from_cpt(before).is_whitespace && unicode_cpt_flags_from_cpt(now).is_whitespace;
        require(!both_white || (before != ' ' && now != ' '),
                "llama.cpp cannot tokenize a space next to other white space for this model");
        before = now;
    }
}

int32_t tokenize(const llama_vocab * vocab, const char * text, int32_t length, llama_token * tokens, int32_t capacity,
                 bool add_special, bool parse_special) {
    if (llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_BPE) {
        require_single_spaces(vocab, text, length);
    }
    return llama_tokenize(vocab, text, length, tokens, capacity, add_special, parse_special);
}

// Tokenizes one part of a prompt and appends it to `tokens`.
void append_tokens(const llama_vocab * vocab, const std::string & text, bool parse_special, std::vector<llama_token> & tokens) {
    if (text.empty()) {
        return;
    }
    require(text.size() <= INT32_MAX / 2, "the prompt is longer than 1 GiB");
    const size_t  begin  = tokens.size();
    const int32_t length = static_cast<int32_t>(text.size());
    // No tokenizer gives more tokens than bytes, except for a space that some prepend.
    tokens.resize(begin + length + 2);
    const int32_t answer = tokenize(vocab, text.data(), length, tokens.data() + begin, length + 2, false, parse_special);
    require(answer >= 0, "the prompt has more tokens than bytes");
    tokens.resize(begin + answer);
}

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Cuts the prompt at the special tokens nearest to every literal, where llama.cpp cuts it too. The parts with literals are
// tokenized as if the vocabulary had no special tokens, and the other parts with special tokens.
class literal_tokenizer {
  public:
    literal_tokenizer(const llama_vocab * vocab, std::string prompt, std::vector<std::pair<size_t, size_t>> literals) :
        vocab(vocab), prompt(std::move(prompt)), literals(std::move(literals)), controls(vocab) {}

    std::vector<llama_token> run() {
        size_t pos = 0;
        for (size_t i = 0; i < literals.size(); i++) {
            if (literals[i].first < pos) {
                continue; // belongs to the previous part
            }
            size_t       begin = pos;
            const size_t end   = end_of_part(pos, i, begin);
            append_tokens(vocab, prompt.substr(pos, begin - pos), true, tokens);
            append_tokens(vocab, stripped(begin, end), false, tokens);
            pos = end;
        }
        append_tokens(vocab, prompt.substr(pos), true, tokens);
        return std::move(tokens);
    }

  private:
    // Finds the part around literal `i`: `begin` becomes the end of the last special token before it, the result is the
    // beginning of the first one behind it that is not in a literal itself.
    size_t end_of_part(size_t from, size_t i, size_t & begin) {
        size_t pos = from;
        while (pos < prompt.size()) {
            while (i < literals.size() && literals[i].second <= pos) {
                i++;
            }
            if (i < literals.size() && literals[i].first <= pos) {
                pos = literals[i].second;
                passed_literal = true;
                continue;
            }
            const size_t limit  = i < literals.size() ? literals[i].first : prompt.size();
            const size_t length = controls.match(prompt, pos);
            if (length > 0 && pos + length <= limit) {
                if (passed_literal) {
                    break;
                }
                pos += length;
                begin = pos;
            } else {
                pos++;
            }
        }
        passed_literal = false;
        return pos;
    }

    // Some special tokens absorb the white space beside them.
    std::string stripped(size_t begin, size_t end) const {
        if (!tokens.empty() && (llama_vocab_get_attr(vocab, tokens.back()) & LLAMA_TOKEN_ATTR_RSTRIP) != 0) {
            while (begin < end && is_space(prompt[begin])) {
                begin++;
            }
        }
        const size_t length = end < prompt.size() ? controls.match(prompt, end) : 0;
        if (length > 0) {
            std::vector<llama_token> next;
            append_tokens(vocab, prompt.substr(end, length), true, next);
            if (next.size() == 1 && (llama_vocab_get_attr(vocab, next[0]) & LLAMA_TOKEN_ATTR_LSTRIP) != 0) {
                while (end > begin && is_space(prompt[end - 1])) {
                    end--;
                }
            }
        }
        return prompt.substr(begin, end - begin);
    }

    const llama_vocab *                    vocab;
    std::string                            prompt;
    std::vector<std::pair<size_t, size_t>> literals;
    control_texts                          controls;
    std::vector<llama_token>               tokens;
    bool                                   passed_literal = false;
};

std::vector<llama_token> tokenize_prompt(const llama_vocab * vocab,
                                         const char *        text,
                                         int32_t             length,
                                         const int32_t *     literals,
                                         int32_t             n_literals) {
    std::vector<std::pair<size_t, size_t>> ranges;
    int32_t                                end = 0;
    for (int32_t i = 0; i < n_literals; i++) {
        const int32_t first = literals[2 * i];
        const int32_t last  = literals[2 * i + 1];
        require(first >= end && last > first && last <= length, "the literals are not in order or not in the prompt");
        ranges.emplace_back(first, last);
        end = last;
    }
    std::vector<llama_token> tokens;
    if (llama_vocab_get_add_bos(vocab)) {
        tokens.push_back(llama_vocab_bos(vocab));
    }
    const std::vector<llama_token> body =
        literal_tokenizer(vocab, std::string(text, length), std::move(ranges)).run();
    tokens.insert(tokens.end(), body.begin(), body.end());
    if (llama_vocab_get_add_eos(vocab)) {
        tokens.push_back(llama_vocab_eos(vocab));
    }
    return tokens;
}

}  // namespace

std::vector<llama_token> tokens_of(
    const llama_vocab * vocab, const std::string & text, const std::string & open, const std::string & close) {
    std::string                            plain;
    std::vector<std::pair<size_t, size_t>> literals;
    size_t                                 opened = std::string::npos;
    for (size_t pos = 0; pos < text.size();) {
        const bool opens  = !open.empty() && text.compare(pos, open.size(), open) == 0;
        const bool closes = !close.empty() && text.compare(pos, close.size(), close) == 0;
        if (closes && opened != std::string::npos && plain.size() > opened) {
            literals.emplace_back(opened, plain.size());
        }
        if (opens || closes) {
            opened = opens ? plain.size() : std::string::npos;
            pos += opens ? open.size() : close.size();
        } else {
            plain += text[pos++];
        }
    }
    return literal_tokenizer(vocab, std::move(plain), std::move(literals)).run();
}

}  // namespace panallama

extern "C" {

int32_t panallama_tokenize_prompt(const struct llama_vocab * vocab,
                                  const char *               text,
                                  int32_t                    length,
                                  const int32_t *            literals,
                                  int32_t                    n_literals,
                                  llama_token *              tokens,
                                  int32_t                    capacity,
                                  int32_t *                  count,
                                  char **                    error) {
    using namespace panallama;
    return guarded(error, [&] {
        *count = 0;
        require_tokenizer(vocab);
        require_special_tokens(vocab);
        require(length >= 0 && text != nullptr, "the text is missing or has a negative length");
        require(n_literals >= 0 && (literals != nullptr || n_literals == 0), "the literals are missing or negative");
        require(capacity >= 0 && (tokens != nullptr || capacity == 0), "the token buffer is missing or negative");
        const cancellable_allocations  scope;
        const std::vector<llama_token> all = tokenize_prompt(vocab, text, length, literals, n_literals);
        *count                             = static_cast<int32_t>(all.size());
        if (*count <= capacity) {
            std::copy(all.begin(), all.end(), tokens);
        }
        return PANALLAMA_OK;
    });
}

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
        const cancellable_allocations scope;
        set_count(tokenize(vocab, text != nullptr ? text : "", length, tokens, capacity, add_special, parse_special),
                  count);
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
