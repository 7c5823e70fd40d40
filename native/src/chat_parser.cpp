#include "chat.h"

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "guard.h"
#include "json.h"
#include "json_bounds.h"
#include "large_stack.h"
#include "live_objects.h"

namespace panallama {
namespace {

// The parsers recurse with the depth of JSON in the output. k_max_depth levels fit into k_parser_stack_bytes (a test goes
// that far), so a level takes 26 KB at most and k_small_depth levels fit into a stack of 1 MiB. For deeper output each
// call starts a thread with a large stack.
constexpr int k_small_depth = 16;
constexpr int k_max_depth   = 10'000;

// A parser holds the schemas of its tools as trees, which are freed recursively with some hundred bytes of stack a level.
constexpr int k_small_parser_depth = 64;

// The length of llama-server's ids.
constexpr int k_id_length = 32;

std::string new_id() {
    static const char  letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::random_device random;
    std::uniform_int_distribution<size_t> letter(0, sizeof(letters) - 2);
    std::string id;
    for (int i = 0; i < k_id_length; i++) {
        id += letters[letter(random)];
    }
    return id;
}

// The greatest nesting of brackets in a text, counting those in strings too: an upper bound of a JSON parser's depth.
class bracket_depth {
  public:
    void append(const char * text, size_t length) {
        for (size_t i = 0; i < length; i++) {
            if (text[i] == '[' || text[i] == '{' || text[i] == '(') {
                deepest_ = std::max(deepest_, ++depth_);
            } else if (text[i] == ']' || text[i] == '}' || text[i] == ')') {
                depth_ = std::max(0, depth_ - 1);
            }
        }
    }

    int deepest() const { return deepest_; }

  private:
    int depth_   = 0;
    int deepest_ = 0;
};

}  // namespace
}  // namespace panallama

struct panallama_chat_parser {
    common_chat_parser_params params;
    std::string               text;
    panallama::bracket_depth  depth;
    common_chat_msg           message; // what has been reported so far
    std::vector<std::string>  ids;
    std::set<size_t>          named;   // the tool calls whose name has been reported
    bool                      small;   // shallow enough to be freed on any stack
    panallama::counted        live;
};

namespace panallama {
namespace {

common_chat_msg parse(const panallama_chat_parser & parser, bool is_final) {
    const int depth = parser.depth.deepest();
    require(depth <= k_max_depth, "the output nests brackets deeper than 10000");
    common_chat_msg result;
    const auto      body = [&] { result = common_chat_parse(parser.text, !is_final, parser.params); };
    if (depth <= k_small_depth) {
        body();
    } else {
        on_large_stack(k_parser_stack_bytes, body);
    }
    return result;
}

void tell_name(panallama_chat_parser & parser, size_t index, common_json & deltas) {
    const common_chat_tool_call & call = parser.message.tool_calls[index];
    deltas.push_back({ { "index", index }, { "id", call.id }, { "name", call.name } });
    parser.named.insert(index);
}

// A name may still grow while it is being written, so it is reported once something follows it. Whoever reads the deltas takes
// a call for ended when another one begins, so no name goes before what is still to be told of the calls in front of it.
// `before` is how many calls there were before this update; without `next` everything has been told.
void tell_finished_names(panallama_chat_parser &      parser,
                         size_t                       before,
                         const common_chat_msg_diff * next,
                         common_json &                deltas) {
    size_t end = parser.message.tool_calls.size();
    if (next != nullptr) {
        end = next->tool_call_index == std::string::npos ? before
                                                         : next->tool_call_index + (next->tool_call_delta.arguments.empty() ? 0 : 1);
    }
    for (size_t i = 0; i < end; i++) {
        if (parser.named.count(i) == 0 && !parser.message.tool_calls[i].name.empty()) {
            tell_name(parser, i, deltas);
        }
    }
}

void tell(const common_chat_msg_diff & diff, common_json & deltas) {
    if (!diff.reasoning_content_delta.empty()) {
        deltas.push_back({ { "reasoning", diff.reasoning_content_delta } });
    }
    if (!diff.content_delta.empty()) {
        deltas.push_back({ { "content", diff.content_delta } });
    }
    if (diff.tool_call_index != std::string::npos && !diff.tool_call_delta.arguments.empty()) {
        deltas.push_back({ { "index", diff.tool_call_index }, { "arguments", diff.tool_call_delta.arguments } });
    }
}

common_json update(panallama_chat_parser & parser, bool is_final) {
    common_chat_msg now = parse(parser, is_final);
    common_json     deltas = common_json::array();
    if (!now.empty()) {
        now.set_tool_call_ids(parser.ids, new_id);
        const std::vector<common_chat_msg_diff> diffs  = common_chat_msg_diff::compute_diffs(parser.message, now);
        const size_t                            before = parser.message.tool_calls.size();
        parser.message                                 = std::move(now);
        for (const common_chat_msg_diff & diff : diffs) {
            tell_finished_names(parser, before, &diff, deltas);
            tell(diff, deltas);
        }
    }
    if (is_final) {
        tell_finished_names(parser, parser.message.tool_calls.size(), nullptr, deltas);
    }
    return deltas;
}

common_chat_parser_params read_params(const char * description) {
    common_chat_parser_params params;
    refusing("the description of the parser is broken: ", [&] {
        const common_json json   = common_json::parse(description);
        const int         format = json.at("format").get<int>();
        require(format >= 0 && format < COMMON_CHAT_FORMAT_COUNT, "the chat format is unknown");
        params.format            = static_cast<common_chat_format>(format);
        params.reasoning_format  = common_reasoning_format_from_name(json.at("reasoning_format").get<std::string>());
        params.generation_prompt = json.at("generation_prompt").get<std::string>();
        params.parse_tool_calls  = json.at("tool_calls").get<bool>();
        params.is_continuation   = json.at("continuation").get<bool>();
        const std::string parser = json.at("parser").get<std::string>();
        if (!parser.empty()) {
            params.parser.load(parser);
        }
    });
    return params;
}

}  // namespace
}  // namespace panallama

extern "C" {

int32_t panallama_chat_parser_new(const char * description, struct panallama_chat_parser ** out, char ** error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the parser");
        *out = nullptr;
        require(description != nullptr, "there is no description of the parser");
        bracket_depth depth;
        depth.append(description, std::strlen(description));
        auto made   = std::make_unique<panallama_chat_parser>();
        made->small = depth.deepest() <= k_small_parser_depth;
        if (!made->small) {
            reserve_large_stack(); // for panallama_chat_parser_free
        }
        on_large_stack(k_parser_stack_bytes, [&] {
            made->params = read_params(description);
            if (made->params.is_continuation) {
                // The beginning of the message is known already.
                made->message = common_chat_parse("", true, made->params);
            }
        });
        *out = made.release();
        return PANALLAMA_OK;
    });
}

int32_t panallama_chat_parser_update(struct panallama_chat_parser * parser,
                                     const char *                   text,
                                     int32_t                        length,
                                     bool                           is_final,
                                     char **                        deltas,
                                     char **                        error) {
    using namespace panallama;
    return guarded(error, [&] {
        require(parser != nullptr, "there is no parser");
        require(deltas != nullptr, "there is no room for the deltas");
        *deltas = nullptr;
        require(length >= 0 && (text != nullptr || length == 0), "the text has no bytes or a negative length");
        parser->text.append(text, length);
        parser->depth.append(text, length);
        const common_json told = update(*parser, is_final);
        if (!told.empty()) {
            hand_over(told.dump_safe(), deltas);
        }
        return PANALLAMA_OK;
    });
}

void panallama_chat_parser_free(struct panallama_chat_parser * parser) {
    if (parser == nullptr || parser->small) {
        delete parser;
    } else {
        panallama::on_reserved_stack([&] { delete parser; });
    }
}

}  // extern "C"
