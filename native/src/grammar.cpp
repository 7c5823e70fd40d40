#include "grammar.h"

#include <algorithm>
#include <vector>

#include "constraint.h"
#include "guard.h"
#include "large_stack.h"
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

// How many optional parts in a row a grammar may have. llama.cpp follows all alternatives at once: with ("a"?){0,200} a
// token takes a second, with 1000 it takes minutes, and nothing can interrupt it. A JSON schema has one optional part per
// optional property.
constexpr int k_max_skipped = 200;

// Counts, for every place in a grammar, the optional parts that can be skipped there before a character must match.
class optional_parts {
  public:
    explicit optional_parts(const llama_grammar_rules & rules) :
        rules(rules), nullable_memo(rules.size(), unknown), skipped_memo(rules.size(), unknown),
        follow_memo(rules.size(), unknown), callers(rules.size()) {}

    void require_few() {
        for (uint32_t rule = 0; rule < rules.size(); rule++) {
            for (size_t pos = 0; pos < rules[rule].size(); pos++) {
                if (rules[rule][pos].type == LLAMA_GRETYPE_RULE_REF) {
                    callers[rules[rule][pos].value].push_back({ rule, pos + 1 });
                }
            }
        }
        for (uint32_t rule = 0; rule < rules.size(); rule++) {
            skipped(rule);
            follow(rule);
        }
    }

  private:
    static constexpr int unknown = -1;
    static constexpr int pending = -2;

    struct place {
        uint32_t rule;
        size_t   pos;
    };

    struct answer {
        int  skipped;
        bool to_the_end;  // the rest of the alternative can be skipped
    };

    static int checked(int count) {
        require(count <= k_max_skipped, "the grammar has more than 200 optional parts in a row");
        return count;
    }

    static bool ends(const llama_grammar_element & element) {
        return element.type == LLAMA_GRETYPE_END || element.type == LLAMA_GRETYPE_ALT;
    }

    bool nullable(uint32_t rule) {
        if (nullable_memo[rule] >= 0 || nullable_memo[rule] == pending) {
            return nullable_memo[rule] == 1;
        }
        nullable_memo[rule] = pending;
        bool any            = false;
        bool all            = true;
        for (const llama_grammar_element & element : rules[rule]) {
            if (ends(element)) {
                any = any || all;
                all = true;
            } else {
                all = all && element.type == LLAMA_GRETYPE_RULE_REF && nullable(element.value);
            }
        }
        nullable_memo[rule] = any;
        return any;
    }

    // From a place to the end of its alternative.
    answer skipped_from(place from) {
        int count = 0;
        for (size_t pos = from.pos; !ends(rules[from.rule][pos]); pos++) {
            const llama_grammar_element & element = rules[from.rule][pos];
            if (element.type != LLAMA_GRETYPE_RULE_REF) {
                return { count, false };
            }
            count = checked(count + skipped(element.value));
            if (!nullable(element.value)) {
                return { count, false };
            }
            count = checked(count + 1);
        }
        return { count, true };
    }

    int skipped(uint32_t rule) {
        if (skipped_memo[rule] == pending) {
            return 0;
        }
        if (skipped_memo[rule] == unknown) {
            skipped_memo[rule] = pending;
            int  count         = 0;
            bool first         = true;
            for (size_t pos = 0; pos < rules[rule].size(); pos++) {
                if (first) {
                    count = checked(count + skipped_from({ rule, pos }).skipped);
                }
                first = ends(rules[rule][pos]);
            }
            skipped_memo[rule] = count;
        }
        return skipped_memo[rule];
    }

    // The parts that can be skipped after the end of a rule, for the caller with most of them.
    int follow(uint32_t rule) {
        if (follow_memo[rule] == pending) {
            return 0;
        }
        if (follow_memo[rule] == unknown) {
            follow_memo[rule] = pending;
            int most          = 0;
            for (const place & caller : callers[rule]) {
                const answer here = skipped_from(caller);
                most = std::max(most, checked(here.skipped + (here.to_the_end ? follow(caller.rule) : 0)));
            }
            follow_memo[rule] = most;
        }
        return follow_memo[rule];
    }

    const llama_grammar_rules &     rules;
    std::vector<int>                nullable_memo;
    std::vector<int>                skipped_memo;
    std::vector<int>                follow_memo;
    std::vector<std::vector<place>> callers;
};

// llama.cpp prints a parse error to stderr and returns NULL, so the grammar is parsed here first to get the message.
//
// Returns whether the grammar names tokens by id.
bool require_parses(const llama_vocab * vocab, const char * grammar, const char * root) {
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
    optional_parts(parser.rules).require_few();
    return std::any_of(parser.rules.begin(), parser.rules.end(), [](const llama_grammar_rule & rule) {
        return std::any_of(rule.begin(), rule.end(), [](const llama_grammar_element & element) {
            return element.type == LLAMA_GRETYPE_TOKEN || element.type == LLAMA_GRETYPE_TOKEN_NOT;
        });
    });
}

sampler_ptr make(const llama_vocab * vocab, const char * grammar, const char * root, const grammar_triggers * triggers) {
    if (triggers == nullptr) {
        return sampler_ptr(llama_sampler_init_grammar(vocab, grammar, root));
    }
    require(!triggers->patterns.empty() || !triggers->tokens.empty(), "a lazy grammar without a trigger never applies");
    try {
        std::vector<const char *> patterns = triggers->patterns;
        return sampler_ptr(llama_sampler_init_grammar_lazy_patterns(
            vocab, grammar, root, patterns.data(), patterns.size(), triggers->tokens.data(), triggers->tokens.size()));
    } catch (const std::regex_error & e) {
        throw invalid_input(std::string("a trigger pattern does not compile: ") + e.what());
    }
}

int32_t make_sampler(const llama_vocab *           vocab,
                     const panallama_vocab_index * index,
                     const char *                  grammar,
                     const char *             root,
                     const grammar_triggers * triggers,
                     llama_sampler **         out,
                     char **                  error) {
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        *out = gate_sampler(compiled_grammar(vocab, index, grammar, root, triggers));
        return PANALLAMA_OK;
    });
}

}  // namespace

std::unique_ptr<constraint> compiled_grammar(const llama_vocab *           vocab,
                                             const panallama_vocab_index * index,
                                             const char *                  grammar,
                                             const char *                  root,
                                             const grammar_triggers *      triggers) {
    require(vocab != nullptr, "there is no vocabulary");
    require(llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
    require(grammar != nullptr && root != nullptr, "there is no grammar or no root rule");
    require(std::strlen(grammar) <= k_max_grammar_bytes, "the grammar is larger than 1 MiB");
    require(group_nesting(grammar) <= k_max_nesting, "the grammar nests groups deeper than 1000");
    std::unique_ptr<constraint> made;
    on_large_stack(k_parser_stack_bytes, [&] {
        const bool  by_id   = require_parses(vocab, grammar, root);
        sampler_ptr sampler = make(vocab, grammar, root, triggers);
        require(sampler != nullptr, "the grammar does not compile: a rule is left-recursive");
        made = std::make_unique<constraint>(vocab, std::move(sampler), by_id ? nullptr : index);
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
    return panallama::make_sampler(vocab, index, grammar, root, nullptr, out, error);
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
    const panallama::grammar_triggers triggers = {
        { trigger_patterns, trigger_patterns + n_trigger_patterns }, { trigger_tokens, trigger_tokens + n_trigger_tokens }
    };
    return panallama::make_sampler(vocab, index, grammar, root, &triggers, out, error);
}

}  // extern "C"
