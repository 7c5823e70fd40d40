#include "effort.h"

#include "cancellation.h"

namespace panallama {
namespace {

// How much is paid for between two looks at the clock.
constexpr int64_t k_units_per_look = 20000;

}  // namespace

thread_local int64_t  effort::all       = 0;
thread_local int64_t  effort::left      = effort::unlimited;
thread_local effort * effort::innermost = nullptr;

effort::effort(int64_t units)
    : outer(innermost), left_of_outer(left), has_deadline(false), cancelled(nullptr) {
    innermost = this;
    left      = units;
}

effort::effort(std::chrono::nanoseconds limit, const std::atomic<bool> * cancelled)
    : outer(innermost), left_of_outer(left), has_deadline(true), deadline(std::chrono::steady_clock::now() + limit),
      cancelled(cancelled) {
    innermost = this;
    left      = k_units_per_look;
}

effort::~effort() {
    innermost = outer;
    left      = left_of_outer;
}

void effort::renew() {
    if (innermost == nullptr) {
        left = unlimited;
        return;
    }
    if (!innermost->has_deadline) {
        left = 0; // whatever tries again fails again
        throw too_much_at_once();
    }
    if (innermost->cancelled != nullptr && innermost->cancelled->load(std::memory_order_relaxed)) {
        left = 0;
        throw too_much_work("the work on the grammar was cancelled");
    }
    cancellation::check();
    if (std::chrono::steady_clock::now() >= innermost->deadline) {
        left = 0;
        throw too_much_work("the grammar takes too long: it has too many alternatives at once");
    }
    left = k_units_per_look;
}

}  // namespace panallama
