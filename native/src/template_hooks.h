// What interpreter.cmake inserts into llama.cpp's Jinja interpreter: calls that count what a template does. Without a
// budget on the calling thread (template_budget.h) they do nothing.
#ifndef PANALLAMA_TEMPLATE_HOOKS_H
#define PANALLAMA_TEMPLATE_HOOKS_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace jinja {
struct value_t;
}

namespace panallama::hooks {

// Counts work and throws when the budget is exhausted.
void step(size_t work = 1);

// As step, as an operand: returns true.
bool counted();

// As step with the length of a text, which it returns.
std::string counted(std::string text);

// Counts work where nothing may be thrown; the next step throws.
void charge(size_t work) noexcept;

// Throws when a rendered text is longer than the budget allows.
void output(size_t bytes);

// A level of recursion: of expressions that contain each other, of macros that call each other, of nested values.
class nested {
  public:
    nested();
    ~nested();

    nested(const nested &)             = delete;
    nested & operator=(const nested &) = delete;
};

// A base of every value of the interpreter. Through the list, values that refer to each other in a circle, which reference
// counting never frees, are found when the template has ended.
class tracked {
  public:
    tracked() noexcept;
    tracked(const tracked &) noexcept;
    ~tracked();

    tracked & operator=(const tracked &) noexcept { return *this; }

    tracked *                       previous = nullptr;
    tracked *                       next     = nullptr;
    std::shared_ptr<jinja::value_t> to_free; // the next one of the values that let_go has put aside
};

// For the parts of a value that is being freed: puts a part aside that nothing else refers to, so that the depth of nested
// values does not become a depth of destructors. free_parts frees what was put aside.
void let_go(std::shared_ptr<jinja::value_t> & part) noexcept;
void free_parts() noexcept;

// std::string::find and rfind in linear time, counted.
size_t find(const std::string & text, const std::string & wanted, size_t from = 0);
size_t rfind(const std::string & text, const std::string & wanted);

// Whether the first is a multiple of the second. The remainder by 0, or of the smallest number by -1, is a signal.
bool divisible(int64_t number, int64_t by);

}  // namespace panallama::hooks

#endif
