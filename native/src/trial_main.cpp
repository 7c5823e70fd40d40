// panallama-trial: does once with a model file what an engine will do with it, so that a file on which llama.cpp ends its
// process ends this one. The library starts it before the first use of a file (llm-core, TrialRun.java).
//
//   panallama-trial FOLDER CPU-LIBRARY|- MODEL DEPTH MEMORY SECONDS WEIGHTS [KEY TYPE VALUE]...
//
// FOLDER        the libraries of ggml
// CPU-LIBRARY   the file in FOLDER that ggml has chosen for this processor; "-" lets it choose again
// DEPTH         vocabulary: tokenize only; graphs: also plan the graphs, without the weights; steps: also compute a few
// MEMORY        bytes of address space; 0 sets no limit
// SECONDS       processor time after which the system ends this process; 0 sets no limit
// WEIGHTS       repacked: as this processor likes them best; plain: as they are in the file
// KEY ...       an override of the metadata: TYPE is int, float, bool or text
//
// Writes "stage NAME" to the standard output before each stage, and llama.cpp's warnings and errors to the standard error. Exit
// codes: 0 all done; 1 nothing was tried; 2 llama.cpp refused something with an error, which does not end a process.
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#ifndef _WIN32
#    include <sys/resource.h>
#    include <unistd.h>
#endif

#include "ggml-backend.h"
#include "panallama_bridge.h"

namespace {

constexpr int IMPOSSIBLE = 1;
constexpr int REFUSED    = 2;

constexpr int SEQUENCES = 2;
// Prompts longer than a micro-batch take a different path through memory and graphs than shorter ones.
constexpr int CONTEXT = 256;
constexpr int UBATCH  = 16;
constexpr int PROMPT  = 24;
constexpr int ANSWER  = 4;

// A grammar that has to refuse tokens, ends, and leaves more than one choice.
constexpr const char * GRAMMAR = "root ::= \"{\" [^\"\\\\]* \"}\"";

// What tokenizers treat in special ways: white space, digits, contractions, several scripts, invalid bytes.
constexpr const char * TEXTS[] = {
    "Hello, World! it's 1234567 \t\n\n  x_y(z)[0] = {\"a\": 'b'};",
    "\xC3\x84\xC3\xB6\xC3\x9F \xD0\x9F\xD1\x80\xD0\xB8 \xE4\xBD\xA0\xE5\xA5\xBD \xE3\x81\x82 \xF0\x9F\x99\x82 \xE2\x82\xAC",
    "\x01\x7F\xFF\xFE\xC3(",
};

struct free_model {
    void operator()(llama_model * model) const { llama_model_free(model); }
};

struct free_context {
    void operator()(llama_context * context) const { llama_free(context); }
};

struct free_sampler {
    void operator()(llama_sampler * sampler) const { llama_sampler_free(sampler); }
};

using model_ptr   = std::unique_ptr<llama_model, free_model>;
using context_ptr = std::unique_ptr<llama_context, free_context>;
using sampler_ptr = std::unique_ptr<llama_sampler, free_sampler>;

void stage(const char * name) {
    std::printf("stage %s\n", name);
    std::fflush(stdout);
}

[[noreturn]] void refused(const char * text) {
    std::fprintf(stderr, "%s\n", text == nullptr ? "refused" : text);
    std::exit(REFUSED);
}

void require(int32_t status, char * error) {
    if (status != PANALLAMA_OK) {
        refused(error);
    }
}

void on_log(ggml_log_level level, const char * text, void *) {
    static ggml_log_level last = GGML_LOG_LEVEL_NONE;
    last                       = level == GGML_LOG_LEVEL_CONT ? last : level;
    if (last == GGML_LOG_LEVEL_WARN || last == GGML_LOG_LEVEL_ERROR) {
        std::fputs(text, stderr);
    }
}

void limit(const char * memory, const char * seconds) {
#ifndef _WIN32
    const rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
    const rlim_t bytes = std::strtoull(memory, nullptr, 10);
    if (bytes > 0) {
        const rlimit address_space = { bytes, bytes };
        setrlimit(RLIMIT_AS, &address_space);
    }
    const rlim_t time = std::strtoull(seconds, nullptr, 10);
    if (time > 0) {
        const rlimit processor = { time, time };
        setrlimit(RLIMIT_CPU, &processor);
    }
    // In case the process that waits for this one is gone.
    alarm(static_cast<unsigned>(time > 0 ? 4 * time : 0));
#else
    (void) memory;
    (void) seconds;
#endif
}

std::vector<llama_model_kv_override> overrides(int count, char ** words) {
    std::vector<llama_model_kv_override> all;
    for (int i = 0; i + 2 < count; i += 3) {
        llama_model_kv_override one = {};
        std::strncpy(one.key, words[i], sizeof(one.key) - 1);
        const std::string type = words[i + 1];
        if (type == "int") {
            one.tag     = LLAMA_KV_OVERRIDE_TYPE_INT;
            one.val_i64 = std::strtoll(words[i + 2], nullptr, 10);
        } else if (type == "float") {
            one.tag     = LLAMA_KV_OVERRIDE_TYPE_FLOAT;
            one.val_f64 = std::strtod(words[i + 2], nullptr);
        } else if (type == "bool") {
            one.tag      = LLAMA_KV_OVERRIDE_TYPE_BOOL;
            one.val_bool = std::strcmp(words[i + 2], "true") == 0;
        } else {
            one.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
            std::strncpy(one.val_str, words[i + 2], sizeof(one.val_str) - 1);
        }
        all.push_back(one);
    }
    all.push_back({}); // the end of the list
    return all;
}

llama_context_params context_params() {
    llama_context_params params = llama_context_default_params();
    params.n_ctx                = CONTEXT;
    params.n_batch              = PROMPT;
    params.n_ubatch             = UBATCH;
    params.n_seq_max            = SEQUENCES;
    params.n_outputs_max        = SEQUENCES;
    params.n_threads            = 1;
    params.n_threads_batch      = 1;
    params.kv_unified           = true;
    params.no_perf              = true;
    return params;
}

model_ptr load(const char * path, llama_model_params params) {
    model_ptr model(llama_model_load_from_file(path, params));
    if (!model) {
        refused("the model does not load");
    }
    return model;
}

context_ptr new_context(llama_model * model) {
    context_ptr context(llama_init_from_model(model, context_params()));
    if (!context) {
        refused("a context can't be made");
    }
    return context;
}

// Whether an engine would make a context on it. Others are loaded for their vocabulary and metadata only, and their contexts
// may need the context of another model.
bool generates(const llama_model * model) {
    char architecture[64] = "";
    llama_model_meta_val_str(model, "general.architecture", architecture, sizeof(architecture));
    return llama_model_has_decoder(model) && !llama_model_has_encoder(model) &&
           std::strcmp(architecture, "gemma4-assistant") != 0;
}

void use_vocabulary(const llama_vocab * vocab) {
    stage("vocabulary");
    char *               error    = nullptr;
    const int32_t        n_tokens = llama_vocab_n_tokens(vocab);
    std::vector<int64_t> offsets(static_cast<size_t>(n_tokens) + 1);
    require(panallama_pieces(vocab, n_tokens, offsets.data(), nullptr, 0, &error), error);
    for (const char * text : TEXTS) {
        std::vector<llama_token> tokens(1024);
        std::vector<char>        back(8192);
        int32_t                  count = 0;
        if (panallama_tokenize(vocab, text, static_cast<int32_t>(std::strlen(text)), true, true, tokens.data(),
                               static_cast<int32_t>(tokens.size()), &count, &error) == PANALLAMA_OK &&
            count <= static_cast<int32_t>(tokens.size())) {
            panallama_detokenize(vocab, tokens.data(), count, false, true, back.data(), static_cast<int32_t>(back.size()),
                                 &count, &error);
        }
    }
}

// Tokens of the whole vocabulary, one sequence after the other. The last one of each sequence has an output.
void decode(llama_context * context, const llama_vocab * vocab, int sequences, int first, int count) {
    const int32_t n_tokens = llama_vocab_n_tokens(vocab);
    llama_batch   batch    = llama_batch_init(sequences * count, 0, 1);
    for (int sequence = 0; sequence < sequences; sequence++) {
        for (int i = 0; i < count; i++) {
            const int at            = batch.n_tokens++;
            batch.token[at]         = static_cast<llama_token>(static_cast<int64_t>(n_tokens - 1) * i / (count > 1 ? count - 1 : 1));
            batch.pos[at]           = first + i;
            batch.n_seq_id[at]      = 1;
            batch.seq_id[at][0]     = sequence;
            batch.logits[at]        = i == count - 1;
        }
    }
    char *        error = nullptr;
    const int32_t code  = panallama_decode(context, &batch, &error);
    llama_batch_free(batch);
    if (code != 0) {
        refused(error != nullptr ? error : "llama_decode failed");
    }
}

void sample(llama_context * context, const llama_vocab * vocab) {
    char *          error   = nullptr;
    llama_sampler * grammar = nullptr;
    llama_sampler * chosen  = nullptr;
    llama_sampler * raw     = nullptr;
    require(panallama_sampler_chain_new(&raw, &error), error);
    const sampler_ptr chain(raw);
    require(panallama_sampler_grammar(vocab, nullptr, GRAMMAR, "root", &grammar, &error), error);
    require(panallama_sampler_chain_add(chain.get(), grammar, &error), error);
    require(panallama_sampler_dist(1, &chosen, &error), error);
    require(panallama_sampler_chain_add(chain.get(), chosen, &error), error);
    for (int i = 0; i < ANSWER; i++) {
        struct panallama_sample one = {};
        one.chain            = chain.get();
        one.output_index     = 0;
        // A failure has a status: weights may give logits that are no numbers, and a vocabulary may have no brace.
        if (panallama_sample(context, &one, 1, nullptr, &error) != PANALLAMA_OK || one.status != PANALLAMA_OK) {
            panallama_deferred_free(one.deferred);
            return;
        }
    }
}

void use_context(llama_model * model) {
    const llama_vocab * vocab = llama_model_get_vocab(model);
    stage("context");
    const context_ptr    context = new_context(model);
    const llama_memory_t memory  = llama_get_memory(context.get());
    if (memory == nullptr) {
        return; // no engine runs on it: it encodes and keeps nothing
    }
    stage("prefill");
    decode(context.get(), vocab, 1, 0, PROMPT);
    stage("decode");
    decode(context.get(), vocab, 1, PROMPT, 1);
    stage("grammar");
    sample(context.get(), vocab);
    stage("state");
    std::vector<uint8_t> state(llama_state_seq_get_size(context.get(), 0));
    if (llama_state_seq_get_data(context.get(), state.data(), state.size(), 0) == state.size()) {
        llama_state_seq_set_data(context.get(), state.data(), state.size(), 1);
    }
    stage("sequences");
    llama_memory_clear(memory, true);
    decode(context.get(), vocab, SEQUENCES, 0, PROMPT / SEQUENCES);
    llama_memory_seq_rm(memory, 0, -1, -1);
    llama_memory_seq_cp(memory, 1, 0, -1, -1);
    decode(context.get(), vocab, SEQUENCES, PROMPT / SEQUENCES, 1);
}

}  // namespace

int main(int argc, char ** argv) {
    if (argc < 8 || (argc - 8) % 3 != 0) {
        std::fprintf(stderr, "usage: panallama-trial FOLDER CPU-LIBRARY|- MODEL DEPTH MEMORY SECONDS WEIGHTS [KEY TYPE VALUE]...\n");
        return IMPOSSIBLE;
    }
    const std::string folder = argv[1];
    const std::string cpu    = argv[2];
    const char *      path   = argv[3];
    const std::string depth  = argv[4];
    limit(argv[5], argv[6]);

    stage("start");
    char * error = nullptr;
    require(panallama_log_add(on_log, &error), error);
    if (cpu == "-") {
        require(panallama_backends_load(folder.c_str(), &error), error);
    } else {
        if (ggml_backend_load((folder + "/" + cpu).c_str()) == nullptr) {
            std::fprintf(stderr, "%s/%s does not load\n", folder.c_str(), cpu.c_str());
            return IMPOSSIBLE;
        }
        llama_backend_init();
    }
    const std::vector<llama_model_kv_override> replaced = overrides(argc - 8, argv + 8);

    llama_model_params params       = llama_model_default_params();
    // On the CPU only: a GPU takes seconds to start, and the program must not fail for want of its memory.
    ggml_backend_dev_t no_devices[] = { nullptr };
    params.devices                  = no_devices;
    params.n_gpu_layers             = 0;
    params.use_extra_bufts          = std::string(argv[7]) == "repacked";
    params.kv_overrides             = replaced.size() > 1 ? replaced.data() : nullptr;

    if (depth == "vocabulary") {
        stage("metadata");
        params.vocab_only     = true;
        const model_ptr model = load(path, params);
        use_vocabulary(llama_model_get_vocab(model.get()));
        stage("end");
        return 0;
    }
    stage("metadata");
    {
        llama_model_params planned = params;
        planned.no_alloc           = true;
        planned.load_mode          = LLAMA_LOAD_MODE_NONE;
        const model_ptr model      = load(path, planned);
        use_vocabulary(llama_model_get_vocab(model.get()));
        if (!generates(model.get())) {
            stage("end");
            return 0;
        }
        stage("graphs");
        new_context(model.get());
    }
    if (depth == "graphs") {
        stage("end");
        return 0;
    }
    stage("weights");
    const model_ptr model = load(path, params);
    use_context(model.get());
    stage("end");
    return 0;
}
