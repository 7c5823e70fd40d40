// Members of a chain that are asked about the token which the others chose.
//
// What stands in front of a chain and forbids tokens would have to look at the whole vocabulary at every step, where the
// model mostly chooses what is allowed anyway. To draw and, if a gate refuses, to draw again from what it allows gives
// the same distribution: p(x) + (1 - a) p(x) / a = p(x) / a, where a is the probability of what is allowed. The same
// holds for drawing again without the one token that was refused, over and over: the first allowed one of a drawing
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

    // Whether it forbids anything at all here.
    virtual bool applies() const { return true; }

    virtual bool allows(llama_token token) = 0;

    // Masks what may not come next.
    virtual void apply(llama_token_data_array * candidates) = 0;

    // Whether `allowed` is cheaper than to try one token after the other.
    virtual bool lists_allowed() const { return false; }

    // The tokens that may come next with their logits, in order of their id.
    virtual std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab);

    virtual void accept(llama_token token) = 0;

    virtual std::unique_ptr<gate> clone() const = 0;
};

// A sampler for the first places of a chain. Takes the gate over.
llama_sampler * gate_sampler(std::unique_ptr<gate> made);

// The gate of a sampler that `gate_sampler` made; NULL for any other.
gate * gate_of(const llama_sampler * sampler);

// The gates of a chain, which stand in front of it.
class gates {
  public:
    explicit gates(llama_sampler * chain);

    int count() const { return n; }

    bool apply_here() const;

    // The token that one of them forces and all others allow; LLAMA_TOKEN_NULL if none is forced.
    llama_token forced() const;

    // The first one that does not allow the token; NULL if all do.
    gate * refuses(llama_token token) const;

    // All that every one allows, at least one token.
    std::vector<llama_token_data> allowed(const float * logits, int32_t n_vocab) const;

  private:
    gate * at(int i) const;

    llama_sampler * chain;
    int             n = 0;
};

}  // namespace panallama

#endif
