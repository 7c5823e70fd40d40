#include "large_stack.h"

#include <exception>
#include <stdexcept>

#ifdef _WIN32
#    include <windows.h>
#else
#    include <pthread.h>
#endif

namespace panallama {
namespace {

// Address space, not memory: a page counts once it is touched.
constexpr size_t k_stack_bytes = size_t(256) << 20;

struct task {
    const std::function<void()> & body;
    std::exception_ptr            failure;

    void run() noexcept {
        try {
            body();
        } catch (...) {
            failure = std::current_exception();
        }
    }
};

#ifdef _WIN32
DWORD WINAPI run_task(void * argument) {
    static_cast<task *>(argument)->run();
    return 0;
}

bool run_on_thread(task & work) {
    HANDLE thread = CreateThread(nullptr, k_stack_bytes, run_task, &work, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
    if (thread == nullptr) {
        return false;
    }
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return true;
}
#else
void * run_task(void * argument) {
    static_cast<task *>(argument)->run();
    return nullptr;
}

bool run_on_thread(task & work) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_t  thread;
    const bool started = pthread_attr_setstacksize(&attributes, k_stack_bytes) == 0 &&
                         pthread_create(&thread, &attributes, run_task, &work) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        pthread_join(thread, nullptr);
    }
    return started;
}
#endif

}  // namespace

void on_large_stack(const std::function<void()> & body) {
    task work{ body, nullptr };
    if (!run_on_thread(work)) {
        throw std::runtime_error("could not start a thread with a stack of 256 MiB");
    }
    if (work.failure) {
        std::rethrow_exception(work.failure);
    }
}

}  // namespace panallama
