// Grammars that are checked before llama.cpp compiles them.
#ifndef PANALLAMA_GRAMMAR_H
#define PANALLAMA_GRAMMAR_H

#include <chrono>
#include <memory>

#include "constraint.h"
#include "llama.h"

namespace panallama {

// The time for what is matched when a grammar is made: its beginning, and what there is of the answer already.
constexpr std::chrono::seconds k_start_limit(5);

// Throws invalid_input when the regular expression does not compile.
llama_grammar_trigger_pattern compiled_pattern(const char * pattern);

// Compiles a grammar. Throws invalid_input in the cases listed at panallama_sampler_grammar. `index` may be NULL.
std::unique_ptr<constraint> compiled_grammar(const llama_vocab *           vocab,
                                             const panallama_vocab_index * index,
                                             const char *                  grammar,
                                             const char *                  root);

}  // namespace panallama

#endif
