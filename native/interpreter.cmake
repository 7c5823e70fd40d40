# Copies llama.cpp's Jinja interpreter, and what calls it, to the build folder and inserts our hooks (src/template_hooks.h): the
# interpreter has no limits of its own, and the library that ships with llama.cpp can't be given any. Its own copy stays
# unused; ours is hidden in the bridge. So are the tokenizers.
#
# Sets INTERPRETER_FOLDER, which has to come before llama.cpp's own folders among the include paths, and INTERPRETER_SOURCES.

set(INTERPRETER_FOLDER ${CMAKE_CURRENT_BINARY_DIR}/interpreter)
file(REMOVE_RECURSE ${INTERPRETER_FOLDER})
foreach(file
    chat.cpp chat.h chat-auto-parser.h chat-auto-parser-generator.cpp chat-auto-parser-helpers.cpp
    chat-auto-parser-helpers.h chat-diff-analyzer.cpp chat-peg-parser.cpp chat-peg-parser.h peg-parser.cpp peg-parser.h)
  file(COPY ${LLAMA_SOURCE}/common/${file} DESTINATION ${INTERPRETER_FOLDER})
endforeach()
file(COPY ${LLAMA_SOURCE}/common/jinja ${LLAMA_SOURCE}/common/parsers DESTINATION ${INTERPRETER_FOLDER})
file(GLOB INTERPRETER_SOURCES
  ${INTERPRETER_FOLDER}/*.cpp ${INTERPRETER_FOLDER}/jinja/*.cpp ${INTERPRETER_FOLDER}/parsers/*.cpp)

# Replaces a text that must occur exactly that often: another version of llama.cpp is to be looked at, not guessed at.
function(change file times anchor replacement)
  file(READ ${INTERPRETER_FOLDER}/${file} text)
  set(rest "${text}")
  set(found 0)
  string(LENGTH "${anchor}" anchor_length)
  while(TRUE)
    string(FIND "${rest}" "${anchor}" position)
    if(position EQUAL -1)
      break()
    endif()
    math(EXPR found "${found} + 1")
    math(EXPR position "${position} + ${anchor_length}")
    string(SUBSTRING "${rest}" ${position} -1 rest)
  endwhile()
  if(NOT found EQUAL times)
    message(FATAL_ERROR "${file} has ${found} times, not ${times} times: ${anchor}")
  endif()
  string(REPLACE "${anchor}" "${replacement}" text "${text}")
  file(WRITE ${INTERPRETER_FOLDER}/${file} "${text}")
endfunction()

function(hook file times anchor replacement)
  change(jinja/${file} ${times} "${anchor}" "${replacement}")
endfunction()

# ---- the tokenizers, which are compiled with src/vocabulary.cpp ----

file(COPY ${LLAMA_SOURCE}/src/llama-vocab.cpp DESTINATION ${INTERPRETER_FOLDER}/vocabulary)
change(vocabulary/llama-vocab.cpp 1 "        tokenizer_st_partition(fragment_buffer, parse_special);"
  "        panallama::cut_fragments(vocab, cache_special_tokens, fragment_buffer, parse_special);")

# ---- what a request asks of a template twice ----

# Sixty conversations are rendered to find out what a template writes where. That is done once for each template; the callers
# of one take turns.
change(chat.h 1 [[struct common_chat_template {]] [[namespace autoparser {
struct autoparser;
}

struct common_chat_template {
    mutable std::shared_ptr<const autoparser::autoparser> analysis; // null until the first request]])
change(chat.cpp 1 [[        struct autoparser::autoparser autoparser;
        autoparser.analyze_template(tmpl);]]
  [[        if (tmpl.analysis == nullptr) {
            const auto made = std::make_shared<struct autoparser::autoparser>();
            made->analyze_template(tmpl);
            tmpl.analysis = made;
        }
        const struct autoparser::autoparser & autoparser = *tmpl.analysis;]])
# Grammar and parser of an answer come from one description; these are the places where what the grammar allows is not parsed
# (RandomToolCallTest tries all templates). The grammar of a call in tags allows spaces before its end, whatever the template
# writes.
change(chat-auto-parser-generator.cpp 1 [[auto close_peek = arguments.tolerate_intertag_whitespace
                              ? p.peek(p.space() + p.literal(format.per_call_end))
                              : p.peek(p.literal(format.per_call_end));]]
  [[auto close_peek = p.peek(p.space() + p.literal(format.per_call_end));]])
# A space can't be escaped.
change(peg-parser.cpp 1 [[(\\/ bfnrt]] [[(\\/bfnrt]])
# Functionary 3.2: the recipient of a call has ">>>" before it, unless the prompt has that already. A required call comes first.
change(parsers/functionary-v3-2.cpp 1 [[auto tools_only = p.trigger_rule("tools", p.one_or_more(tool_choice));
        auto content_and_tools = content_until_tool + tools_only;]]
  [[auto next_tool = p.literal(">>>") + tool_choice;
        auto tools_only = tool_choice + p.zero_or_more(next_tool);
        auto content_and_tools = content_until_tool + p.trigger_rule("tools", p.one_or_more(next_tool));]])
change(parsers/functionary-v3-2.cpp 1 [[ret = p.choice({ content_and_tools, tools_only }) + p.end();]] [[ret = tools_only + p.end();]])
change(parsers/functionary-v3-2.cpp 1 [[ret = p.choice({ content_until_tool + tool_choice, tools_only }) + p.end();]]
  [[ret = tool_choice + p.end();]])
change(parsers/functionary-v3-2.cpp 1 [[auto content_and_tool = content_until_tool + tool_choice;]]
  [[auto content_and_tool = content_until_tool + p.trigger_rule("tool", next_tool);]])
# Words that a user of the API can't know.
change(chat.cpp 1 [[std::string("The model produced output that does not match the expected ") + common_chat_format_name(params.format) + " format"]]
  [["The model's output does not match the format of its chat template"]])
change(jinja/value.cpp 1 [["Jinja Exception: " + msg]] [[msg]])
# For a line of the log that is never written.
change(chat.cpp 1 [[        common_peg_arena arena;
        arena.load(auto_params.parser);
        LOG_DBG("%s: generated parser:\n%s\n\nparser generation prompt: %s\n", __func__, arena.dump(arena.root()).c_str(), auto_params.generation_prompt.c_str());
]] "")
# The prompt is mostly the conversation with the suffix already.
set(suffix common_chat_template_generation_prompt_impl)
foreach(file chat.cpp parsers/parsers.h)
  change(${file} 1 "std::string ${suffix}(" "std::string ${suffix}(
    const std::string & prompt, // the conversation by the same inputs")
endforeach()
change(chat.cpp 1 [[    std::string gen_prompt       = common]] [[    std::string gen_prompt       = inputs.add_generation_prompt ? prompt : common]])
change(chat.cpp 1 "return ${suffix}(" "return ${suffix}(common_chat_template_direct_apply(tmpl, inputs), ")
change(chat.cpp 1 "= ${suffix}(" "= ${suffix}(data.prompt, ")
change(chat-auto-parser-generator.cpp 1 "common_chat_template_generation_prompt(" "${suffix}(data.prompt, ")
foreach(family cohere2moe deepseek functionary-v3-2 gemma4 gigachat-v3 gpt-oss kimi-k2 kimi-k3 lfm2 ling3 minicpm5 minimax-m3
    ministral3 qwen3-coder)
  change(parsers/${family}.cpp 1 "${suffix}(" "${suffix}(data.prompt, ")
endforeach()

# ---- values: recursion through what contains itself or the same part many times ----

hook(utils.h 1 [[#include <cstring>]] [[#include <cstring>
#include "template_hooks.h"]])
hook(value.h 1 [[struct value_t {]] [[struct value_t : panallama::hooks::tracked {]])
hook(value.h 1 [[virtual ~value_t() = default;]] [[virtual ~value_t() {
        for (auto & item : val_arr) {
            panallama::hooks::let_go(item);
        }
        for (auto & [key, val] : val_obj) {
            panallama::hooks::let_go(key);
            panallama::hooks::let_go(val);
        }
        panallama::hooks::free_parts();
    }]])
hook(value.h 1 [[virtual value invoke(const func_args & args) const override {]]
  [[~value_func_t() override { panallama::hooks::let_go(arg0); }
    virtual value invoke(const func_args & args) const override {]])
hook(value.h 1 [[value_kwarg_t(const std::string & k, const value & v) : key(k), val(v) {}]]
  [[value_kwarg_t(const std::string & k, const value & v) : key(k), val(v) {}
    ~value_kwarg_t() override { panallama::hooks::let_go(val); }]])
hook(value.h 1 [[const { return equivalent(other); }]]
  [[const { panallama::hooks::nested level; return equivalent(other); }]])
hook(value.h 1 [[const { return nonequal(other); }]]
  [[const { panallama::hooks::nested level; return nonequal(other); }]])
# A value that is not hashable has to be able to say so, also after deep recursion.
hook(value.h 11 [[unique_hash() const noexcept]] [[unique_hash() const]])
hook(value.h 1 [[(const value & val) const noexcept {]] [[(const value & val) const {]])
hook(value.h 1 [[if (std::all_of(val_arr.begin()]] [[panallama::hooks::nested level;
        if (std::all_of(val_arr.begin()]])
hook(value.h 1 [[if (std::all_of(val_obj.begin()]] [[panallama::hooks::nested level;
        if (std::all_of(val_obj.begin()]])
hook(value.h 2 [[return val->is_immutable() &&]] [[return panallama::hooks::counted() && val->is_immutable() &&]])
hook(value.h 2 [[auto hash = hasher(typeid(*this));]]
  [[panallama::hooks::nested level;
        auto hash = hasher(typeid(*this));]])
hook(value.h 1 [[auto hash = val->unique_hash();]]
  [[panallama::hooks::nested level;
        auto hash = val->unique_hash();]])
hook(value.h 3 [[std::ostringstream ss;]] [[panallama::hooks::nested level;
        std::ostringstream ss;]])
hook(value.h 1 [[if (!key->is_immutable() || !key->is_hashable()) {]]
  [[panallama::hooks::step();
        if (!key->is_immutable() || !key->is_hashable()) {]])
hook(value.h 1 [[val_arr.erase(val_arr.begin() + index);]]
  [[panallama::hooks::step((val_arr.size() - static_cast<size_t>(index)) / 8);
        val_arr.erase(val_arr.begin() + index);]])
hook(runtime.h 1 [[static void gather_string_parts_recursive(const value & val, value_string & parts) {]]
  [[static void gather_string_parts_recursive(const value & val, value_string & parts) {
    panallama::hooks::nested level;]])
hook(value.cpp 1 [[auto indent_str = [indent, curr_lvl]() -> std::string {]]
  [[panallama::hooks::nested level;
    auto indent_str = [indent, curr_lvl]() -> std::string {]])
hook(value.cpp 1 [[for (char c : val->as_string().str()) {]]
  [[for (char c : panallama::hooks::counted(val->as_string().str())) {]])
hook(value.cpp 1 [[if (deep) {]] [[if (deep) {
        panallama::hooks::nested level;]])

# ---- statements and expressions ----

hook(runtime.cpp 1 [[value statement::execute(context & ctx) const {]]
  [[value statement::execute(context & ctx) const {
    panallama::hooks::nested level;]])
hook(runtime.h 1 [[p.resize(w + 1);]] [[p.resize(w + 1);
        panallama::hooks::output(parts->val_str.length());]])
hook(runtime.cpp 1 [[for (int64_t i = 0; i < repeat; ++i) {]]
  [[for (int64_t i = 0; i < repeat; ++i) {
            panallama::hooks::step();]])
# These copied a map of fifty functions for each name in an expression.
hook(runtime.cpp 1 [[auto builtins = global_builtins();]] [[const auto & builtins = global_builtins();]])
hook(runtime.cpp 1 [[auto builtins = input->get_builtins();]] [[const auto & builtins = input->get_builtins();]])
# A scope copies all variables, and this one is needed only where a loop has a condition.
hook(runtime.cpp 1 [[context loop_scope(scope);]] [[std::unique_ptr<context> loop_scope;
        if (select_expr) {
            loop_scope = std::make_unique<context>(scope);
        }]])
hook(runtime.cpp 1 [[scope_update_fn(loop_scope);]] [[scope_update_fn(*loop_scope);]])
hook(runtime.cpp 1 [[test_expr->execute(loop_scope);]] [[test_expr->execute(*loop_scope);]])

# ---- built-in functions: loops that allocate little for what they do ----

hook(value.cpp 1 [[for (int64_t i = start_val; direction * i]]
  [[// A larger step ends the loop as well, and does not overflow.
    step = std::max(-len - 1, std::min(step, len + 1));
    for (int64_t i = start_val; direction * i]])
hook(value.cpp 1 [[value func_args::get_kwarg(const std::string & key, value default_val) const {]]
  [[value func_args::get_kwarg(const std::string & key, value default_val) const {
    panallama::hooks::step(args.size());]])
hook(value.cpp 1 [[value_compare_op op) {
    auto cmp]] [[value_compare_op op) {
    panallama::hooks::step(4);
    auto cmp]])
hook(value.cpp 1 [[haystack->as_string().str().find(needle->as_string().str())]]
  [[panallama::hooks::find(haystack->as_string().str(), needle->as_string().str())]])
hook(value.cpp 1 [[(pos = str.find(delim))]] [[(pos = panallama::hooks::find(str, delim))]])
hook(value.cpp 1 [[(pos = str.rfind(delim))]] [[(pos = panallama::hooks::rfind(str, delim))]])
hook(value.cpp 1 [[str.erase(0, pos + delim.length());]]
  [[panallama::hooks::step(str.length() / 256);
                str.erase(0, pos + delim.length());]])
hook(value.cpp 1 [[(pos = str.find(old_str, pos))]] [[(pos = panallama::hooks::find(str, old_str, pos))]])
hook(value.cpp 1 [[str.replace(pos, old_str.length(), new_str);]]
  [[panallama::hooks::step(str.length() / 256);
                        str.replace(pos, old_str.length(), new_str);]])
hook(value.cpp 1 [[args.get_pos(0)->val_int % args.get_pos(1)->val_int == 0]]
  [[panallama::hooks::divisible(args.get_pos(0)->val_int, args.get_pos(1)->val_int)]])
# Orders that contradict themselves, as of numbers and texts, take std::sort beyond the ends of its range.
hook(value.cpp 2 [[std::sort(]] [[std::stable_sort(]])

# ---- texts, which consist of parts ----

hook(string.cpp 1 [[hash.update(part.val.data(), part.val.length());]]
  [[panallama::hooks::charge(1 + part.val.length() / 64);
        hash.update(part.val.data(), part.val.length());]])
hook(string.cpp 1 [[size_t len = 0;]] [[panallama::hooks::step(parts.size() / 8);
    size_t len = 0;]])
hook(string.cpp 1 [[std::ostringstream oss;]] [[panallama::hooks::step(parts.size());
    std::ostringstream oss;]])
hook(string.cpp 1 [[if (!part.is_input) {]] [[panallama::hooks::step();
        if (!part.is_input) {]])
hook(string.cpp 2 [[parts.erase(parts.begin() + i);]]
  [[panallama::hooks::step(parts.size() / 8);
                parts.erase(parts.begin() + i);]])
hook(string.cpp 1 [[bool string_part::is_uppercase() const {]]
  [[bool string_part::is_uppercase() const {
    panallama::hooks::step(1 + val.size() / 32);]])
hook(string.cpp 1 [[bool string_part::is_lowercase() const {]]
  [[bool string_part::is_lowercase() const {
    panallama::hooks::step(1 + val.size() / 32);]])
