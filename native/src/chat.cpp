#include "chat.h"

#include <algorithm>
#include <string>

#include "guard.h"
#include "jinja/lexer.h"
#include "jinja/parser.h"
#include "json.h"
#include "large_stack.h"
#include "log.h"

struct panallama_chat_template {
    common_chat_templates_ptr templates;
    bool                      enable_thinking;
};

namespace panallama {
namespace {

// What the parser and the interpreter may recurse through, see large_stack.h. The largest template that llama.cpp
// ships for its tests has 17 KB.
constexpr size_t k_max_source_bytes = size_t(256) << 10;
constexpr size_t k_max_tokens       = 100'000;
constexpr int    k_max_nesting      = 500;
constexpr int    k_max_json_nesting = 500;

// libllama-common has a log of its own that writes to stderr and cannot be redirected. All that it says about templates
// is in the exceptions too.
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

void require_bounded_json(const char * json) {
    int  depth     = 0;
    bool in_string = false;
    for (const char * pos = json; *pos != '\0'; pos++) {
        if (in_string) {
            if (*pos == '\\' && pos[1] != '\0') {
                pos++;
            } else if (*pos == '"') {
                in_string = false;
            }
        } else if (*pos == '"') {
            in_string = true;
        } else if (*pos == '[' || *pos == '{') {
            require(++depth <= k_max_json_nesting, "the request nests deeper than 500");
        } else if (*pos == ']' || *pos == '}') {
            depth--;
        }
    }
}

std::string text_or_empty(const char * text) {
    return text == nullptr ? std::string() : std::string(text);
}

// Every exception of llama.cpp here is about the source; the ones that say "out of memory" pass.
template <typename Body> void refusing(const char * what, Body && body) {
    try {
        body();
    } catch (const invalid_input &) {
        throw;
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const std::exception & e) {
        throw invalid_input(std::string(what) + e.what());
    }
}

common_chat_templates_ptr compile(const llama_model * model, const char * source) {
    std::string main_source = text_or_empty(source);
    if (source != nullptr) {
        // llama.cpp would silently take the model's own template instead.
        require(!main_source.empty(), "the chat template is empty");
    } else {
        require(model != nullptr, "there is neither a model nor a chat template");
        main_source                 = text_or_empty(llama_model_chat_template(model, nullptr));
        const std::string tool_use  = text_or_empty(llama_model_chat_template(model, "tool_use"));
        // llama.cpp would silently take ChatML instead.
        require(!main_source.empty() || !tool_use.empty(), "the model has no chat template");
        refusing("the chat template for tools does not compile: ", [&] { require_bounded_template(tool_use); });
    }
    common_chat_templates_ptr templates;
    refusing("the chat template does not compile: ", [&] {
        require_bounded_template(main_source);
        // common_chat_templates_init loses the text of what goes wrong (it throws a slice of the exception).
        jinja::parse_from_tokens(jinja::lexer().tokenize(main_source));
        templates = common_chat_templates_init(model, text_or_empty(source));
    });
    return templates;
}

common_chat_templates_inputs read_request(const char * request) {
    require(request != nullptr, "there is no request");
    require_bounded_json(request);
    common_chat_templates_inputs inputs;
    refusing("", [&] {
        const common_json json = common_json::parse(request);
        require(json.is_object(), "the request is not a JSON object");
        require(json.contains("messages"), "the request has no 'messages'");
        for (const auto & entry : json.items()) {
            const std::string & key = entry.key();
            if (key == "messages") {
                inputs.messages = common_chat_msgs_parse_oaicompat(entry.value());
            } else if (key == "add_generation_prompt") {
                require(entry.value().is_boolean(), "'add_generation_prompt' is not true or false");
                inputs.add_generation_prompt = entry.value().get<bool>();
            } else {
                throw invalid_input("unknown key '" + key + "' in the request");
            }
        }
    });
    return inputs;
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
        on_large_stack(k_parser_stack_bytes, [&] {
            auto made = std::make_unique<panallama_chat_template>();
            made->templates = compile(model, source);
            // As llama-server does: thinking is on exactly where the template has a switch for it.
            refusing("the chat template does not work: ", [&] {
                made->enable_thinking = common_chat_templates_support_enable_thinking(made->templates.get());
            });
            *out = made.release();
        });
        return PANALLAMA_OK;
    });
}

void panallama_chat_template_free(struct panallama_chat_template * chat_template) {
    // A deep syntax tree is freed recursively.
    panallama::guarded(nullptr, [&] {
        if (chat_template != nullptr) {
            panallama::on_large_stack(panallama::k_parser_stack_bytes, [&] { delete chat_template; });
        }
        return PANALLAMA_OK;
    });
}

int32_t panallama_chat_template_apply(
    const struct panallama_chat_template * chat_template, const char * request, char ** result, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(chat_template != nullptr, "there is no template");
        require(result != nullptr, "there is no room for the result");
        *result = nullptr;
        std::string text;
        on_large_stack(k_parser_stack_bytes, [&] {
            common_chat_templates_inputs inputs = read_request(request);
            inputs.use_jinja                    = true;
            inputs.tool_choice                  = COMMON_CHAT_TOOL_CHOICE_NONE;
            inputs.reasoning_format             = COMMON_REASONING_FORMAT_NONE;
            inputs.enable_thinking              = chat_template->enable_thinking;
            // Templates refuse conversations that they do not support (roles in a wrong order), so it is the input.
            refusing("the chat template refused the messages: ", [&] {
                const common_chat_params params = common_chat_templates_apply(chat_template->templates.get(), inputs);
                common_json json = common_json::object();
                json["prompt"]   = params.prompt;
                json["stops"]    = params.additional_stops;
                // A template may cut a text in the middle of a UTF-8 character: replaced, not thrown.
                text = json.dump_safe();
            });
        });
        *result = copy_text(text.data(), text.size());
        if (*result == nullptr) {
            throw std::bad_alloc();
        }
        return PANALLAMA_OK;
    });
}

}  // extern "C"
