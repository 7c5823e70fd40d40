#include "constraint.h"

#include <algorithm>
#include <cmath>

#include "common.h"
#include "large_stack.h"
#include "reasoning-budget.h"

namespace panallama {
namespace {

// std::regex takes some 400 bytes of stack for each character that it searches.
constexpr size_t k_stack_per_character = 1024;
constexpr size_t k_small_text_bytes    = 256;

size_t found_by(const llama_grammar_trigger_pattern & pattern, const std::string & text) {
    if (text.size() <= k_small_text_bytes) {
        return pattern.find(text);
    }
    size_t found = std::string::npos;
    on_large_stack((size_t{ 1 } << 20) + text.size() * k_stack_per_character, [&] { found = pattern.find(text); });
    return found;
}

}  // namespace

constraint::constraint(const constraint & other) :
    vocab(other.vocab),
    grammar(other.grammar == nullptr ? nullptr : std::make_unique<grammar_matcher>(*other.grammar)),
    index(other.index), thinking(other.thinking == nullptr ? nullptr : llama_sampler_clone(other.thinking.get())),
    asleep_while_thinking(other.asleep_while_thinking), last_words(other.last_words), next_word(other.next_word),
    refused(other.refused), waiting(other.waiting), triggers(other.triggers), longest_word(other.longest_word),
    recent(other.recent) {}

void constraint::watch_thinking(sampler_ptr budget, bool asleep, std::vector<llama_token> forced) {
    thinking              = std::move(budget);
    asleep_while_thinking = asleep;
    last_words            = std::move(forced);
}

void constraint::wait_for(grammar_triggers given) {
    triggers = std::move(given);
    waiting  = !triggers.empty();
    for (const std::string & word : triggers.words) {
        longest_word = std::max(longest_word, word.size());
    }
}

bool constraint::prefill_grammar(const std::string & text) {
    const grammar_matcher::place to = grammar->after(grammar->here(), text.data(), text.size());
    if (to.set == 0) {
        return false;
    }
    grammar->go(to);
    return true;
}

bool constraint::is_thinking() const {
    if (thinking == nullptr) {
        return false;
    }
    const common_reasoning_budget_state state = common_reasoning_budget_get_state(thinking.get());
    return state != REASONING_BUDGET_IDLE && state != REASONING_BUDGET_DONE;
}

bool constraint::is_unseen() const {
    return asleep_while_thinking && is_thinking();
}

bool constraint::applies() const {
    return grammar != nullptr && !waiting && !is_unseen();
}

// llama.cpp does not expose its position in the tokens that it forces, so it is tracked here.
llama_token constraint::forced() const {
    const bool forcing = !last_words.empty() && thinking != nullptr &&
                         common_reasoning_budget_get_state(thinking.get()) == REASONING_BUDGET_FORCING;
    return forcing ? last_words.at(next_word) : LLAMA_TOKEN_NULL;
}

void constraint::accept_thinking(llama_token token) {
    const bool was_forcing = common_reasoning_budget_get_state(thinking.get()) == REASONING_BUDGET_FORCING;
    llama_sampler_accept(thinking.get(), token);
    next_word = was_forcing ? next_word + 1 : 0;
}

bool constraint::allows(llama_token token) {
    return !applies() || (!is_refused(token) && grammar->allows(token));
}

void constraint::apply(llama_token_data_array * candidates) {
    if (!applies()) {
        return;
    }
    for (size_t i = 0; i < candidates->size; i++) {
        if (!allows(candidates->data[i].id)) {
            candidates->data[i].logit = -INFINITY;
        }
    }
}

std::vector<llama_token_data> constraint::allowed(const float * logits, int32_t n_vocab) {
    std::vector<llama_token_data> result;
    if (!applies()) {
        for (llama_token token = 0; token < n_vocab; token++) {
            result.push_back({ token, logits[token], 0.0f });
        }
        return result;
    }
    grammar->for_each_allowed(index, [&](llama_token token) {
        if (!is_refused(token)) {
            result.push_back({ token, logits[token], 0.0f });
        }
    });
    std::sort(result.begin(), result.end(),
              [](const llama_token_data & a, const llama_token_data & b) { return a.id < b.id; });
    return result;
}

// What `allows` has matched is remembered, but it says nothing of a grammar that the token wakes.
void constraint::foresee(llama_token token) {
    if (grammar != nullptr && waiting && triggers.patterns.empty() && !is_unseen()) {
        const auto beginning = woken_by(token);
        if (beginning.has_value()) {
            after(*beginning);
        }
    }
}

void constraint::accept(llama_token token) {
    const bool unseen = is_unseen();
    if (thinking != nullptr) {
        accept_thinking(token);
        if (unseen && !is_unseen()) {
            // The end of the thinking may be, or contain, the text that the grammar waits for.
            const llama_tokens * end = common_reasoning_budget_get_end_match(thinking.get());
            if (end != nullptr) {
                for (const llama_token last : *end) {
                    show(last);
                }
            }
        }
    }
    if (!unseen) {
        show(token);
    }
}

void constraint::show(llama_token token) {
    if (grammar == nullptr) {
        return;
    }
    if (waiting) {
        wait(token);
    } else {
        grammar->accept(token);
    }
}

// Where the first trigger begins.
size_t constraint::trigger_in(const std::string & text) const {
    for (const std::string & word : triggers.words) {
        const size_t found = text.find(word);
        if (found != std::string::npos) {
            return found;
        }
    }
    for (const llama_grammar_trigger_pattern & pattern : triggers.patterns) {
        const size_t found = found_by(pattern, text);
        if (found != std::string::npos) {
            return found;
        }
    }
    return std::string::npos;
}

// The text from where a trigger begins, if the token completes one.
std::optional<std::vector<constraint::shown>> constraint::woken_by(llama_token token) const {
    std::vector<shown> all(recent.begin(), recent.end());
    all.emplace_back(token, common_token_to_piece(vocab, token, true));
    if (std::find(triggers.tokens.begin(), triggers.tokens.end(), token) != triggers.tokens.end()) {
        return std::vector<shown>{ all.back() };
    }
    std::string text;
    for (const shown & one : all) {
        text += one.second;
    }
    const size_t begin = trigger_in(text);
    if (begin == std::string::npos) {
        return std::nullopt;
    }
    std::vector<shown> beginning;
    size_t             pos = 0;
    for (const shown & one : all) {
        const size_t end = pos + one.second.size();
        if (end > begin) {
            beginning.emplace_back(one.first, one.second.substr(std::max(begin, pos) - pos));
        }
        pos = end;
    }
    return beginning;
}

grammar_matcher::place constraint::after(const std::vector<shown> & beginning) {
    grammar_matcher::place at = grammar->here();
    for (const shown & one : beginning) {
        at = grammar->after(at, one.first, one.second);
    }
    return at;
}

// A trigger that is a text lies in the last few tokens; a pattern is searched in the whole text.
void constraint::wait(llama_token token) {
    const auto beginning = woken_by(token);
    if (beginning.has_value()) {
        grammar->go(after(*beginning));
        waiting = false;
        recent.clear();
        return;
    }
    recent.emplace_back(token, common_token_to_piece(vocab, token, true));
    if (!triggers.patterns.empty()) {
        return;
    }
    size_t left = 0;
    for (const shown & one : recent) {
        left += one.second.size();
    }
    while (!recent.empty() && left - recent.front().second.size() + 1 >= longest_word) {
        left -= recent.front().second.size();
        recent.pop_front();
    }
}

}  // namespace panallama
