// Cuts a text at its special tokens as llama.cpp does, in time that grows with the text and not with its square.
//
// llama.cpp goes through all fragments of the text for each special token, and walks its list of them from the beginning
// for each fragment that it replaces.
#ifndef PANALLAMA_SPECIAL_TOKENS_H
#define PANALLAMA_SPECIAL_TOKENS_H

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace panallama {

struct special_token {
    std::string_view text;
    int32_t          token;
    bool             strips_left; // absorbs white space in front of it
    bool             strips_right;
};

// A special token, or a text between them that is not empty.
struct text_piece {
    int32_t token; // -1 for a text
    size_t  begin;
    size_t  end;
};

// Tells of most special tokens that they do not occur in a text, without searching it.
class byte_pairs {
  public:
    explicit byte_pairs(std::string_view text);

    // False if `part` is empty or certainly not in the text.
    bool may_hold(std::string_view part) const;

  private:
    std::bitset<256>       bytes;
    std::bitset<256 * 256> pairs;
};

// Takes the special tokens in their order, from the longest to the shortest: each is found from left to right in what those
// before it have left. The text has at most 2^32 - 1 bytes.
//
// Throws cancelled_work in a cancellable_allocations whose caller has left.
std::vector<text_piece> cut_at_special_tokens(std::string_view text, const std::vector<special_token> & specials);

}  // namespace panallama

#endif
