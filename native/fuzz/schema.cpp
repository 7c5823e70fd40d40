// A JSON schema, and the grammar that becomes of it.
#include <cstdint>

#include "models.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    std::string schema(reinterpret_cast<const char *>(data), size);
    char * grammar = nullptr;
    char * error   = nullptr;
    if (fuzz::succeeded(panallama_schema_grammar(schema.c_str(), &grammar, &error), error)) {
        llama_sampler * sampler = nullptr;
        error                   = nullptr;
        const llama_vocab * vocab = llama_model_get_vocab(fuzz::demo());
        if (fuzz::succeeded(panallama_sampler_grammar(vocab, nullptr, grammar, "root", &sampler, &error), error)) {
            llama_sampler_free(sampler);
        }
        panallama_text_free(grammar);
    }
    return 0;
}
