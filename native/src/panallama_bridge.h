// The C face of what llama.cpp offers only in C++, and of every llama.cpp call that may throw.
//
// Rules of this file:
//   - plain C with fixed-width types; the comment of each function says who frees what;
//   - no C++ exception leaves a function: it becomes a status and, if there is an `error` argument, a text;
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

// Incremented with every incompatible change of this header. The Java side accepts only its own value.
#define PANALLAMA_BRIDGE_VERSION 6

enum panallama_status {
    PANALLAMA_OK        = 0,
    PANALLAMA_INVALID   = 1, // the caller's input was refused; the text says why
    PANALLAMA_FAILED    = 2, // llama.cpp threw; the text is its message
    PANALLAMA_NO_MEMORY = 3, // std::bad_alloc
    PANALLAMA_LATER     = 4, // of a sample only: it needs more work than fits into a step
    PANALLAMA_TOO_MUCH  = 5, // a grammar needs more time or memory for a token than it may have
};

PANALLAMA_API int32_t panallama_bridge_version(void);

// The llama.cpp version whose headers the bridge was compiled against, such as "0.5.0". Static.
PANALLAMA_API const char * panallama_llama_version(void);

PANALLAMA_API void panallama_text_free(char * text);

// ---- struct layouts -------------------------------------------------------------------------------------------------

// A row of the table of struct layouts as this compiler chose them. A row with an empty field name gives the size of the
// struct, every other row describes a field. The strings are static.
struct panallama_layout {
    const char * struct_name;
    const char * field_name;
    uint64_t     offset; // bytes; 0 in the row of the whole struct
    uint64_t     size;   // bytes
};

// The layout of every struct that crosses the border, by value or in Java-owned memory. Static; `*count` rows.
PANALLAMA_API const struct panallama_layout * panallama_layouts(int32_t * count);

// ---- the process ----------------------------------------------------------------------------------------------------
//
// llama.cpp's log and backends exist once per process, but the bindings once per class loader that loads them.

// Adds a callback for llama.cpp's log. It is called on the thread that logs, with NULL for user data, as are the callbacks
// that were added before. A callback cannot be removed, because other threads may be inside it. Use this instead of llama_log_set,
// which would take the log away from the other callbacks and from panallama_quantize.
PANALLAMA_API int32_t panallama_log_add(ggml_log_callback callback, char ** error);

// ggml_backend_load_all_from_path and llama_backend_init. Only the first call loads backends. PANALLAMA_FAILED when no CPU
// backend of the folder works on this machine.
PANALLAMA_API int32_t panallama_backends_load(const char * folder, char ** error);

// How many chat templates and parsers exist. For tests.
PANALLAMA_API int64_t panallama_live_objects(void);

// ---- cancelling -----------------------------------------------------------------------------------------------------

// From now on, what this thread has the bridge do ends early once `*flag`, an int32_t that any thread may set, is not zero:
// rendering, tokenizing, and compiling grammars, with PANALLAMA_FAILED and within milliseconds. The flag has to live until
// another one takes its place, or NULL, with which nothing ends.
PANALLAMA_API void panallama_cancel_by(const void * flag);

// ---- decoding -------------------------------------------------------------------------------------------------------

// A ggml_abort_callback: `flag` points to an int32_t that any thread may set; non-zero asks to abort.
PANALLAMA_API bool panallama_abort_requested(void * flag);

// What panallama_decode returns when llama_decode threw; outside llama.cpp's own codes.
#define PANALLAMA_DECODE_THREW (-1000)

// llama_decode with the batch by address; its codes, or PANALLAMA_DECODE_THREW with `*error` set. More tokens than
// n_batch, or a batch without exactly one of tokens and embeddings, would end the process and throws instead. Not checked
// here: a context with non-causal attention needs n_tokens <= n_ubatch.
PANALLAMA_API int32_t panallama_decode(struct llama_context * ctx, const struct llama_batch * batch, char ** error);

// ---- sampling -------------------------------------------------------------------------------------------------------

// The tokens that a chain has left to choose from, in the caller's memory, which may be changed before the choice.
struct panallama_candidates {
    int32_t       capacity;     // elements of `tokens`, `logits` and `logprobs`; at least 1
    int32_t       count;        // the number of tokens
    llama_token * tokens;       // the likeliest first
    float *       logits;       // as the chain left them; negative infinity forbids a token; no NaN or positive infinity
    float *       logprobs;     // of the raw logits, as in panallama_sample; this and the next three only if n_top is above 0
    int32_t       n_top_filled;
    llama_token * top_tokens;   // n_top elements
    float *       top_logprobs; // likewise
};

// A sample that needs more work than fits into a step, with a copy of its logits.
struct panallama_deferred;

// One sequence of a step. Chain, output_index, n_top, shortlist, candidates and deferred are read, the others written.
struct panallama_sample {
    struct llama_sampler * chain;        // a chain that ends in a selecting sampler; used by one sample only
    int32_t                output_index; // index in the batch of the token whose logits are sampled
    // How many of the likeliest tokens to report; 0 = no log-probabilities. If negative, that many of those that the chain
    // has left with a probability above 0, with their log-probabilities after the chain.
    int32_t                n_top;
    // How many of the likeliest tokens the chain needs to see; 0 = all of them. It is k for a chain that starts with top-k
    // and 1 for greedy. Before those there may be stages that keep the order of the logits (temperature) and stages that
    // lower the logits of up to m tokens and raise none (penalties, logit bias); m is to be added for each of these. The
    // chain then chooses as if it saw all tokens, equal logits included.
    int32_t                shortlist;
    int32_t                status;       // enum panallama_status
    int32_t                token;        // the sampled token, already accepted by the chain; -1 unless status is OK
    float                  logprob;      // of `token`, natural, under the softmax of the raw logits; NAN if n_top is 0
    int32_t                n_top_filled; // min(n_top, vocabulary size); at most -n_top if that is negative
    llama_token *          top_tokens;   // n_top elements of the caller's memory, likeliest first
    float *                top_logprobs; // likewise, natural
    // NULL to sample at once. Otherwise the first call runs all of the chain but its last member, writes the likeliest of
    // what is left to the candidates, with the log-probabilities if there are any, and leaves `token` at -1. A second call
    // with a negative output_index lets the last member choose; it needs no logits.
    struct panallama_candidates * candidates;
    // NULL for a new sample. When the status becomes LATER, because matching the grammar takes more than about a
    // millisecond, this becomes the sample's work, which the caller runs by panallama_deferred_run and frees by
    // panallama_deferred_free; its chain has accepted nothing and must not be used until then. A later call with the work
    // here takes the result over: token, logprob, top tokens and status. It needs no logits.
    struct panallama_deferred * deferred;
};

// The threads of a ggml thread pool, for taking samples.
struct panallama_sampling_pool;

// Borrows `threads`, a pool of at least `n_threads` that ggml's CPU backend made and that outlives this one.
// PANALLAMA_FAILED when there is no such backend. Free with panallama_sampling_pool_free.
PANALLAMA_API int32_t panallama_sampling_pool_new(
    struct ggml_threadpool * threads, int32_t n_threads, struct panallama_sampling_pool ** out, char ** error);

// NULL is allowed. The borrowed threads keep running.
PANALLAMA_API void panallama_sampling_pool_free(struct panallama_sampling_pool * pool);

// Takes every sample, isolated from the failures of the others, and returns how many failed, which those for later have not.
// The message of the first failure, in the order of the elements, goes to `*error`. PANALLAMA_INVALID when the grammar, the
// bans or the values of the samplers leave no token to choose from. This, a chain that selects nothing, and logits with NaN
// or infinity end the process in llama_sampler_sample; here the chain has not accepted anything then and remains usable.
// Tokens sampled on the backend (llama_set_sampler) are ignored.
//
// This thread takes the samples, with the others of `pool` where that pays; NULL for this thread alone. The results are the
// same. One thread at a time per context, although the call only reads: the first access to the logits of a step reorders
// them. The threads of the pool must not be computing a graph.
PANALLAMA_API int32_t panallama_sample(
    struct llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, struct panallama_sampling_pool * pool,
    char ** error);

// The natural log-probabilities of tokens that follow in a prompt, under the softmax of the raw logits: of `tokens[i]` by the
// logits at the batch index `output_index` + i, and the `n_top` likeliest tokens there, likeliest first, at i * n_top. The
// arrays are the caller's: n_rows elements, n_rows * n_top for the likeliest ones, which may be NULL if n_top is 0.
// Threads and pool as for panallama_sample; the results do not depend on them, and are those of a sample of the same row.
PANALLAMA_API int32_t panallama_prompt_logprobs(
    struct llama_context * ctx, int32_t output_index, int32_t n_rows, const llama_token * tokens, int32_t n_top,
    float * logprobs, llama_token * top_tokens, float * top_logprobs, struct panallama_sampling_pool * pool, char ** error);

// Does the work of a deferred sample on this thread, whose priority it lowers to the least, for `limit_ns` nanoseconds at
// most. Touches the sample's chain and candidates, but neither the context nor other memory of the caller. Whatever it comes
// to is told when a sample takes the result over. Once only.
PANALLAMA_API void panallama_deferred_run(struct panallama_deferred * deferred, int64_t limit_ns);

// Asks the work to end, from any thread, while it runs or before. It ends within a millisecond of computing.
PANALLAMA_API void panallama_deferred_cancel(struct panallama_deferred * deferred);

// NULL is allowed. Not while the work runs.
PANALLAMA_API void panallama_deferred_free(struct panallama_deferred * deferred);

// How much work on grammars this thread has done, in units of some 5 ns. For tests.
PANALLAMA_API int64_t panallama_effort_spent(void);

// An index of the tokens of a vocabulary that begin with others, with which a grammar needs to look at only a few of them.
// Made once per model (some 50 ms for 128,000 tokens); must outlive the samplers that use it.
struct panallama_vocab_index;

// Free with panallama_vocab_index_free.
PANALLAMA_API int32_t panallama_vocab_index_new(
    const struct llama_vocab * vocab, struct panallama_vocab_index ** out, char ** error);

// NULL is allowed.
PANALLAMA_API void panallama_vocab_index_free(struct panallama_vocab_index * index);

// llama.cpp's samplers allocate when they are made, chained and shown tokens, and so may throw. These are the functions
// llama_sampler_init_* of the same names and parameters, inside the guard. PANALLAMA_INVALID when llama.cpp refuses the
// arguments. The caller owns `*out` until it is added to a chain and frees it with llama_sampler_free.
PANALLAMA_API int32_t panallama_sampler_greedy(struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_dist(uint32_t seed, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_mirostat(
    int32_t n_vocab, uint32_t seed, float tau, float eta, int32_t m, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_mirostat_v2(
    uint32_t seed, float tau, float eta, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_adaptive_p(
    float target, float decay, uint32_t seed, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_top_k(int32_t k, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_top_p(float p, size_t min_keep, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_min_p(float p, size_t min_keep, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_typical(float p, size_t min_keep, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_temp(float t, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_temp_ext(
    float t, float delta, float exponent, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_xtc(
    float probability, float threshold, size_t min_keep, uint32_t seed, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_top_n_sigma(float n, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_penalties(
    int32_t n_vocab, int32_t last_n, float repeat, float frequency, float presence,
    struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_dry(
    const struct llama_vocab * vocab, float multiplier, float base, int32_t allowed_length, int32_t last_n,
    const char ** breakers, size_t n_breakers, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_logit_bias(
    int32_t n_vocab, int32_t n_biases, const llama_logit_bias * biases, struct llama_sampler ** out, char ** error);
PANALLAMA_API int32_t panallama_sampler_infill(const struct llama_vocab * vocab, struct llama_sampler ** out, char ** error);

// An empty chain that takes no timings. Free with llama_sampler_free.
PANALLAMA_API int32_t panallama_sampler_chain_new(struct llama_sampler ** out, char ** error);

// Hands `member` over to the chain; a failure frees it.
PANALLAMA_API int32_t panallama_sampler_chain_add(
    struct llama_sampler * chain, struct llama_sampler * member, char ** error);

// llama_sampler_accept for each of the tokens, in order.
PANALLAMA_API int32_t panallama_sampler_accept(
    struct llama_sampler * sampler, const llama_token * tokens, int32_t n_tokens, char ** error);

// Puts a new chain into the state of one that has chosen these tokens: every member accepts them, and the members with
// random numbers draw as they did for each. Exact for dist and xtc, as long as no gate refused a token that was drawn;
// mirostat and adaptive-p also depend on the logits of the time, which nobody has kept.
PANALLAMA_API int32_t panallama_sampler_replay(
    struct llama_sampler * chain, const llama_token * tokens, int32_t n_tokens, char ** error);

// llama_sampler_init_grammar, for the front of a chain: the other members choose a token, and only if the grammar refuses it
// do they choose again among the allowed ones. `index` may be NULL. PANALLAMA_INVALID with a text when the grammar does not
// compile, is empty (llama.cpp would constrain nothing), is larger than 1 MiB, nests groups deeper than 1000, repeats more
// than 4 MiB of text, or has so many alternatives at the beginning that they need more than 64 MiB.
PANALLAMA_API int32_t panallama_sampler_grammar(
    const struct llama_vocab * vocab, const struct panallama_vocab_index * index, const char * grammar, const char * root,
    struct llama_sampler ** out, char ** error);

// The same for llama_sampler_init_grammar_lazy_patterns, with at least one trigger. Until a pattern matches, every accepted
// token searches the whole text with std::regex, on a stack that is large enough: a pattern that starts with [\s\S]*? and no
// ^ takes minutes after 3000 characters. The cost of a pattern that starts with literal text is negligible.
PANALLAMA_API int32_t panallama_sampler_grammar_lazy(
    const struct llama_vocab * vocab, const struct panallama_vocab_index * index, const char * grammar, const char * root,
    const char ** trigger_patterns, size_t n_trigger_patterns,
    const llama_token * trigger_tokens, size_t n_trigger_tokens,
    struct llama_sampler ** out, char ** error);

// A grammar for the front of a chain, from the "constraint" of panallama_chat_template_apply: with its triggers, inactive
// while the model thinks, and without control tokens that the output would not show. PANALLAMA_INVALID as for
// panallama_sampler_grammar, and when the answer that a message begins ("continue_final_message") does not fit the grammar.
//
// The description may have "budget": {"tokens": n, "message": text}. After n consecutive tokens of thinking, the message and
// the end of the thinking are forced, whatever the chain would choose. An empty "grammar" allows everything, for a budget
// alone; the three fields about the thinking are then in "thinking" of the template's result.
PANALLAMA_API int32_t panallama_sampler_constraint(
    const struct llama_vocab * vocab, const struct panallama_vocab_index * index, const char * description,
    struct llama_sampler ** out, char ** error);

// For the front of a chain, before or after a grammar: keeps these texts out of the output, however they are tokenized.
// Compares bytes; control tokens have no text.
PANALLAMA_API int32_t panallama_sampler_banned_texts(
    const struct llama_vocab * vocab, const char ** texts, int32_t n_texts, struct llama_sampler ** out, char ** error);

// Forbids the tokens of `ends` until `min_tokens` tokens have been accepted, unless no other token is left. Counts as a
// stage that lowers n_ends logits.
PANALLAMA_API int32_t panallama_sampler_min_tokens(
    int32_t min_tokens, const llama_token * ends, int32_t n_ends, struct llama_sampler ** out, char ** error);

// ---- tokens ---------------------------------------------------------------------------------------------------------

// llama_tokenize. `text` is UTF-8 of `length` bytes, any bytes allowed, invalid ones become U+FFFD. It runs on a stack as
// large as the text can need. PANALLAMA_INVALID for what would end the process: more than 2 MiB in one line (vocabularies
// of type BPE only), adjacent white space under the pre-tokenizer "whitespace", `add_special` where the model asks for
// tokens that it does not define. `*count` becomes the number of tokens; when it
// is larger than `capacity` nothing was written and the call is to be repeated with more room. Thread-safe.
PANALLAMA_API int32_t panallama_tokenize(
    const struct llama_vocab * vocab, const char * text, int32_t length, bool add_special, bool parse_special,
    llama_token * tokens, int32_t capacity, int32_t * count, char ** error);

// Tokenizes a prompt with special tokens, except for the ranges that panallama_chat_template_apply marked as plain text.
// `literals` has n_literals pairs of byte offsets, [begin, end), in order. BOS and EOS are added where the model asks for
// them. Otherwise like panallama_tokenize.
PANALLAMA_API int32_t panallama_tokenize_prompt(
    const struct llama_vocab * vocab, const char * text, int32_t length, const int32_t * literals, int32_t n_literals,
    llama_token * tokens, int32_t capacity, int32_t * count, char ** error);

// llama_detokenize, with the same protocol for `*count` (bytes). The second call may give fewer bytes than the first one
// said. PANALLAMA_INVALID when an id is not in the vocabulary. Thread-safe.
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
// and `source` is NULL (no silent default), when it does not parse, fails on a plain conversation, is larger than 256 KiB
// or nests brackets deeper than 500. The text "chatml" stands for llama.cpp's built-in ChatML template. Free with
// panallama_chat_template_free. A template is a program, which llama.cpp runs several times to find out what it can: here
// and in panallama_chat_template_apply, PANALLAMA_INVALID too when that exceeds a limit on work, memory, output or nesting,
// which the error names (template_budget.h).
PANALLAMA_API int32_t panallama_chat_template_new(
    const struct llama_model * model, const char * source, struct panallama_chat_template ** out, char ** error);

PANALLAMA_API void panallama_chat_template_free(struct panallama_chat_template * chat_template);

// Renders a conversation as llama-server does. `request` is a JSON object with "messages" (OpenAI's form, required) and,
// each of them optional:
//   "tools", "tool_choice" ("auto", "none", "required"), "parallel_tool_calls" (default: whether the template can);
//   "grammar_tools": "tools" as the grammar and the parser have them, where the prompt has them in other words;
//   "json_schema", of the whole answer;
//   "reasoning_format" ("none", "auto", "deepseek", "deepseek-legacy"; default none), "enable_thinking" (default: whether
//   the template has a switch for it), "chat_template_kwargs" (an object of further variables; "preserve_reasoning" is true
//   unless it says otherwise);
//   "add_generation_prompt" (default true), "continue_final_message" (true, "content", "reasoning_content"), which
//   exclude each other.
// Any other field is refused. `*result` is a JSON object, freed with panallama_text_free:
//   "prompt";
//   "marks", two texts, if a message contains the text of a special token: the prompt has that text between these two marks,
//   which the caller removes (see panallama_tokenize_prompt). A mark without its partner means nothing;
//   "stops" and "preserved_tokens", arrays of texts: those that end the answer, and control tokens that belong to its text;
//   "parser", for panallama_chat_parser_new; if it is missing, the answer's text is its content;
//   "constraint", for panallama_sampler_constraint, if the answer has to follow a grammar;
//   "thinking", if the template has tags for it: "thinking_start", "thinking_ends" and "generation_prompt";
//   "supports_thinking".
//
// One thread at a time per template. The prompt is to be tokenized with add_special and parse_special: when the model
// wants BOS or EOS added, the one that the template wrote itself has been cut off, so neither is doubled or missing.
PANALLAMA_API int32_t panallama_chat_template_apply(
    const struct panallama_chat_template * chat_template, const char * request, char ** result, char ** error);

// ---- what the model answers -----------------------------------------------------------------------------------------

// Parses the text of one answer while it is generated.
struct panallama_chat_parser;

// `description` is the "parser" of panallama_chat_template_apply. Free with panallama_chat_parser_free.
PANALLAMA_API int32_t panallama_chat_parser_new(
    const char * description, struct panallama_chat_parser ** out, char ** error);

// Takes the next bytes of the answer. `*deltas` is a JSON array of what they added, in order, or NULL if they added nothing:
// {"reasoning": text}, {"content": text}, {"index": n, "id": text, "name": text} where a tool call begins, {"index": n,
// "arguments": text} as it goes on. With `is_final` the answer has to be complete. PANALLAMA_FAILED when the text is not
// of the format; apart from the text the parser is unchanged and may be called again, also without `is_final`.
// PANALLAMA_INVALID when brackets nest deeper than 10000. Each call parses the whole answer again. One thread at a time.
PANALLAMA_API int32_t panallama_chat_parser_update(
    struct panallama_chat_parser * parser, const char * text, int32_t length, bool is_final, char ** deltas, char ** error);

// NULL is allowed.
PANALLAMA_API void panallama_chat_parser_free(struct panallama_chat_parser * parser);

// A JSON schema of at most 1 MiB as a GBNF grammar whose root is "root", freed with panallama_text_free.
// PANALLAMA_INVALID with the location of the error, as in "at #/properties/age: minimum must be a number". llama.cpp does
// not support everything that a schema can say; a caller who must be sure checks first. Time grows with the third power of
// the number of optional properties of an object and exponentially with the depth of "type" arrays: a caller bounds both.
// Thread-safe.
PANALLAMA_API int32_t panallama_schema_grammar(const char * schema, char ** grammar, char ** error);

// ---- memory ---------------------------------------------------------------------------------------------------------

// The memory that one device would hold, in bytes. The last element of a result is the host.
struct panallama_device_memory {
    char     name[64]; // as ggml names it, such as "CUDA0"; "host" for the last
    uint64_t total;    // 0 when the device does not say
    uint64_t free;     // now
    uint64_t model;    // weights
    uint64_t context;  // KV cache and recurrent state
    uint64_t compute;  // buffers of the graphs
};

// Estimates the memory of a model and a context with these parameters without allocating it: reads the model's metadata and
// plans its graphs. `*count` becomes the number of elements; nothing is written when it is larger than `capacity`.
// PANALLAMA_FAILED when the model does not load or the context cannot be planned; the log says why. The model's weights
// count as model memory also where they would be mapped from the file. Takes time and host memory in proportion to n_ctx
// (0.2 s for a million), so a caller bounds that first.
PANALLAMA_API int32_t panallama_memory_estimate(
    const char * path, const struct llama_model_params * model_params, const struct llama_context_params * context_params,
    struct panallama_device_memory * devices, int32_t capacity, int32_t * count, char ** error);

// ---- quantisation ---------------------------------------------------------------------------------------------------

// Called before each tensor on the calling thread. `index` counts from 0. Returning false stops the work. Must not throw.
typedef bool (*panallama_quantize_progress)(void * data, int32_t index, int32_t count, const char * tensor);

struct panallama_quantize_report {
    uint64_t size;       // bytes of all tensors afterwards, to a hundredth of a MiB: llama.cpp only logs it
    int32_t  n_tensors;  // 0 in a dry run of a file without tensors
    int32_t  n_fallback; // tensors whose rows did not fit the blocks of the type they should have got
};

// llama_model_quantize on this thread and `params->nthread` others, 1 to 512. PANALLAMA_FAILED with llama.cpp's message
// when it refuses, and when `progress` stopped it; `output` is unusable then. PANALLAMA_NO_MEMORY when that many threads
// cannot be started, which would end the process later. Needs panallama_log_add. What llama.cpp
// asserts is not checked here: the types, row lengths and values of the tensors, and the importance matrix.
PANALLAMA_API int32_t panallama_quantize(
    const char * input, const char * output, const struct llama_model_quantize_params * params,
    panallama_quantize_progress progress, void * data, struct panallama_quantize_report * report, char ** error);

#ifdef __cplusplus
}
#endif

#endif
