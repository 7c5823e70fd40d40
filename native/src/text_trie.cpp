#include "text_trie.h"

namespace panallama {
namespace {

constexpr int32_t k_none = -1;

}  // namespace

text_trie::text_trie() {
    first.fill(k_none);
}

int32_t text_trie::child_of(int32_t parent, unsigned char byte) const {
    if (parent == k_none) {
        return first[byte];
    }
    int32_t child = nodes[parent].child;
    while (child != k_none && nodes[child].byte != byte) {
        child = nodes[child].next;
    }
    return child;
}

void text_trie::add(std::string_view text) {
    int32_t at = k_none;
    for (const char c : text) {
        const unsigned char byte  = static_cast<unsigned char>(c);
        int32_t             child = child_of(at, byte);
        if (child == k_none) {
            child = static_cast<int32_t>(nodes.size());
            nodes.push_back({ at, k_none, at == k_none ? k_none : nodes[at].child, k_none, byte });
            (at == k_none ? first[byte] : nodes[at].child) = child;
        }
        at = child;
    }
    if (at != k_none && nodes[at].text == k_none) {
        nodes[at].text = static_cast<int32_t>(lengths.size());
    }
    lengths.push_back(text.size());
    ends.push_back(at);
}

int32_t text_trie::longest(std::string_view in, size_t pos) const {
    int32_t found = k_none;
    int32_t at    = k_none;
    while (pos < in.size()) {
        at = child_of(at, static_cast<unsigned char>(in[pos++]));
        if (at == k_none) {
            break;
        }
        if (nodes[at].text != k_none) {
            found = nodes[at].text;
        }
    }
    return found;
}

int32_t text_trie::shorter(int32_t number) const {
    int32_t at = ends[number] == k_none ? k_none : nodes[ends[number]].parent;
    while (at != k_none && nodes[at].text == k_none) {
        at = nodes[at].parent;
    }
    return at == k_none ? k_none : nodes[at].text;
}

}  // namespace panallama
