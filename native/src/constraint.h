// A grammar that checks the chosen token first and looks at all others only if it refuses that one. It also watches the
// thinking of the model, to which some grammars do not apply and which may have a budget.
#ifndef PANALLAMA_CONSTRAINT_H
#define PANALLAMA_CONSTRAINT_H

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gate.h"
#include "llama.h"
#include "matcher.h"
#include "src/llama-grammar.h"
#include "vocab_index.h"

namespace panallama {

struct sampler_deleter {
    void operator()(llama_sampler * sampler) const { llama_sampler_free(sampler); }
};
using sampler_ptr = std::unique_ptr<llama_sampler, sampler_deleter>;

// What wakes a grammar that does not apply from the start.
struct grammar_triggers {
    std::vector<std::string>                   words;    // texts
    std::vector<llama_grammar_trigger_pattern> patterns; // searched in the whole text
    std::vector<llama_token>                   tokens;

    bool empty() const { return words.empty() && patterns.empty() && tokens.empty(); }
};

class constraint final : public gate {
  public:
    // `grammar` may be NULL, which allows everything. `index` belongs to the vocabulary and outlives this object.
    constraint(const llama_vocab * vocab, std::unique_ptr<grammar_matcher> grammar, const panallama_vocab_index * index) :
        vocab(vocab), grammar(std::move(grammar)), index(index) {}

    // Forbids tokens although the grammar would accept their text.
    void refuse(std::vector<bool> tokens) { refused = std::move(tokens); }

    // The grammar sleeps until one of these appears in the output.
    void wait_for(grammar_triggers given);

    // With `asleep`, the grammar neither applies nor sees anything between the thinking tags. The sampler is a reasoning
    // budget; `forced` holds the tokens that it forces once the budget is spent.
    void watch_thinking(sampler_ptr budget, bool asleep, std::vector<llama_token> forced);

    // Shows the grammar the beginning of the answer, which is there already. Returns false if no answer begins like this.
    bool prefill_grammar(const std::string & text);

    bool applies() const override;

    llama_token forced() const override;
    bool allows(llama_token token) override;
    void apply(llama_token_data_array * candidates) override;
    bool lists_allowed() const override { return grammar != nullptr; }
    std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab) override;
    void foresee(llama_token token) override;
    void accept(llama_token token) override;
    std::unique_ptr<gate> clone() const override { return std::unique_ptr<gate>(new constraint(*this)); }

  private:
    // A token, or the end of one, that a grammar sees when it wakes.
    using shown = std::pair<llama_token, std::string>;

    constraint(const constraint & other);

    bool is_thinking() const;
    bool is_unseen() const;
    bool is_refused(llama_token token) const { return !refused.empty() && refused[token]; }
    void accept_thinking(llama_token token);
    void show(llama_token token);
    void wait(llama_token token);
    std::optional<std::vector<shown>> woken_by(llama_token token) const;
    size_t trigger_in(const std::string & text) const;
    grammar_matcher::place after(const std::vector<shown> & beginning);

    const llama_vocab *              vocab;
    std::unique_ptr<grammar_matcher> grammar;
    const panallama_vocab_index *    index;
    sampler_ptr                      thinking;
    bool                             asleep_while_thinking = false;
    std::vector<llama_token>         last_words; // forced at the end of the thinking, including the end tag
    size_t                           next_word = 0;
    std::vector<bool>                refused;

    // While the grammar sleeps: its triggers, and the last tokens, whose text may be the beginning of a trigger.
    bool              waiting = false;
    grammar_triggers  triggers;
    size_t            longest_word = 0;
    std::deque<shown> recent;
};

}  // namespace panallama

#endif
