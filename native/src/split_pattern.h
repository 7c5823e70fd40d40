// Matches the patterns by which llama.cpp's tokenizers split a text into words, without recursion.
//
// llama.cpp uses std::regex for the patterns that it has no hand-written code for. That takes 358 bytes of stack for each
// character of a match (measured, libstdc++ on x86-64), so that 3,000 letters without a space overflow the stack of a
// thread, and compiles the pattern again for each text. This matcher knows the part of ECMAScript's syntax that those
// patterns use, finds exactly the same matches, keeps its backtracking states on the heap, and needs one state for
// a whole run of characters.
#ifndef PANALLAMA_SPLIT_PATTERN_H
#define PANALLAMA_SPLIT_PATTERN_H

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace panallama {

// A set of characters: sorted ranges, and a table for the first 256.
class character_set {
  public:
    void add(uint32_t first, uint32_t last);
    void add(const character_set & others);
    void complete();  // after the last addition
    void negate();

    character_set both(const character_set & other) const;

    bool has(uint32_t c) const { return c < k_table ? table[c] : has_wide(c); }

  private:
    static constexpr uint32_t k_table = 256;

    bool has_wide(uint32_t c) const;

    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    std::bitset<k_table>                       table;
};

// A compiled pattern. Immutable, so any number of threads may use it.
class split_pattern {
  public:
    // Throws std::invalid_argument if the pattern uses syntax that is not known here.
    explicit split_pattern(const std::vector<uint32_t> & pattern);

    // Splits the text between `begin` and `end` as std::regex_iterator would: appends the length of each match, and of each
    // part between matches. Counts its work down from `budget` and throws invalid_input when none is left: a few patterns
    // need time that grows with the square of the text.
    template <typename Char>
    void split(const Char * begin, const Char * end, size_t & budget, std::vector<size_t> & lengths) const;

  private:
    friend class pattern_compiler;
    template <typename Char> friend class pattern_run;

    enum class op : uint8_t {
        span,       // a run of `least` to `most` characters of the set `arg`, as long as possible
        fork,       // tries `arg` first, and `other` if that fails
        jump,       // continues at `arg`
        ahead,      // what follows, up to its `accept`, must match here; then continues at `arg`
        not_ahead,  // what follows must not match here
        accept,
    };

    struct instruction {
        op     code;
        size_t arg   = 0;
        size_t other = 0;
        size_t least = 0;
        size_t most  = 0;
    };

    std::vector<instruction>   program;
    std::vector<character_set> sets;
};

}  // namespace panallama

#endif
