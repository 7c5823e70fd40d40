#include "sampling_pool.h"

#include <algorithm>

#ifdef __linux__
#    include <pthread.h>
#endif

#include "guard.h"

panallama_sampling_pool::panallama_sampling_pool(int32_t n_helpers) {
    helpers.reserve(n_helpers);
    try {
        for (int32_t i = 0; i < n_helpers; i++) {
            helpers.emplace_back([this] { help(); });
#ifdef __linux__
            pthread_setname_np(helpers.back().native_handle(), "panallama-sampl"); // 15 characters are all there is
#endif
        }
    } catch (...) {
        stop();
        throw;
    }
}

panallama_sampling_pool::~panallama_sampling_pool() {
    stop();
}

void panallama_sampling_pool::stop() noexcept {
    {
        const std::lock_guard<std::mutex> lock(mutex);
        stopping = true;
    }
    work_came.notify_all();
    for (std::thread & helper : helpers) {
        helper.join();
    }
    helpers.clear();
}

void panallama_sampling_pool::job::take_all() {
    for (int32_t i = next.fetch_add(1, std::memory_order_relaxed); i < n; i = next.fetch_add(1, std::memory_order_relaxed)) {
        call(body, i);
    }
}

void panallama_sampling_pool::run(job & work, int32_t n_wanted) noexcept {
    {
        const std::lock_guard<std::mutex> lock(mutex);
        current = &work;
    }
    for (int32_t i = 0; i < std::min(n_wanted, n_helpers()); i++) {
        work_came.notify_one();
    }
    work.take_all();
    std::unique_lock<std::mutex> lock(mutex);
    current = nullptr;
    // What the helpers wrote is seen from here on: each of them has released the mutex since.
    helper_left.wait(lock, [&] { return work.n_helping == 0; });
}

void panallama_sampling_pool::help() noexcept {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
        work_came.wait(lock, [this] { return stopping || (current != nullptr && current->has_more()); });
        if (stopping) {
            return;
        }
        job & work = *current;
        work.n_helping++;
        lock.unlock();
        work.take_all();
        lock.lock();
        if (--work.n_helping == 0) {
            helper_left.notify_one();
        }
    }
}

extern "C" int32_t panallama_sampling_pool_new(int32_t n_helpers, struct panallama_sampling_pool ** out, char ** error) {
    *out = nullptr;
    return panallama::guarded(error, [&] {
        panallama::require(n_helpers >= 1, "a pool needs at least one helper");
        *out = new panallama_sampling_pool(n_helpers);
        return PANALLAMA_OK;
    });
}

extern "C" void panallama_sampling_pool_free(struct panallama_sampling_pool * pool) {
    delete pool;
}
