// Room for llama.cpp's recursive parsers.
//
// The Jinja and GBNF parsers and the Jinja interpreter recurse with the depth of their input and have no limit of their
// own, and a Java thread has a stack of about 1 MiB: a hostile template would end the JVM. The callers therefore bound
// the size and the nesting of the input and then run on a thread whose stack is larger than what that input can use.
#ifndef PANALLAMA_LARGE_STACK_H
#define PANALLAMA_LARGE_STACK_H

#include <functional>

namespace panallama {

// Runs `body` to its end on a thread of its own. What it throws is thrown to the caller.
void on_large_stack(const std::function<void()> & body);

}  // namespace panallama

#endif
