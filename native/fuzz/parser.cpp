// The answer of a model that may call a tool, in pieces whose lengths the input chooses.
#include <cstdint>

#include "models.h"
#include "nlohmann/json.hpp"

static const char * const REQUEST = R"({
  "messages": [{"role": "user", "content": "Hi"}],
  "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters":
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}],
  "tool_choice": "auto",
  "reasoning_format": "auto"
})";

static const std::string & description() {
    static const std::string parser = [] {
        panallama_chat_template * chat = nullptr;
        char * error                   = nullptr;
        char * result                  = nullptr;
        if (!fuzz::succeeded(panallama_chat_template_new(fuzz::demo(), nullptr, &chat, &error), error)) {
            std::exit(2);
        }
        error = nullptr;
        if (!fuzz::succeeded(panallama_chat_template_apply(chat, REQUEST, &result, &error), error)) {
            std::exit(2);
        }
        nlohmann::json parsed = nlohmann::json::parse(result);
        panallama_text_free(result);
        panallama_chat_template_free(chat);
        return parsed.at("parser").is_string() ? parsed.at("parser").get<std::string>() : parsed.at("parser").dump();
    }();
    return parser;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    panallama_chat_parser * parser = nullptr;
    char * error                   = nullptr;
    if (!fuzz::succeeded(panallama_chat_parser_new(description().c_str(), &parser, &error), error)) {
        std::abort();
    }
    const char * text = reinterpret_cast<const char *>(data);
    for (size_t at = 0; at < size;) {
        size_t piece  = std::min(size - at, static_cast<size_t>(1 + data[at] % 16));
        char * deltas = nullptr;
        error         = nullptr;
        int32_t status = panallama_chat_parser_update(
            parser, text + at, static_cast<int32_t>(piece), at + piece == size, &deltas, &error);
        panallama_text_free(deltas);
        fuzz::succeeded(status, error);
        at += piece;
    }
    panallama_chat_parser_free(parser);
    return 0;
}
