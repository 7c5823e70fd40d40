#include "shortlist.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>

namespace panallama {
namespace {

// Elements per branch-free inner loop: four cache lines.
constexpr int32_t k_block = 64;

bool is_number(float logit) {
    return logit < std::numeric_limits<float>::infinity();
}

[[noreturn]] void throw_broken() {
    throw std::runtime_error("the logits hold NaN or infinity; the model or its quantization is broken");
}

// Also true for NaN, which does not compare with the threshold, so the search for large elements finds NaN as well.
bool any_above(const float * block, float threshold) {
    int32_t found = 0;
    for (int32_t i = 0; i < k_block; i++) {
        found |= !(block[i] <= threshold);
    }
    return found != 0;
}

}  // namespace

llama_token_data_array candidate_list::array() {
    return { candidates.data(), candidates.size(), -1, false };
}

llama_token_data_array candidate_list::all(const float * logits, int32_t n_vocab) {
    candidates.resize(n_vocab);
    bool broken = false;
    for (llama_token token = 0; token < n_vocab; token++) {
        const float logit = logits[token];
        broken |= !is_number(logit);
        candidates[token] = llama_token_data{ token, logit, 0.0f };
    }
    if (broken) {
        throw_broken();
    }
    return array();
}

llama_token_data_array candidate_list::shortlist(const float * logits, int32_t n_vocab, int32_t count) {
    all(logits, count);
    largest.assign(logits, logits + count);
    std::make_heap(largest.begin(), largest.end(), std::greater<float>());

    llama_token token = count;
    while (token < n_vocab) {
        const float threshold = largest.front();
        while (token + k_block <= n_vocab && !any_above(logits + token, threshold)) {
            token += k_block;
        }
        const llama_token end = std::min(token + k_block, n_vocab);
        for (; token < end; token++) {
            const float logit = logits[token];
            if (logit <= largest.front()) {
                continue;
            }
            if (!is_number(logit)) {
                throw_broken();
            }
            candidates.push_back(llama_token_data{ token, logit, 0.0f });
            replace_smallest(logit);
        }
    }
    return array();
}

// Sifts down from the top, which is half the work of std::pop_heap and std::push_heap.
void candidate_list::replace_smallest(float logit) {
    const size_t size = largest.size();
    size_t       hole = 0;
    for (size_t child = 1; child < size; child = 2 * hole + 1) {
        if (child + 1 < size && largest[child + 1] < largest[child]) {
            child++;
        }
        if (!(largest[child] < logit)) {
            break;
        }
        largest[hole] = largest[child];
        hole          = child;
    }
    largest[hole] = logit;
}

}  // namespace panallama
