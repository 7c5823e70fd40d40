// A budget for what a chat template may do. A template comes with a model file or from an operator, and Jinja can loop,
// recurse and allocate without end.
#ifndef PANALLAMA_TEMPLATE_BUDGET_H
#define PANALLAMA_TEMPLATE_BUDGET_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace panallama {

struct template_limits {
    uint64_t work;    // statements, expressions, allocations, and 64 bytes each of what is allocated
    size_t   memory;  // bytes that live at the same time
    size_t   output;  // bytes of one rendering
    int      nesting; // levels of expressions, of macros and of values

    // For a template of that size and a request of that size, both in bytes.
    static template_limits of(size_t source, size_t request);
};

// Runs `body`, and with it any template, within the limits. Whatever allocates through the bridge on this thread counts.
// Throws invalid_input when a limit is reached, a sentence that begins with `name` and names the limit; or else what `body`
// throws. Values of the interpreter that still exist at the end are freed. Not to be nested.
void within_budget(const template_limits & limits, const std::string & name, const std::function<void()> & body);

}  // namespace panallama

#endif
