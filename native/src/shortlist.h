// Selects the elements of a row of logits that a sampler chain needs to see.
#ifndef PANALLAMA_SHORTLIST_H
#define PANALLAMA_SHORTLIST_H

#include <cstdint>
#include <vector>

#include "llama.h"

namespace panallama {

// Makes the candidates of a chain from a row of logits. One per thread; its memory is reused.
class candidate_list {
  public:
    // All tokens, sorted by id.
    // Throws std::runtime_error when the row holds NaN or positive infinity.
    llama_token_data_array all(const float * logits, int32_t n_vocab);

    // The tokens that a chain needs to see when its first stage keeps the `count` largest, sorted by id. A token is left out
    // only when at least `count` tokens with smaller ids have logits that are as large or larger.
    //
    // This is what makes it safe to leave tokens out, equal logits included. llama.cpp's top-k selects by
    // std::partial_sort: a heap of the first k elements, into which a later one comes only if it is larger than the
    // smallest there. A token left out here would not have come in, and one that does not come in changes nothing; so
    // the heap, and with it the order of equal logits, is the one that all candidates give. For k > 128 llama.cpp sorts
    // buckets first and treats the last one that way; the buckets before it are here as a whole. Greedy takes the first
    // largest element, which is k = 1.
    //
    // Throws like `all`. 0 < count <= n_vocab.
    llama_token_data_array shortlist(const float * logits, int32_t n_vocab, int32_t count);

  private:
    llama_token_data_array array();
    void                   replace_smallest(float logit);

    std::vector<llama_token_data> candidates;
    std::vector<float>            largest; // logits so far; a heap with the smallest of them on top
};

}  // namespace panallama

#endif
