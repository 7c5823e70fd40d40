// The C face of what llama.cpp offers only in C++, and of every llama.cpp call that may throw.
//
// Rules of this file:
//   - plain C, fixed-width types, no ownership by convention only: who frees what is said at each function;
//   - no C++ exception leaves a function: it becomes a status and, where there is an `error` argument, a text;
//   - `*error` is set to NULL on success and otherwise to a text that the caller frees with panallama_text_free.
#ifndef PANALLAMA_BRIDGE_H
#define PANALLAMA_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llama.h"

#ifdef _WIN32
#    define PANALLAMA_API __declspec(dllexport)
#else
#    define PANALLAMA_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Grows with every incompatible change of this header. The Java side refuses any other value.
#define PANALLAMA_BRIDGE_VERSION 1

enum panallama_status {
    PANALLAMA_OK        = 0,
    PANALLAMA_INVALID   = 1, // the caller's input was refused; the text says why
    PANALLAMA_FAILED    = 2, // llama.cpp threw; the text is its message
    PANALLAMA_NO_MEMORY = 3, // std::bad_alloc
};

PANALLAMA_API int32_t panallama_bridge_version(void);

// The llama.cpp version whose headers the bridge was compiled against, such as "0.5.0". Static.
PANALLAMA_API const char * panallama_llama_version(void);

PANALLAMA_API void panallama_text_free(char * text);

// ---- struct layouts -------------------------------------------------------------------------------------------------

// One row of the table of layouts as this compiler laid them out. A row with an empty field name gives the size of the
// whole struct; every other row one field. The strings are static.
struct panallama_layout {
    const char * struct_name;
    const char * field_name;
    uint64_t     offset; // bytes; 0 in the row of the whole struct
    uint64_t     size;   // bytes
};

// Every struct that crosses the border, by value or through Java-owned memory. Static; `*count` rows.
PANALLAMA_API const struct panallama_layout * panallama_layouts(int32_t * count);

// ---- decoding -------------------------------------------------------------------------------------------------------

// A ggml_abort_callback: `flag` points to an int32_t that any thread may set; non-zero asks to abort.
PANALLAMA_API bool panallama_abort_requested(void * flag);

// What panallama_decode returns when llama_decode threw; outside llama.cpp's own codes.
#define PANALLAMA_DECODE_THREW (-1000)

// llama_decode with the batch by address; its codes, or PANALLAMA_DECODE_THREW with `*error` set.
PANALLAMA_API int32_t panallama_decode(struct llama_context * ctx, const struct llama_batch * batch, char ** error);

// ---- sampling -------------------------------------------------------------------------------------------------------

// One sequence of a step. The first three fields are read, the others written.
struct panallama_sample {
    struct llama_sampler * chain;        // a chain that ends in a selecting sampler
    int32_t                output_index; // index in the batch of the token whose logits are meant
    int32_t                n_top;        // how many of the likeliest tokens to report; 0 = no log-probabilities at all
    int32_t                status;       // enum panallama_status
    int32_t                token;        // the sampled token, already accepted by the chain; -1 unless status is OK
    float                  logprob;      // of `token`, natural, under the softmax of the raw logits; NAN if n_top is 0
    int32_t                n_top_filled; // min(n_top, vocabulary size)
    llama_token *          top_tokens;   // n_top elements of the caller's memory, likeliest first
    float *                top_logprobs; // likewise, natural
};

// Samples every element in order, each one isolated from the failures of the others. The message of the first failure
// goes to `*error`. Returns how many failed.
PANALLAMA_API int32_t panallama_sample(
    struct llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, char ** error);

// llama_sampler_init_grammar; PANALLAMA_INVALID with a text when the grammar does not compile.
PANALLAMA_API int32_t panallama_sampler_grammar(
    const struct llama_vocab * vocab, const char * grammar, const char * root, struct llama_sampler ** out, char ** error);

// llama_sampler_init_grammar_lazy_patterns likewise.
PANALLAMA_API int32_t panallama_sampler_grammar_lazy(
    const struct llama_vocab * vocab, const char * grammar, const char * root,
    const char ** trigger_patterns, size_t n_trigger_patterns,
    const llama_token * trigger_tokens, size_t n_trigger_tokens,
    struct llama_sampler ** out, char ** error);

// ---- tokens ---------------------------------------------------------------------------------------------------------

// llama_tokenize. `text` is UTF-8 of `length` bytes, any bytes allowed. `*count` becomes the number of tokens; when it
// is larger than `capacity` nothing was written and the call is to be repeated with more room. Thread-safe.
PANALLAMA_API int32_t panallama_tokenize(
    const struct llama_vocab * vocab, const char * text, int32_t length, bool add_special, bool parse_special,
    llama_token * tokens, int32_t capacity, int32_t * count, char ** error);

// llama_detokenize, with the same protocol for `*count` (bytes). Thread-safe.
PANALLAMA_API int32_t panallama_detokenize(
    const struct llama_vocab * vocab, const llama_token * tokens, int32_t n_tokens, bool remove_special, bool unparse_special,
    char * text, int32_t capacity, int32_t * count, char ** error);

// The bytes of every token of the vocabulary, one after the other, as llama_token_to_piece(special = true) gives them.
// `offsets` has n_tokens + 1 elements: token i is bytes offsets[i] to offsets[i + 1]. With `text` NULL only the offsets
// are filled, so that the caller can size its buffer. Thread-safe.
PANALLAMA_API int32_t panallama_pieces(
    const struct llama_vocab * vocab, int32_t n_tokens, int64_t * offsets, char * text, int64_t capacity, char ** error);

// ---- chat templates -------------------------------------------------------------------------------------------------

struct panallama_chat_template;

// Compiles the model's own Jinja template, or `source` when it is not NULL. PANALLAMA_INVALID when the model has none
// and `source` is NULL (no silent default), or when it does not parse. Free with panallama_chat_template_free.
PANALLAMA_API int32_t panallama_chat_template_new(
    const struct llama_model * model, const char * source, struct panallama_chat_template ** out, char ** error);

PANALLAMA_API void panallama_chat_template_free(struct panallama_chat_template * chat_template);

// Renders a conversation. `request` is a JSON object: "messages" (OpenAI form, required), "add_generation_prompt"
// (default true). `*result` is a JSON object: "prompt" (text to be tokenized with parse_special), "stops" (array of
// texts). It is freed with panallama_text_free. One thread at a time per template.
PANALLAMA_API int32_t panallama_chat_template_apply(
    const struct panallama_chat_template * chat_template, const char * request, char ** result, char ** error);

#ifdef __cplusplus
}
#endif

#endif
