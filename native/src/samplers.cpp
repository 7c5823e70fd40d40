// llama.cpp's own samplers, made, chained and shown tokens inside the guard: each of them allocates.
#include <string>
#include <utility>

#include "guard.h"

namespace panallama {
namespace {

// `init` returns a new sampler, or NULL if llama.cpp refuses its arguments.
template <typename Init> int32_t made(struct llama_sampler ** out, char ** error, Init && init) noexcept {
    return guarded(error, [&] {
        require(out != nullptr, "there is no room for the sampler");
        *out = nullptr;
        *out = init();
        require(*out != nullptr, "llama.cpp refused its arguments");
        return PANALLAMA_OK;
    });
}

// Advances the random numbers of the members by what one choice takes: dist draws one, and so does xtc where it has two
// candidates, whatever their logits are.
void draw_as_before(llama_sampler * chain) {
    for (int i = 0; i < llama_sampler_chain_n(chain); i++) {
        llama_sampler *   member = llama_sampler_chain_get(chain, i);
        const std::string name   = llama_sampler_name(member);
        if (name == "dist" || name == "xtc") {
            llama_token_data       two[]      = { { 0, 0.0f, 0.0f }, { 1, 0.0f, 0.0f } };
            llama_token_data_array candidates = { two, 2, -1, false };
            llama_sampler_apply(member, &candidates);
        }
    }
}

}  // namespace
}  // namespace panallama

extern "C" {

int32_t panallama_sampler_chain_new(struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [] {
        llama_sampler_chain_params params = llama_sampler_chain_default_params();
        params.no_perf                    = true;
        return llama_sampler_chain_init(params);
    });
}

int32_t panallama_sampler_chain_add(struct llama_sampler * chain, struct llama_sampler * member, char ** error) {
    return panallama::guarded(error, [&] {
        try {
            llama_sampler_chain_add(chain, member);
        } catch (...) {
            llama_sampler_free(member);
            throw;
        }
        return PANALLAMA_OK;
    });
}

int32_t panallama_sampler_accept(
    struct llama_sampler * sampler, const llama_token * tokens, int32_t n_tokens, char ** error) {
    return panallama::guarded(error, [&] {
        panallama::require(sampler != nullptr, "there is no sampler");
        panallama::require(n_tokens >= 0 && (tokens != nullptr || n_tokens == 0), "the tokens are missing");
        for (int32_t i = 0; i < n_tokens; i++) {
            llama_sampler_accept(sampler, tokens[i]);
        }
        return PANALLAMA_OK;
    });
}

int32_t panallama_sampler_replay(
    struct llama_sampler * chain, const llama_token * tokens, int32_t n_tokens, char ** error) {
    return panallama::guarded(error, [&] {
        panallama::require(chain != nullptr && llama_sampler_chain_get(chain, -1) != nullptr,
                           "the sampler is not a chain");
        panallama::require(n_tokens >= 0 && (tokens != nullptr || n_tokens == 0), "the tokens are missing");
        for (int32_t i = 0; i < n_tokens; i++) {
            panallama::draw_as_before(chain);
            llama_sampler_accept(chain, tokens[i]);
        }
        return PANALLAMA_OK;
    });
}

int32_t panallama_sampler_greedy(struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [] { return llama_sampler_init_greedy(); });
}

int32_t panallama_sampler_dist(uint32_t seed, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_dist(seed); });
}

int32_t panallama_sampler_mirostat(
    int32_t n_vocab, uint32_t seed, float tau, float eta, int32_t m, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_mirostat(n_vocab, seed, tau, eta, m); });
}

int32_t panallama_sampler_mirostat_v2(
    uint32_t seed, float tau, float eta, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_mirostat_v2(seed, tau, eta); });
}

int32_t panallama_sampler_adaptive_p(
    float target, float decay, uint32_t seed, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_adaptive_p(target, decay, seed); });
}

int32_t panallama_sampler_top_k(int32_t k, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_top_k(k); });
}

int32_t panallama_sampler_top_p(float p, size_t min_keep, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_top_p(p, min_keep); });
}

int32_t panallama_sampler_min_p(float p, size_t min_keep, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_min_p(p, min_keep); });
}

int32_t panallama_sampler_typical(float p, size_t min_keep, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_typical(p, min_keep); });
}

int32_t panallama_sampler_temp(float t, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_temp(t); });
}

int32_t panallama_sampler_temp_ext(
    float t, float delta, float exponent, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_temp_ext(t, delta, exponent); });
}

int32_t panallama_sampler_xtc(
    float probability, float threshold, size_t min_keep, uint32_t seed, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_xtc(probability, threshold, min_keep, seed); });
}

int32_t panallama_sampler_top_n_sigma(float n, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_top_n_sigma(n); });
}

int32_t panallama_sampler_penalties(
    int32_t n_vocab, int32_t last_n, float repeat, float frequency, float presence,
    struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] {
        return llama_sampler_init_penalties(n_vocab, last_n, repeat, frequency, presence);
    });
}

int32_t panallama_sampler_dry(
    const struct llama_vocab * vocab, float multiplier, float base, int32_t allowed_length, int32_t last_n,
    const char ** breakers, size_t n_breakers, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] {
        return llama_sampler_init_dry(vocab, multiplier, base, allowed_length, last_n, breakers, n_breakers);
    });
}

int32_t panallama_sampler_logit_bias(
    int32_t n_vocab, int32_t n_biases, const llama_logit_bias * biases, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] { return llama_sampler_init_logit_bias(n_vocab, n_biases, biases); });
}

int32_t panallama_sampler_infill(const struct llama_vocab * vocab, struct llama_sampler ** out, char ** error) {
    return panallama::made(out, error, [&] {
        // llama.cpp asserts that one of the two is there, and that ends the process.
        panallama::require(vocab != nullptr && (llama_vocab_eot(vocab) >= 0 || llama_vocab_eos(vocab) >= 0),
                           "the infill sampler needs an end token, which the vocabulary does not have");
        return llama_sampler_init_infill(vocab);
    });
}

}  // extern "C"
