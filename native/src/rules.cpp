#include "rules.h"

#include <algorithm>
#include <utility>

#include "cancellation.h"
#include "guard.h"

namespace panallama {
namespace {

// The elements of one symbol: a reference, a token, or a character with its ranges.
struct symbol {
    const llama_grammar_element * begin;
    const llama_grammar_element * end;
};

int compare(const symbol & a, const symbol & b) {
    const auto * x = a.begin;
    const auto * y = b.begin;
    for (; x != a.end && y != b.end; x++, y++) {
        if (x->type != y->type) {
            return x->type < y->type ? -1 : 1;
        }
        if (x->value != y->value) {
            return x->value < y->value ? -1 : 1;
        }
    }
    return x != a.end ? 1 : y != b.end ? -1 : 0;
}

using alternative = std::vector<symbol>;

bool less(const alternative & a, const alternative & b) {
    for (size_t i = 0; i < a.size() && i < b.size(); i++) {
        const int order = compare(a[i], b[i]);
        if (order != 0) {
            return order < 0;
        }
    }
    return a.size() < b.size();
}

bool continues_symbol(const llama_grammar_element & element) {
    return element.type == LLAMA_GRETYPE_CHAR_ALT || element.type == LLAMA_GRETYPE_CHAR_RNG_UPPER;
}

std::vector<alternative> alternatives_of(const llama_grammar_rule & rule) {
    std::vector<alternative> alternatives(1);
    for (size_t pos = 0; pos < rule.size() && rule[pos].type != LLAMA_GRETYPE_END;) {
        if (rule[pos].type == LLAMA_GRETYPE_ALT) {
            alternatives.emplace_back();
            pos++;
            continue;
        }
        size_t end = pos + 1;
        while (continues_symbol(rule[end])) {
            end++;
        }
        alternatives.back().push_back({ rule.data() + pos, rule.data() + end });
        pos = end;
    }
    return alternatives;
}

// A rule with fewer alternatives is left as it is written.
constexpr size_t k_worth_merging = 4;

// How much larger than the grammar the bodies of rules may be that are copied to where they are referred to.
constexpr size_t k_most_copied = 4;

// Writes rules anew so that no two alternatives of a rule begin with the same symbol.
class merging {
  public:
    explicit merging(llama_grammar_rules & rules) : rules(rules), sources(rules) {
        for (const llama_grammar_rule & rule : rules) {
            copies_left += k_most_copied * rule.size();
        }
    }

    void run() {
        for (size_t id = 0; id < sources.size(); id++) {
            if (static_cast<size_t>(std::count_if(sources[id].begin(), sources[id].end(), ends_alternative)) <
                k_worth_merging) {
                continue;
            }
            cancellation::check();
            std::vector<alternative> alternatives = alternatives_of(sources[id]);
            for (alternative & one : alternatives) {
                show_beginning(one);
            }
            std::sort(alternatives.begin(), alternatives.end(), less);
            rules[id].clear();
            pending.push_back({ static_cast<uint32_t>(id), 0, alternatives.size(), 0 });
            while (!pending.empty()) {
                cancellation::check();
                const part next = pending.back();
                pending.pop_back();
                write(alternatives, next);
            }
        }
    }

  private:
    // The alternatives from `first` to before `last`, without the symbols that they have in common.
    struct part {
        uint32_t rule;
        size_t   first;
        size_t   last;
        size_t   skipped;
    };

    // Replaces references at the beginning by the rules that they name: the values of an "anyOf" are rules of their own.
    void show_beginning(alternative & one) {
        for (int depth = 0; depth < 8 && !one.empty() && one[0].begin->type == LLAMA_GRETYPE_RULE_REF; depth++) {
            const llama_grammar_rule & named = sources[one[0].begin->value];
            if (std::count_if(named.begin(), named.end(), ends_alternative) != 1 || named.size() > copies_left) {
                return;
            }
            copies_left -= named.size();
            const alternative body = alternatives_of(named).front();
            one.erase(one.begin());
            one.insert(one.begin(), body.begin(), body.end());
        }
    }

    void append(uint32_t rule, const alternative & from, size_t first, size_t last) {
        for (size_t i = first; i < last; i++) {
            rules[rule].insert(rules[rule].end(), from[i].begin, from[i].end);
        }
    }

    void write(const std::vector<alternative> & sorted, const part & from) {
        const auto same = [&](size_t a, size_t b, size_t at) {
            return at < sorted[a].size() && at < sorted[b].size() && compare(sorted[a][at], sorted[b][at]) == 0;
        };
        for (size_t first = from.first; first < from.last;) {
            if (first != from.first) {
                rules[from.rule].push_back({ LLAMA_GRETYPE_ALT, 0 });
            }
            // The alternatives are sorted, so what the first and the last of a group have in common, all have.
            size_t last = first + 1;
            while (last < from.last && same(first, last, from.skipped)) {
                last++;
            }
            size_t common = from.skipped;
            while (same(first, last - 1, common)) {
                common++;
            }
            append(from.rule, sorted[first], from.skipped, common);
            const bool all_end = sorted[first].size() == common && sorted[last - 1].size() == common;
            if (!all_end) {
                const uint32_t rest = static_cast<uint32_t>(rules.size());
                rules.emplace_back();
                rules[from.rule].push_back({ LLAMA_GRETYPE_RULE_REF, rest });
                pending.push_back({ rest, first, last, common });
            }
            first = last;
            // Alternatives that are empty from here on are equal: one is enough.
            while (all_end && first < from.last && sorted[first].size() == from.skipped) {
                first++;
            }
        }
        rules[from.rule].push_back({ LLAMA_GRETYPE_END, 0 });
    }

    llama_grammar_rules &     rules;
    const llama_grammar_rules sources; // the symbols point into it
    size_t                    copies_left = 0;
    std::vector<part>         pending;
};

// Finds rules that refer to themselves before any character: A ::= A "x". A rule may do so at its very end behind
// something that can be empty, as in A ::= (" "?) A, because that leads back to the same place.
class left_recursion {
  public:
    explicit left_recursion(const llama_grammar_rules & rules)
        : rules(rules), nullable(rules.size(), false), order(rules.size(), 0), low(rules.size(), 0),
          component(rules.size(), none) {}

    bool any() {
        find_nullable();
        for (uint32_t rule = 0; rule < rules.size(); rule++) {
            if (order[rule] == 0) {
                visit(rule);
            }
        }
        for (uint32_t rule = 0; rule < rules.size(); rule++) {
            bool found = false;
            for_each_first(rule, [&](uint32_t to, bool growing) {
                found |= growing && component[to] == component[rule];
            });
            if (found) {
                return true;
            }
        }
        return false;
    }

  private:
    static constexpr uint32_t none = UINT32_MAX;

    // Spreads from the rules with an empty alternative to those that refer to them.
    void find_nullable() {
        std::vector<std::vector<uint32_t>> callers(rules.size());
        for (uint32_t rule = 0; rule < rules.size(); rule++) {
            for (const llama_grammar_element & element : rules[rule]) {
                if (element.type == LLAMA_GRETYPE_RULE_REF) {
                    callers[element.value].push_back(rule);
                }
            }
        }
        std::vector<uint32_t> changed;
        const auto            look = [&](uint32_t rule) {
            if (!nullable[rule] && has_empty_alternative(rule)) {
                nullable[rule] = true;
                changed.push_back(rule);
            }
        };
        for (uint32_t rule = 0; rule < rules.size(); rule++) {
            look(rule);
        }
        while (!changed.empty()) {
            const uint32_t rule = changed.back();
            changed.pop_back();
            for (const uint32_t caller : callers[rule]) {
                look(caller);
            }
        }
    }

    bool has_empty_alternative(uint32_t rule) const {
        bool empty = true;
        for (const llama_grammar_element & element : rules[rule]) {
            if (ends_alternative(element)) {
                if (empty) {
                    return true;
                }
                empty = true;
            } else {
                empty = empty && element.type == LLAMA_GRETYPE_RULE_REF && nullable[element.value];
            }
        }
        return false;
    }

    // Calls `body` for every rule that may be entered before a character. `growing`: each turn leaves something behind, or
    // the rule begins with itself.
    template <typename Body> void for_each_first(uint32_t rule, const Body & body) const {
        bool first   = true;
        bool written = false;
        for (size_t pos = 0; pos < rules[rule].size(); pos++) {
            const llama_grammar_element & element = rules[rule][pos];
            if (ends_alternative(element)) {
                first   = true;
                written = false;
            } else if (first && element.type == LLAMA_GRETYPE_RULE_REF) {
                body(element.value, !written || !ends_alternative(rules[rule][pos + 1]));
                written = true;
                first   = nullable[element.value];
            } else {
                first = false;
            }
        }
    }

    // Tarjan's algorithm, with a stack of its own.
    void visit(uint32_t from) {
        struct frame {
            uint32_t              rule;
            std::vector<uint32_t> next;
        };
        std::vector<frame> frames;
        const auto         enter = [&](uint32_t rule) {
            order[rule] = low[rule] = ++count;
            open.push_back(rule);
            frames.push_back({ rule, {} });
            for_each_first(rule, [&](uint32_t to, bool) { frames.back().next.push_back(to); });
        };
        enter(from);
        while (!frames.empty()) {
            frame & top = frames.back();
            if (!top.next.empty()) {
                const uint32_t to = top.next.back();
                if (order[to] == 0) {
                    enter(to);
                    continue;
                }
                top.next.pop_back();
                if (component[to] == none) {
                    low[top.rule] = std::min(low[top.rule], low[to]);
                }
                continue;
            }
            const uint32_t rule = top.rule;
            frames.pop_back();
            if (low[rule] == order[rule]) {
                uint32_t member;
                do {
                    member = open.back();
                    open.pop_back();
                    component[member] = rule;
                } while (member != rule);
            }
        }
    }

    const llama_grammar_rules & rules;
    std::vector<bool>           nullable;
    std::vector<uint32_t>       order;
    std::vector<uint32_t>       low;
    std::vector<uint32_t>       component; // named after one of its rules
    std::vector<uint32_t>       open;
    uint32_t                    count = 0;
};

// A rule with fewer alternatives is followed as fast as it is looked up in.
constexpr size_t k_worth_switching = 4;

// Finds the rules that are switches.
void find_switches(grammar_rules & linked) {
    linked.switch_of.assign(linked.begins.size(), -1);
    for (size_t rule = 0; rule < linked.begins.size(); rule++) {
        character_switch found;
        bool             fits = true;
        for (uint32_t pos = linked.begins[rule]; fits;) {
            const llama_grammar_element & first = linked.elements[pos];
            if (ends_alternative(first)) {
                found.has_empty = true;
            } else if (first.type == LLAMA_GRETYPE_CHAR && !continues_symbol(linked.elements[pos + 1])) {
                found.alternatives.emplace_back(first.value, pos);
            } else {
                fits = false;
            }
            while (!ends_alternative(linked.elements[pos])) {
                pos++;
            }
            if (linked.elements[pos].type == LLAMA_GRETYPE_END) {
                break;
            }
            pos++;
        }
        if (!fits || found.alternatives.size() < k_worth_switching) {
            continue;
        }
        std::sort(found.alternatives.begin(), found.alternatives.end());
        const auto alike = [](const auto & a, const auto & b) { return a.first == b.first; };
        if (std::adjacent_find(found.alternatives.begin(), found.alternatives.end(), alike) == found.alternatives.end()) {
            linked.switch_of[rule] = static_cast<int32_t>(linked.switches.size());
            linked.switches.push_back(std::move(found));
        }
    }
}

}  // namespace

std::shared_ptr<const grammar_rules> linked_rules(llama_grammar_rules parsed, uint32_t root) {
    require(!left_recursion(parsed).any(), "the grammar does not compile: a rule is left-recursive");
    merging(parsed).run();
    auto linked  = std::make_shared<grammar_rules>();
    linked->root = root;
    for (const llama_grammar_rule & rule : parsed) {
        linked->begins.push_back(static_cast<uint32_t>(linked->elements.size()));
        linked->elements.insert(linked->elements.end(), rule.begin(), rule.end());
    }
    find_switches(*linked);
    linked->names_tokens =
        std::any_of(linked->elements.begin(), linked->elements.end(), [](const llama_grammar_element & element) {
            return element.type == LLAMA_GRETYPE_TOKEN || element.type == LLAMA_GRETYPE_TOKEN_NOT;
        });
    return linked;
}

}  // namespace panallama
