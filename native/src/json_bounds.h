// Bounds on JSON, checked before llama.cpp sees it, whose parsers and visitors recurse.
#ifndef PANALLAMA_JSON_BOUNDS_H
#define PANALLAMA_JSON_BOUNDS_H

#include <string>

#include "cancellation.h"
#include "guard.h"

namespace panallama {

// Far more than real requests have, and room for a schema or a value in a request that the server takes, which nests up to 512
// deep by itself; k_parser_stack_bytes gives 400 KB to each level.
constexpr int k_max_json_nesting = 600;

inline void require_bounded_json(const char * json) {
    int  depth     = 0;
    bool in_string = false;
    for (const char * pos = json; *pos != '\0'; pos++) {
        if (in_string) {
            if (*pos == '\\' && pos[1] != '\0') {
                pos++;
            } else if (*pos == '"') {
                in_string = false;
            }
        } else if (*pos == '"') {
            in_string = true;
        } else if (*pos == '[' || *pos == '{') {
            require(++depth <= k_max_json_nesting, "the request nests deeper than 600");
        } else if (*pos == ']' || *pos == '}') {
            depth--;
        }
    }
}

// Longer messages, such as those that quote their input, are cut.
constexpr size_t k_max_message_bytes = 2'000;

// Turns what llama.cpp throws while it reads the caller's input into invalid_input, except for std::bad_alloc.
template <typename Body> void refusing(const char * what, Body && body) {
    try {
        body();
    } catch (const invalid_input &) {
        throw;
    } catch (const std::bad_alloc &) {
        throw;
    } catch (const cancelled_work &) {
        throw;
    } catch (const std::exception & e) {
        const std::string message = e.what();
        throw invalid_input(what + message.substr(0, k_max_message_bytes) +
                            (message.size() > k_max_message_bytes ? "..." : ""));
    }
}

// A text that the caller frees with panallama_text_free.
inline void hand_over(const std::string & text, char ** out) {
    *out = copy_text(text.data(), text.size());
    if (*out == nullptr) {
        throw std::bad_alloc();
    }
}

}  // namespace panallama

#endif
