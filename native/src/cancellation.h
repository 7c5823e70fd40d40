// Ends work whose caller has left.
//
// A flag in the caller's memory belongs to a thread, and what the bridge does there looks at it: chat templates with every
// step of the interpreter, grammars while they are compiled and matched, tokenizers with every allocation.
#ifndef PANALLAMA_CANCELLATION_H
#define PANALLAMA_CANCELLATION_H

#include <cstdint>
#include <stdexcept>

namespace panallama {

// The caller has left; nothing is wrong with its request.
struct cancelled_work : std::runtime_error {
    cancelled_work() : std::runtime_error("the caller has left") {}
};

// The flag of a thread, non-zero once the work is to end; NULL for work that can't be cancelled.
class cancellation {
  public:
    static bool requested() { return requested(flag); }

    static bool requested(const int32_t * flag) {
        return flag != nullptr && __atomic_load_n(flag, __ATOMIC_RELAXED) != 0;
    }

    // Throws cancelled_work.
    static void check() {
        if (requested()) {
            throw cancelled_work();
        }
    }

    // For allocations: as check, in a cancellable_allocations.
    static void check_allocation() {
        if (allocating) {
            check();
        }
    }

  private:
    friend class cancellable;
    friend class cancellable_allocations;

    static thread_local const int32_t * flag;
    static thread_local bool            allocating;
};

// Gives this thread the flag of another one, which waits for it.
class cancellable {
  public:
    explicit cancellable(const int32_t * flag) : before(cancellation::flag) { cancellation::flag = flag; }
    ~cancellable() { cancellation::flag = before; }

    cancellable(const cancellable &)             = delete;
    cancellable & operator=(const cancellable &) = delete;

    // The flag of the calling thread.
    static const int32_t * current() { return cancellation::flag; }

    static void set(const int32_t * flag) { cancellation::flag = flag; }

  private:
    const int32_t * before;
};

// Around code of llama.cpp's that has no place for a check: the bridge's operator new looks at the flag. Only where an
// exception from any allocation is harmless.
class cancellable_allocations {
  public:
    cancellable_allocations() : before(cancellation::allocating) { cancellation::allocating = true; }
    ~cancellable_allocations() { cancellation::allocating = before; }

    cancellable_allocations(const cancellable_allocations &)             = delete;
    cancellable_allocations & operator=(const cancellable_allocations &) = delete;

  private:
    bool before;
};

}  // namespace panallama

#endif
