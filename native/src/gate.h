// Gates: chain members that check the token which the other members chose.
//
// A sampler at the front of a chain that masks forbidden tokens has to look at the whole vocabulary at every step, although
// the model usually chooses an allowed token anyway. Drawing first and, if a gate refuses the token, drawing again from the
// allowed ones gives the same distribution: p(x) + (1 - a) p(x) / a = p(x) / a, where a is the probability of all allowed
// tokens. The same holds for repeatedly drawing again without the refused token: the first allowed token of a drawing
// without replacement is distributed as p(x) / a.
#ifndef PANALLAMA_GATE_H
#define PANALLAMA_GATE_H

#include <memory>
#include <vector>

#include "llama.h"

namespace panallama {

class gate {
  public:
    virtual ~gate() = default;

    // The only token that may come next; LLAMA_TOKEN_NULL where there is a choice.
    virtual llama_token forced() const { return LLAMA_TOKEN_NULL; }

    // Whether the gate forbids anything at all at this position.
    virtual bool applies() const { return true; }

    virtual bool allows(llama_token token) = 0;

    // Masks the tokens that may not come next.
    virtual void apply(llama_token_data_array * candidates) = 0;

    // Whether calling `allowed` is cheaper than trying one token after the other.
    virtual bool lists_allowed() const { return false; }

    // The tokens that may come next with their logits, sorted by id.
    virtual std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab);

    // Does the work that `accept` will need for an allowed token, where that may be much; changes nothing.
    virtual void foresee(llama_token) {}

    virtual void accept(llama_token token) = 0;

    virtual std::unique_ptr<gate> clone() const = 0;
};

// Wraps a gate, which it takes ownership of, into a sampler for the front of a chain.
llama_sampler * gate_sampler(std::unique_ptr<gate> made);

// The gate of a sampler that `gate_sampler` made; NULL for any other.
gate * gate_of(const llama_sampler * sampler);

// The gates at the front of a chain.
class gates {
  public:
    explicit gates(llama_sampler * chain);

    int count() const { return n; }

    bool apply_here() const;

    // The token that one gate forces and all others allow; LLAMA_TOKEN_NULL if none is forced. Throws invalid_input if
    // another one refuses it.
    llama_token forced() const;

    // The first gate that refuses the token; NULL if all allow it.
    gate * refuses(llama_token token) const;

    void foresee(llama_token token) const;

    // The tokens that every gate allows; throws invalid_input if there is none.
    std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab) const;

  private:
    gate * at(int i) const;

    llama_sampler * chain;
    int             n = 0;
};

}  // namespace panallama

#endif
