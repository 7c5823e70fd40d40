#include "matcher.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "effort.h"

namespace panallama {
namespace {

// Units of effort.
constexpr int64_t k_stack_units = 10; // to put a stack into a set
constexpr int64_t k_match_units = 2;  // to compare a stack with a character
constexpr int64_t k_mark_units  = 4;  // to find all characters of ASCII that a stack matches

uint64_t mixed(uint64_t value) {
    value ^= value >> 33;
    value *= 0xFF51AFD7ED558CCDull;
    value ^= value >> 33;
    return value;
}

}  // namespace

grammar_matcher::grammar_matcher(const llama_vocab * vocab, std::shared_ptr<const grammar_rules> given)
    : vocab(vocab), rules(std::move(given)), stacks({ { 0, 0 } }), slots(64, 0), sets({ { 0, 0, k_unused, false } }) {
    begin_set();
    add_alternatives(rules->root, 0);
    now.set = end_set();
}

void grammar_matcher::begin_set() {
    number++;
    todo.clear();
    found.clear();
}

void grammar_matcher::add_alternatives(uint32_t rule, uint32_t below) {
    for (uint32_t element = rules->begins[rule];; element++) {
        todo.push_back(ends(element) ? below : stack_of(element, below));
        while (!ends(element)) {
            element++;
        }
        if (rules->elements[element].type == LLAMA_GRETYPE_END) {
            return;
        }
    }
}

void grammar_matcher::add(uint32_t stack) {
    todo.push_back(stack);
}

// What follows the place on top of a stack.
uint32_t grammar_matcher::continuation(const node & top) {
    return ends(top.element + 1) ? top.below : stack_of(top.element + 1, top.below);
}

// The switch that the place refers to; NULL if it is none.
const character_switch * grammar_matcher::switch_at(uint32_t element) const {
    const llama_grammar_element & there = rules->elements[element];
    if (there.type != LLAMA_GRETYPE_RULE_REF || rules->switch_of[there.value] < 0) {
        return nullptr;
    }
    return &rules->switches[static_cast<size_t>(rules->switch_of[there.value])];
}

// The element of the alternative that begins with the character; NULL if there is none.
const uint32_t * grammar_matcher::alternative(const character_switch & from, uint32_t character) const {
    const auto at = std::lower_bound(from.alternatives.begin(), from.alternatives.end(),
                                     std::pair<uint32_t, uint32_t>(character, 0));
    return at == from.alternatives.end() || at->first != character ? nullptr : &at->second;
}

// Follows the references on top of the stacks until a character, a token or a switch is there.
uint32_t grammar_matcher::end_set() {
    bool may_end = false;
    while (!todo.empty()) {
        const uint32_t stack = todo.back();
        todo.pop_back();
        effort::spend(k_stack_units);
        seen.resize(stacks.size(), 0);
        if (seen[stack] == number) {
            continue;
        }
        seen[stack]                           = number;
        const node                    top     = stacks[stack];
        const llama_grammar_element & element = rules->elements[top.element];
        if (stack == 0) {
            may_end = true;
            found.push_back(stack);
        } else if (const character_switch * choice = switch_at(top.element)) {
            found.push_back(stack);
            if (choice->has_empty) {
                todo.push_back(continuation(top));
            }
        } else if (element.type == LLAMA_GRETYPE_RULE_REF) {
            add_alternatives(element.value, continuation(top));
        } else {
            found.push_back(stack);
        }
    }
    if (found.empty()) {
        return 0;
    }
    std::sort(found.begin(), found.end());
    uint64_t hash = found.size();
    for (const uint32_t stack : found) {
        hash = mixed(hash ^ stack);
    }
    const auto known = known_sets.equal_range(hash);
    for (auto it = known.first; it != known.second; ++it) {
        const set & other = sets[it->second];
        if (other.count == found.size() && std::equal(found.begin(), found.end(), members.begin() + other.begin)) {
            return it->second;
        }
    }
    require_room();
    const auto id = static_cast<uint32_t>(sets.size());
    sets.push_back({ static_cast<uint32_t>(members.size()), static_cast<uint32_t>(found.size()), k_unused, may_end });
    members.insert(members.end(), found.begin(), found.end());
    known_sets.emplace(hash, id);
    return id;
}

uint32_t grammar_matcher::stack_of(uint32_t element, uint32_t below) {
    const uint64_t mask = slots.size() - 1;
    uint64_t       slot = mixed(uint64_t{ element } << 32 | below) & mask;
    for (; slots[slot] != 0; slot = (slot + 1) & mask) {
        const node & other = stacks[slots[slot]];
        if (other.element == element && other.below == below) {
            return slots[slot];
        }
    }
    const auto id = static_cast<uint32_t>(stacks.size());
    stacks.push_back({ element, below });
    slots[slot] = id;
    if (2 * stacks.size() > slots.size()) {
        require_room();
        grow_stacks();
    }
    return id;
}

void grammar_matcher::grow_stacks() {
    slots.assign(2 * slots.size(), 0);
    const uint64_t mask = slots.size() - 1;
    for (uint32_t id = 1; id < stacks.size(); id++) {
        uint64_t slot = mixed(uint64_t{ stacks[id].element } << 32 | stacks[id].below) & mask;
        while (slots[slot] != 0) {
            slot = (slot + 1) & mask;
        }
        slots[slot] = id;
    }
}

size_t grammar_matcher::bytes() const {
    constexpr size_t k_entry = 48; // of a hash table of the library, about
    return stacks.size() * (sizeof(node) + sizeof(uint32_t)) + slots.size() * sizeof(uint32_t) +
           sets.size() * (sizeof(set) + k_entry) + members.size() * sizeof(uint32_t) +
           tables.size() * sizeof(tables[0]) + steps.size() * k_entry;
}

void grammar_matcher::require_room() const {
    if (bytes() > k_most_bytes) {
        throw too_much_work("the grammar takes too much memory: it has too many alternatives at once");
    }
}

uint32_t grammar_matcher::behind(uint32_t element) const {
    do {
        element++;
    } while (rules->elements[element].type == LLAMA_GRETYPE_CHAR_ALT ||
             rules->elements[element].type == LLAMA_GRETYPE_CHAR_RNG_UPPER);
    return element;
}

bool grammar_matcher::matches(uint32_t element, uint32_t character) const {
    if (const character_switch * choice = switch_at(element)) {
        return alternative(*choice, character) != nullptr;
    }
    const llama_grammar_element * pos = &rules->elements[element];
    if (pos->type == LLAMA_GRETYPE_CHAR_ANY) {
        return true;
    }
    const bool inside = pos->type == LLAMA_GRETYPE_CHAR;
    if (!inside && pos->type != LLAMA_GRETYPE_CHAR_NOT) {
        return false; // a token
    }
    do {
        const bool range = pos[1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
        if (pos->value <= character && character <= (range ? pos[1].value : pos->value)) {
            return inside;
        }
        pos += range ? 2 : 1;
    } while (pos->type == LLAMA_GRETYPE_CHAR_ALT);
    return !inside;
}

// Whether any character of the range matches.
bool grammar_matcher::may_match(uint32_t element, uint32_t smallest, uint32_t largest) const {
    if (const character_switch * choice = switch_at(element)) {
        const auto first = std::lower_bound(choice->alternatives.begin(), choice->alternatives.end(),
                                            std::pair<uint32_t, uint32_t>(smallest, 0));
        return first != choice->alternatives.end() && first->first <= largest;
    }
    const llama_grammar_element * pos = &rules->elements[element];
    if (pos->type == LLAMA_GRETYPE_CHAR_ANY) {
        return true;
    }
    const bool inside = pos->type == LLAMA_GRETYPE_CHAR;
    if (!inside && pos->type != LLAMA_GRETYPE_CHAR_NOT) {
        return false;
    }
    std::vector<std::pair<uint32_t, uint32_t>> excluded;
    do {
        const bool     range = pos[1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
        const uint32_t last  = range ? pos[1].value : pos->value;
        if (pos->value <= largest && smallest <= last) {
            if (inside) {
                return true;
            }
            excluded.emplace_back(pos->value, last);
        }
        pos += range ? 2 : 1;
    } while (pos->type == LLAMA_GRETYPE_CHAR_ALT);
    if (inside) {
        return false;
    }
    std::sort(excluded.begin(), excluded.end());
    uint64_t left = smallest; // the first that is not excluded
    for (const auto & range : excluded) {
        if (range.first > left) {
            break;
        }
        left = std::max(left, uint64_t{ range.second } + 1);
    }
    return left <= largest;
}

uint32_t grammar_matcher::computed_step(uint32_t from, uint32_t character) {
    begin_set();
    const uint32_t begin = sets[from].begin;
    const uint32_t end   = begin + sets[from].count;
    effort::spend(k_match_units * sets[from].count);
    for (uint32_t i = begin; i < end; i++) {
        leave(members[i], character);
    }
    return todo.empty() ? 0 : end_set();
}

// Adds what a stack becomes with the character, if that matches.
void grammar_matcher::leave(uint32_t stack, uint32_t character) {
    if (stack == 0) {
        return;
    }
    node     top  = stacks[stack];
    uint32_t next = 0;
    if (const character_switch * choice = switch_at(top.element)) {
        const uint32_t * taken = alternative(*choice, character);
        if (taken == nullptr) {
            return;
        }
        top.below = continuation(top);
        next      = *taken + 1;
    } else if (matches(top.element, character)) {
        next = behind(top.element);
    } else {
        return;
    }
    add(ends(next) ? top.below : stack_of(next, top.below));
}

// Most characters lead nowhere: they are found for all of the set together, instead of one by one.
void grammar_matcher::make_table(uint32_t from) {
    require_room();
    const uint32_t begin = sets[from].begin;
    const uint32_t end   = begin + sets[from].count;
    effort::spend(k_mark_units * sets[from].count);
    std::array<uint32_t, k_ascii> table;
    table.fill(0);
    for (uint32_t i = begin; i < end; i++) {
        const uint32_t element = stacks[members[i]].element;
        const auto     type    = rules->elements[element].type;
        if (members[i] == 0 || type == LLAMA_GRETYPE_TOKEN || type == LLAMA_GRETYPE_TOKEN_NOT) {
            continue;
        }
        if (const character_switch * choice = switch_at(element)) {
            for (const auto & one : choice->alternatives) {
                if (one.first >= k_ascii) {
                    break;
                }
                table[one.first] = k_unknown;
            }
            continue;
        }
        if (type != LLAMA_GRETYPE_CHAR) {
            for (uint32_t character = 0; character < k_ascii; character++) {
                if (matches(element, character)) {
                    table[character] = k_unknown;
                }
            }
            continue;
        }
        const llama_grammar_element * pos = &rules->elements[element];
        do {
            const bool     range = pos[1].type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
            const uint32_t last  = std::min(range ? pos[1].value : pos->value, k_ascii - 1);
            for (uint32_t character = pos->value; character <= last; character++) {
                table[character] = k_unknown;
            }
            pos += range ? 2 : 1;
        } while (pos->type == LLAMA_GRETYPE_CHAR_ALT);
    }
    sets[from].table = static_cast<int32_t>(tables.size());
    tables.push_back(table);
}

uint32_t grammar_matcher::step(uint32_t from, uint32_t character) {
    if (character < k_ascii) {
        if (sets[from].table < 0) {
            if (sets[from].count <= k_few && sets[from].table > k_often) {
                sets[from].table--;
                return computed_step(from, character);
            }
            make_table(from);
        }
        const size_t table = static_cast<size_t>(sets[from].table);
        if (tables[table][character] == k_unknown) {
            tables[table][character] = computed_step(from, character);
        }
        return tables[table][character];
    }
    const uint64_t key   = uint64_t{ from } << 32 | character;
    const auto     known = steps.find(key);
    if (known != steps.end()) {
        return known->second;
    }
    const uint32_t to = computed_step(from, character);
    require_room();
    steps.emplace(key, to);
    return to;
}

grammar_matcher::place grammar_matcher::after(const place & from, const char * bytes, size_t length) {
    effort::spend(static_cast<int64_t>(length));
    place at = from;
    for (size_t i = 0; i < length && at.set != 0; i++) {
        if (!at.unfinished.advance(static_cast<uint8_t>(bytes[i]))) {
            at.set = 0;
        } else if (at.unfinished.is_whole()) {
            at.set = step(at.set, at.unfinished.character());
        }
    }
    if (at.set != 0 && !at.unfinished.is_whole()) {
        const set & open = sets[at.set];
        effort::spend(k_match_units * open.count);
        const bool any = std::any_of(
            members.begin() + open.begin, members.begin() + open.begin + open.count, [&](uint32_t stack) {
                return stack != 0 &&
                       may_match(stacks[stack].element, at.unfinished.smallest(), at.unfinished.largest());
            });
        at.set = any ? at.set : 0;
    }
    return at;
}

grammar_matcher::place grammar_matcher::after(const place & from, llama_token token, const std::string & piece) {
    if (piece.empty() || piece[0] == '\0') {
        return {};
    }
    place to = after(from, piece.data(), piece.size());
    if (!rules->names_tokens || !from.unfinished.is_whole()) {
        return to;
    }
    begin_set();
    const uint32_t begin = sets[from.set].begin;
    const uint32_t end   = begin + sets[from.set].count;
    for (uint32_t i = begin; i < end; i++) {
        const node                    top     = stacks[members[i]];
        const llama_grammar_element & element = rules->elements[top.element];
        const bool                    same    = element.value == static_cast<uint32_t>(token);
        if (members[i] != 0 && ((element.type == LLAMA_GRETYPE_TOKEN && same) ||
                                (element.type == LLAMA_GRETYPE_TOKEN_NOT && !same))) {
            add(ends(top.element + 1) ? top.below : stack_of(top.element + 1, top.below));
        }
    }
    if (todo.empty()) {
        return to;
    }
    // Half a character and a whole token can't both be followed.
    if (to.set != 0 && to.unfinished.is_whole()) {
        for (uint32_t i = 0; i < sets[to.set].count; i++) {
            add(members[sets[to.set].begin + i]);
        }
    }
    return { end_set(), {} };
}

bool grammar_matcher::allows(llama_token token) {
    return vocab->is_eog(token) ? may_end(now) : after(now, token, vocab->token_to_piece(token)).set != 0;
}

void grammar_matcher::accept(llama_token token) {
    if (!vocab->is_eog(token)) {
        go(after(now, token, vocab->token_to_piece(token)));
    } else if (!may_end(now)) {
        throw std::runtime_error("the grammar cannot end here");
    }
}

void grammar_matcher::go(const place & to) {
    if (to.set == 0) {
        throw std::runtime_error("the grammar does not allow this text");
    }
    now = to;
    if (bytes() > usual) {
        forget();
    }
}

// Keeps what may follow, and forgets everything else.
void grammar_matcher::forget() {
    std::vector<bool>     kept(stacks.size(), false);
    std::vector<uint32_t> last(members.begin() + sets[now.set].begin,
                               members.begin() + sets[now.set].begin + sets[now.set].count);
    for (const uint32_t stack : last) {
        kept[stack] = true;
    }
    for (size_t id = stacks.size() - 1; id > 0; id--) {
        if (kept[id]) {
            kept[stacks[id].below] = true;
        }
    }
    const std::vector<node> before = std::move(stacks);
    std::vector<uint32_t>   renamed(before.size(), 0);
    stacks = { { 0, 0 } };
    slots.assign(64, 0);
    slots.shrink_to_fit();
    for (uint32_t id = 1; id < before.size(); id++) {
        if (kept[id]) {
            renamed[id] = stack_of(before[id].element, renamed[before[id].below]);
        }
    }
    sets = { sets[0] };
    members.clear();
    known_sets.clear();
    tables.clear();
    steps.clear();
    seen.assign(stacks.size(), 0);
    number = 0;
    begin_set();
    for (const uint32_t stack : last) {
        add(renamed[stack]);
    }
    now.set = end_set();
    usual   = std::max(k_usual_bytes, 2 * bytes());
}

}  // namespace panallama
