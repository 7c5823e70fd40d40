// llama.cpp's tokenizers, compiled into the bridge with other ways to cut texts at special tokens and to split them into words.
//
// llama.cpp calls unicode_regex_split_stl, a template that uses std::regex, for the patterns that it has no hand-written
// code for. The overloads below are chosen instead, because they are no templates. The call that cuts at special tokens is
// replaced in a copy of the source (interpreter.cmake).
//
// The functions of llama_vocab that are compiled here work on the objects that libllama made, whose layout they share: both
// come from the same source. The linker gives the bridge these functions in place of libllama's, and the exports keep them
// from everybody else. llama.cpp itself needs no tokenizer once it has loaded a model.
#undef LLAMA_SHARED

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "llama.h"
#include "special_tokens.h"
#include "split_pattern.h"

namespace panallama {
namespace {

// The steps that every pattern may take: for each character, and besides (a tenth of a second of work).
constexpr size_t k_steps_per_character = 200;
constexpr size_t k_more_steps          = 20'000'000;

template <typename Char> std::vector<uint32_t> characters_of(const std::basic_string<Char> & text) {
    std::vector<uint32_t> characters;
    for (const Char c : text) {
        characters.push_back(static_cast<std::make_unsigned_t<Char>>(c));
    }
    return characters;
}

// The patterns that llama.cpp's table has, as they are needed.
template <typename Char> const split_pattern & compiled(const std::basic_string<Char> & pattern) {
    static std::mutex                                                            lock;
    static std::map<std::basic_string<Char>, std::unique_ptr<split_pattern>> & all =
        *new std::map<std::basic_string<Char>, std::unique_ptr<split_pattern>>();
    const std::lock_guard<std::mutex> turn(lock);
    std::unique_ptr<split_pattern> &  known = all[pattern];
    if (known == nullptr) {
        known = std::make_unique<split_pattern>(characters_of(pattern));
    }
    return *known;
}

template <typename Char>
std::vector<size_t> split(const std::basic_string<Char> & text,
                          const std::basic_string<Char> & pattern,
                          const std::vector<size_t> &     lengths) {
    if (text.empty()) {
        return {}; // llama.cpp asks even for patterns that it has code for
    }
    const split_pattern & words  = compiled(pattern);
    size_t                budget = text.size() * k_steps_per_character + k_more_steps;
    std::vector<size_t>   finer;
    finer.reserve(lengths.size());
    const Char * begin = text.data();
    for (const size_t length : lengths) {
        words.split(begin, begin + length, budget, finer);
        begin += length;
    }
    return finer;
}

// What llama_vocab::impl::tokenizer_st_partition does to a list with one fragment, the whole text. The special tokens are
// given from the longest to the shortest.
template <typename Vocabulary, typename Fragments>
void cut_fragments(const Vocabulary &               vocabulary,
                   const std::vector<llama_token> & special_ids,
                   Fragments &                      fragments,
                   bool                             parse_special) {
    const std::string &        text = fragments.front().raw_text;
    const byte_pairs           pairs(text);
    std::vector<special_token> specials;
    for (const llama_token id : special_ids) {
        const auto & data    = vocabulary.get_token_data(id);
        const bool   ignored = !parse_special && (data.attr & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN)) != 0;
        if (!ignored && pairs.may_hold(data.text)) {
            specials.push_back({ data.text, id, (data.attr & LLAMA_TOKEN_ATTR_LSTRIP) != 0,
                                 (data.attr & LLAMA_TOKEN_ATTR_RSTRIP) != 0 });
        }
    }
    if (specials.empty()) {
        return;
    }
    Fragments cut;
    auto      last = cut.before_begin();
    for (const text_piece & piece : cut_at_special_tokens(std::string_view(text), specials)) {
        last = piece.token >= 0 ? cut.emplace_after(last, piece.token)
                                : cut.emplace_after(last, text, piece.begin, piece.end - piece.begin);
    }
    fragments.swap(cut);
}

}  // namespace
}  // namespace panallama

static std::vector<size_t> unicode_regex_split_stl(
    const std::string & text, const std::string & regex, const std::vector<size_t> & offsets) {
    return panallama::split(text, regex, offsets);
}

static std::vector<size_t> unicode_regex_split_stl(
    const std::wstring & text, const std::wstring & regex, const std::vector<size_t> & offsets) {
    return panallama::split(text, regex, offsets);
}

#include "src/unicode.cpp"
#include "vocabulary/llama-vocab.cpp"
