// Grammars that are checked before llama.cpp compiles them.
#ifndef PANALLAMA_GRAMMAR_H
#define PANALLAMA_GRAMMAR_H

#include <memory>
#include <vector>

#include "constraint.h"
#include "llama.h"

namespace panallama {

// What wakes a lazy grammar up; none for one that applies from the start.
struct grammar_triggers {
    std::vector<const char *> patterns;
    std::vector<llama_token>  tokens;
};

// Throws invalid_input as panallama_sampler_grammar says. `index` may be NULL.
std::unique_ptr<constraint> compiled_grammar(const llama_vocab *           vocab,
                                             const panallama_vocab_index * index,
                                             const char *                  grammar,
                                             const char *                  root,
                                             const grammar_triggers *      triggers);

}  // namespace panallama

#endif
