// Takes the samples of a step on the threads of ggml's CPU backend.
#ifndef PANALLAMA_SAMPLING_POOL_H
#define PANALLAMA_SAMPLING_POOL_H

#include <atomic>
#include <cstdint>
#include <memory>

#include "ggml-backend.h"
#include "ggml.h"

// A graph with one node whose operation is the current work.
//
// Threads of our own would not get a core: after llama_decode every thread of ggml's pool spins for some 100 ms waiting for
// the next graph, on as many cores as there are. Measured with 2 threads on 2 cores (Linux 6.18): helpers that wait on a
// condition variable made 32 samples of 128,000 tokens no faster (1.04 of the time); ggml's own threads take 0.55.
//
// One caller at a time, and no other graph on the same threads meanwhile.
struct panallama_sampling_pool {
  public:
    // Borrows the threads. Throws std::runtime_error when ggml has no CPU backend that could use them.
    panallama_sampling_pool(ggml_threadpool_t threads, int32_t n_threads);

    panallama_sampling_pool(const panallama_sampling_pool &)             = delete;
    panallama_sampling_pool & operator=(const panallama_sampling_pool &) = delete;

    // Calls `body` once with every index below n, on this thread and the others, and returns when all calls have. `body`
    // must not throw.
    template <typename Body> void run(int32_t n, const Body & body) noexcept {
        call = [](const void * context, int32_t index) { (*static_cast<const Body *>(context))(index); };
        run(n, static_cast<const void *>(&body));
    }

  private:
    struct backend_deleter {
        void operator()(ggml_backend_t backend) const { ggml_backend_free(backend); }
    };
    struct context_deleter {
        void operator()(ggml_context * context) const { ggml_free(context); }
    };

    void run(int32_t n, const void * body) noexcept;
    void take_all() noexcept;

    std::unique_ptr<ggml_backend, backend_deleter> backend;
    std::unique_ptr<ggml_context, context_deleter> context;
    ggml_cgraph *                                  graph = nullptr; // in the context's memory

    // Written by the caller before ggml starts the graph, which orders it before what the threads read.
    void (*call)(const void * body, int32_t index) = nullptr;
    const void *         body                      = nullptr;
    int32_t              n                         = 0;
    std::atomic<int32_t> next{ 0 };
};

#endif
