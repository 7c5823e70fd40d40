// Limits the work that grammars cause on a thread.
//
// Matching a grammar may follow thousands of alternatives at once, and a hostile one may double them with every character.
// So whoever matches pays for each piece of work, and whoever asks for a sample says how much it may cost.
#ifndef PANALLAMA_EFFORT_H
#define PANALLAMA_EFFORT_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace panallama {

// The work needs more than the few units that it may have at once; nothing has changed, and it may be done elsewhere.
struct too_much_at_once : std::runtime_error {
    too_much_at_once() : std::runtime_error("the grammar needs more work than fits into a step") {}
};

// The work needs more time or memory than it may have at all.
struct too_much_work : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The limit for this thread while the object lives. Scopes nest; the innermost counts.
class effort {
  public:
    // At most so many units; a unit is some 5 ns.
    explicit effort(int64_t units);

    // At most so long, and no longer than until `cancelled` is set, which is looked at every 0.1 ms. NULL for never.
    effort(std::chrono::nanoseconds limit, const std::atomic<bool> * cancelled);

    ~effort();

    effort(const effort &)             = delete;
    effort & operator=(const effort &) = delete;

    // Pays for work on this thread. Throws too_much_at_once or too_much_work. Without a limit there is nothing to pay.
    static void spend(int64_t units) {
        all += units;
        left -= units;
        if (left < 0) {
            renew();
        }
    }

    // What this thread has paid so far.
    static int64_t spent() { return all; }

  private:
    static constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

    static void renew();

    static thread_local int64_t  all;
    static thread_local int64_t  left;
    static thread_local effort * innermost;

    effort *                              outer;
    int64_t                               left_of_outer;
    bool                                  has_deadline;
    std::chrono::steady_clock::time_point deadline;
    const std::atomic<bool> *             cancelled;
};

}  // namespace panallama

#endif
