#include "large_stack.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <stdexcept>

#include "cancellation.h"

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
    const int32_t *               flag; // of the thread that waits

    void run() noexcept {
        const cancellable scope(flag);
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

HANDLE start_thread(size_t stack_bytes, task & work) {
    return CreateThread(nullptr, stack_bytes, run_task, &work, STACK_SIZE_PARAM_IS_A_RESERVATION, nullptr);
}

bool run_on_thread(size_t stack_bytes, task & work) {
    HANDLE thread = start_thread(stack_bytes, work);
    if (thread == nullptr) {
        return false;
    }
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return true;
}

bool run_for_good(size_t stack_bytes, task & work) {
    HANDLE thread = start_thread(stack_bytes, work);
    if (thread == nullptr) {
        return false;
    }
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

    ~stack_memory() {
        if (address != nullptr) {
            munmap(address, size);
        }
    }

    stack_memory(const stack_memory &)             = delete;
    stack_memory & operator=(const stack_memory &) = delete;

    // Leaves the memory to a thread that never ends.
    void release() { address = nullptr; }

    void * address;
    size_t size;
};

bool start_thread(const stack_memory & stack, task & work, pthread_t & thread) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    const bool started = pthread_attr_setstack(&attributes, stack.address, stack.size) == 0 &&
                         pthread_create(&thread, &attributes, run_task, &work) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

bool run_on_thread(size_t stack_bytes, task & work) {
    const stack_memory stack(stack_bytes);
    pthread_t          thread;
    const bool         started = start_thread(stack, work, thread);
    if (started) {
        pthread_join(thread, nullptr);
    }
    return started;
}

bool run_for_good(size_t stack_bytes, task & work) {
    stack_memory stack(stack_bytes);
    pthread_t    thread;
    const bool   started = start_thread(stack, work, thread);
    if (started) {
        pthread_detach(thread);
        stack.release();
    }
    return started;
}
#endif

// The lowest address of the calling thread's stack; null if it is not known.
const char * lowest_address() {
#if defined(_WIN32)
    ULONG_PTR low  = 0;
    ULONG_PTR high = 0;
    GetCurrentThreadStackLimits(&low, &high);
    return reinterpret_cast<const char *>(low);
#elif defined(__APPLE__)
    const pthread_t self = pthread_self();
    return static_cast<const char *>(pthread_get_stackaddr_np(self)) - pthread_get_stacksize_np(self);
#else
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return nullptr;
    }
    void *     address = nullptr;
    size_t     size    = 0;
    const bool known   = pthread_attr_getstack(&attributes, &address, &size) == 0;
    pthread_attr_destroy(&attributes);
    return known ? static_cast<const char *>(address) : nullptr;
#endif
}

// Whether the calling thread has that much stack left.
bool has_stack(size_t bytes) {
    static thread_local const char * const lowest = lowest_address();
    const char                             here   = 0;
    return lowest != nullptr && &here > lowest && static_cast<size_t>(&here - lowest) >= bytes;
}

// Hands one body at a time to the reserved thread.
class reserved_thread {
  public:
    void start() {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!started) {
            if (!run_for_good(k_parser_stack_bytes, work)) {
                throw std::runtime_error("could not start a thread");
            }
            started = true;
        }
    }

    void run(const std::function<void()> & body) noexcept {
        const std::lock_guard<std::mutex> turn(callers);
        std::unique_lock<std::mutex>      lock(mutex);
        next = &body;
        changed.notify_all();
        changed.wait(lock, [this] { return next == nullptr; });
    }

  private:
    [[noreturn]] void serve() noexcept {
        std::unique_lock<std::mutex> lock(mutex);
        while (true) {
            changed.wait(lock, [this] { return next != nullptr; });
            lock.unlock();
            (*next)();
            lock.lock();
            next = nullptr;
            changed.notify_all();
        }
    }

    const std::function<void()>   loop = [this] { serve(); };
    task                          work{ loop, nullptr, nullptr };
    std::mutex                    callers; // held by the one whose body runs
    std::mutex                    mutex;   // guards what follows
    std::condition_variable       changed;
    const std::function<void()> * next    = nullptr;
    bool                          started = false;
};

// Never destroyed: its thread outlives the static objects.
reserved_thread & reserved() {
    static reserved_thread & only = *new reserved_thread();
    return only;
}

}  // namespace

void on_large_stack(size_t stack_bytes, const std::function<void()> & body) {
    if (has_stack(stack_bytes)) {
        body();
        return;
    }
    task work{ body, nullptr, cancellable::current() };
    if (!run_on_thread(stack_bytes, work)) {
        throw std::runtime_error("could not start a thread");
    }
    if (work.failure) {
        std::rethrow_exception(work.failure);
    }
}

void reserve_large_stack() {
    reserved().start();
}

void on_reserved_stack(const std::function<void()> & body) noexcept {
    reserved().run(body);
}

}  // namespace panallama
