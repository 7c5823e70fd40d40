#include <climits>
#include <memory>
#include <string>
#include <vector>

#include "common.h"
#include "constraint.h"
#include "grammar.h"
#include "guard.h"
#include "json.h"
#include "json_bounds.h"
#include "large_stack.h"
#include "literals.h"
#include "reasoning-budget.h"

namespace panallama {
namespace {

// The description as panallama_chat_template_apply wrote it.
struct chat_grammar {
    std::string                         grammar;
    bool                                lazy = false;
    std::vector<common_grammar_trigger> triggers;
    std::vector<std::string>            preserved;
    std::string                         generation_prompt;
    std::string                         thinking_start;
    std::vector<std::string>            thinking_ends;
    bool                                has_budget = false;
    int32_t                             budget     = 0; // tokens
    std::string                         budget_message;
};

std::vector<std::string> texts_of(const common_json & array) {
    std::vector<std::string> texts;
    for (const auto & text : array) {
        texts.push_back(text.get<std::string>());
    }
    return texts;
}

chat_grammar read(const char * description) {
    chat_grammar read;
    refusing("the description of the grammar is broken: ", [&] {
        const common_json json = common_json::parse(description);
        read.grammar           = json.at("grammar").get<std::string>();
        read.lazy              = json.at("lazy").get<bool>();
        read.preserved         = texts_of(json.at("preserved_tokens"));
        read.generation_prompt = json.at("generation_prompt").get<std::string>();
        read.thinking_start    = json.at("thinking_start").get<std::string>();
        read.thinking_ends     = texts_of(json.at("thinking_ends"));
        for (const auto & trigger : json.at("triggers")) {
            read.triggers.push_back({ static_cast<common_grammar_trigger_type>(trigger.at("type").get<int>()),
                                      trigger.at("value").get<std::string>() });
        }
        if (json.contains("budget")) {
            read.has_budget     = true;
            read.budget         = json.at("budget").at("tokens").get<int32_t>();
            read.budget_message = json.at("budget").at("message").get<std::string>();
        }
    });
    return read;
}

// The output omits control tokens, so a grammar must not accept one as text: "<|im_start|>" would count as a string of 12
// characters. Control tokens that belong to the format, or that the grammar names, are accepted.
std::vector<bool> tokens_without_text(const llama_vocab * vocab, const chat_grammar & described) {
    std::vector<bool> refused(llama_vocab_n_tokens(vocab));
    for (llama_token token = 0; token < llama_vocab_n_tokens(vocab); token++) {
        const int attributes = llama_vocab_get_attr(vocab, token);
        refused[token] = (attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) != 0 &&
                         !llama_vocab_is_eog(vocab, token);
    }
    const auto let_through = [&](const std::string & text) {
        const std::vector<llama_token> tokens = common_tokenize(vocab, text, false, true);
        if (tokens.size() == 1) {
            refused[tokens[0]] = false;
        }
    };
    for (const std::string & text : described.preserved) {
        let_through(text);
    }
    const control_texts controls(vocab);
    for (size_t pos = 0; pos < described.grammar.size(); pos++) {
        const size_t length = controls.match(described.grammar, pos);
        if (length > 0) {
            let_through(described.grammar.substr(pos, length));
        }
    }
    return refused;
}

// The tokens of the answer that the template has already written, without the space that some tokenizers put first.
std::vector<llama_token> prefilled(const llama_vocab * vocab, const std::string & prompt) {
    std::vector<llama_token> tokens;
    if (!prompt.empty()) {
        tokens = common_tokenize(vocab, prompt, false, true);
        const std::string first = tokens.empty() ? "" : common_token_to_piece(vocab, tokens[0], true);
        const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
        if (!first.empty() && is_space(first[0]) && !is_space(prompt[0])) {
            tokens.erase(tokens.begin());
        }
    }
    return tokens;
}

std::vector<llama_tokens> ends_of_thinking(const llama_vocab * vocab, const chat_grammar & described) {
    std::vector<llama_tokens> ends;
    for (const std::string & end : described.thinking_ends) {
        ends.push_back(common_tokenize(vocab, end, false, true));
    }
    return ends;
}

// Whether the template has begun the thinking and left it to the model to end it. A template that writes an empty
// thinking section has used nothing of a budget.
bool begins_in_thinking(
    const llama_vocab * vocab, const std::vector<llama_tokens> & starts, const std::vector<llama_tokens> & ends,
    const std::vector<llama_token> & prefill) {
    const sampler_ptr watch(common_reasoning_budget_init(vocab, starts, ends, {}, INT_MAX));
    for (const llama_token token : prefill) {
        llama_sampler_accept(watch.get(), token);
    }
    return common_reasoning_budget_get_state(watch.get()) == REASONING_BUDGET_COUNTING;
}

void watch_thinking(
    constraint & made, const llama_vocab * vocab, const chat_grammar & described, const std::vector<llama_token> & prefill) {
    const std::vector<llama_tokens> starts = { common_tokenize(vocab, described.thinking_start, false, true) };
    const std::vector<llama_tokens> ends   = ends_of_thinking(vocab, described);
    std::vector<llama_token>        last_words;
    if (described.has_budget) {
        // The message comes from the client, so no special tokens are parsed in it.
        last_words = common_tokenize(vocab, described.budget_message, false, false);
        last_words.insert(last_words.end(), ends.at(0).begin(), ends.at(0).end());
        require(!last_words.empty(), "the end of the thinking has no tokens");
    }
    made.watch_thinking(
        sampler_ptr(common_reasoning_budget_init(
            vocab, starts, ends, last_words, described.has_budget ? described.budget : INT_MAX,
            begins_in_thinking(vocab, starts, ends, prefill) ? REASONING_BUDGET_COUNTING : REASONING_BUDGET_IDLE)),
        described.lazy, last_words);
}

std::unique_ptr<constraint> make(
    const llama_vocab * vocab, const panallama_vocab_index * index, const chat_grammar & described) {
    std::vector<std::string> words;
    std::vector<std::string> patterns;
    bool                     only_words = true;
    for (const common_grammar_trigger & trigger : described.triggers) {
        const bool word = trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD;
        require(word || trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN, "the type of a trigger is unknown");
        only_words &= word;
        patterns.push_back(word ? regex_escape(trigger.value) : trigger.value);
        words.push_back(trigger.value);
    }
    grammar_triggers triggers;
    for (const std::string & pattern : patterns) {
        triggers.patterns.push_back(pattern.c_str());
    }
    std::unique_ptr<constraint> made;
    if (described.grammar.empty()) {
        require(described.has_budget, "there is neither a grammar nor a reasoning budget");
        made = std::make_unique<constraint>(vocab, nullptr, nullptr);
    } else {
        made = compiled_grammar(vocab, index, described.grammar.c_str(), "root", described.lazy ? &triggers : nullptr);
        made->refuse(tokens_without_text(vocab, described));
    }
    if (described.lazy && only_words) {
        made->wait_for(words);
    }
    const bool has_tags = !described.thinking_start.empty() && !described.thinking_ends.empty();
    require(has_tags || !described.has_budget, "a reasoning budget needs the thinking tags of the template");
    const std::vector<llama_token> prefill = prefilled(vocab, described.generation_prompt);
    if (has_tags && (described.lazy || described.has_budget)) {
        watch_thinking(*made, vocab, described, prefill);
    }
    if (!described.lazy && !described.grammar.empty()) {
        made->prefill_grammar(prefill);
    }
    return made;
}

}  // namespace
}  // namespace panallama

extern "C" int32_t panallama_sampler_constraint(
    const struct llama_vocab * vocab, const struct panallama_vocab_index * index, const char * description,
    struct llama_sampler ** out, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        require(vocab != nullptr && llama_vocab_type(vocab) != LLAMA_VOCAB_TYPE_NONE, "the model has no tokenizer");
        require(description != nullptr, "there is no description of the grammar");
        on_large_stack(k_parser_stack_bytes, [&] {
            const chat_grammar described = read(description);
            refusing("", [&] { *out = gate_sampler(make(vocab, index, described)); });
        });
        return PANALLAMA_OK;
    });
}
