#include "chat_request.h"

#include <string>

#include "guard.h"
#include "json.h"
#include "json_bounds.h"

namespace panallama {
namespace {

bool read_bool(const common_json_entry & entry) {
    if (!entry.value().is_boolean()) {
        throw invalid_input("'" + entry.key() + "' is not true or false");
    }
    return entry.value().get<bool>();
}

std::string read_text(const common_json_entry & entry) {
    if (!entry.value().is_string()) {
        throw invalid_input("'" + entry.key() + "' is not a string");
    }
    return entry.value().get<std::string>();
}

void read_arguments(const common_json & arguments, common_chat_templates_inputs & inputs) {
    require(arguments.is_object(), "'chat_template_kwargs' is not an object");
    for (const auto & argument : arguments.items()) {
        inputs.chat_template_kwargs[argument.key()] = argument.value().dump();
        if (argument.key() == "enable_thinking") {
            inputs.enable_thinking = read_bool(argument);
        }
    }
}

void read_entry(const common_json_entry & entry, chat_request & request) {
    common_chat_templates_inputs & inputs = request.inputs;
    const std::string &            key    = entry.key();
    if (key == "messages") {
        inputs.messages = common_chat_msgs_parse_oaicompat(entry.value());
    } else if (key == "tools") {
        inputs.tools = common_chat_tools_parse_oaicompat(entry.value());
    } else if (key == "grammar_tools") {
        request.grammar_tools = common_chat_tools_parse_oaicompat(entry.value());
    } else if (key == "tool_choice") {
        inputs.tool_choice = common_chat_tool_choice_parse_oaicompat(read_text(entry));
    } else if (key == "parallel_tool_calls") {
        inputs.parallel_tool_calls = read_bool(entry);
    } else if (key == "json_schema") {
        inputs.json_schema = entry.value().dump();
    } else if (key == "reasoning_format") {
        inputs.reasoning_format = common_reasoning_format_from_name(read_text(entry));
    } else if (key == "enable_thinking") {
        inputs.enable_thinking = read_bool(entry);
    } else if (key == "chat_template_kwargs") {
        read_arguments(entry.value(), inputs);
    } else if (key == "add_generation_prompt") {
        inputs.add_generation_prompt = read_bool(entry);
    } else if (key == "continue_final_message") {
        inputs.continue_final_message = common_chat_continuation_parse(entry.value());
    } else {
        throw invalid_input("unknown key '" + key + "' in the request");
    }
}

}  // namespace

chat_request read_chat_request(
    const char * request, const common_chat_templates * templates, bool enable_thinking) {
    require(request != nullptr, "there is no request");
    require_bounded_json(request);
    chat_request                   read;
    common_chat_templates_inputs & inputs = read.inputs;
    inputs.use_jinja        = true;
    inputs.reasoning_format = COMMON_REASONING_FORMAT_NONE;
    inputs.enable_thinking  = enable_thinking;
    // As in llama-server, templates that would drop the reasoning of earlier turns keep it, so that the prompts of a
    // conversation keep sharing a prefix.
    inputs.chat_template_kwargs["preserve_reasoning"] = "true";
    refusing("", [&] {
        const common_json json = common_json::parse(request);
        require(json.is_object(), "the request is not a JSON object");
        require(json.contains("messages"), "the request has no 'messages'");
        inputs.parallel_tool_calls = common_chat_templates_get_caps(templates)["supports_parallel_tool_calls"];
        for (const auto & entry : json.items()) {
            read_entry(entry, read);
        }
    });
    for (const common_chat_msg & message : inputs.messages) {
        for (const common_chat_tool_call & call : message.tool_calls) {
            // A JSON value as a string, which templates get parsed.
            require_bounded_json(call.arguments.c_str());
        }
    }
    const bool continues = inputs.continue_final_message != COMMON_CHAT_CONTINUATION_NONE;
    require(!continues || !inputs.add_generation_prompt,
            "'add_generation_prompt' and 'continue_final_message' exclude each other");
    require(!continues || (!inputs.messages.empty() && inputs.messages.back().role == "assistant"),
            "only a message of the assistant can be continued");
    require(!continues || inputs.messages.back().tool_calls.empty(), "a message with tool calls cannot be continued");
    require(read.grammar_tools.empty() || read.grammar_tools.size() == inputs.tools.size(),
            "'grammar_tools' are not as many as 'tools'");
    return read;
}

}  // namespace panallama
