#include "literals.h"

#include <algorithm>

#include "guard.h"

namespace panallama {
namespace {

// U+FDD0 to U+FDEF: Unicode calls them noncharacters and reserves them for use inside programs.
constexpr int k_first_noncharacter = 0xFDD0;
constexpr int k_noncharacters      = 32;

std::string noncharacter(int index) {
    const int code = k_first_noncharacter + index;
    return { static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
             static_cast<char>(0x80 | (code & 0x3F)) };
}

template <typename Body> void for_each_text(common_chat_msg & message, const Body & body) {
    body(message.content);
    for (common_chat_msg_content_part & part : message.content_parts) {
        body(part.text);
    }
    body(message.reasoning_content);
    body(message.tool_name);
    for (common_chat_tool_call & call : message.tool_calls) {
        body(call.name);
        body(call.arguments);
    }
}

literal_marks unused_marks(std::vector<common_chat_msg> & messages) {
    std::vector<std::string> unused;
    for (int i = 0; i < k_noncharacters && unused.size() < 2; i++) {
        const std::string candidate = noncharacter(i);
        bool              used      = false;
        for (common_chat_msg & message : messages) {
            for_each_text(message, [&](std::string & text) { used |= text.find(candidate) != std::string::npos; });
        }
        if (!used) {
            unused.push_back(candidate);
        }
    }
    require(unused.size() == 2, "the messages hold all noncharacters from U+FDD0 to U+FDEF, and special tokens");
    return { unused[0], unused[1] };
}

}  // namespace

control_texts::control_texts(const llama_vocab * vocab) {
    if (vocab == nullptr || llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_NONE) {
        return;
    }
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocab); token++) {
        const int attributes = llama_vocab_get_attr(vocab, token);
        // llama.cpp's tokenizer finds user-defined tokens in any text, but control tokens only on request.
        if ((attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) != 0) {
            texts.add(llama_vocab_get_text(vocab, token));
        }
    }
}

size_t control_texts::match(const std::string & text, size_t pos) const {
    const int32_t number = texts.longest(text, pos);
    return number < 0 ? 0 : texts.length(number);
}

bool control_texts::occur_in(const std::string & text) const {
    for (size_t pos = 0; pos < text.size(); pos++) {
        if (match(text, pos) > 0) {
            return true;
        }
    }
    return false;
}

bool mark_literals(std::vector<common_chat_msg> &   messages,
                   const control_texts &            texts,
                   const std::vector<std::string> & thinking_tags,
                   literal_marks &                  marks) {
    bool any = false;
    for (common_chat_msg & message : messages) {
        for_each_text(message, [&](std::string & text) { any = any || texts.occur_in(text); });
    }
    if (!any) {
        return false;
    }
    marks = unused_marks(messages);
    for (common_chat_msg & message : messages) {
        const bool assistant = message.role == "assistant";
        for_each_text(message, [&](std::string & text) {
            std::string marked;
            for (size_t pos = 0; pos < text.size();) {
                const size_t      length = texts.match(text, pos);
                const std::string found  = text.substr(pos, std::max<size_t>(length, 1));
                const bool        tag =
                    assistant && std::find(thinking_tags.begin(), thinking_tags.end(), found) != thinking_tags.end();
                marked += length == 0 || tag ? found : marks.open + found + marks.close;
                pos += found.size();
            }
            text = std::move(marked);
        });
    }
    return true;
}

}  // namespace panallama
