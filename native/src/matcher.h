// Follows all alternatives of a grammar through a text.
//
// llama.cpp has a matcher of its own (llama-grammar.cpp), which this one replaces. That one ends the process when it is
// shown an end of generation where the grammar cannot end; its time grows with the square of the alternatives that are open
// at once; it cannot be interrupted and has no limit of memory.
#ifndef PANALLAMA_MATCHER_H
#define PANALLAMA_MATCHER_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "llama.h"
#include "rules.h"
#include "src/llama-vocab.h"
#include "utf8.h"
#include "vocab_index.h"

namespace panallama {

// What may follow is a set of stacks of places in the rules, of which the last ones are to match next. Stacks share what
// they have in common below, equal ones are one, and so are equal sets; where a character leads from a set is remembered.
// So inside a string, where a character leads back to the same set, matching takes a lookup.
//
// Pays for its work (effort.h), and throws too_much_work for more than k_most_bytes. Whatever throws leaves it unchanged,
// apart from what it remembers. One thread at a time.
class grammar_matcher {
  public:
    // A place in the text: what may follow, and a character of which only some bytes are there.
    struct place {
        uint32_t   set = 0; // 0: nothing may follow, the text does not match
        utf8_state unfinished;
    };

    grammar_matcher(const llama_vocab * vocab, std::shared_ptr<const grammar_rules> rules);

    place here() const { return now; }

    // Whether the text may end at a place.
    bool may_end(const place & at) const { return sets[at.set].may_end && at.unfinished.is_whole(); }

    // Where the token leads; an end of generation leads nowhere. `piece` is its text, or what is left of it.
    place after(const place & from, llama_token token, const std::string & piece);

    // Where the bytes lead.
    place after(const place & from, const char * bytes, size_t length);

    bool allows(llama_token token);

    // Calls `body` for the tokens that are allowed, in any order.
    template <typename Body> void for_each_allowed(const panallama_vocab_index * index, const Body & body);

    // Throws std::runtime_error when the grammar does not allow the token.
    void accept(llama_token token);

    // Goes to a place that `after` gave, counted from `here`. Throws std::runtime_error when nothing may follow there.
    void go(const place & to);

  private:
    // A stack without its top: the place that comes next, and the stack below it.
    struct node {
        uint32_t element; // in the rules
        uint32_t below;   // a node; 0 is the empty stack
    };

    struct set {
        uint32_t begin; // in `members`
        uint32_t count;
        int32_t  table; // in `tables`; while there is none, how often the set was left, below 0
        bool     may_end;
    };

    static constexpr uint32_t k_unknown = UINT32_MAX;
    static constexpr uint32_t k_ascii   = 128;
    static constexpr int32_t  k_unused  = -1;
    // A set of few stacks gets a table once it has been left this often.
    static constexpr uint32_t k_few   = 4;
    static constexpr int32_t  k_often = -8;

    static constexpr size_t k_most_bytes  = size_t(64) << 20;
    static constexpr size_t k_usual_bytes = size_t(2) << 20;

    void     begin_set();
    void     add(uint32_t stack);
    void     add_alternatives(uint32_t rule, uint32_t below);
    uint32_t end_set();
    uint32_t stack_of(uint32_t element, uint32_t below);
    void     grow_stacks();
    uint32_t step(uint32_t from, uint32_t character);
    void     make_table(uint32_t from);
    uint32_t computed_step(uint32_t from, uint32_t character);
    bool     matches(uint32_t element, uint32_t character) const;
    bool     may_match(uint32_t element, uint32_t smallest, uint32_t largest) const;
    uint32_t behind(uint32_t element) const;
    uint32_t continuation(const node & top);
    const character_switch * switch_at(uint32_t element) const;
    const uint32_t * alternative(const character_switch & from, uint32_t character) const;
    void     leave(uint32_t stack, uint32_t character);
    bool     ends(uint32_t element) const { return ends_alternative(rules->elements[element]); }
    size_t   bytes() const;
    void     require_room() const;
    void     forget();

    const llama_vocab *                  vocab;
    std::shared_ptr<const grammar_rules> rules;
    place                                now;

    std::vector<node>     stacks;  // what is below a node comes before it
    std::vector<uint32_t> slots;   // a hash table of `stacks`; 0 is free
    std::vector<set>      sets;    // the first one is empty
    std::vector<uint32_t> members; // of all sets: nodes, sorted
    std::unordered_multimap<uint64_t, uint32_t>    known_sets;
    std::vector<std::array<uint32_t, k_ascii>>     tables; // where an ASCII character leads from a set
    std::unordered_map<uint64_t, uint32_t>         steps;  // and any other character
    size_t                                         usual = k_usual_bytes;

    // While a set is put together.
    std::vector<uint32_t> seen; // by node: the number of the set for which it was seen last
    uint32_t              number = 0;
    std::vector<uint32_t> todo;
    std::vector<uint32_t> found;
};

template <typename Body>
void grammar_matcher::for_each_allowed(const panallama_vocab_index * index, const Body & body) {
    if (index == nullptr || rules->names_tokens) {
        for (llama_token token = 0; token < llama_vocab_n_tokens(vocab); token++) {
            if (allows(token)) {
                body(token);
            }
        }
        return;
    }
    // A token that is refused refuses those that begin with it, and one that is allowed has led to where they go on.
    std::vector<std::pair<llama_token, place>> shorter;
    const auto                                 look = [&](llama_token token, const place & from, size_t begin) {
        const std::string & text = vocab->token_to_piece(token);
        if (vocab->is_eog(token)) {
            if (may_end(now)) {
                body(token);
            }
            return;
        }
        if (text.empty() || text[0] == '\0') {
            return;
        }
        const place to = after(from, text.data() + begin, text.size() - begin);
        if (to.set != 0) {
            body(token);
            shorter.emplace_back(token, to);
        }
    };
    for (const llama_token token : index->first()) {
        look(token, now, 0);
    }
    while (!shorter.empty()) {
        const auto [token, to] = shorter.back();
        shorter.pop_back();
        const size_t begin = vocab->token_to_piece(token).size();
        const place  from  = to;
        index->for_each_longer(token, [&](llama_token longer) { look(longer, from, begin); });
    }
}

}  // namespace panallama

#endif
