// What the fuzzers of the bridge share: vocabularies to work with, and calls whose errors are expected.
#ifndef PANALLAMA_FUZZ_MODELS_H
#define PANALLAMA_FUZZ_MODELS_H

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "panallama_bridge.h"

namespace fuzz {

inline std::string required(const char * name) {
    const char * value = std::getenv(name);
    if (value == nullptr) {
        std::fprintf(stderr, "%s is not set; .ci/fuzz-coverage sets it\n", name);
        std::exit(2);
    }
    return value;
}

// The vocabulary of a GGUF file, without weights. Never freed.
inline llama_model * vocabulary(const std::string & path) {
    llama_model_params params = llama_model_default_params();
    params.vocab_only         = true;
    llama_model * model       = llama_model_load_from_file(path.c_str(), params);
    if (model == nullptr) {
        std::fprintf(stderr, "%s does not load\n", path.c_str());
        std::exit(2);
    }
    return model;
}

inline void silent(ggml_log_level, const char *, void *) {}

// Loads the backends; then the vocabulary of the demo model.
inline llama_model * demo() {
    static llama_model * model = [] {
        llama_log_set(silent, nullptr);
        char * error = nullptr;
        if (panallama_backends_load(required("PANALLAMA_FUZZ_LIBRARIES").c_str(), &error) != PANALLAMA_OK) {
            std::fprintf(stderr, "no backend: %s\n", error);
            std::exit(2);
        }
        return vocabulary(required("PANALLAMA_FUZZ_MODEL"));
    }();
    return model;
}

// Ends the process if a call broke the bridge's rules about status and error; true if it succeeded.
inline bool succeeded(int32_t status, char * error) {
    bool ok = status == PANALLAMA_OK;
    if (ok != (error == nullptr) || status < PANALLAMA_OK || status > PANALLAMA_TOO_MUCH) {
        std::fprintf(stderr, "status %d with error %s\n", status, error == nullptr ? "NULL" : error);
        std::abort();
    }
    panallama_text_free(error);
    return ok;
}

}  // namespace fuzz

#endif
