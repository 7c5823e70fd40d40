// Edits the grammars that llama.cpp writes for chat formats.
#ifndef PANALLAMA_CHAT_GRAMMAR_H
#define PANALLAMA_CHAT_GRAMMAR_H

#include <algorithm>
#include <string>

#include "chat.h"

namespace panallama {

// The parser and the grammar of an answer to these inputs. Names of tools and properties that llama.cpp would turn into one
// rule are replaced while it builds the grammar, and stand in the result as they were given.
//
// Throws invalid_input if rules remain alike.
common_chat_params apply_with_own_rules(
    const common_chat_templates * templates, const common_chat_templates_inputs & inputs);

// Forbids text in front of a call that is required. What the client has the model continue stays allowed, and so do
// thoughts that count as text.
void require_call_first(common_chat_params & params, const common_chat_templates_inputs & inputs);

// An answer that is either a call or text in a format. Text in front of the call is forbidden already.
common_chat_params either(
    const common_chat_params & calls, const common_chat_params & format, const common_chat_templates_inputs & inputs);

// The rules of a grammar, one a line, with others in place of names and literals. The functions get and return them as they
// are written, literals with their quotes.
template <typename Name, typename Literal>
std::string rewrite_grammar(const std::string & grammar, Name && name, Literal && literal) {
    const auto is_name = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    const auto end_of = [&](size_t pos, char close) {
        while (pos < grammar.size() && grammar[pos] != close) {
            pos += grammar[pos] == '\\' ? 2 : 1;
        }
        return std::min(pos + 1, grammar.size());
    };
    std::string result;
    for (size_t pos = 0; pos < grammar.size();) {
        size_t end = pos + 1;
        if (grammar[pos] == '"') {
            end = end_of(end, '"');
            result += literal(grammar.substr(pos, end - pos));
        } else if (grammar[pos] == '[' || grammar[pos] == '{') {
            end = end_of(end, grammar[pos] == '[' ? ']' : '}');
            result += grammar.substr(pos, end - pos);
        } else if (is_name(grammar[pos])) {
            while (end < grammar.size() && is_name(grammar[end])) {
                end++;
            }
            result += name(grammar.substr(pos, end - pos));
        } else {
            result += grammar[pos];
        }
        pos = end;
    }
    return result;
}

}  // namespace panallama

#endif
