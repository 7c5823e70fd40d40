// The tokenizer within the bridge: on a stack as large as the text can need.
#ifndef PANALLAMA_TOKENS_H
#define PANALLAMA_TOKENS_H

#include <string>
#include <vector>

#include "llama.h"

namespace panallama {

// Tokenizes a text in which special tokens count, except for those between two marks, which are removed. Without marks,
// all of them count. Nothing is added in front or behind.
//
// Throws invalid_input for a text that would end the process, like panallama_tokenize.
std::vector<llama_token> tokens_of(
    const llama_vocab * vocab, const std::string & text, const std::string & open, const std::string & close);

}  // namespace panallama

#endif
