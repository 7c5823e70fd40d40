#include "gate.h"

#include <cmath>

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

// Not const: llama_sampler_init takes it so.
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

}  // namespace panallama
