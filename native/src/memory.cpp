#include <algorithm>
#include <memory>
#include <vector>

#include "guard.h"
#include "src/llama-ext.h"

namespace panallama {
namespace {

struct free_model {
    void operator()(llama_model * model) const { llama_model_free(model); }
};

struct free_context {
    void operator()(llama_context * context) const { llama_free(context); }
};

using memory_list = std::vector<struct panallama_device_memory>;

struct panallama_device_memory empty_entry(const char * name, ggml_backend_dev_t device) {
    struct panallama_device_memory entry = {};
    std::strncpy(entry.name, name, sizeof(entry.name) - 1);
    if (device != nullptr) {
        size_t free  = 0;
        size_t total = 0;
        ggml_backend_dev_memory(device, &free, &total);
        entry.free  = free;
        entry.total = total;
    }
    return entry;
}

// common/fit.h does the same, but replaces the process-wide log callback meanwhile, which other threads may be using.
memory_list estimate(const char * path, llama_model_params model_params, const llama_context_params & context_params) {
    model_params.no_alloc  = true;
    model_params.load_mode = LLAMA_LOAD_MODE_NONE;
    const std::unique_ptr<llama_model, free_model> model(llama_model_load_from_file(path, model_params));
    if (!model) {
        throw std::runtime_error("the model does not load");
    }
    const std::unique_ptr<llama_context, free_context> context(llama_init_from_model(model.get(), context_params));
    if (!context) {
        throw std::runtime_error("a context with these parameters cannot be made");
    }

    const int32_t n_devices = llama_model_n_devices(model.get());
    memory_list   result;
    for (int32_t i = 0; i < n_devices; i++) {
        const ggml_backend_dev_t device = llama_model_get_device(model.get(), i);
        result.push_back(empty_entry(ggml_backend_dev_name(device), device));
    }
    result.push_back(empty_entry("host", ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU)));

    for (const auto & [buffer_type, bytes] : llama_get_memory_breakdown(context.get())) {
        size_t index = result.size() - 1;
        if (!ggml_backend_buft_is_host(buffer_type)) {
            const ggml_backend_dev_t device = ggml_backend_buft_get_device(buffer_type);
            for (int32_t i = 0; i < n_devices; i++) {
                if (device == llama_model_get_device(model.get(), i)) {
                    index = static_cast<size_t>(i);
                }
            }
        }
        result[index].model += bytes.model;
        result[index].context += bytes.context;
        result[index].compute += bytes.compute;
    }
    return result;
}

}  // namespace
}  // namespace panallama

extern "C" int32_t panallama_memory_estimate(const char *                        path,
                                             const struct llama_model_params *   model_params,
                                             const struct llama_context_params * context_params,
                                             struct panallama_device_memory *    devices,
                                             int32_t                             capacity,
                                             int32_t *                           count,
                                             char **                             error) {
    using namespace panallama;
    return guarded(error, [&] {
        *count = 0;
        require(path != nullptr && model_params != nullptr && context_params != nullptr, "a parameter is missing");
        require(capacity >= 0 && (devices != nullptr || capacity == 0), "the result buffer is missing or negative");
        const memory_list result = estimate(path, *model_params, *context_params);
        if (result.size() <= static_cast<size_t>(capacity)) {
            std::copy(result.begin(), result.end(), devices);
        }
        *count = static_cast<int32_t>(result.size());
        return PANALLAMA_OK;
    });
}
