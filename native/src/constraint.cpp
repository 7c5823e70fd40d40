#include "constraint.h"

#include <algorithm>
#include <cmath>

#include "common.h"
#include "reasoning-budget.h"

namespace panallama {

constraint::constraint(const constraint & other) :
    vocab(other.vocab), grammar(other.grammar == nullptr ? nullptr : llama_sampler_clone(other.grammar.get())),
    index(other.index), thinking(other.thinking == nullptr ? nullptr : llama_sampler_clone(other.thinking.get())),
    asleep_while_thinking(other.asleep_while_thinking), last_words(other.last_words), next_word(other.next_word),
    refused(other.refused), written(other.written),
    waiting(other.waiting), words(other.words), longest_word(other.longest_word), recent(other.recent) {}

void constraint::watch_thinking(sampler_ptr budget, bool asleep, std::vector<llama_token> forced) {
    thinking              = std::move(budget);
    asleep_while_thinking = asleep;
    last_words            = std::move(forced);
}

void constraint::wait_for(std::vector<std::string> texts) {
    words   = std::move(texts);
    waiting = !words.empty();
    for (const std::string & word : words) {
        longest_word = std::max(longest_word, word.size());
    }
}

void constraint::prefill_grammar(const std::vector<llama_token> & tokens) {
    for (const llama_token token : tokens) {
        llama_sampler_accept(grammar.get(), token);
    }
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
    llama_token_data       one  = { token, 1.0f, 0.0f };
    llama_token_data_array only = { &one, 1, -1, false };
    apply(&only);
    return one.logit != -INFINITY;
}

// Whether the output remains valid UTF-8 with this token.
bool constraint::is_text(llama_token token) const {
    const std::string * bytes = index == nullptr ? nullptr : index->broken(token);
    utf8_state          state = written;
    return bytes == nullptr || state.advance(*bytes);
}

void constraint::apply(llama_token_data_array * candidates) {
    if (!applies()) {
        return;
    }
    for (size_t i = 0; i < candidates->size; i++) {
        if (!is_text(candidates->data[i].id)) {
            candidates->data[i].logit = -INFINITY;
        }
    }
    if (!refused.empty()) {
        for (size_t i = 0; i < candidates->size; i++) {
            if (refused[candidates->data[i].id]) {
                candidates->data[i].logit = -INFINITY;
            }
        }
    }
    llama_sampler_apply(grammar.get(), candidates);
}

std::vector<llama_token_data> constraint::allowed(const float * logits, int32_t n_vocab) {
    std::vector<llama_token_data> result;
    std::vector<llama_token_data> tried;
    const auto try_next = [&](llama_token token) { tried.push_back({ token, 1.0f, 0.0f }); };
    if (index == nullptr || !applies()) {
        for (llama_token token = 0; token < n_vocab; token++) {
            try_next(token);
        }
    } else {
        std::for_each(index->first().begin(), index->first().end(), try_next);
    }
    while (!tried.empty()) {
        llama_token_data_array candidates = { tried.data(), tried.size(), -1, false };
        if (applies()) {
            llama_sampler_apply(grammar.get(), &candidates);
        }
        const std::vector<llama_token_data> answered = std::move(tried);
        tried.clear();
        for (const llama_token_data & candidate : answered) {
            if (candidate.logit == -INFINITY) {
                continue;
            }
            const bool silent = !refused.empty() && refused[candidate.id];
            if (!applies() || (!silent && is_text(candidate.id))) {
                result.push_back({ candidate.id, logits[candidate.id], 0.0f });
            }
            if (index != nullptr && applies()) {
                index->for_each_longer(candidate.id, try_next);
            }
        }
    }
    std::sort(result.begin(), result.end(),
              [](const llama_token_data & a, const llama_token_data & b) { return a.id < b.id; });
    return result;
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
        llama_sampler_accept(grammar.get(), token);
        written.advance(common_token_to_piece(vocab, token, true));
    }
}

// llama.cpp's lazy grammar keeps the whole output and searches it with std::regex at every token. Here it is shown only the
// last few tokens, once a trigger has been found in them.
void constraint::wait(llama_token token) {
    recent.emplace_back(token, common_token_to_piece(vocab, token, true));
    std::string text;
    for (const auto & entry : recent) {
        text += entry.second;
    }
    const bool found = std::any_of(words.begin(), words.end(),
                                   [&](const std::string & word) { return text.find(word) != std::string::npos; });
    if (found) {
        waiting = false;
        for (const auto & entry : recent) {
            llama_sampler_accept(grammar.get(), entry.first);
        }
        recent.clear();
        return;
    }
    size_t left = text.size();
    while (!recent.empty() && left - recent.front().second.size() + 1 >= longest_word) {
        left -= recent.front().second.size();
        recent.pop_front();
    }
}

}  // namespace panallama
