#include "chat.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "chat-peg-parser.h"
#include "chat_grammar.h"
#include "chat_request.h"
#include "guard.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "json.h"
#include "json_bounds.h"
#include "large_stack.h"
#include "literals.h"
#include "live_objects.h"
#include "log.h"
#include "schema.h"
#include "template_budget.h"

struct panallama_chat_template {
    common_chat_templates_ptr                 templates;
    std::string                               name; // whose template it is, for messages
    size_t                                    source_bytes;
    std::unique_ptr<panallama::control_texts> controls;
    bool                                      enable_thinking;
    panallama::counted                        live;
};

namespace panallama {
namespace {

// Bounds on what the parser recurses through, see large_stack.h; template_budget.h has those of the interpreter. The largest
// template that llama.cpp ships for its tests has 17 KB.
constexpr size_t k_max_source_bytes = size_t(256) << 10;
constexpr size_t k_max_tokens       = 100'000;
constexpr int    k_max_nesting      = 500;

// libllama-common has its own log, which writes to stderr and cannot be redirected. Everything that it says about
// templates is also in the exceptions.
void silence_common_log() {
    static const bool done = [] {
        common_log_set_verbosity_thold(LOG_LEVEL_OUTPUT - 1);
        return true;
    }();
    (void) done;
}

void require_bounded_template(const std::string & source) {
    require(source.size() <= k_max_source_bytes, "the chat template is larger than 256 KiB");
    const jinja::lexer_result lexed = jinja::lexer().tokenize(source);
    require(lexed.tokens.size() <= k_max_tokens, "the chat template has more than 100000 Jinja tokens");
    int depth = 0;
    for (const jinja::token & token : lexed.tokens) {
        switch (token.t) {
            case jinja::token::open_paren:
            case jinja::token::open_square_bracket:
            case jinja::token::open_curly_bracket:
                require(++depth <= k_max_nesting, "the chat template nests brackets deeper than 500");
                break;
            case jinja::token::close_paren:
            case jinja::token::close_square_bracket:
            case jinja::token::close_curly_bracket:
                depth = std::max(0, depth - 1);
                break;
            default:
                break;
        }
    }
}

std::string text_or_empty(const char * text) {
    return text == nullptr ? std::string() : std::string(text);
}

void compile(const llama_model * model, const char * source, panallama_chat_template & made) {
    std::string main_source = text_or_empty(source);
    made.name               = source == nullptr ? "the model file's chat template" : "the given chat template";
    made.source_bytes       = main_source.size();
    if (source != nullptr) {
        // llama.cpp would silently fall back to the model's own template.
        require(!main_source.empty(), "the chat template is empty");
    } else {
        require(model != nullptr, "there is neither a model nor a chat template");
        main_source                 = text_or_empty(llama_model_chat_template(model, nullptr));
        const std::string tool_use  = text_or_empty(llama_model_chat_template(model, "tool_use"));
        // llama.cpp would silently fall back to ChatML.
        require(!main_source.empty() || !tool_use.empty(), "the model has no chat template");
        made.source_bytes = std::max(main_source.size(), tool_use.size());
        refusing("the chat template for tools does not compile: ", [&] { require_bounded_template(tool_use); });
    }
    refusing("the chat template does not compile: ", [&] {
        require_bounded_template(main_source);
        within_budget(template_limits::of(made.source_bytes, 0), made.name, [&] {
            // common_chat_templates_init loses the message of a failure: it throws a slice of the exception.
            jinja::parse_from_tokens(jinja::lexer().tokenize(main_source));
            made.templates = common_chat_templates_init(model, text_or_empty(source));
        });
    });
    // As in llama-server, thinking is on by default exactly when the template has a switch for it.
    refusing("the chat template does not work: ", [&] {
        within_budget(template_limits::of(made.source_bytes, 0), made.name, [&] {
            made.enable_thinking = common_chat_templates_support_enable_thinking(made.templates.get());
        });
    });
}

// The parts that a serialized parser matches one after the other.
std::vector<common_json> parts_of(const common_json & arena, int id) {
    const common_json &      parser = arena.at("parsers").at(static_cast<size_t>(id));
    std::vector<common_json> parts;
    if (parser.at("type") == "sequence") {
        for (const auto & child : parser.at("children")) {
            for (common_json & part : parts_of(arena, child.get<int>())) {
                parts.push_back(std::move(part));
            }
        }
    } else if (parser.at("type") != "epsilon") {
        parts.push_back(parser);
    }
    return parts;
}

// Whether a parser treats the whole answer as content: the generation prompt, the content, the end.
bool reads_content_only(const common_chat_params & params) {
    if (params.parser.empty()) {
        return true;
    }
    const common_json        arena = common_json::parse(params.parser);
    std::vector<common_json> parts = parts_of(arena, arena.at("root").get<int>());
    if (!parts.empty() && parts.front().at("type") == "literal" &&
        parts.front().at("literal") == params.generation_prompt) {
        parts.erase(parts.begin());
    }
    if (!parts.empty() && parts.back().at("type") == "end") {
        parts.pop_back();
    }
    if (parts.size() != 1 || parts[0].at("type") != "tag" || parts[0].at("tag") != common_chat_peg_builder::CONTENT) {
        return false;
    }
    const std::vector<common_json> inside = parts_of(arena, parts[0].at("child").get<int>());
    return inside.size() == 1 && inside[0].at("type") == "until" && inside[0].at("delimiters").empty();
}

// Whether the answer needs no parser because its text is its content.
bool is_plain(const common_chat_templates_inputs & inputs, const common_chat_params & params) {
    return inputs.continue_final_message == COMMON_CHAT_CONTINUATION_NONE && reads_content_only(params);
}

// The description that panallama_chat_parser_new reads.
common_json parser_of(const common_chat_templates_inputs & inputs, const common_chat_params & params) {
    common_json json          = common_json::object();
    json["format"]            = static_cast<int>(params.format);
    json["parser"]            = params.parser;
    json["reasoning_format"]  = common_reasoning_format_name(inputs.reasoning_format);
    json["generation_prompt"] = params.generation_prompt;
    json["tool_calls"]        = !inputs.tools.empty() && inputs.tool_choice != COMMON_CHAT_TOOL_CHOICE_NONE;
    json["continuation"]      = inputs.continue_final_message != COMMON_CHAT_CONTINUATION_NONE;
    return json;
}

// What the prompt has of the answer already: what the template writes in front of it, and what the client wants continued.
struct answer_beginning {
    std::string   text;
    std::string   marked; // the same with marks; empty without any
    literal_marks marks;
    bool          continues;

    void write(common_json & json) const {
        json["generation_prompt"] = text;
        json["continues"]         = continues;
        if (!marked.empty()) {
            json["marked_prompt"] = marked;
            json["marks"]         = common_json::array({ marks.open, marks.close });
        }
    }
};

// The description that panallama_sampler_constraint reads.
common_json constraint_of(const common_chat_params & params, const answer_beginning & beginning) {
    common_json triggers = common_json::array();
    for (const common_grammar_trigger & trigger : params.grammar_triggers) {
        triggers.push_back({ { "type", static_cast<int>(trigger.type) }, { "value", trigger.value } });
    }
    common_json json          = common_json::object();
    json["grammar"]           = with_readable_json(params.grammar);
    json["lazy"]              = params.grammar_lazy;
    json["triggers"]          = triggers;
    json["preserved_tokens"]  = params.preserved_tokens;
    beginning.write(json);
    json["thinking_start"]    = params.thinking_start_tag;
    json["thinking_ends"]     = params.thinking_end_tags;
    return json;
}

// The description of a reasoning budget without a grammar.
common_json thinking_of(const common_chat_params & params, const answer_beginning & beginning) {
    common_json json          = common_json::object();
    beginning.write(json);
    json["thinking_start"]    = params.thinking_start_tag;
    json["thinking_ends"]     = params.thinking_end_tags;
    return json;
}

std::vector<std::string> thinking_tags(const common_chat_params & params) {
    std::vector<std::string> tags = params.thinking_end_tags;
    if (!params.thinking_start_tag.empty()) {
        tags.push_back(params.thinking_start_tag);
    }
    return tags;
}

// The parser and the grammar of the answer. llama.cpp enforces a format and makes every call impossible where it gets both.
common_chat_params built(const panallama_chat_template & chat_template, const common_chat_templates_inputs & inputs) {
    const bool callable  = !inputs.tools.empty() && inputs.tool_choice != COMMON_CHAT_TOOL_CHOICE_NONE;
    const bool required  = callable && inputs.tool_choice == COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    const bool formatted = !inputs.json_schema.empty();
    if (!callable || (!required && !formatted)) {
        return apply_with_own_rules(chat_template.templates.get(), inputs);
    }
    common_chat_templates_inputs calling = inputs;
    calling.json_schema.clear();
    calling.tool_choice      = COMMON_CHAT_TOOL_CHOICE_REQUIRED;
    common_chat_params calls = apply_with_own_rules(chat_template.templates.get(), calling);
    require_call_first(calls, calling);
    if (required) {
        return calls;
    }
    common_chat_templates_inputs telling = inputs;
    telling.tool_choice                  = COMMON_CHAT_TOOL_CHOICE_NONE;
    const common_chat_params format      = apply_with_own_rules(chat_template.templates.get(), telling);
    // A template without a form for one of them leaves the other.
    return calls.grammar.empty() || format.grammar.empty() ? format : either(calls, format, inputs);
}

std::string apply(const panallama_chat_template & chat_template, const char * request) {
    const chat_request read =
        read_chat_request(request, chat_template.templates.get(), chat_template.enable_thinking);
    const common_chat_templates_inputs & shown  = read.inputs;
    common_chat_templates_inputs         inputs = shown;
    if (!read.grammar_tools.empty()) {
        inputs.tools = read.grammar_tools;
    }
    std::string text;
    // A template refuses conversations that it does not support (such as roles in a wrong order): invalid input.
    refusing("the chat template refused the messages: ", [&] {
        const auto rendered = [&](common_chat_templates_inputs of) {
            // The tool choice does not change the prompt, and NONE avoids building a grammar.
            of.tool_choice = COMMON_CHAT_TOOL_CHOICE_NONE;
            return common_chat_templates_apply(chat_template.templates.get(), of);
        };
        const common_chat_params params = built(chat_template, inputs);
        common_json json = common_json::object();
        json["prompt"]   = read.grammar_tools.empty() ? params.prompt : rendered(shown).prompt;
        common_chat_templates_inputs marked = shown;
        literal_marks                marks;
        answer_beginning             beginning = { params.generation_prompt, "", {},
                                                   inputs.continue_final_message != COMMON_CHAT_CONTINUATION_NONE };
        if (mark_literals(marked.messages, *chat_template.controls, thinking_tags(params), marks)) {
            const common_chat_params with_marks = rendered(std::move(marked));
            json["prompt"]                      = with_marks.prompt;
            json["marks"]                       = common_json::array({ marks.open, marks.close });
            beginning.marked                    = with_marks.generation_prompt;
            beginning.marks                     = marks;
        }
        json["stops"]             = params.additional_stops;
        json["preserved_tokens"]  = params.preserved_tokens;
        json["supports_thinking"] = params.supports_thinking;
        if (!is_plain(inputs, params)) {
            json["parser"] = parser_of(inputs, params);
        }
        if (!params.grammar.empty()) {
            json["constraint"] = constraint_of(params, beginning);
        }
        if (!params.thinking_start_tag.empty() && !params.thinking_end_tags.empty()) {
            json["thinking"] = thinking_of(params, beginning);
        }
        // A template may cut a text in the middle of a UTF-8 character; dump_safe replaces the rest instead of throwing.
        text = json.dump_safe();
    });
    return text;
}

}  // namespace
}  // namespace panallama

extern "C" {

int32_t panallama_chat_template_new(
    const struct llama_model * model, const char * source, struct panallama_chat_template ** out, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the template");
        *out = nullptr;
        silence_common_log();
        reserve_large_stack(); // for panallama_chat_template_free
        on_large_stack(k_parser_stack_bytes, [&] {
            auto made = std::make_unique<panallama_chat_template>();
            compile(model, source, *made);
            made->controls =
                std::make_unique<control_texts>(model == nullptr ? nullptr : llama_model_get_vocab(model));
            *out = made.release();
        });
        return PANALLAMA_OK;
    });
}

void panallama_chat_template_free(struct panallama_chat_template * chat_template) {
    // The syntax tree is freed recursively, and a long expression makes it deep.
    if (chat_template != nullptr) {
        panallama::on_reserved_stack([&] { delete chat_template; });
    }
}

int32_t panallama_chat_template_apply(
    const struct panallama_chat_template * chat_template, const char * request, char ** result, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(chat_template != nullptr, "there is no template");
        require(result != nullptr, "there is no room for the result");
        *result = nullptr;
        std::string text;
        const size_t request_bytes = request == nullptr ? 0 : std::strlen(request);
        on_large_stack(k_parser_stack_bytes, [&] {
            within_budget(template_limits::of(chat_template->source_bytes, request_bytes), chat_template->name,
                          [&] { text = apply(*chat_template, request); });
        });
        hand_over(text, result);
        return PANALLAMA_OK;
    });
}

}  // extern "C"
