#include <climits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common.h"
#include "constraint.h"
#include "effort.h"
#include "grammar.h"
#include "guard.h"
#include "json.h"
#include "json_bounds.h"
#include "large_stack.h"
#include "literals.h"
#include "reasoning-budget.h"
#include "tokens.h"

namespace panallama {
namespace {

// The description as panallama_chat_template_apply wrote it.
struct chat_grammar {
    std::string                         grammar;
    bool                                lazy = false;
    std::vector<common_grammar_trigger> triggers;
    std::vector<std::string>            preserved;
    std::string                         generation_prompt; // what the prompt has of the answer already
    bool                                continues = false; // it ends with the beginning of an answer, from the client
    std::string                         marked_prompt;     // with marks around what only reads like special tokens
    std::string                         open;
    std::string                         close;
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
        read.marked_prompt     = read.generation_prompt;
        if (json.contains("marked_prompt")) {
            read.marked_prompt = json.at("marked_prompt").get<std::string>();
            read.open          = json.at("marks").at(0).get<std::string>();
            read.close         = json.at("marks").at(1).get<std::string>();
        }
        if (json.contains("continues")) {
            read.continues = json.at("continues").get<bool>();
        }
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
    constraint & made, const llama_vocab * vocab, const chat_grammar & described) {
    const std::vector<llama_token>  prefill =
        tokens_of(vocab, described.marked_prompt, described.open, described.close);
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
    grammar_triggers triggers;
    for (const common_grammar_trigger & trigger : described.triggers) {
        const bool word = trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_WORD;
        require(word || trigger.type == COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN, "the type of a trigger is unknown");
        if (word) {
            triggers.words.push_back(trigger.value);
        } else {
            triggers.patterns.push_back(compiled_pattern(trigger.value.c_str()));
        }
    }
    require(!described.lazy || !triggers.empty(), "a lazy grammar without a trigger never applies");
    std::unique_ptr<constraint> made;
    if (described.grammar.empty()) {
        require(described.has_budget, "there is neither a grammar nor a reasoning budget");
        made = std::make_unique<constraint>(vocab, nullptr, nullptr);
    } else {
        made = compiled_grammar(vocab, index, described.grammar.c_str(), "root");
        made->refuse(tokens_without_text(vocab, described));
        if (described.lazy) {
            made->wait_for(std::move(triggers));
        }
    }
    const bool has_tags = !described.thinking_start.empty() && !described.thinking_ends.empty();
    require(has_tags || !described.has_budget, "a reasoning budget needs the thinking tags of the template");
    if (has_tags && (described.lazy || described.has_budget)) {
        watch_thinking(*made, vocab, described);
    }
    if (!described.lazy && !described.grammar.empty()) {
        const effort limit(k_start_limit, nullptr);
        require(made->prefill_grammar(described.generation_prompt),
                described.continues ? "the answer that the last message begins does not fit the format"
                                    : "the chat template begins the answer with a text that does not fit its format");
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
