// Room for llama.cpp's recursion.
//
// The Jinja and GBNF parsers, the Jinja interpreter and std::regex, which the tokenizers use, recurse with the depth or
// the length of their input and have no limit of their own. A Java thread has a stack of about 1 MiB: a hostile template
// would end the JVM, and so would 3000 letters without a space under DeepSeek's tokenizer. The callers therefore bound
// their input and then run on a thread whose stack is larger than what that input can use.
#ifndef PANALLAMA_LARGE_STACK_H
#define PANALLAMA_LARGE_STACK_H

#include <cstddef>
#include <functional>

namespace panallama {

// For the parsers, under the bounds that their callers set.
constexpr size_t k_parser_stack_bytes = size_t(256) << 20;

// Runs `body` to its end on a thread of its own with that much stack. What it throws is thrown to the caller.
void on_large_stack(size_t stack_bytes, const std::function<void()> & body);

}  // namespace panallama

#endif
