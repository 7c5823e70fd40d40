// Keeps the text of the conversation apart from the text of the template.
//
// A prompt is tokenized with special tokens, because the template writes them. A user who types <|im_start|> must not get
// that token, so such a text is enclosed in two marks before the template sees it. The marks are found again in the prompt,
// and what they enclose is tokenized as plain text (panallama_tokenize_prompt).
#ifndef PANALLAMA_LITERALS_H
#define PANALLAMA_LITERALS_H

#include <string>
#include <vector>

#include "chat.h"
#include "llama.h"
#include "text_trie.h"

namespace panallama {

// The texts of the tokens that a tokenizer recognises only where special tokens are parsed.
class control_texts {
  public:
    explicit control_texts(const llama_vocab * vocab);

    // The length of the longest one that begins at `pos`; 0 if there is none.
    size_t match(const std::string & text, size_t pos) const;

    bool occur_in(const std::string & text) const;

  private:
    text_trie texts;
};

// Two marks of one character each that occur nowhere in a conversation.
struct literal_marks {
    std::string open;
    std::string close;
};

// Encloses every control text in the messages of users, tools and the client in marks, and returns whether there was any.
// The thinking tags of an assistant's message are left alone, because templates look for them in the history.
//
// Throws invalid_input when the conversation holds all characters that could serve as marks.
bool mark_literals(std::vector<common_chat_msg> &   messages,
                   const control_texts &            texts,
                   const std::vector<std::string> & thinking_tags,
                   literal_marks &                  marks);

}  // namespace panallama

#endif
