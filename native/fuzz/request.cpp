// A request to the demo model's template, as the Java side writes it.
#include <cstdint>

#include "models.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t * data, size_t size) {
    static panallama_chat_template * chat = [] {
        panallama_chat_template * made = nullptr;
        char * error                   = nullptr;
        if (!fuzz::succeeded(panallama_chat_template_new(fuzz::demo(), nullptr, &made, &error), error)) {
            std::exit(2);
        }
        return made;
    }();
    std::string request(reinterpret_cast<const char *>(data), size);
    char * result = nullptr;
    char * error  = nullptr;
    fuzz::succeeded(panallama_chat_template_apply(chat, request.c_str(), &result, &error), error);
    panallama_text_free(result);
    return 0;
}
