// A grammar that checks the token that was chosen, and looks at all others only if it has to refuse that one.
//
// llama.cpp's own grammar sampler decodes and matches every token of the vocabulary at every step, where the model mostly
// chooses what is allowed anyway. To draw and, if the grammar refuses, to draw again from what it allows gives the same
// distribution: p(x) + (1 - a) p(x) / a = p(x) / a, where a is the probability of what is allowed.
#ifndef PANALLAMA_CONSTRAINT_H
#define PANALLAMA_CONSTRAINT_H

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "llama.h"
#include "utf8.h"
#include "vocab_index.h"

namespace panallama {

struct sampler_deleter {
    void operator()(llama_sampler * sampler) const { llama_sampler_free(sampler); }
};
using sampler_ptr = std::unique_ptr<llama_sampler, sampler_deleter>;

class constraint {
  public:
    // `index` is of the vocabulary and outlives this. NULL for a grammar that speaks of tokens by their ids: whether it
    // allows one says nothing about others then.
    constraint(const llama_vocab * vocab, sampler_ptr grammar, const panallama_vocab_index * index) :
        vocab(vocab), grammar(std::move(grammar)), index(index) {}

    // Tokens that must not come although the grammar would take them for their text.
    void refuse(std::vector<bool> tokens) { refused = std::move(tokens); }

    // The grammar sleeps until one of these texts appears in the output.
    void wait_for(std::vector<std::string> words);

    // Between the thinking tags the grammar neither applies nor sees anything. The sampler is a reasoning budget.
    void ignore_thinking(sampler_ptr budget) { thinking = std::move(budget); }

    // Tokens that the template has written of the answer already.
    void prefill(const std::vector<llama_token> & tokens, bool grammar_too);

    bool applies() const;

    // Whether the token may come next.
    bool allows(llama_token token);

    void apply(llama_token_data_array * candidates);

    // The tokens that may come next with their logits, in order of their id.
    std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab);

    void accept(llama_token token);

  private:
    constraint(const constraint & other);

    bool is_thinking() const;
    bool is_text(llama_token token) const;
    void show(llama_token token);
    void wait(llama_token token);

    const llama_vocab * vocab;
    sampler_ptr         grammar;
    const panallama_vocab_index * index;
    sampler_ptr         thinking;
    std::vector<bool>   refused;
    utf8_state          written; // of what the grammar saw

    // While it sleeps: what to wait for, and the last tokens with as much text as may belong to the beginning of it.
    bool                                             waiting = false;
    std::vector<std::string>                         words;
    size_t                                           longest_word = 0;
    std::deque<std::pair<llama_token, std::string>>  recent;

    friend llama_sampler * clone_constraint(const llama_sampler * sampler);
};

// A sampler for the first place of a chain. Takes the constraint over.
llama_sampler * constraint_sampler(std::unique_ptr<constraint> made);

// The constraint of a sampler that `constraint_sampler` made; NULL for any other.
constraint * constraint_of(llama_sampler * sampler);

}  // namespace panallama

#endif
