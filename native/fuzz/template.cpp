// A chat template: compiled, and applied to a conversation with tools.
#include <cstdint>

#include "models.h"

static const char * const REQUEST = R"({
  "messages": [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi <|im_end|>"},
    {"role": "assistant", "content": "", "reasoning_content": "Hm.", "tool_calls": [
      {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "2"},
    {"role": "user", "content": [{"type": "text", "text": "And now?"}]}],
  "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters":
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}],
  "tool_choice": "auto",
  "reasoning_format": "auto"
})";

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    std::string source(reinterpret_cast<const char *>(data), size);
    panallama_chat_template * chat = nullptr;
    char * error                   = nullptr;
    if (fuzz::succeeded(panallama_chat_template_new(fuzz::demo(), source.c_str(), &chat, &error), error)) {
        char * result = nullptr;
        error         = nullptr;
        fuzz::succeeded(panallama_chat_template_apply(chat, REQUEST, &result, &error), error);
        panallama_text_free(result);
        panallama_chat_template_free(chat);
    }
    return 0;
}
