// Grammars of JSON.
#ifndef PANALLAMA_SCHEMA_H
#define PANALLAMA_SCHEMA_H

#include <string>

namespace panallama {

// Removes from llama.cpp's rules what is valid JSON that readers fail on: unpaired surrogates, which are not text and count
// as two characters where the schema means one, and exponents of up to 16 digits.
//
// Also puts the rule in place of each constant {"panallama:gbnf": "..."}, whose text is a rule of one line that refers to no
// other: so a schema can hold what llama.cpp has no keyword for.
std::string with_readable_json(std::string grammar);

}  // namespace panallama

#endif
