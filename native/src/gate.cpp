#include "gate.h"

#include <algorithm>
#include <cmath>

#include "guard.h"

namespace panallama {

std::vector<llama_token_data> gate::allowed(const float * logits, int32_t n_vocab) {
    std::vector<llama_token_data> all(n_vocab);
    for (llama_token token = 0; token < n_vocab; token++) {
        all[token] = { token, logits[token], 0.0f };
    }
    llama_token_data_array candidates = { all.data(), all.size(), -1, false };
    apply(&candidates);
    std::vector<llama_token_data> result;
    for (const llama_token_data & candidate : all) {
        if (candidate.logit != -INFINITY) {
            result.push_back(candidate);
        }
    }
    return result;
}

namespace {

gate * context_of(const llama_sampler * sampler) {
    return static_cast<gate *>(sampler->ctx);
}

const char * name_of(const llama_sampler *) {
    return "gate";
}

void accept_token(llama_sampler * sampler, llama_token token) {
    context_of(sampler)->accept(token);
}

void apply_to(llama_sampler * sampler, llama_token_data_array * candidates) {
    context_of(sampler)->apply(candidates);
}

llama_sampler * clone_gate(const llama_sampler * sampler) {
    return gate_sampler(context_of(sampler)->clone());
}

void free_gate(llama_sampler * sampler) {
    delete context_of(sampler);
}

// Not const, because llama_sampler_init takes a pointer to non-const.
llama_sampler_i k_interface = {
    /*.name              =*/ name_of,
    /*.accept            =*/ accept_token,
    /*.apply             =*/ apply_to,
    /*.reset             =*/ nullptr,
    /*.clone             =*/ clone_gate,
    /*.free              =*/ free_gate,
    /*.backend_init      =*/ nullptr,
    /*.backend_accept    =*/ nullptr,
    /*.backend_apply     =*/ nullptr,
    /*.backend_set_input =*/ nullptr,
    /*.backend_reset     =*/ nullptr,
    /*.copy_state        =*/ nullptr,
};

}  // namespace

llama_sampler * gate_sampler(std::unique_ptr<gate> made) {
    llama_sampler * sampler = llama_sampler_init(&k_interface, made.get());
    made.release();
    return sampler;
}

gate * gate_of(const llama_sampler * sampler) {
    return sampler != nullptr && sampler->iface == &k_interface ? context_of(sampler) : nullptr;
}

gates::gates(llama_sampler * chain) : chain(chain) {
    while (at(n) != nullptr) {
        n++;
    }
}

gate * gates::at(int i) const {
    return gate_of(llama_sampler_chain_get(chain, i));
}

bool gates::apply_here() const {
    for (int i = 0; i < n; i++) {
        if (at(i)->applies()) {
            return true;
        }
    }
    return false;
}

llama_token gates::forced() const {
    for (int i = 0; i < n; i++) {
        const llama_token token = at(i)->forced();
        if (token != LLAMA_TOKEN_NULL) {
            const gate * refusing = refuses(token);
            if (refusing != nullptr && refusing != at(i)) {
                throw invalid_input("the grammar or a banned text refuses the end of the thinking");
            }
            return token;
        }
    }
    return LLAMA_TOKEN_NULL;
}

gate * gates::refuses(llama_token token) const {
    for (int i = 0; i < n; i++) {
        if (!at(i)->allows(token)) {
            return at(i);
        }
    }
    return nullptr;
}

void gates::foresee(llama_token token) const {
    for (int i = 0; i < n; i++) {
        at(i)->foresee(token);
    }
}

std::vector<llama_token_data> gates::allowed(const float * logits, int32_t n_vocab) const {
    int lister = 0;
    while (lister < n - 1 && !at(lister)->lists_allowed()) {
        lister++;
    }
    std::vector<llama_token_data> left       = at(lister)->allowed(logits, n_vocab);
    llama_token_data_array        candidates = { left.data(), left.size(), -1, false };
    for (int i = 0; i < n; i++) {
        if (i != lister) {
            at(i)->apply(&candidates);
        }
    }
    left.erase(std::remove_if(left.begin(), left.end(),
                              [](const llama_token_data & one) { return !(one.logit > -INFINITY); }),
               left.end());
    if (left.empty()) {
        bool grammar = false;
        for (int i = 0; i < n; i++) {
            grammar |= at(i)->lists_allowed();
        }
        throw invalid_input(!grammar ? "the banned texts leave no token to choose from"
                            : n == 1 ? "the grammar allows no token of the vocabulary here"
                                     : "the grammar and the banned texts together leave no token to choose from");
    }
    return left;
}

}  // namespace panallama
