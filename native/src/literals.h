// Keeping apart what the template says and what the conversation says.
//
// A prompt is tokenized with its special tokens, because the template writes them. A user who types <|im_start|> must
// not get that token. So such a text is put between two marks before the template sees it; they are found again in the
// prompt, and what stands between them is tokenized as text (panallama_tokenize_prompt).
#ifndef PANALLAMA_LITERALS_H
#define PANALLAMA_LITERALS_H

#include <array>
#include <string>
#include <vector>

#include "chat.h"
#include "llama.h"

namespace panallama {

// The texts of the tokens that a tokenizer finds only where special tokens are parsed.
class control_texts {
  public:
    explicit control_texts(const llama_vocab * vocab);

    // The length of the longest one that begins at `pos`; 0 if there is none.
    size_t match(const std::string & text, size_t pos) const;

    bool occur_in(const std::string & text) const;

  private:
    std::array<std::vector<std::string>, 256> by_first_byte; // longest first
};

// Two texts of one character each that occur nowhere in a conversation.
struct literal_marks {
    std::string open;
    std::string close;
};

// Puts marks around every control text in what people, tools and the client say. Returns whether there was any. The
// thinking tags of an assistant's message stay: templates look for them in the history.
//
// Throws invalid_input when the conversation holds all characters that could serve as marks.
bool mark_literals(std::vector<common_chat_msg> &   messages,
                   const control_texts &            texts,
                   const std::vector<std::string> & thinking_tags,
                   literal_marks &                  marks);

}  // namespace panallama

#endif
