// What exists once per process, whichever class loaders use it: llama.cpp's backends and its log.
#include <atomic>
#include <mutex>

#include "ggml-backend.h"
#include "guard.h"
#include "live_objects.h"
#include "process_log.h"

namespace panallama {
namespace {

// A list that only grows: threads walk it while they log, without a lock.
struct listener {
    ggml_log_callback callback;
    listener *        older;
};

std::atomic<listener *> g_listeners{ nullptr };

void tell_all(ggml_log_level level, const char * text, void *) {
    log_line(level, text);
    hear_log(level, text);
}

}  // namespace

void log_line(ggml_log_level level, const char * text) {
    for (const listener * one = g_listeners.load(); one != nullptr; one = one->older) {
        one->callback(level, text, nullptr);
    }
}

bool has_log_listener() {
    return g_listeners.load() != nullptr;
}

}  // namespace panallama

extern "C" {

int32_t panallama_log_add(ggml_log_callback callback, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(callback != nullptr, "there is no callback");
        static std::mutex                 adding;
        const std::lock_guard<std::mutex> lock(adding);
        const bool                        first = !has_log_listener();
        g_listeners.store(new listener{ callback, g_listeners.load() });
        if (first) {
            llama_log_set(tell_all, nullptr);
        }
        return PANALLAMA_OK;
    });
}

int32_t panallama_backends_load(const char * folder, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(folder != nullptr, "there is no folder");
        static std::mutex                 loading;
        static bool                       loaded = false;
        const std::lock_guard<std::mutex> lock(loading);
        if (!loaded) {
            // A second time, ggml would register every device twice.
            loaded = true;
            ggml_backend_load_all_from_path(folder);
        }
        if (ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU) == nullptr) {
            throw std::runtime_error("ggml found no CPU library that works on this machine");
        }
        llama_backend_init();
        return PANALLAMA_OK;
    });
}

int64_t panallama_live_objects(void) {
    return panallama::g_live_objects;
}

}  // extern "C"
