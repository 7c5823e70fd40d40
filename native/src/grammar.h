// Grammars that are checked before llama.cpp compiles them.
#ifndef PANALLAMA_GRAMMAR_H
#define PANALLAMA_GRAMMAR_H

#include <memory>
#include <vector>

#include "constraint.h"
#include "llama.h"

namespace panallama {

// The triggers of a lazy grammar; none for a grammar that applies from the start.
struct grammar_triggers {
    std::vector<const char *> patterns;
    std::vector<llama_token>  tokens;
};

// Compiles a grammar. Throws invalid_input in the cases listed at panallama_sampler_grammar. `index` may be NULL.
std::unique_ptr<constraint> compiled_grammar(const llama_vocab *           vocab,
                                             const panallama_vocab_index * index,
                                             const char *                  grammar,
                                             const char *                  root,
                                             const grammar_triggers *      triggers);

}  // namespace panallama

#endif
