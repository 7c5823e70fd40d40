#include "split_pattern.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "guard.h"

namespace panallama {

namespace {

constexpr uint32_t k_last_character = std::numeric_limits<uint32_t>::max();
constexpr size_t   k_no_limit       = std::numeric_limits<size_t>::max();
// Copies of a group that a counted repetition may need; llama.cpp's patterns need four.
constexpr size_t   k_max_copies     = 16;
constexpr size_t   k_max_count      = 1000;

[[noreturn]] void unknown(const char * what) {
    throw std::invalid_argument(std::string("the pattern has ") + what);
}

}  // namespace

// ---- sets ----

void character_set::add(uint32_t first, uint32_t last) {
    ranges.emplace_back(first, last);
}

void character_set::add(const character_set & others) {
    ranges.insert(ranges.end(), others.ranges.begin(), others.ranges.end());
}

void character_set::complete() {
    std::sort(ranges.begin(), ranges.end());
    std::vector<std::pair<uint32_t, uint32_t>> merged;
    for (const auto & range : ranges) {
        if (!merged.empty() && (merged.back().second == k_last_character || range.first <= merged.back().second + 1)) {
            merged.back().second = std::max(merged.back().second, range.second);
        } else {
            merged.push_back(range);
        }
    }
    ranges = std::move(merged);
    for (uint32_t c = 0; c < k_table; c++) {
        table[c] = has_wide(c);
    }
}

void character_set::negate() {
    std::vector<std::pair<uint32_t, uint32_t>> gaps;
    uint32_t                                   next = 0;
    bool                                       open = true;
    for (const auto & range : ranges) {
        if (range.first > next) {
            gaps.emplace_back(next, range.first - 1);
        }
        open = range.second != k_last_character;
        next = open ? range.second + 1 : next;
    }
    if (open) {
        gaps.emplace_back(next, k_last_character);
    }
    ranges = std::move(gaps);
    complete();
}

character_set character_set::both(const character_set & other) const {
    character_set here   = *this;
    character_set others = other;
    here.negate();
    others.negate();
    here.add(others);
    here.complete();
    here.negate();
    return here;
}

bool character_set::has_wide(uint32_t c) const {
    const auto after = std::upper_bound(ranges.begin(), ranges.end(), c,
                                        [](uint32_t value, const auto & range) { return value < range.first; });
    return after != ranges.begin() && c <= std::prev(after)->second;
}

// ---- the compiler ----

// Reads a pattern into a tree and writes the tree as a program.
class pattern_compiler {
  public:
    pattern_compiler(const std::vector<uint32_t> & pattern, split_pattern & out) : pattern(pattern), out(out) {}

    void run() {
        const node_ptr tree = alternatives();
        if (pos < pattern.size()) {
            unknown("an unmatched parenthesis");
        }
        emit(*tree);
        emit(split_pattern::op::accept);
    }

  private:
    enum class kind { set, sequence, choice, repeat, ahead, not_ahead };

    struct node;
    using node_ptr = std::unique_ptr<node>;

    struct node {
        explicit node(kind what) : what(what) {}

        kind                  what;
        character_set         set;
        std::vector<node_ptr> parts;
        size_t                least = 0;
        size_t                most  = 0;
    };

    bool at_end() const { return pos == pattern.size(); }

    bool take(char c) {
        const bool found = !at_end() && pattern[pos] == static_cast<unsigned char>(c);
        pos += found ? 1 : 0;
        return found;
    }

    uint32_t next() {
        if (at_end()) {
            unknown("no end");
        }
        return pattern[pos++];
    }

    static node_ptr of_set(character_set set) {
        auto made = std::make_unique<node>(kind::set);
        made->set = std::move(set);
        return made;
    }

    static bool is_set(const node & one) { return one.what == kind::set; }

    node_ptr alternatives() {
        auto choice = std::make_unique<node>(kind::choice);
        choice->parts.push_back(sequence());
        while (take('|')) {
            choice->parts.push_back(sequence());
        }
        if (choice->parts.size() == 1) {
            return std::move(choice->parts[0]);
        }
        if (std::all_of(choice->parts.begin(), choice->parts.end(), [](const node_ptr & part) { return is_set(*part); })) {
            // One character either way.
            character_set any;
            for (const node_ptr & part : choice->parts) {
                any.add(part->set);
            }
            any.complete();
            return of_set(std::move(any));
        }
        return choice;
    }

    node_ptr sequence() {
        auto made = std::make_unique<node>(kind::sequence);
        while (!at_end() && pattern[pos] != '|' && pattern[pos] != ')') {
            node_ptr part = repeated();
            // "(?=[a])[b]" is one character of both sets.
            const bool joins = is_set(*part) && !made->parts.empty() && made->parts.back()->what == kind::ahead &&
                               is_set(*made->parts.back()->parts[0]);
            if (joins) {
                part = of_set(part->set.both(made->parts.back()->parts[0]->set));
                made->parts.pop_back();
            }
            made->parts.push_back(std::move(part));
        }
        return made->parts.size() == 1 ? std::move(made->parts[0]) : std::move(made);
    }

    node_ptr repeated() {
        node_ptr one   = atom();
        size_t   least = 0;
        size_t   most  = k_no_limit;
        if (take('?')) {
            most = 1;
        } else if (take('+')) {
            least = 1;
        } else if (take('{')) {
            least = number();
            most  = least;
            if (take(',')) {
                most = !at_end() && pattern[pos] == '}' ? k_no_limit : number();
            }
            if (!take('}') || most < least) {
                unknown("a repetition without an end");
            }
        } else if (!take('*')) {
            return one;
        }
        if (!at_end() && (pattern[pos] == '?' || pattern[pos] == '+' || pattern[pos] == '*' || pattern[pos] == '{')) {
            unknown("a lazy or doubled repetition");
        }
        if (can_be_empty(*one)) {
            unknown("a repetition of what may be empty");
        }
        auto made   = std::make_unique<node>(kind::repeat);
        made->least = least;
        made->most  = most;
        made->parts.push_back(std::move(one));
        return made;
    }

    size_t number() {
        size_t value  = 0;
        bool   digits = false;
        while (!at_end() && pattern[pos] >= '0' && pattern[pos] <= '9') {
            value  = value * 10 + (pattern[pos++] - '0');
            digits = true;
            if (value > k_max_count) {
                unknown("a repetition of more than 1000");
            }
        }
        if (!digits) {
            unknown("a repetition without a number");
        }
        return value;
    }

    node_ptr atom() {
        const uint32_t c = next();
        switch (c) {
            case '(':
                return group();
            case '[':
                return of_set(brackets());
            case '\\':
                return of_set(escaped());
            case '$':
                return end_of_text();
            case '.':
            case '^':
            case '*':
            case '+':
            case '?':
            case '{':
            case '}':
            case ']':
                unknown("a special character that is not known here");
            default:
                character_set set;
                set.add(c, c);
                set.complete();
                return of_set(std::move(set));
        }
    }

    // Without the flag for several lines, that is where no character follows.
    static node_ptr end_of_text() {
        character_set any;
        any.add(0, k_last_character);
        any.complete();
        auto made = std::make_unique<node>(kind::not_ahead);
        made->parts.push_back(of_set(std::move(any)));
        return made;
    }

    node_ptr group() {
        node_ptr made;
        if (take('?')) {
            const uint32_t type = next();
            if (type == ':') {
                made = alternatives();
            } else if (type == '=' || type == '!') {
                made = std::make_unique<node>(type == '=' ? kind::ahead : kind::not_ahead);
                made->parts.push_back(alternatives());
            } else {
                unknown("a group of an unknown type");
            }
        } else {
            made = alternatives();
        }
        if (!take(')')) {
            unknown("an unmatched parenthesis");
        }
        return made;
    }

    // The class of white space is that of the classic locale, and llama.cpp replaces other white space before it matches.
    static character_set spaces() {
        character_set set;
        set.add('\t', '\r');
        set.add(' ', ' ');
        set.complete();
        return set;
    }

    static character_set digits() {
        character_set set;
        set.add('0', '9');
        set.complete();
        return set;
    }

    static bool is_letter_or_digit(uint32_t c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }

    // After a backslash.
    character_set escaped() {
        const uint32_t c = next();
        character_set  set;
        switch (c) {
            case 's':
            case 'S':
                set = spaces();
                break;
            case 'd':
            case 'D':
                set = digits();
                break;
            default:
                set.add(control_or_itself(c), control_or_itself(c));
                set.complete();
        }
        if (c == 'S' || c == 'D') {
            set.negate();
        }
        return set;
    }

    static uint32_t control_or_itself(uint32_t c) {
        switch (c) {
            case 't':
                return '\t';
            case 'n':
                return '\n';
            case 'v':
                return '\v';
            case 'f':
                return '\f';
            case 'r':
                return '\r';
            default:
                if (is_letter_or_digit(c)) {
                    unknown("an escape that is not known here");
                }
                return c;
        }
    }

    character_set brackets() {
        character_set set;
        const bool    negated = take('^');
        bool          first   = true;
        while (!take(']')) {
            uint32_t low = next();
            if (low == '[' && !at_end() && (pattern[pos] == ':' || pattern[pos] == '.' || pattern[pos] == '=')) {
                unknown("a named class");
            }
            if (low == '-' && !first && !at_end() && pattern[pos] != ']') {
                unknown("a dash that is neither first nor last");
            }
            first = false;
            if (low == '\\') {
                const uint32_t c = at_end() ? 0 : pattern[pos];
                if (c == 's' || c == 'S' || c == 'd' || c == 'D') {
                    set.add(escaped());
                    continue;
                }
                low = control_or_itself(next());
            }
            uint32_t high = low;
            if (pos + 1 < pattern.size() && pattern[pos] == '-' && pattern[pos + 1] != ']') {
                pos++;
                high = next();
                if (high == '\\') {
                    high = control_or_itself(next());
                }
                if (high < low) {
                    unknown("a range without characters");
                }
            }
            set.add(low, high);
        }
        set.complete();
        if (negated) {
            set.negate();
        }
        return set;
    }

    static bool can_be_empty(const node & one) {
        const auto empty = [](const node_ptr & part) { return can_be_empty(*part); };
        switch (one.what) {
            case kind::set:
                return false;
            case kind::sequence:
                return std::all_of(one.parts.begin(), one.parts.end(), empty);
            case kind::choice:
                return std::any_of(one.parts.begin(), one.parts.end(), empty);
            case kind::repeat:
                return one.least == 0;
            default:
                return true;
        }
    }

    size_t emit(split_pattern::op code) {
        out.program.push_back({ code });
        return out.program.size() - 1;
    }

    size_t here() const { return out.program.size(); }

    void emit_span(const character_set & set, size_t least, size_t most) {
        split_pattern::instruction & span = out.program[emit(split_pattern::op::span)];
        span.arg                          = out.sets.size();
        span.least                        = least;
        span.most                         = most;
        out.sets.push_back(set);
    }

    void emit(const node & one) {
        switch (one.what) {
            case kind::set:
                emit_span(one.set, 1, 1);
                break;
            case kind::sequence:
                for (const node_ptr & part : one.parts) {
                    emit(*part);
                }
                break;
            case kind::choice:
                emit_choice(one);
                break;
            case kind::repeat:
                emit_repeat(one);
                break;
            case kind::ahead:
            case kind::not_ahead: {
                const size_t look =
                    emit(one.what == kind::ahead ? split_pattern::op::ahead : split_pattern::op::not_ahead);
                emit(*one.parts[0]);
                emit(split_pattern::op::accept);
                out.program[look].arg = here();
                break;
            }
        }
    }

    void emit_choice(const node & one) {
        std::vector<size_t> ends;
        for (size_t i = 0; i + 1 < one.parts.size(); i++) {
            const size_t fork     = emit(split_pattern::op::fork);
            out.program[fork].arg = here();
            emit(*one.parts[i]);
            ends.push_back(emit(split_pattern::op::jump));
            out.program[fork].other = here();
        }
        emit(*one.parts.back());
        for (const size_t end : ends) {
            out.program[end].arg = here();
        }
    }

    void emit_repeat(const node & one) {
        const node & body = *one.parts[0];
        if (is_set(body)) {
            emit_span(body.set, one.least, one.most);
            return;
        }
        if (one.least > k_max_copies || (one.most != k_no_limit && one.most > k_max_copies)) {
            unknown("a group that is repeated more than 16 times");
        }
        for (size_t i = 0; i < one.least; i++) {
            emit(body);
        }
        if (one.most == k_no_limit) {
            const size_t fork     = emit(split_pattern::op::fork);
            out.program[fork].arg = here();
            emit(body);
            out.program[emit(split_pattern::op::jump)].arg = fork;
            out.program[fork].other                        = here();
            return;
        }
        std::vector<size_t> forks;
        for (size_t i = one.least; i < one.most; i++) {
            forks.push_back(emit(split_pattern::op::fork));
            out.program[forks.back()].arg = here();
            emit(body);
        }
        for (const size_t fork : forks) {
            out.program[fork].other = here();
        }
    }

    const std::vector<uint32_t> & pattern;
    split_pattern &               out;
    size_t                        pos = 0;
};

split_pattern::split_pattern(const std::vector<uint32_t> & pattern) {
    pattern_compiler(pattern, *this).run();
}

// ---- matching ----

// Matches one text.
template <typename Char> class pattern_run {
  public:
    pattern_run(const split_pattern & pattern, const Char * end, size_t & budget) :
        pattern(pattern), end(end), budget(budget) {}

    // Finds the first match at or after `from`, like regex_search; `matched` becomes its bounds.
    bool search(const Char * from, std::pair<const Char *, const Char *> & matched) {
        for (const Char * start = from;; start++) {
            const Char * stop = match(0, start, false);
            if (stop != nullptr) {
                matched = { start, stop };
                return true;
            }
            if (start == end) {
                return false;
            }
        }
    }

    // Matches at `start` only, and not nothing.
    bool match_some(const Char * start, std::pair<const Char *, const Char *> & matched) {
        const Char * stop = match(0, start, true);
        matched           = { start, stop };
        return stop != nullptr;
    }

  private:
    // Where to continue when an attempt fails: at `pc`, after one character less of a run, but not less than `least`.
    struct state {
        size_t       pc;
        const Char * at;
        const Char * least;
    };

    void spend(size_t steps) {
        if (steps >= budget) {
            throw invalid_input("this model's tokenizer cannot split the text in reasonable time; shorten its runs of "
                                "characters without a space");
        }
        budget -= steps;
    }

    // The end of the match; NULL if there is none.
    const Char * match(size_t pc, const Char * start, bool not_empty) {
        const size_t base = states.size();
        const Char * at   = start;
        while (true) {
            spend(1);
            const split_pattern::instruction & now  = pattern.program[pc];
            bool                               fits = true;
            switch (now.code) {
                case split_pattern::op::span:
                    fits = span(now, pc, at);
                    break;
                case split_pattern::op::fork:
                    states.push_back({ now.other, at, at });
                    pc = now.arg;
                    break;
                case split_pattern::op::jump:
                    pc = now.arg;
                    break;
                case split_pattern::op::ahead:
                case split_pattern::op::not_ahead:
                    // As deep as the pattern nests, whatever the text.
                    fits = (match(pc + 1, at, false) != nullptr) == (now.code == split_pattern::op::ahead);
                    pc   = now.arg;
                    break;
                case split_pattern::op::accept:
                    if (!not_empty || at != start) {
                        states.resize(base);
                        return at;
                    }
                    fits = false;
                    break;
            }
            if (!fits) {
                if (states.size() == base) {
                    return nullptr;
                }
                state & last = states.back();
                pc           = last.pc;
                at           = last.at;
                if (last.at > last.least) {
                    last.at--;
                } else {
                    states.pop_back();
                }
            }
        }
    }

    bool span(const split_pattern::instruction & now, size_t & pc, const Char *& at) {
        const character_set & set   = pattern.sets[now.arg];
        const size_t          most  = std::min(now.most, static_cast<size_t>(end - at));
        size_t                count = 0;
        while (count < most && set.has(static_cast<std::make_unsigned_t<Char>>(at[count]))) {
            count++;
        }
        spend(count);
        if (count < now.least) {
            return false;
        }
        const Char * least = at + now.least;
        at += count;
        pc++;
        if (at > least) {
            states.push_back({ pc, at - 1, least });
        }
        return true;
    }

    const split_pattern & pattern;
    const Char *          end;
    size_t &              budget;
    std::vector<state>    states;
};

template <typename Char>
void split_pattern::split(const Char * begin, const Char * end, size_t & budget, std::vector<size_t> & lengths) const {
    pattern_run<Char>                     run(*this, end, budget);
    std::pair<const Char *, const Char *> matched;
    const Char *                          done  = begin;
    bool                                  found = run.search(begin, matched);
    while (found) {
        if (matched.first > done) {
            lengths.push_back(matched.first - done);
        }
        lengths.push_back(matched.second - matched.first);
        done = matched.second;
        if (matched.first < matched.second) {
            found = run.search(done, matched);
        } else if (done == end) {
            found = false;
        } else {
            // As std::regex_iterator does after an empty match.
            found = run.match_some(done, matched) || run.search(done + 1, matched);
        }
    }
    if (done < end) {
        lengths.push_back(end - done);
    }
}

template void split_pattern::split(const char *, const char *, size_t &, std::vector<size_t> &) const;
template void split_pattern::split(const wchar_t *, const wchar_t *, size_t &, std::vector<size_t> &) const;

}  // namespace panallama
