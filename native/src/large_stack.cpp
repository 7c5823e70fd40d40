#include "large_stack.h"

#include <exception>
#include <new>
#include <stdexcept>

#ifdef _WIN32
#    include <windows.h>
#else
#    include <pthread.h>
#    include <sys/mman.h>
#    include <unistd.h>
#endif

namespace panallama {
namespace {

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

bool run_on_thread(size_t stack_bytes, task & work) {
    HANDLE thread = CreateThread(nullptr, stack_bytes, run_task, &work, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
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

// Address space only: a page costs memory once it is touched. The lowest page is a guard.
class stack_memory {
  public:
    explicit stack_memory(size_t wanted) {
        const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        size              = (wanted + 2 * page - 1) / page * page;
        address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (address == MAP_FAILED) {
            throw std::bad_alloc();
        }
        mprotect(address, page, PROT_NONE);
    }

    ~stack_memory() { munmap(address, size); }

    stack_memory(const stack_memory &)             = delete;
    stack_memory & operator=(const stack_memory &) = delete;

    void * address;
    size_t size;
};

bool run_on_thread(size_t stack_bytes, task & work) {
    const stack_memory stack(stack_bytes);
    pthread_attr_t     attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_t  thread;
    const bool started = pthread_attr_setstack(&attributes, stack.address, stack.size) == 0 &&
                         pthread_create(&thread, &attributes, run_task, &work) == 0;
    pthread_attr_destroy(&attributes);
    if (started) {
        pthread_join(thread, nullptr);
    }
    return started;
}
#endif

}  // namespace

void on_large_stack(size_t stack_bytes, const std::function<void()> & body) {
    task work{ body, nullptr };
    if (!run_on_thread(stack_bytes, work)) {
        throw std::runtime_error("could not start a thread");
    }
    if (work.failure) {
        std::rethrow_exception(work.failure);
    }
}

}  // namespace panallama
