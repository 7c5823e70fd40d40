// Room for llama.cpp's recursion.
//
// The Jinja and GBNF parsers and the Jinja interpreter recurse with the depth or the length of their input and have no limit
// of their own. A Java thread has a stack of about 1 MiB, so a hostile template would end the JVM. The callers therefore
// bound their input and then run on a thread whose stack is larger than what that input can use.
#ifndef PANALLAMA_LARGE_STACK_H
#define PANALLAMA_LARGE_STACK_H

#include <cstddef>
#include <functional>

namespace panallama {

// For the parsers, under the bounds that their callers set.
constexpr size_t k_parser_stack_bytes = size_t(256) << 20;

// Runs `body` to its end, on the calling thread if that has so much stack left, or else on a new thread with that much,
// and throws to the caller what `body` throws. Throws std::bad_alloc or std::runtime_error when there is no room for the
// stack or no thread.
void on_large_stack(size_t stack_bytes, const std::function<void()> & body);

// Starts the reserved thread, which has k_parser_stack_bytes of stack and lives as long as the process. Every object that
// is freed recursively calls this when it is made, so that on_reserved_stack has a thread when the object is freed. Throws
// like on_large_stack. Does nothing from the second call on.
void reserve_large_stack();

// Runs `body` on the reserved thread and waits for its end, one caller at a time. Needs no memory and no new thread, and so
// cannot fail. `body` must not throw.
void on_reserved_stack(const std::function<void()> & body) noexcept;

}  // namespace panallama

#endif
