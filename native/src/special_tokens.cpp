#include "special_tokens.h"

#include <algorithm>
#include <utility>

#include "cancellation.h"
#include "text_trie.h"

namespace panallama {
namespace {

constexpr size_t k_bytes_per_check = 1 << 14;

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t pair_at(std::string_view text, size_t pos) {
    return static_cast<unsigned char>(text[pos]) << 8 | static_cast<unsigned char>(text[pos + 1]);
}

class cutter {
  public:
    cutter(std::string_view text, const std::vector<special_token> & specials) :
        text(text), specials(specials), places(specials.size()), taken(text.size()) {
        for (const special_token & special : specials) {
            trie.add(special.text);
        }
    }

    std::vector<text_piece> run() {
        find_places();
        for (size_t number = 0; number < specials.size(); number++) {
            take(static_cast<int32_t>(number));
        }
        std::sort(found.begin(), found.end());
        return pieces();
    }

  private:
    // Notes each place under the longest special token there. If that one can't be taken, take() looks at the next shorter.
    void find_places() {
        for (size_t pos = 0; pos < text.size(); pos++) {
            if (pos % k_bytes_per_check == 0) {
                cancellation::check_allocation();
            }
            const int32_t number = trie.longest(text, pos);
            if (number >= 0) {
                places[number].push_back(static_cast<uint32_t>(pos));
            }
        }
    }

    void take(int32_t number) {
        const special_token & special = specials[number];
        const int32_t         shorter = trie.shorter(number);
        std::vector<uint32_t> here    = std::move(places[number]);
        std::sort(here.begin(), here.end());
        for (const size_t begin : here) {
            const size_t end = begin + special.text.size();
            // What was taken in one piece before is no shorter, so it reaches an end of this place if it reaches into it.
            if (taken[begin] != 0) {
                continue;
            }
            if (taken[end - 1] != 0) {
                if (shorter >= 0) {
                    places[shorter].push_back(static_cast<uint32_t>(begin));
                }
                continue;
            }
            std::fill(taken.begin() + begin, taken.begin() + end, 1);
            found.emplace_back(static_cast<uint32_t>(begin), number);
            for (size_t i = begin; special.strips_left && i > 0 && is_free_space(i - 1); i--) {
                taken[i - 1] = 1;
            }
            for (size_t i = end; special.strips_right && i < text.size() && is_free_space(i); i++) {
                taken[i] = 1;
            }
        }
    }

    bool is_free_space(size_t pos) const { return taken[pos] == 0 && is_space(text[pos]); }

    std::vector<text_piece> pieces() const {
        std::vector<text_piece> all;
        size_t                  pos = 0;
        for (const auto & [begin, number] : found) {
            add_text(pos, begin, all);
            pos = begin + specials[number].text.size();
            all.push_back({ specials[number].token, begin, pos });
        }
        add_text(pos, text.size(), all);
        return all;
    }

    // Between two special tokens only what they have absorbed is missing, which is beside them.
    void add_text(size_t begin, size_t end, std::vector<text_piece> & all) const {
        while (begin < end && taken[begin] != 0) {
            begin++;
        }
        while (end > begin && taken[end - 1] != 0) {
            end--;
        }
        if (begin < end) {
            all.push_back({ -1, begin, end });
        }
    }

    std::string_view                          text;
    const std::vector<special_token> &        specials;
    text_trie                                 trie;
    std::vector<std::vector<uint32_t>>        places; // where each special token may be, and no longer one is
    std::vector<char>                         taken;  // for each byte, whether it belongs to a special token
    std::vector<std::pair<uint32_t, int32_t>> found;
};

}  // namespace

byte_pairs::byte_pairs(std::string_view text) {
    for (size_t pos = 0; pos < text.size(); pos++) {
        bytes.set(static_cast<unsigned char>(text[pos]));
        if (pos + 1 < text.size()) {
            pairs.set(pair_at(text, pos));
        }
    }
}

bool byte_pairs::may_hold(std::string_view part) const {
    if (part.empty() || !bytes[static_cast<unsigned char>(part[0])]) {
        return false;
    }
    for (size_t pos = 0; pos + 1 < part.size(); pos++) {
        if (!pairs[pair_at(part, pos)]) {
            return false;
        }
    }
    return true;
}

std::vector<text_piece> cut_at_special_tokens(std::string_view text, const std::vector<special_token> & specials) {
    return cutter(text, specials).run();
}

}  // namespace panallama
