#include "sampling_pool.h"

#include <new>
#include <stdexcept>
#include <string>

#include "ggml-cpu.h"
#include "guard.h"

namespace {

constexpr size_t k_graph_nodes = 1;

// ggml opens its CPU library privately, so these functions are available by name only.
template <typename Function> Function cpu_function(ggml_backend_t backend, const char * name) {
    ggml_backend_reg_t registry = ggml_backend_dev_backend_reg(ggml_backend_get_device(backend));
    void *             function = ggml_backend_reg_get_proc_address(registry, name);
    if (function == nullptr) {
        throw std::runtime_error(std::string("ggml's CPU backend has no function ") + name);
    }
    return reinterpret_cast<Function>(function);
}

}  // namespace

panallama_sampling_pool::panallama_sampling_pool(ggml_threadpool_t threads, int32_t n_threads)
    : backend(ggml_backend_init_by_type(GGML_BACKEND_DEVICE_TYPE_CPU, nullptr)) {
    if (backend == nullptr) {
        throw std::runtime_error("ggml has no CPU backend");
    }
    cpu_function<decltype(&ggml_backend_cpu_set_threadpool)>(backend.get(), "ggml_backend_cpu_set_threadpool")(
        backend.get(), threads);
    cpu_function<ggml_backend_set_n_threads_t>(backend.get(), "ggml_backend_set_n_threads")(backend.get(), n_threads);

    // The tensors have no data, because the operation neither reads nor writes any.
    const ggml_init_params parameters = {
        ggml_tensor_overhead() + ggml_graph_overhead_custom(k_graph_nodes, false), nullptr, /*.no_alloc =*/ true
    };
    context.reset(ggml_init(parameters));
    if (context == nullptr) {
        throw std::bad_alloc();
    }
    const ggml_custom_op_t operation = [](ggml_tensor *, int, int, void * pool) {
        static_cast<panallama_sampling_pool *>(pool)->take_all();
    };
    ggml_tensor * node =
        ggml_custom_4d(context.get(), GGML_TYPE_F32, 1, 1, 1, 1, nullptr, 0, operation, GGML_N_TASKS_MAX, this);
    graph = ggml_new_graph_custom(context.get(), k_graph_nodes, false);
    ggml_build_forward_expand(graph, node);
}

void panallama_sampling_pool::take_all() noexcept {
    for (int32_t i = next.fetch_add(1, std::memory_order_relaxed); i < n; i = next.fetch_add(1, std::memory_order_relaxed)) {
        call(body, i);
    }
}

void panallama_sampling_pool::run(int32_t n, const void * body) noexcept {
    this->n    = n;
    this->body = body;
    next.store(0, std::memory_order_relaxed);
    // Fails only before it starts, when a few bytes of memory are missing; no sample has been taken then.
    ggml_backend_graph_compute(backend.get(), graph);
    take_all();
}

extern "C" int32_t panallama_sampling_pool_new(
    struct ggml_threadpool * threads, int32_t n_threads, struct panallama_sampling_pool ** out, char ** error) {
    *out = nullptr;
    return panallama::guarded(error, [&] {
        panallama::require(threads != nullptr, "there are no threads");
        panallama::require(n_threads >= 1, "the number of threads is less than 1");
        *out = new panallama_sampling_pool(threads, n_threads);
        return PANALLAMA_OK;
    });
}

extern "C" void panallama_sampling_pool_free(struct panallama_sampling_pool * pool) {
    delete pool;
}
