// Finds which of many texts begin at a place of another one.
#ifndef PANALLAMA_TEXT_TRIE_H
#define PANALLAMA_TEXT_TRIE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace panallama {

class text_trie {
  public:
    text_trie();

    // The texts are numbered from 0 in the order of these calls. Of equal ones only the first is ever found, and an empty
    // one never.
    void add(std::string_view text);

    // The number of the longest text that begins at `pos`; -1 if there is none.
    int32_t longest(std::string_view in, size_t pos) const;

    // The number of the longest text that this one begins with, besides itself; -1 if there is none.
    int32_t shorter(int32_t number) const;

    size_t length(int32_t number) const { return lengths[number]; }

  private:
    struct node {
        int32_t       parent;
        int32_t       child; // the first one
        int32_t       next;  // the next child of the parent
        int32_t       text;  // the text that ends here
        unsigned char byte;
    };

    int32_t child_of(int32_t parent, unsigned char byte) const;

    std::vector<node>        nodes;
    std::array<int32_t, 256> first; // the nodes of first bytes, by these
    std::vector<size_t>      lengths;
    std::vector<int32_t>     ends; // the node at the end of each text
};

}  // namespace panallama

#endif
