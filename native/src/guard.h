// How every function of the bridge turns C++ failures into a status and a text.
#ifndef PANALLAMA_GUARD_H
#define PANALLAMA_GUARD_H

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "effort.h"
#include "panallama_bridge.h"

namespace panallama {

// Thrown by the bridge for input that it refuses. Any other exception, from llama.cpp, is a failure.
struct invalid_input : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A copy that the caller frees with panallama_text_free; NULL when there is no memory for it, so callers rely on the status.
inline char * copy_text(const char * text, size_t length) noexcept {
    char * copy = static_cast<char *>(std::malloc(length + 1));
    if (copy != nullptr) {
        std::memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

inline void set_error(char ** error, const char * text) noexcept {
    if (error != nullptr) {
        *error = copy_text(text, std::strlen(text));
    }
}

// Runs `body`, which returns a status. An exception becomes a status and a text in `*error`.
template <typename Body> int32_t guarded(char ** error, Body && body) noexcept {
    if (error != nullptr) {
        *error = nullptr;
    }
    try {
        return body();
    } catch (const invalid_input & e) {
        set_error(error, e.what());
        return PANALLAMA_INVALID;
    } catch (const too_much_work & e) {
        set_error(error, e.what());
        return PANALLAMA_TOO_MUCH;
    } catch (const std::bad_alloc &) {
        set_error(error, "out of memory");
        return PANALLAMA_NO_MEMORY;
    } catch (const std::exception & e) {
        set_error(error, e.what());
        return PANALLAMA_FAILED;
    } catch (...) {
        set_error(error, "llama.cpp threw something that is not a std::exception");
        return PANALLAMA_FAILED;
    }
}

inline void require(bool condition, const char * message) {
    if (!condition) {
        throw invalid_input(message);
    }
}

}  // namespace panallama

#endif
