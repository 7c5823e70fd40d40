#include <algorithm>

#include "guard.h"
#include "large_stack.h"
#include "src/llama-grammar.h"

namespace panallama {
namespace {

// What the parser may recurse through, see large_stack.h. Grammars made from JSON schemas are far below.
constexpr size_t k_max_grammar_bytes = size_t(1) << 20;
constexpr int    k_max_nesting       = 1000;

// The depth of nested groups: parentheses outside of literals, character classes and comments.
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
            while (pos[1] != '\0' && pos[1] != '\n') {
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

// llama.cpp prints a grammar that does not parse to stderr and returns NULL. So it is parsed here first, for the text.
void require_parses(const llama_vocab * vocab, const char * grammar, const char * root) {
    const std::string refused = "the grammar does not compile: ";
    llama_grammar_parser parser(vocab);
    const char *         pos = grammar + std::strspn(grammar, " \t\r\n");
    try {
        while (*pos == '#') {
            pos += std::strcspn(pos, "\r\n");
            pos += std::strspn(pos, " \t\r\n");
        }
        while (*pos != '\0') {
            pos = parser.parse_rule(pos);
        }
    } catch (const std::exception & e) {
        // The message ends with all the rest of the grammar.
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
}

template <typename Make>
int32_t make_grammar(const llama_vocab * vocab,
                     const char *        grammar,
                     const char *        root,
                     llama_sampler **    out,
                     char **             error,
                     Make &&             make) {
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        require(vocab != nullptr, "there is no vocabulary");
        require(llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
        require(grammar != nullptr && root != nullptr, "there is no grammar or no root rule");
        require(std::strlen(grammar) <= k_max_grammar_bytes, "the grammar is larger than 1 MiB");
        require(group_nesting(grammar) <= k_max_nesting, "the grammar nests groups deeper than 1000");
        on_large_stack(k_parser_stack_bytes, [&] {
            require_parses(vocab, grammar, root);
            *out = make();
            require(*out != nullptr, "the grammar does not compile: a rule is left-recursive");
        });
        return PANALLAMA_OK;
    });
}

}  // namespace
}  // namespace panallama

extern "C" {

int32_t panallama_sampler_grammar(const struct llama_vocab * vocab,
                                  const char *               grammar,
                                  const char *               root,
                                  struct llama_sampler **    out,
                                  char **                    error) {
    return panallama::make_grammar(vocab, grammar, root, out, error,
                                   [&] { return llama_sampler_init_grammar(vocab, grammar, root); });
}

int32_t panallama_sampler_grammar_lazy(const struct llama_vocab * vocab,
                                       const char *               grammar,
                                       const char *               root,
                                       const char **              trigger_patterns,
                                       size_t                     n_trigger_patterns,
                                       const llama_token *        trigger_tokens,
                                       size_t                     n_trigger_tokens,
                                       struct llama_sampler **    out,
                                       char **                    error) {
    return panallama::make_grammar(vocab, grammar, root, out, error, [&] {
        panallama::require(n_trigger_patterns + n_trigger_tokens > 0, "a lazy grammar without a trigger never applies");
        try {
            return llama_sampler_init_grammar_lazy_patterns(vocab, grammar, root, trigger_patterns, n_trigger_patterns,
                                                            trigger_tokens, n_trigger_tokens);
        } catch (const std::regex_error & e) {
            throw panallama::invalid_input(std::string("a trigger pattern does not compile: ") + e.what());
        }
    });
}

}  // extern "C"
