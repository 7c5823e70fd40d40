#include "grammar.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "cancellation.h"
#include "effort.h"
#include "guard.h"
#include "large_stack.h"
#include "matcher.h"
#include "rules.h"
#include "src/llama-grammar.h"

namespace panallama {
namespace {

// Bounds on what the parser recurses through, see large_stack.h. Grammars made from JSON schemas are far below them.
constexpr size_t k_max_grammar_bytes = size_t(1) << 20;
constexpr int    k_max_nesting       = 1000;

// The depth of nested groups: parentheses outside literals, character classes and comments.
int group_nesting(const char * grammar) {
    int depth   = 0;
    int deepest = 0;
    for (const char * pos = grammar; *pos != '\0'; pos++) {
        const char open = *pos;
        if (open == '(') {
            deepest = std::max(deepest, ++depth);
        } else if (open == ')') {
            depth = std::max(0, depth - 1);
        } else if (open == '#') {
            while (pos[1] != '\0' && pos[1] != '\r' && pos[1] != '\n') {
                pos++;
            }
        } else if (open == '<') {
            while (pos[1] != '\0' && *pos != '>') {
                pos++;
            }
        } else if (open == '"' || open == '[') {
            const char close = open == '"' ? '"' : ']';
            while (pos[1] != '\0' && *++pos != close) {
                if (*pos == '\\' && pos[1] != '\0') {
                    pos++;
                }
            }
        }
    }
    return deepest;
}

// llama.cpp writes out what is repeated: "abc"{2000} has 6000 elements of 8 bytes.
constexpr size_t k_max_repeated_bytes = size_t(4) << 20;

// How many bytes of literals and classes the repetitions of a grammar write out, at most. Refuses those whose most is below their
// least: llama.cpp subtracts the two and writes out 2^64 rules.
size_t repeated_bytes(const std::string & grammar) {
    constexpr size_t most_times = 2000; // more are refused, or mean any number
    size_t           total      = 0;
    size_t           symbol     = 1; // the length of the last literal or class
    for (size_t pos = 0; pos < grammar.size();) {
        const size_t begin = pos;
        const char   first = grammar[pos++];
        if (first == '#') {
            pos = std::min(grammar.find_first_of("\r\n", pos), grammar.size());
        } else if (first == '"' || first == '[') {
            const char close = first == '"' ? '"' : ']';
            while (pos < grammar.size() && grammar[pos] != close) {
                pos += grammar[pos] == '\\' ? 2 : 1;
            }
            symbol = ++pos - begin;
        } else if (first == '<') {
            pos    = std::min(grammar.find('>', pos), grammar.size());
            symbol = 1;
        } else if (first == '{') {
            size_t times[2] = { 0, 0 };
            size_t numbers  = 0;
            bool   inside   = false;
            while (pos < grammar.size() && grammar[pos] != '}') {
                const char c = grammar[pos++];
                if (c == '#') {
                    pos    = std::min(grammar.find_first_of("\r\n", pos), grammar.size());
                    inside = false;
                    continue;
                }
                const bool digit = c >= '0' && c <= '9';
                if (digit) {
                    numbers += !inside && numbers < 2 ? 1 : 0;
                    size_t & number = times[numbers - 1];
                    number          = std::min(10 * number + static_cast<size_t>(c - '0'), most_times + 1);
                }
                inside = digit;
            }
            require(numbers < 2 || times[1] >= times[0],
                    "the grammar does not compile: a repetition has a larger number before its comma than after it");
            total += std::max<size_t>(1, std::min(std::max(times[0], times[1]), most_times)) * symbol;
        } else if (first == ')' || (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z')) {
            symbol = 1;
        }
    }
    return total;
}

// Parses the grammar and checks that it means something.
llama_grammar_parser parsed(const llama_vocab * vocab, const char * grammar, const char * root) {
    const std::string refused = "the grammar does not compile: ";
    llama_grammar_parser parser(vocab);
    const char *         pos = grammar + std::strspn(grammar, " \t\r\n");
    try {
        while (*pos == '#') {
            pos += std::strcspn(pos, "\r\n");
            pos += std::strspn(pos, " \t\r\n");
        }
        while (*pos != '\0') {
            cancellation::check();
            pos = parser.parse_rule(pos);
        }
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const cancelled_work &) {
        throw;
    } catch (const std::exception & e) {
        // The message ends with the whole rest of the grammar.
        const auto        line = 1 + std::count(grammar, pos, '\n');
        const std::string text = e.what();
        throw invalid_input(refused + "in the rule that starts in line " + std::to_string(line) + ": " +
                            text.substr(0, std::min<size_t>(text.find('\n'), 120)));
    }
    // An empty grammar would mean "no constraint".
    require(!parser.rules.empty(), "the grammar does not compile: there are no rules");
    if (parser.symbol_ids.find(root) == parser.symbol_ids.end()) {
        throw invalid_input(refused + "there is no rule '" + root + "'");
    }
    for (const auto & [name, id] : parser.symbol_ids) {
        if (id >= parser.rules.size() || parser.rules[id].empty()) {
            throw invalid_input(refused + "the rule '" + name + "' is used but not defined");
        }
    }
    return parser;
}

}  // namespace

llama_grammar_trigger_pattern compiled_pattern(const char * pattern) {
    try {
        return { pattern, std::regex(pattern) };
    } catch (const std::regex_error & e) {
        throw invalid_input(std::string("a trigger pattern does not compile: ") + e.what());
    }
}

std::unique_ptr<constraint> compiled_grammar(const llama_vocab *           vocab,
                                             const panallama_vocab_index * index,
                                             const char *                  grammar,
                                             const char *                  root) {
    require(vocab != nullptr, "there is no vocabulary");
    require(llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
    require(grammar != nullptr && root != nullptr, "there is no grammar or no root rule");
    require(std::strlen(grammar) <= k_max_grammar_bytes, "the grammar is larger than 1 MiB");
    require(group_nesting(grammar) <= k_max_nesting, "the grammar nests groups deeper than 1000");
    require(repeated_bytes(grammar) <= k_max_repeated_bytes, "the grammar repeats more than 4 MiB of text in all");
    std::unique_ptr<constraint> made;
    on_large_stack(k_parser_stack_bytes, [&] {
        llama_grammar_parser parser  = parsed(vocab, grammar, root);
        const uint32_t       root_id = parser.symbol_ids.at(root);
        const effort         limit(k_start_limit, nullptr);
        try {
            made = std::make_unique<constraint>(
                vocab, std::make_unique<grammar_matcher>(vocab, linked_rules(std::move(parser.rules), root_id)), index);
        } catch (const too_much_work & e) {
            throw invalid_input(e.what());
        }
    });
    return made;
}

}  // namespace panallama

extern "C" {

int32_t panallama_sampler_grammar(const struct llama_vocab *           vocab,
                                  const struct panallama_vocab_index * index,
                                  const char *                         grammar,
                                  const char *                         root,
                                  struct llama_sampler **              out,
                                  char **                              error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        *out = gate_sampler(compiled_grammar(vocab, index, grammar, root));
        return PANALLAMA_OK;
    });
}

int32_t panallama_sampler_grammar_lazy(const struct llama_vocab * vocab,
                                       const struct panallama_vocab_index * index,
                                       const char *               grammar,
                                       const char *               root,
                                       const char **              trigger_patterns,
                                       size_t                     n_trigger_patterns,
                                       const llama_token *        trigger_tokens,
                                       size_t                     n_trigger_tokens,
                                       struct llama_sampler **    out,
                                       char **                    error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        grammar_triggers triggers;
        triggers.tokens.assign(trigger_tokens, trigger_tokens + n_trigger_tokens);
        for (size_t i = 0; i < n_trigger_patterns; i++) {
            triggers.patterns.push_back(compiled_pattern(trigger_patterns[i]));
        }
        require(!triggers.empty(), "a lazy grammar without a trigger never applies");
        auto made = compiled_grammar(vocab, index, grammar, root);
        made->wait_for(std::move(triggers));
        *out = gate_sampler(std::move(made));
        return PANALLAMA_OK;
    });
}

}  // extern "C"
