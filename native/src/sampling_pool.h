// The threads that help the engine's own thread to take the samples of a step.
#ifndef PANALLAMA_SAMPLING_POOL_H
#define PANALLAMA_SAMPLING_POOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

// Helpers sleep until there is work and never spin: between two samplings the cores belong to llama_decode, whose threads
// do spin. One caller at a time.
struct panallama_sampling_pool {
  public:
    // Throws std::system_error when the system gives no more threads; those already started have ended then.
    explicit panallama_sampling_pool(int32_t n_helpers);
    ~panallama_sampling_pool();

    panallama_sampling_pool(const panallama_sampling_pool &)             = delete;
    panallama_sampling_pool & operator=(const panallama_sampling_pool &) = delete;

    int32_t n_helpers() const { return static_cast<int32_t>(helpers.size()); }

    // Calls `body` once with every index below n, on this thread and up to `n_wanted` helpers, and returns when all calls
    // have. A helper that is slow to wake is not waited for: it finds nothing to do. `body` must not throw.
    template <typename Body> void run(int32_t n, int32_t n_wanted, const Body & body) noexcept {
        job work{ [](const void * context, int32_t index) { (*static_cast<const Body *>(context))(index); }, &body, n };
        run(work, n_wanted);
    }

  private:
    struct job {
        void (*call)(const void * body, int32_t index);
        const void *         body;
        int32_t              n;
        std::atomic<int32_t> next{ 0 };
        int32_t              n_helping = 0; // guarded by the mutex

        bool has_more() const { return next.load(std::memory_order_relaxed) < n; }
        void take_all();
    };

    void run(job & work, int32_t n_wanted) noexcept;
    void help() noexcept;
    void stop() noexcept;

    std::mutex               mutex;
    std::condition_variable  work_came;
    std::condition_variable  helper_left;
    job *                    current  = nullptr; // guarded by the mutex, as is the next one
    bool                     stopping = false;
    std::vector<std::thread> helpers;
};

#endif
