#include "template_budget.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <exception>
#include <new>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cancellation.h"
#include "guard.h"
#include "jinja/runtime.h"
#include "jinja/value.h"
#include "template_hooks.h"

#if defined(_WIN32)
#    include <malloc.h>
#elif defined(__APPLE__)
#    include <malloc/malloc.h>
#else
#    include <malloc.h>
#endif

// libstdc++ has these precompiled, with its own operator new. Instantiated here they use the one below, so that the
// memory of texts counts as well.
#ifdef __GLIBCXX__
template class std::basic_string<char>;
template class std::basic_stringbuf<char>;
template class std::basic_istringstream<char>;
template class std::basic_ostringstream<char>;
#endif

namespace panallama {
namespace {

// About 30 ns each. llama.cpp's own templates take up to 800,000 to be looked at, up to 23,000,000 for 128 tools, and mostly
// 200 per byte of a conversation. But some look at all other messages for each message: they take up to 480,000,000 for 1000
// messages, and a message of one letter has 35 bytes.
constexpr uint64_t k_work            = 20'000'000;
constexpr uint64_t k_work_per_byte   = 400;
constexpr uint64_t k_bytes_squared   = 2; // the square of the bytes is divided by this
constexpr uint64_t k_most_work       = 1'000'000'000;
constexpr uint64_t k_most_bytes      = 100'000; // far more than k_most_work allows
constexpr size_t   k_memory          = size_t(64) << 20;
constexpr size_t   k_memory_per_byte = 200;
constexpr size_t   k_most_memory     = size_t(256) << 20;
constexpr size_t   k_output          = size_t(64) << 10;
constexpr size_t   k_output_per_byte = 16;
constexpr int      k_nesting         = 2'000;
constexpr size_t   k_bytes_per_unit  = 64;
constexpr size_t   k_short_search    = 64;

enum class limit { none, work, memory, output, nesting, caller };

// Not a std::exception: the interpreter decorates those with the place in the source, and llama.cpp's analysis of a template
// takes them for a template that does not support something and goes on.
struct exhausted {};

struct budget {
    explicit budget(const template_limits & given) : limits(given) {
        values.next     = &values;
        values.previous = &values;
    }

    [[noreturn]] void exhaust(limit which) {
        if (reached == limit::none) {
            reached = which;
        }
        throw exhausted();
    }

    // Once a limit is reached every hook throws, so a handler for any exception does not hide it.
    void add(uint64_t work) {
        spent += work;
        if (cancellation::requested(flag)) {
            exhaust(limit::caller);
        }
        if (reached != limit::none || spent > limits.work) {
            exhaust(limit::work);
        }
    }

    void before_allocation(size_t bytes) {
        if (live + static_cast<int64_t>(std::min(bytes, limits.memory)) > static_cast<int64_t>(limits.memory) ||
            bytes > limits.memory) {
            exhaust(limit::memory);
        }
        add(1 + bytes / k_bytes_per_unit);
    }

    const template_limits limits;
    const int32_t * const flag    = cancellable::current();
    uint64_t              spent   = 0;
    // What llama.cpp's library allocates and the bridge frees, such as strings out of JSON, is subtracted only.
    int64_t               live    = 0;
    int                   depth   = 0;
    limit                 reached = limit::none;
    hooks::tracked        values; // the head of a circular list
    jinja::value          to_free;
    bool                  freeing = false;
};

thread_local budget * t_budget = nullptr;

// Nothing that is made or freed meanwhile counts.
class uncounted {
  public:
    uncounted() : paused(std::exchange(t_budget, nullptr)) {}
    ~uncounted() { t_budget = paused; }

    uncounted(const uncounted &)             = delete;
    uncounted & operator=(const uncounted &) = delete;

  private:
    budget * paused;
};

size_t usable_size(void * memory) noexcept {
#if defined(_WIN32)
    return _msize(memory);
#elif defined(__APPLE__)
    return malloc_size(memory);
#else
    return malloc_usable_size(memory);
#endif
}

void * allocate(size_t bytes) {
    budget * counting = t_budget;
    if (counting != nullptr) {
        counting->before_allocation(bytes);
    } else {
        cancellation::check_allocation();
    }
    void * memory = std::malloc(std::max<size_t>(bytes, 1));
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    if (counting != nullptr) {
        counting->live += static_cast<int64_t>(usable_size(memory));
    }
    return memory;
}

void release(void * memory) noexcept {
    if (memory == nullptr) {
        return;
    }
    if (t_budget != nullptr) {
        t_budget->live -= static_cast<int64_t>(usable_size(memory));
    }
    std::free(memory);
}

// Takes everything out of the values that are left, which breaks all circles, and lets go of it afterwards.
void free_circles(budget & ended) {
    const uncounted unlimited;
    struct contents {
        std::vector<jinja::value>                          items;
        std::vector<std::pair<jinja::value, jinja::value>> entries;
        decltype(jinja::value_object_t::unordered)         index;
        jinja::func_handler                                function;
        jinja::value                                       bound;
    };
    std::deque<contents> taken;
    for (hooks::tracked * each = ended.values.next; each != &ended.values; each = each->next) {
        auto *   value = static_cast<jinja::value_t *>(each);
        contents all;
        all.items.swap(value->val_arr);
        all.entries.swap(value->val_obj);
        all.function.swap(value->val_func);
        if (auto * object = dynamic_cast<jinja::value_object_t *>(value)) {
            all.index.swap(object->unordered);
        } else if (auto * function = dynamic_cast<jinja::value_func_t *>(value)) {
            all.bound.swap(function->arg0);
        } else if (auto * argument = dynamic_cast<jinja::value_kwarg_t *>(value)) {
            all.bound.swap(argument->val);
        }
        taken.push_back(std::move(all));
    }
    taken.clear();
    // What is still there belongs to somebody else, who outlives the head of the list.
    for (hooks::tracked * each = ended.values.next; each != &ended.values;) {
        hooks::tracked * following = each->next;
        each->previous             = nullptr;
        each->next                 = nullptr;
        each                       = following;
    }
    ended.values.next     = &ended.values;
    ended.values.previous = &ended.values;
}

const char * describe(limit reached) {
    switch (reached) {
        case limit::work:
            return "does more work than a template may (loops or recursion without a useful end, or data that doubles)";
        case limit::memory:
            return "needs more memory than a template may (data that grows without a useful end)";
        case limit::output:
            return "gives more output than a template may, which is a multiple of the template and the conversation";
        case limit::nesting:
            return "nests calls, expressions or values deeper than 2000 (recursion without an end, or a value that "
                   "contains itself)";
        case limit::none:
        case limit::caller:
            break;
    }
    return "";
}

// The table of Knuth, Morris and Pratt.
template <typename Iterator> std::vector<size_t> borders(Iterator wanted, size_t length) {
    std::vector<size_t> table(length, 0);
    for (size_t i = 1, matched = 0; i < length; i++) {
        while (matched > 0 && wanted[i] != wanted[matched]) {
            matched = table[matched - 1];
        }
        matched += wanted[i] == wanted[matched] ? 1 : 0;
        table[i] = matched;
    }
    return table;
}

// The offset of the first match, or `length`.
template <typename Iterator>
size_t search(Iterator text, size_t length, Iterator wanted, size_t wanted_length) {
    const std::vector<size_t> table = borders(wanted, wanted_length);
    for (size_t i = 0, matched = 0; i < length; i++) {
        while (matched > 0 && text[i] != wanted[matched]) {
            matched = table[matched - 1];
        }
        matched += text[i] == wanted[matched] ? 1 : 0;
        if (matched == wanted_length) {
            return i + 1 - wanted_length;
        }
    }
    return length;
}

}  // namespace

template_limits template_limits::of(size_t source, size_t request) {
    template_limits limits{};
    const uint64_t  bytes = std::min<uint64_t>(request, k_most_bytes);
    limits.work    = std::min(k_work + k_work_per_byte * bytes + bytes * bytes / k_bytes_squared, k_most_work);
    limits.memory  = std::min(k_memory + k_memory_per_byte * std::min(request, k_most_memory), k_most_memory);
    limits.output  = k_output + 2 * source + k_output_per_byte * request;
    limits.nesting = k_nesting;
    return limits;
}

void within_budget(const template_limits & limits, const std::string & name, const std::function<void()> & body) {
    budget             counting(limits);
    std::exception_ptr failure;
    t_budget = &counting;
    try {
        body();
    } catch (const exhausted &) {
        // Its limit is in the budget.
    } catch (...) {
        failure = std::current_exception();
    }
    t_budget = nullptr;
    free_circles(counting);
    if (counting.reached == limit::caller) {
        throw cancelled_work();
    }
    if (counting.reached != limit::none) {
        throw invalid_input(name + " was stopped because it " + describe(counting.reached) +
                            "; give the model another template, or use raw completions");
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

namespace hooks {

void step(size_t work) {
    if (t_budget != nullptr) {
        t_budget->add(work);
    }
}

bool counted() {
    step();
    return true;
}

std::string counted(std::string text) {
    step(text.size() / 4);
    return text;
}

void charge(size_t work) noexcept {
    if (t_budget != nullptr) {
        t_budget->spent += work;
    }
}

void output(size_t bytes) {
    if (t_budget != nullptr && bytes > t_budget->limits.output) {
        t_budget->exhaust(limit::output);
    }
}

nested::nested() {
    if (t_budget != nullptr) {
        t_budget->add(1);
        if (t_budget->depth >= t_budget->limits.nesting) {
            t_budget->exhaust(limit::nesting);
        }
        t_budget->depth++;
    }
}

nested::~nested() {
    if (t_budget != nullptr) {
        t_budget->depth--;
    }
}

tracked::tracked() noexcept {
    if (t_budget != nullptr) {
        tracked & head   = t_budget->values;
        previous         = head.previous;
        next             = &head;
        previous->next   = this;
        head.previous    = this;
    }
}

tracked::tracked(const tracked &) noexcept : tracked() {}

tracked::~tracked() {
    if (next != nullptr) {
        previous->next = next;
        next->previous = previous;
    }
}

void let_go(jinja::value & part) noexcept {
    if (t_budget != nullptr && part != nullptr && part.use_count() == 1) {
        part->to_free     = std::move(t_budget->to_free);
        t_budget->to_free = std::move(part);
    }
}

void free_parts() noexcept {
    budget * const counting = t_budget;
    if (counting == nullptr || counting->freeing) {
        return;
    }
    counting->freeing = true;
    while (counting->to_free != nullptr) {
        const jinja::value freed = std::move(counting->to_free);
        counting->to_free        = std::move(freed->to_free);
    }
    counting->freeing = false;
}

size_t find(const std::string & text, const std::string & wanted, size_t from) {
    const size_t length = from < text.size() ? text.size() - from : 0;
    size_t       found;
    if (wanted.size() <= k_short_search) {
        found = text.find(wanted, from);
    } else if (wanted.size() > length) {
        found = std::string::npos;
    } else {
        step(wanted.size() / 4);
        const size_t at = search(text.begin() + static_cast<std::ptrdiff_t>(from), length, wanted.begin(), wanted.size());
        found           = at == length ? std::string::npos : from + at;
    }
    step(1 + (found == std::string::npos ? length : found - from) / 8);
    return found;
}

size_t rfind(const std::string & text, const std::string & wanted) {
    const size_t length = text.size();
    size_t       found;
    if (wanted.size() <= k_short_search) {
        found = text.rfind(wanted);
    } else if (wanted.size() > length) {
        found = std::string::npos;
    } else {
        step(wanted.size() / 4);
        const size_t at = search(text.rbegin(), length, wanted.rbegin(), wanted.size());
        found           = at == length ? std::string::npos : length - at - wanted.size();
    }
    step(1 + (found == std::string::npos ? length : length - found) / 8);
    return found;
}

bool divisible(int64_t number, int64_t by) {
    if (by == 0) {
        throw std::runtime_error("divisibleby() by 0");
    }
    return by == -1 || number % by == 0;
}

}  // namespace hooks
}  // namespace panallama

// ---- the operators of the bridge, and of the bridge only: exports.map hides them ----

void * operator new(std::size_t bytes) {
    return panallama::allocate(bytes);
}

void * operator new[](std::size_t bytes) {
    return panallama::allocate(bytes);
}

void * operator new(std::size_t bytes, const std::nothrow_t &) noexcept {
    try {
        return panallama::allocate(bytes);
    } catch (...) {
        return nullptr;
    }
}

void * operator new[](std::size_t bytes, const std::nothrow_t &) noexcept {
    try {
        return panallama::allocate(bytes);
    } catch (...) {
        return nullptr;
    }
}

void operator delete(void * memory) noexcept {
    panallama::release(memory);
}

void operator delete[](void * memory) noexcept {
    panallama::release(memory);
}

void operator delete(void * memory, std::size_t) noexcept {
    panallama::release(memory);
}

void operator delete[](void * memory, std::size_t) noexcept {
    panallama::release(memory);
}

void operator delete(void * memory, const std::nothrow_t &) noexcept {
    panallama::release(memory);
}

void operator delete[](void * memory, const std::nothrow_t &) noexcept {
    panallama::release(memory);
}
