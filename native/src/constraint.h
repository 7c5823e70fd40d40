// A grammar that checks the chosen token first and looks at all others only if it refuses that one. It also watches the
// thinking of the model, to which some grammars do not apply and which may have a budget.
#ifndef PANALLAMA_CONSTRAINT_H
#define PANALLAMA_CONSTRAINT_H

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gate.h"
#include "llama.h"
#include "utf8.h"
#include "vocab_index.h"

namespace panallama {

struct sampler_deleter {
    void operator()(llama_sampler * sampler) const { llama_sampler_free(sampler); }
};
using sampler_ptr = std::unique_ptr<llama_sampler, sampler_deleter>;

class constraint final : public gate {
  public:
    // `grammar` may be NULL, which allows everything. `index` belongs to the vocabulary and outlives this object; it is NULL
    // for a grammar that names tokens by id, because allowing one token then says nothing about others.
    constraint(const llama_vocab * vocab, sampler_ptr grammar, const panallama_vocab_index * index) :
        vocab(vocab), grammar(std::move(grammar)), index(index) {}

    // Forbids tokens although the grammar would accept their text.
    void refuse(std::vector<bool> tokens) { refused = std::move(tokens); }

    // The grammar sleeps until one of these texts appears in the output.
    void wait_for(std::vector<std::string> words);

    // With `asleep`, the grammar neither applies nor sees anything between the thinking tags. The sampler is a reasoning
    // budget; `forced` holds the tokens that it forces once the budget is spent.
    void watch_thinking(sampler_ptr budget, bool asleep, std::vector<llama_token> forced);

    // Shows the grammar the beginning of the answer, which the template has already written.
    void prefill_grammar(const std::vector<llama_token> & tokens);

    bool applies() const override;

    llama_token forced() const override;
    bool allows(llama_token token) override;
    void apply(llama_token_data_array * candidates) override;
    bool lists_allowed() const override { return grammar != nullptr; }
    std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab) override;
    void accept(llama_token token) override;
    std::unique_ptr<gate> clone() const override { return std::unique_ptr<gate>(new constraint(*this)); }

  private:
    constraint(const constraint & other);

    bool is_thinking() const;
    bool is_unseen() const;
    void accept_thinking(llama_token token);
    bool is_text(llama_token token) const;
    void show(llama_token token);
    void wait(llama_token token);

    const llama_vocab * vocab;
    sampler_ptr         grammar;
    const panallama_vocab_index * index;
    sampler_ptr              thinking;
    bool                     asleep_while_thinking = false;
    std::vector<llama_token> last_words;  // forced at the end of the thinking, including the end tag
    size_t                   next_word = 0;
    std::vector<bool>   refused;
    utf8_state          written; // of the output that the grammar has seen

    // While the grammar sleeps: the trigger texts, and the last tokens, whose text may be the beginning of a trigger.
    bool                                             waiting = false;
    std::vector<std::string>                         words;
    size_t                                           longest_word = 0;
    std::deque<std::pair<llama_token, std::string>>  recent;
};

}  // namespace panallama

#endif
