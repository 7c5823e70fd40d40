// Samplers that keep banned texts out of the output and forbid the end of the output before a minimum length.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "common.h"
#include "gate.h"
#include "guard.h"

namespace panallama {
namespace {

// Compares the bytes of the visible output, without control tokens, across token boundaries.
class banned_texts final : public gate {
  public:
    banned_texts(const llama_vocab * vocab, std::vector<std::string> texts) : vocab(vocab), texts(std::move(texts)) {
        for (const std::string & text : this->texts) {
            longest = std::max(longest, text.size());
        }
    }

    bool allows(llama_token token) override {
        const std::string piece = common_token_to_piece(vocab, token, false);
        const std::string all   = tail + piece;
        return std::none_of(texts.begin(), texts.end(), [&](const std::string & text) {
            // The output so far contains no banned text, so a match has to end in the new piece.
            const size_t first = all.size() - piece.size() + 1;
            return !piece.empty() && all.find(text, first > text.size() ? first - text.size() : 0) != std::string::npos;
        });
    }

    void apply(llama_token_data_array * candidates) override {
        for (size_t i = 0; i < candidates->size; i++) {
            llama_token_data & candidate = candidates->data[i];
            if (candidate.logit != -INFINITY && !allows(candidate.id)) {
                candidate.logit = -INFINITY;
            }
        }
    }

    void accept(llama_token token) override {
        tail += common_token_to_piece(vocab, token, false);
        if (tail.size() >= longest) {
            tail.erase(0, tail.size() - (longest - 1));
        }
    }

    std::unique_ptr<gate> clone() const override { return std::make_unique<banned_texts>(*this); }

  private:
    const llama_vocab *      vocab;
    std::vector<std::string> texts;
    size_t                   longest = 1;
    std::string              tail; // the last bytes of the output, one fewer than the longest text has
};

// An ordinary chain member: it masks a few tokens, and the other members choose among the rest.
struct late_ends {
    std::vector<llama_token> ends; // sorted by id
    int32_t                  left; // tokens still to come before an end is allowed

    bool is_end(llama_token token) const { return std::binary_search(ends.begin(), ends.end(), token); }
};

late_ends & ends_of(const llama_sampler * sampler) {
    return *static_cast<late_ends *>(sampler->ctx);
}

// Where nothing but an end is left, for example at the end of a grammar, the end is allowed early.
void mask_ends(llama_sampler * sampler, llama_token_data_array * candidates) {
    const late_ends & late = ends_of(sampler);
    if (late.left <= 0) {
        return;
    }
    llama_token_data * const end = candidates->data + candidates->size;
    const bool others = std::any_of(candidates->data, end, [&](const llama_token_data & candidate) {
        return candidate.logit != -INFINITY && !late.is_end(candidate.id);
    });
    for (llama_token_data * candidate = candidates->data; others && candidate != end; candidate++) {
        if (late.is_end(candidate->id)) {
            candidate->logit = -INFINITY;
        }
    }
}

llama_sampler * late_ends_sampler(const late_ends & made);

// Not const: llama_sampler_init takes it so.
llama_sampler_i k_late_ends = {
    /*.name              =*/ [](const llama_sampler *) { return "min-tokens"; },
    /*.accept            =*/ [](llama_sampler * sampler, llama_token) { ends_of(sampler).left--; },
    /*.apply             =*/ mask_ends,
    /*.reset             =*/ nullptr,
    /*.clone             =*/ [](const llama_sampler * sampler) { return late_ends_sampler(ends_of(sampler)); },
    /*.free              =*/ [](llama_sampler * sampler) { delete &ends_of(sampler); },
    /*.backend_init      =*/ nullptr,
    /*.backend_accept    =*/ nullptr,
    /*.backend_apply     =*/ nullptr,
    /*.backend_set_input =*/ nullptr,
    /*.backend_reset     =*/ nullptr,
    /*.copy_state        =*/ nullptr,
};

llama_sampler * late_ends_sampler(const late_ends & made) {
    auto            copy    = std::make_unique<late_ends>(made);
    llama_sampler * sampler = llama_sampler_init(&k_late_ends, copy.get());
    copy.release();
    return sampler;
}

}  // namespace
}  // namespace panallama

extern "C" {

int32_t panallama_sampler_banned_texts(
    const struct llama_vocab * vocab, const char ** texts, int32_t n_texts, struct llama_sampler ** out, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        require(vocab != nullptr && llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
        require(n_texts > 0 && texts != nullptr, "there are no texts");
        std::vector<std::string> all(texts, texts + n_texts);
        for (const std::string & text : all) {
            require(!text.empty(), "a text is empty");
        }
        *out = gate_sampler(std::make_unique<banned_texts>(vocab, std::move(all)));
        return PANALLAMA_OK;
    });
}

int32_t panallama_sampler_min_tokens(
    int32_t min_tokens, const llama_token * ends, int32_t n_ends, struct llama_sampler ** out, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        require(n_ends >= 0 && (ends != nullptr || n_ends == 0), "the end tokens are missing");
        late_ends made = { { ends, ends + n_ends }, min_tokens };
        std::sort(made.ends.begin(), made.ends.end());
        *out = late_ends_sampler(made);
        return PANALLAMA_OK;
    });
}

}  // extern "C"
