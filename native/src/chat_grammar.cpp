#include "chat_grammar.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "chat-peg-parser.h"
#include "common.h"
#include "guard.h"
#include "json-schema-to-grammar.h"
#include "json.h"

namespace panallama {
namespace {

// The names of the rules of a grammar, one a line.
std::unordered_set<std::string> rule_names(const std::string & grammar) {
    std::unordered_set<std::string> names;
    for (size_t begin = 0; begin < grammar.size();) {
        const size_t end  = std::min(grammar.find('\n', begin), grammar.size());
        const size_t name = grammar.find(" ::=", begin);
        if (name < end) {
            names.insert(grammar.substr(begin, name - begin));
        }
        begin = end + 1;
    }
    return names;
}

// llama.cpp names a rule after a tool, or after a tool and a property, replaces everything but letters, digits and dashes
// by a dash, and keeps only the second of two rules with the same name. If the rules of a schema have taken a name, the
// parser's rule gets another one, but references to it still use the name. In both cases the grammar would enforce one
// thing in place of another.
//
// Returns the name of such a rule; empty if there is none.
std::string alike_rule(const common_chat_params & params) {
    if (params.grammar.empty() || params.parser.empty()) {
        return "";
    }
    const common_json          arena = common_json::parse(params.parser);
    std::map<std::string, int> defined;
    const auto &               parsers = arena.at("parsers");
    for (const auto & parser : parsers) {
        if (parser.at("type") == "rule") {
            // A rule that may refer to itself starts as a placeholder that accepts any character.
            const auto & child = parsers.at(static_cast<size_t>(parser.at("child").get<int>()));
            std::string  name  = parser.at("name").get<std::string>();
            std::replace_if(
                name.begin(), name.end(), [](unsigned char c) { return !(std::isalnum(c) != 0 && c < 0x80) && c != '-'; },
                '-');
            defined[name] += child.at("type") == "any" ? 0 : 1;
        }
    }
    const std::unordered_set<std::string> written = rule_names(params.grammar);
    for (const auto & [name, count] : defined) {
        const std::string second = name + "0";
        const bool        taken  = defined.find(second) == defined.end() && written.count(second) > 0;
        if (count > 1 || taken) {
            return name;
        }
    }
    return "";
}

// Names made of these characters read the same in JSON, in a grammar and between tags.
bool is_simple(const std::string & name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") ==
                                std::string::npos;
}

// Gives out texts of letters and digits that occur nowhere in the grammar, in place of names.
class stand_ins {
  public:
    explicit stand_ins(const std::string & grammar) {
        while (grammar.find(begin_) != std::string::npos) {
            begin_ += "z";
        }
    }

    std::string next(const std::string & name) {
        names_.push_back(name);
        return begin_ + std::to_string(names_.size() - 1) + "e";
    }

    // The text with the names again.
    std::string restored(const std::string & text) const {
        std::string result;
        size_t      done = 0;
        for (size_t pos = text.find(begin_); pos != std::string::npos; pos = text.find(begin_, done)) {
            size_t index = 0;
            size_t end   = pos + begin_.size();
            while (end < text.size() && text[end] >= '0' && text[end] <= '9') {
                index = index * 10 + static_cast<size_t>(text[end++] - '0');
            }
            result.append(text, done, pos - done);
            result += names_.at(index);
            done = end + 1;
        }
        return done == 0 ? text : result.append(text, done, std::string::npos);
    }

  private:
    std::string              begin_ = "qxz";
    std::vector<std::string> names_;
};

void rename_properties(common_chat_tool & tool, stand_ins & names) {
    common_json parameters = common_json::parse(tool.parameters);
    if (!parameters.is_object() || !parameters.contains("properties") || !parameters.at("properties").is_object()) {
        return;
    }
    common_json                        properties = common_json::object();
    std::map<std::string, std::string> renamed;
    for (const auto & property : parameters.at("properties").items()) {
        const std::string & name     = property.key();
        const std::string   stand_in = is_simple(name) ? names.next(name) : name;
        renamed[name]                = stand_in;
        properties[stand_in]         = property.value();
    }
    parameters["properties"] = properties;
    if (parameters.contains("required") && parameters.at("required").is_array()) {
        common_json required = common_json::array();
        for (const auto & entry : parameters.at("required")) {
            const std::string name  = entry.get<std::string>();
            const auto        found = renamed.find(name);
            required.push_back(found == renamed.end() ? name : found->second);
        }
        parameters["required"] = required;
    }
    tool.parameters = parameters.dump();
}

void restore_names(common_chat_params & params, const stand_ins & names) {
    params.grammar = rewrite_grammar(
        params.grammar, [](const std::string & name) { return name; },
        [&](const std::string & literal) { return names.restored(literal); });
    if (params.parser.empty()) {
        return;
    }
    common_json arena   = common_json::parse(params.parser);
    common_json parsers = common_json::array();
    for (const auto & parser : arena.at("parsers")) {
        common_json edited = parser;
        if (edited.contains("literal")) {
            edited["literal"] = names.restored(edited.at("literal").get<std::string>());
        }
        if (edited.contains("delimiters")) {
            common_json delimiters = common_json::array();
            for (const auto & delimiter : edited.at("delimiters")) {
                delimiters.push_back(names.restored(delimiter.get<std::string>()));
            }
            edited["delimiters"] = delimiters;
        }
        parsers.push_back(edited);
    }
    arena["parsers"] = parsers;
    params.parser    = arena.dump();
}

// Replaces the definition of a rule.
void define(std::string & grammar, const std::string & rule, const std::string & body) {
    const std::string head  = "\n" + rule + " ::= ";
    const std::string lines = "\n" + grammar;
    const size_t      begin = lines.find(head);
    if (begin != std::string::npos) {
        const size_t end = lines.find('\n', begin + head.size());
        grammar          = (lines.substr(0, begin + head.size()) + body + lines.substr(end)).substr(1);
    }
}

// The ids of the parsers of text in front of a call.
std::vector<size_t> free_texts(const common_json & arena) {
    const auto &        parsers = arena.at("parsers");
    std::vector<size_t> ids;
    for (const auto & parser : parsers) {
        if (parser.at("type") == "tag" && parser.at("tag") == common_chat_peg_builder::CONTENT) {
            const size_t child = static_cast<size_t>(parser.at("child").get<int>());
            if (parsers.at(child).at("type") == "until" && !parsers.at(child).at("delimiters").empty()) {
                ids.push_back(child);
            }
        }
    }
    return ids;
}

bool thinks_in_text(const common_chat_params & params, const common_chat_templates_inputs & inputs) {
    return inputs.reasoning_format == COMMON_REASONING_FORMAT_NONE && !params.thinking_end_tags.empty();
}

// Rules with this prefix, and the root's name, for one section of thoughts with its tags.
std::string thinking_rules(const common_chat_params & params, const std::string & prefix) {
    const common_peg_arena arena = build_peg_parser([&](common_peg_parser_builder & p) {
        const std::string & end = params.thinking_end_tags[0];
        return p.literal(params.thinking_start_tag) + p.until(end) + p.literal(end) + p.space();
    });
    const std::string rules = build_grammar([&](const common_grammar_builder & builder) { arena.build_grammar(builder); });
    return rewrite_grammar(
        rules, [&](const std::string & name) { return prefix + name; },
        [](const std::string & literal) { return literal; });
}

// Adds a number to the ids that a parser refers to, and a prefix to the names of rules.
common_json moved(common_json parser, size_t by, const std::string & prefix) {
    if (parser.contains("child")) {
        parser["child"] = parser.at("child").get<size_t>() + by;
    }
    if (parser.contains("children")) {
        common_json children = common_json::array();
        for (const auto & child : parser.at("children")) {
            children.push_back(child.get<size_t>() + by);
        }
        parser["children"] = children;
    }
    if (parser.at("type") == "rule" || parser.at("type") == "ref") {
        parser["name"] = prefix + parser.at("name").get<std::string>();
    }
    return parser;
}

std::string prefixed(const std::string & grammar, const std::string & prefix) {
    return rewrite_grammar(
        grammar, [&](const std::string & name) { return prefix + name; },
        [](const std::string & literal) { return literal; });
}

}  // namespace

common_chat_params apply_with_own_rules(
    const common_chat_templates * templates, const common_chat_templates_inputs & inputs) {
    common_chat_params params = common_chat_templates_apply(templates, inputs);
    std::string        alike  = alike_rule(params);
    for (const bool properties : { false, true }) {
        if (alike.empty()) {
            return params;
        }
        stand_ins                    names(params.grammar);
        common_chat_templates_inputs renamed = inputs;
        for (common_chat_tool & tool : renamed.tools) {
            tool.name = names.next(tool.name);
            if (properties) {
                rename_properties(tool, names);
            }
        }
        common_chat_params other = common_chat_templates_apply(templates, renamed);
        alike                    = alike_rule(other);
        restore_names(other, names);
        // The prompt has the names as they are.
        params.grammar = std::move(other.grammar);
        params.parser  = std::move(other.parser);
    }
    if (!alike.empty()) {
        throw invalid_input("the names of two properties of a tool are too much alike, or one has the name of a part of "
                            "the format: " + alike);
    }
    return params;
}

void require_call_first(common_chat_params & params, const common_chat_templates_inputs & inputs) {
    if (params.grammar.empty() || params.grammar_lazy || params.parser.empty()) {
        return;
    }
    const std::vector<size_t> ids  = free_texts(common_json::parse(params.parser));
    std::string               body = "\"\"";
    if (inputs.continue_final_message != COMMON_CHAT_CONTINUATION_NONE && !inputs.messages.empty()) {
        body += " | " + gbnf_format_literal(inputs.messages.back().render_content());
    }
    if (!ids.empty() && thinks_in_text(params, inputs)) {
        const std::string prefix = "thoughts-";
        params.grammar += thinking_rules(params, prefix);
        body += " | " + prefix + "root";
    }
    for (const size_t id : ids) {
        define(params.grammar, "until-" + std::to_string(id), body);
    }
    if (params.grammar.find("\npreamble ::= ") != std::string::npos) {
        // gpt-oss tells the user what it is about to do in messages of their own, as many as it likes.
        define(params.grammar, "any", "analysis");
    }
}

common_chat_params either(
    const common_chat_params & calls, const common_chat_params & format, const common_chat_templates_inputs & inputs) {
    common_chat_params both = calls;
    both.grammar = "root ::= calls-root | format-root\n" + prefixed(calls.grammar, "calls-") +
                   prefixed(format.grammar, "format-");
    both.grammar_lazy = false;
    both.grammar_triggers.clear();
    for (const std::string & token : format.preserved_tokens) {
        if (std::find(both.preserved_tokens.begin(), both.preserved_tokens.end(), token) == both.preserved_tokens.end()) {
            both.preserved_tokens.push_back(token);
        }
    }
    common_json       first   = common_json::parse(calls.parser);
    const common_json second  = common_json::parse(format.parser);
    common_json       parsers = common_json::array();
    common_json       rules   = common_json::object();
    common_json       roots   = common_json::array();
    if (inputs.continue_final_message == COMMON_CHAT_CONTINUATION_NONE && !thinks_in_text(calls, inputs)) {
        // No text is in front of a call, so what begins with text is in the format.
        common_json nothing = common_json::object();
        nothing["type"]     = "epsilon";
        for (const size_t id : free_texts(first)) {
            first["parsers"][id] = nothing;
        }
    }
    const auto add = [&](const common_json & arena, const std::string & prefix) {
        const size_t by = parsers.size();
        for (const auto & parser : arena.at("parsers")) {
            parsers.push_back(moved(parser, by, prefix));
        }
        for (const auto & rule : arena.at("rules").items()) {
            rules[prefix + rule.key()] = rule.value().get<size_t>() + by;
        }
        roots.push_back(arena.at("root").get<size_t>() + by);
    };
    add(first, "calls-");
    add(second, "format-");
    common_json choice  = common_json::object();
    choice["type"]      = "choice";
    choice["children"]  = roots;
    common_json arena   = common_json::object();
    arena["root"]       = parsers.size();
    parsers.push_back(choice);
    arena["parsers"] = parsers;
    arena["rules"]   = rules;
    both.parser      = arena.dump();
    return both;
}

}  // namespace panallama
