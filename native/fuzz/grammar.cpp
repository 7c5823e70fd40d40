// A grammar, and a walk along the first tokens that it allows.
#include <cstdint>

#include "models.h"

static const int STEPS = 8;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    std::string grammar(reinterpret_cast<const char *>(data), size);
    const llama_vocab * vocab = llama_model_get_vocab(fuzz::demo());
    static panallama_vocab_index * index = [vocab] {
        panallama_vocab_index * made = nullptr;
        char * error                 = nullptr;
        if (!fuzz::succeeded(panallama_vocab_index_new(vocab, &made, &error), error)) {
            std::exit(2);
        }
        return made;
    }();
    llama_sampler * member = nullptr;
    char * error           = nullptr;
    if (!fuzz::succeeded(panallama_sampler_grammar(vocab, index, grammar.c_str(), "root", &member, &error), error)) {
        return 0;
    }
    llama_sampler * chain = nullptr;
    error                 = nullptr;
    if (!fuzz::succeeded(panallama_sampler_chain_new(&chain, &error), error)) {
        std::abort();
    }
    error = nullptr;
    if (!fuzz::succeeded(panallama_sampler_chain_add(chain, member, &error), error)) {
        std::abort();
    }
    // The tokens of a short text of JSON and letters, each tried whether it is allowed or not.
    static const char TEXT[] = "{\"a\": [1, true]} abc";
    llama_token tokens[64];
    int32_t count = 0;
    error         = nullptr;
    if (!fuzz::succeeded(
            panallama_tokenize(vocab, TEXT, sizeof TEXT - 1, false, false, tokens, 64, &count, &error), error)) {
        std::abort();
    }
    for (int step = 0; step < STEPS && step < count; step++) {
        error = nullptr;
        if (!fuzz::succeeded(panallama_sampler_accept(chain, &tokens[step], 1, &error), error)) {
            break;
        }
    }
    llama_sampler_free(chain);
    return 0;
}
