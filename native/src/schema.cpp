#include "schema.h"

#include <cstring>
#include <string>

#include "cancellation.h"
#include "chat_grammar.h"
#include "common.h"
#include "guard.h"
#include "json-schema-to-grammar.h"
#include "json.h"
#include "json_bounds.h"
#include "large_stack.h"

namespace panallama {
namespace {

constexpr size_t k_max_schema_bytes = size_t(1) << 20;

// llama.cpp prepends two lines to the location of the error.
std::string without_headings(const std::string & message) {
    const size_t place = message.find("JSON schema error at ");
    return place == std::string::npos ? message : message.substr(place + std::strlen("JSON schema error "));
}

// A constant of this key stands for a rule, which the caller has written.
constexpr char k_given_rule[] = R"("{\"panallama:gbnf\":)";

// The text that a literal of a grammar stands for, as llama.cpp escapes it.
std::string unescaped(const std::string & literal) {
    std::string text;
    for (size_t pos = 1; pos + 1 < literal.size(); pos++) {
        if (literal[pos] != '\\') {
            text += literal[pos];
            continue;
        }
        pos++;
        text += literal[pos] == 'n' ? '\n' : literal[pos] == 'r' ? '\r' : literal[pos];
    }
    return text;
}

std::string with_given_rules(const std::string & grammar) {
    if (grammar.find(k_given_rule) == std::string::npos) {
        return grammar;
    }
    return rewrite_grammar(
        grammar, [](const std::string & name) { return name; },
        [](const std::string & literal) {
            return literal.compare(0, std::strlen(k_given_rule), k_given_rule) != 0
                       ? literal
                       : "(" + common_json::parse(unescaped(literal)).at("panallama:gbnf").get<std::string>() + ")";
        });
}

}  // namespace

std::string with_readable_json(std::string grammar) {
    grammar = with_given_rules(grammar);
    string_replace_all(grammar, R"("u" [0-9a-fA-F]{4})",
                       R"("u" ([0-9a-cA-CefEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}))");
    string_replace_all(grammar, "([eE] [-+]? integral-part)?", "([eE] [-+]? [0-9]{1,2})?");
    return grammar;
}

}  // namespace panallama

extern "C" int32_t panallama_schema_grammar(const char * schema, char ** grammar, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(grammar != nullptr, "there is no room for the grammar");
        *grammar = nullptr;
        cancellation::check();
        require(schema != nullptr, "there is no schema");
        require(std::strlen(schema) <= k_max_schema_bytes, "the schema is larger than 1 MiB");
        require_bounded_json(schema);
        std::string gbnf;
        on_large_stack(k_parser_stack_bytes, [&] {
            try {
                const common_chat_schema_document document = common_chat_schema_from_json(common_json::parse(schema));
                // Not json_schema_to_grammar, which names rules after properties alone: a property "" would redefine the root
                // and "date_time" a part of the format date-time.
                gbnf = with_readable_json(build_grammar([&](const common_grammar_builder & builder) {
                    builder.add_rule("root", builder.add_schema("answer", *document.root));
                }));
            } catch (const std::bad_alloc &) {
                throw;
            } catch (const std::exception & e) {
                throw invalid_input(without_headings(e.what()));
            }
        });
        hand_over(gbnf, grammar);
        return PANALLAMA_OK;
    });
}
