// Grammars of JSON.
#ifndef PANALLAMA_SCHEMA_H
#define PANALLAMA_SCHEMA_H

#include <string>

namespace panallama {

// Takes out of llama.cpp's rules for JSON what is JSON by the letter and that readers fail at: halves of surrogate pairs,
// which are no text and count as two characters where the schema means one, and exponents of up to 16 digits.
std::string with_readable_json(std::string grammar);

}  // namespace panallama

#endif
