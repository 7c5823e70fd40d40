// A text under the vocabulary that its first byte chooses: tokenised, and back.
#include <cstdint>
#include <cstring>
#include <dirent.h>

#include <algorithm>

#include "models.h"

static const std::vector<llama_model *> & vocabularies() {
    // Never destroyed: LeakSanitizer, which runs later, would take the models for lost.
    static const auto & all = *[] {
        auto * models = new std::vector<llama_model *>{ fuzz::demo() };
        std::string folder = fuzz::required("PANALLAMA_FUZZ_VOCABULARIES");
        std::vector<std::string> names;
        DIR * entries = opendir(folder.c_str());
        while (dirent * entry = entries == nullptr ? nullptr : readdir(entries)) {
            std::string name = entry->d_name;
            if (name.size() > 5 && name.substr(name.size() - 5) == ".gguf") {
                names.push_back(folder + "/" + name);
            }
        }
        if (entries != nullptr) {
            closedir(entries);
        }
        std::sort(names.begin(), names.end());
        for (const std::string & name : names) {
            models->push_back(fuzz::vocabulary(name));
        }
        return models;
    }();
    return all;
}

// Loads here, because libFuzzer limits the time of an input.
extern "C" int LLVMFuzzerInitialize(int *, char ***) {
    vocabularies();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const llama_vocab * vocab = llama_model_get_vocab(vocabularies()[data[0] % vocabularies().size()]);
    const char * text         = reinterpret_cast<const char *>(data) + 1;
    int32_t length            = static_cast<int32_t>(size) - 1;
    std::vector<llama_token> tokens(size + 16);
    int32_t count = 0;
    char * error  = nullptr;
    int32_t status = panallama_tokenize(
        vocab, text, length, false, false, tokens.data(), static_cast<int32_t>(tokens.size()), &count, &error);
    if (!fuzz::succeeded(status, error) || count > static_cast<int32_t>(tokens.size())) {
        return 0;
    }
    std::vector<char> back(16 * size + 256);
    int32_t bytes = 0;
    error         = nullptr;
    fuzz::succeeded(
        panallama_detokenize(
            vocab, tokens.data(), count, false, true, back.data(), static_cast<int32_t>(back.size()), &bytes, &error),
        error);
    return 0;
}
