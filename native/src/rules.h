// The rules of a grammar in the form that is matched.
#ifndef PANALLAMA_RULES_H
#define PANALLAMA_RULES_H

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "src/llama-grammar.h"

namespace panallama {

// A rule whose alternatives begin with different characters, such as the nodes of a prefix tree. It is matched by looking a
// character up instead of following all alternatives.
struct character_switch {
    std::vector<std::pair<uint32_t, uint32_t>> alternatives;       // a character and its element, sorted
    bool                                       has_empty = false; // one more alternative, which is empty
};

// Immutable, and shared by the copies of a matcher.
struct grammar_rules {
    std::vector<llama_grammar_element> elements; // the rules one after the other, each with its end
    std::vector<uint32_t>              begins;   // of each rule, in `elements`
    uint32_t                           root         = 0;
    bool                               names_tokens = false;

    std::vector<character_switch> switches;
    std::vector<int32_t>          switch_of; // of each rule, in `switches`; -1 for a rule that is none
};

// Whether a place in a rule is the end of an alternative.
inline bool ends_alternative(const llama_grammar_element & element) {
    return element.type == LLAMA_GRETYPE_END || element.type == LLAMA_GRETYPE_ALT;
}

// Takes the rules of a parser, all of which are defined. Alternatives that begin alike are merged: the values of an enum
// become a prefix tree, so that only as many of them are followed at once as there are next characters.
//
// Throws invalid_input when a rule is left-recursive: matching would never end.
std::shared_ptr<const grammar_rules> linked_rules(llama_grammar_rules parsed, uint32_t root);

}  // namespace panallama

#endif
