#include "guard.h"

extern "C" {

int32_t panallama_bridge_version(void) {
    return PANALLAMA_BRIDGE_VERSION;
}

const char * panallama_llama_version(void) {
    return PANALLAMA_LLAMA_VERSION;
}

void panallama_text_free(char * text) {
    std::free(text);
}

bool panallama_abort_requested(void * flag) {
    // Relaxed is enough: the flag carries no other data, and a poll that misses it is followed by the next one.
    return __atomic_load_n(static_cast<const int32_t *>(flag), __ATOMIC_RELAXED) != 0;
}

int32_t panallama_decode(struct llama_context * ctx, const struct llama_batch * batch, char ** error) {
    int32_t       code   = 0;
    const int32_t status = panallama::guarded(error, [&] {
        // llama_decode ends the process on these instead of answering -1.
        panallama::require((batch->token == nullptr) != (batch->embd == nullptr),
                           "the batch needs either tokens or embeddings");
        if (batch->n_tokens > 0 && static_cast<uint32_t>(batch->n_tokens) > llama_n_batch(ctx)) {
            throw panallama::invalid_input("the batch has " + std::to_string(batch->n_tokens) +
                                           " tokens, more than n_batch, " + std::to_string(llama_n_batch(ctx)));
        }
        code = llama_decode(ctx, *batch);
        return PANALLAMA_OK;
    });
    return status == PANALLAMA_OK ? code : PANALLAMA_DECODE_THREW;
}

}  // extern "C"
