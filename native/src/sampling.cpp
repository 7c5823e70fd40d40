#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#ifdef __linux__
#    include <sys/resource.h>
#    include <sys/syscall.h>
#    include <unistd.h>
#endif

#include "effort.h"
#include "gate.h"
#include "guard.h"
#include "log_probabilities.h"
#include "sampling_pool.h"
#include "shortlist.h"

namespace panallama {
namespace {

bool any_candidate_left(const llama_token_data_array & candidates) {
    return std::any_of(candidates.data, candidates.data + candidates.size,
                       [](const llama_token_data & candidate) { return candidate.logit > -INFINITY; });
}

// Measured with top-k 40: a shortlist takes 0.4 of the time that all candidates take at 800 times as many tokens, and the
// same or more at 100 times as many.
constexpr int32_t k_worth_a_shortlist = 256;

bool sees_shortlist(const struct panallama_sample & sample, int32_t n_vocab) {
    return sample.shortlist > 0 && sample.shortlist <= n_vocab / k_worth_a_shortlist;
}

// llama_sampler_sample ends the process when nothing is selected, and so does the acceptance of an end-of-generation
// token that the grammar had masked. This does the same work member by member, from `first` to before `last`, and looks at
// the candidates in between.
void apply_members(llama_sampler * chain, int first, int last, llama_token_data_array & candidates) {
    for (int i = first; i < last; i++) {
        llama_sampler * member = llama_sampler_chain_get(chain, i);
        if (member->iface->apply == nullptr) {
            continue;
        }
        llama_sampler_apply(member, &candidates);
        if (candidates.size == 0 || !any_candidate_left(candidates)) {
            throw invalid_input(std::string("the sampler '") + llama_sampler_name(member) +
                                "' left no token to choose from");
        }
    }
}

llama_token selected(const llama_token_data_array & candidates) {
    // An extreme penalty, bias or temperature: inf - inf makes every probability NaN, and a draw then takes any token, a masked
    // one or none.
    const bool any = candidates.selected >= 0 && candidates.selected < static_cast<int64_t>(candidates.size);
    if (!any || !std::isfinite(candidates.data[candidates.selected].logit) ||
        std::isnan(candidates.data[candidates.selected].p)) {
        throw invalid_input("a penalty, a bias or the temperature made numbers too large to draw from");
    }
    return candidates.data[candidates.selected].id;
}

// What the last member of a chain chose from; collected only where it is to be reported.
using remaining = std::vector<llama_token_data>;

llama_token draw(llama_sampler * chain, int first, llama_token_data_array candidates, remaining * left) {
    apply_members(chain, first, llama_sampler_chain_n(chain), candidates);
    const llama_token token = selected(candidates);
    if (left != nullptr) {
        left->assign(candidates.data, candidates.data + candidates.size);
    }
    return token;
}

// Reports how likely the chain made a token and the likeliest of those it chose from, which have a probability above 0.
void report_left(struct panallama_sample & sample, llama_token token, remaining & left) {
    const llama_sampler * last = llama_sampler_chain_get(sample.chain, llama_sampler_chain_n(sample.chain) - 1);
    if (std::strcmp(llama_sampler_name(last), "greedy") == 0) {
        left.assign(1, { token, 0.0f, 1.0f });
    }
    float max = -INFINITY;
    for (const llama_token_data & one : left) {
        max = std::max(max, one.logit);
    }
    double sum = 0.0;
    for (llama_token_data & one : left) {
        one.logit -= max;
        sum += std::exp(static_cast<double>(one.logit));
    }
    const double log_sum = std::log(sum);
    const auto   logprob = [=](const llama_token_data & one) { return static_cast<float>(one.logit - log_sum); };
    const auto   is_out  = [=](const llama_token_data & one) { return one.id != token && std::exp(logprob(one)) == 0.0f; };
    left.erase(std::remove_if(left.begin(), left.end(), is_out), left.end());
    const auto n = std::min<size_t>(std::abs(sample.n_top), left.size());
    std::partial_sort(left.begin(), left.begin() + n, left.end(),
                      [](const llama_token_data & a, const llama_token_data & b) {
                          return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
                      });
    for (size_t i = 0; i < n; i++) {
        sample.top_tokens[i]   = left[i].id;
        sample.top_logprobs[i] = logprob(left[i]);
    }
    sample.n_top_filled = static_cast<int32_t>(n);
    sample.logprob      = logprob(
        *std::find_if(left.begin(), left.end(), [=](const llama_token_data & one) { return one.id == token; }));
}

llama_token_data_array candidates_of(
    const struct panallama_sample & sample, candidate_list & list, const float * logits, int32_t n_vocab, int32_t more) {
    // Checked before the addition, which would overflow with the largest top-k.
    struct panallama_sample seen = sample;
    seen.shortlist += sees_shortlist(sample, n_vocab) ? more : 0;
    return sees_shortlist(seen, n_vocab) ? list.shortlist(logits, n_vocab, seen.shortlist) : list.all(logits, n_vocab);
}

// How many refused tokens are tried one by one before all allowed tokens are computed.
constexpr size_t k_max_refused = 8;

llama_token select_token(
    const struct panallama_sample & sample, const float * logits, int32_t n_vocab, remaining * asked) {
    thread_local candidate_list list;
    const gates                 guards(sample.chain);
    const int                   first = guards.count();
    const llama_token           token = guards.forced();
    if (token != LLAMA_TOKEN_NULL) {
        if (asked != nullptr) {
            asked->assign(1, { token, 0.0f, 1.0f });
        }
        return token;
    }
    std::vector<llama_token> refused;
    while (refused.size() < k_max_refused) {
        llama_token_data_array candidates =
            candidates_of(sample, list, logits, n_vocab, static_cast<int32_t>(refused.size()));
        for (size_t i = 0; !refused.empty() && i < candidates.size; i++) {
            if (std::find(refused.begin(), refused.end(), candidates.data[i].id) != refused.end()) {
                candidates.data[i].logit = -INFINITY;
            }
        }
        const llama_token chosen  = draw(sample.chain, first, candidates, asked);
        const gate *      refuses = guards.refuses(chosen);
        if (refuses == nullptr) {
            return chosen;
        }
        if (refuses->lists_allowed()) {
            break;
        }
        refused.push_back(chosen);
    }
    std::vector<llama_token_data> left = guards.allowed(logits, n_vocab);
    return draw(sample.chain, first, { left.data(), left.size(), -1, false }, asked);
}

// Writes the likeliest tokens that all members but the last have left. The caller may change them before the last chooses.
void hand_out(const struct panallama_sample & sample, const float * logits, int32_t n_vocab) {
    thread_local candidate_list   list;
    const gates                   guards(sample.chain);
    const llama_token             forced = guards.forced();
    std::vector<llama_token_data> left;
    llama_token_data_array        candidates;
    if (forced != LLAMA_TOKEN_NULL) {
        left       = { { forced, logits[forced], 0.0f } };
        candidates = { left.data(), left.size(), -1, false };
    } else {
        if (guards.apply_here()) {
            left       = guards.allowed(logits, n_vocab);
            candidates = { left.data(), left.size(), -1, false };
        } else {
            candidates = candidates_of(sample, list, logits, n_vocab, 0);
        }
        apply_members(sample.chain, guards.count(), llama_sampler_chain_n(sample.chain) - 1, candidates);
    }
    struct panallama_candidates & out = *sample.candidates;
    require(out.capacity > 0 && out.tokens != nullptr && out.logits != nullptr, "there is no room for the candidates");
    llama_token_data * const begin = candidates.data;
    llama_token_data * const end   = std::remove_if(begin, begin + candidates.size, [](const llama_token_data & one) {
        return !(one.logit > -INFINITY);
    });
    const int64_t count = std::min<int64_t>(out.capacity, end - begin);
    std::partial_sort(begin, begin + count, end, [](const llama_token_data & a, const llama_token_data & b) {
        return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
    });
    for (int64_t i = 0; i < count; i++) {
        out.tokens[i] = begin[i].id;
        out.logits[i] = begin[i].logit;
    }
    out.count = static_cast<int32_t>(count);
}

// Lets the last member choose among the candidates.
llama_token choose(const struct panallama_sample & sample, remaining * asked) {
    thread_local std::vector<llama_token_data> chosen_from;
    const struct panallama_candidates &        given = *sample.candidates;
    require(given.count > 0 && given.count <= given.capacity, "there are no candidates");
    chosen_from.clear();
    for (int32_t i = 0; i < given.count; i++) {
        chosen_from.push_back({ given.tokens[i], given.logits[i], 0.0f });
    }
    llama_token_data_array candidates = { chosen_from.data(), chosen_from.size(), -1, false };
    if (!any_candidate_left(candidates)) {
        throw invalid_input("no candidate is left to choose from");
    }
    return draw(sample.chain, llama_sampler_chain_n(sample.chain) - 1, candidates, asked);
}

// The row of logits of a sample. The first access of a step reorders the rows, and every access waits for the backends, so
// only one thread at a time may call this.
const float * row_of(llama_context * ctx, const struct panallama_sample & sample) {
    require(sample.output_index >= 0, "the output index is negative");
    const float * logits = llama_get_logits_ith(ctx, sample.output_index);
    if (logits == nullptr) {
        throw invalid_input("there are no logits at output index " + std::to_string(sample.output_index));
    }
    return logits;
}

// Stores the likeliest tokens until the token is chosen.
log_probabilities report(struct panallama_sample & sample, const float * logits, int32_t n_vocab) {
    const log_probabilities probabilities(logits, n_vocab);
    const int32_t           n = std::min(sample.n_top, n_vocab);
    if (sample.candidates == nullptr) {
        probabilities.top(n_vocab, n, sample.top_tokens, sample.top_logprobs);
        sample.n_top_filled = n;
    } else {
        struct panallama_candidates & kept = *sample.candidates;
        require(kept.logprobs != nullptr && kept.top_tokens != nullptr && kept.top_logprobs != nullptr,
                "there is no room for the log-probabilities of the candidates");
        probabilities.top(n_vocab, n, kept.top_tokens, kept.top_logprobs);
        kept.n_top_filled = n;
        for (int32_t i = 0; i < kept.count; i++) {
            kept.logprobs[i] = probabilities.of(kept.tokens[i]);
        }
    }
    return probabilities;
}

bool is_choice(const struct panallama_sample & sample) {
    return sample.candidates != nullptr && sample.output_index < 0;
}

bool needs_row(const struct panallama_sample & sample) {
    return sample.deferred == nullptr && !is_choice(sample);
}

// A chain in which only some members have accepted a token is useless, so this is not left for later. What it needs has been
// matched before, when the gates were asked.
constexpr std::chrono::seconds k_accept_limit(1);

void accept(struct panallama_sample & sample, llama_token token) {
    const effort limit(k_accept_limit, nullptr);
    llama_sampler_accept(sample.chain, token);
    sample.token = token;
}

// Touches only the sample, its chain and thread-local memory.
void sample_row(struct panallama_sample & sample, const float * logits, int32_t n_vocab) {
    require(sample.chain != nullptr && llama_sampler_chain_get(sample.chain, -1) != nullptr,
            "the sampler is not a chain");
    require(sample.n_top == 0 || (sample.top_tokens != nullptr && sample.top_logprobs != nullptr),
            "there is no room for the top tokens");

    if (sample.candidates != nullptr) {
        hand_out(sample, logits, n_vocab);
        if (sample.n_top > 0) {
            report(sample, logits, n_vocab);
        }
        return;
    }
    remaining         left;
    const llama_token token = select_token(sample, logits, n_vocab, sample.n_top < 0 ? &left : nullptr);
    gates(sample.chain).foresee(token);
    if (sample.n_top > 0) {
        sample.logprob = report(sample, logits, n_vocab).of(token);
    } else if (sample.n_top < 0) {
        report_left(sample, token, left);
    }
    accept(sample, token);
}

// Touches only the sample and its chain.
void choose_candidate(struct panallama_sample & sample) {
    require(sample.chain != nullptr && llama_sampler_chain_get(sample.chain, -1) != nullptr,
            "the sampler is not a chain");
    remaining         left;
    const llama_token token = choose(sample, sample.n_top < 0 ? &left : nullptr);
    if (sample.n_top < 0) {
        report_left(sample, token, left);
    } else if (sample.n_top > 0) {
        const struct panallama_candidates & given = *sample.candidates;
        sample.logprob      = given.logprobs[std::find(given.tokens, given.tokens + given.count, token) - given.tokens];
        sample.n_top_filled = given.n_top_filled;
        std::copy(given.top_tokens, given.top_tokens + given.n_top_filled, sample.top_tokens);
        std::copy(given.top_logprobs, given.top_logprobs + given.n_top_filled, sample.top_logprobs);
    }
    accept(sample, token);
}

}  // namespace
}  // namespace panallama

// What is left of a sample, with everything that it needs apart from its chain and its candidates.
struct panallama_deferred {
    panallama_deferred(const struct panallama_sample & given, const float * row, int32_t n_vocab)
        : sample(given), logits(row, row + n_vocab), top_tokens(std::abs(given.n_top)),
          top_logprobs(std::abs(given.n_top)) {
        sample.top_tokens   = top_tokens.data();
        sample.top_logprobs = top_logprobs.data();
        sample.status       = PANALLAMA_FAILED; // until it has run
    }

    ~panallama_deferred() { std::free(failure); }

    panallama_deferred(const panallama_deferred &)             = delete;
    panallama_deferred & operator=(const panallama_deferred &) = delete;

    struct panallama_sample  sample;
    std::vector<float>       logits;
    std::vector<llama_token> top_tokens;
    std::vector<float>       top_logprobs;
    std::atomic<bool>        cancelled{ false };
    char *                   failure = nullptr;
};

namespace panallama {
namespace {

// How much matching a grammar may cost in a step, in units of effort: about a millisecond.
constexpr int64_t k_step_units = 200000;

// Takes a sample, or leaves it for later.
int32_t sample_or_defer(struct panallama_sample & sample, const float * logits, int32_t n_vocab) {
    try {
        const effort limit(k_step_units);
        sample_row(sample, logits, n_vocab);
        return PANALLAMA_OK;
    } catch (const too_much_at_once &) {
        sample.deferred = new panallama_deferred(sample, logits, n_vocab);
        return PANALLAMA_LATER;
    }
}

// Copies the result of a deferred sample.
int32_t take_over(struct panallama_sample & sample, char ** error) {
    struct panallama_deferred &     work = *sample.deferred;
    const struct panallama_sample & done = work.sample;
    require(std::abs(sample.n_top) >= done.n_top_filled, "there is no room for the top tokens");
    sample.token        = done.token;
    sample.logprob      = done.logprob;
    sample.n_top_filled = done.n_top_filled;
    std::copy(done.top_tokens, done.top_tokens + done.n_top_filled, sample.top_tokens);
    std::copy(done.top_logprobs, done.top_logprobs + done.n_top_filled, sample.top_logprobs);
    std::swap(*error, work.failure);
    return done.status;
}

// The part of a sample that the caller does not see.
struct sample_work {
    const float * logits  = nullptr; // NULL for a choice, and when there are none
    char *        failure = nullptr;
};

// The estimated time of a sample in nanoseconds. Measured (zen4, rows of 4,000 to 128,000 normally distributed logits, the
// caches cold): 0.1 ns a token and 0.5 us an element of a shortlist; 2 ns a token where top-k sees all of them, 10 to 60
// where they are sorted; 8 ns a token for the sum of the log-probabilities.
int64_t estimated_ns(const struct panallama_sample & sample, int32_t n_vocab) {
    if (sample.deferred != nullptr) {
        return 0;
    }
    if (is_choice(sample)) {
        return int64_t{ 30 } * sample.candidates->count;
    }
    const int64_t all   = int64_t{ sample.shortlist > 0 ? 2 : 10 } * n_vocab;
    const int64_t chain = sees_shortlist(sample, n_vocab) ? n_vocab / 10 + int64_t{ 500 } * sample.shortlist : all;
    return chain + (sample.n_top != 0 ? int64_t{ 8 } * n_vocab : 0);
}

// Measured with 2 threads: 100 us of work and more take 0.5 to 0.6 of the time. But a graph ends when its last thread has
// been given a core, and where other processes want them that takes as long as a time slice of the system (4 to 8 ms), so
// it must be worth something.
constexpr int64_t k_worth_sharing_ns = 200000;

bool is_worth_sharing(const struct panallama_sample * samples, int32_t n_samples, int32_t n_vocab) {
    int64_t total = 0;
    for (int32_t i = 0; i < n_samples; i++) {
        total += estimated_ns(samples[i], n_vocab);
    }
    return n_samples > 1 && total >= k_worth_sharing_ns;
}

int32_t sample_all(
    llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, panallama_sampling_pool * pool, char ** error) {
    const int32_t n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(ctx)));

    thread_local std::vector<sample_work> reused;
    // A reference, so that the other threads see this thread's list instead of their own thread-local one.
    std::vector<sample_work> & works = reused;
    works.assign(n_samples, sample_work());

    for (int32_t i = 0; i < n_samples; i++) {
        samples[i].token        = -1;
        samples[i].logprob      = std::numeric_limits<float>::quiet_NaN();
        samples[i].n_top_filled = 0;
        samples[i].status       = guarded(&works[i].failure, [&] {
            works[i].logits = needs_row(samples[i]) ? row_of(ctx, samples[i]) : nullptr;
            return PANALLAMA_OK;
        });
    }

    const auto take = [&](int32_t i) {
        if (samples[i].status == PANALLAMA_OK) {
            samples[i].status = guarded(&works[i].failure, [&] {
                if (samples[i].deferred != nullptr) {
                    return take_over(samples[i], &works[i].failure);
                }
                if (is_choice(samples[i])) {
                    choose_candidate(samples[i]);
                    return static_cast<int32_t>(PANALLAMA_OK);
                }
                return sample_or_defer(samples[i], works[i].logits, n_vocab);
            });
        }
    };
    if (pool != nullptr && is_worth_sharing(samples, n_samples, n_vocab)) {
        pool->run(n_samples, take);
    } else {
        for (int32_t i = 0; i < n_samples; i++) {
            take(i);
        }
    }

    int32_t n_failed = 0;
    for (int32_t i = 0; i < n_samples; i++) {
        if (samples[i].status != PANALLAMA_OK && samples[i].status != PANALLAMA_LATER) {
            if (n_failed++ == 0 && error != nullptr) {
                *error = works[i].failure;
            } else {
                std::free(works[i].failure);
            }
        }
    }
    return n_failed;
}

}  // namespace
}  // namespace panallama

extern "C" int32_t panallama_sample(
    struct llama_context * ctx, struct panallama_sample * samples, int32_t n_samples, struct panallama_sampling_pool * pool,
    char ** error) {
    int32_t       n_failed = 0;
    const int32_t status   = panallama::guarded(error, [&] {
        n_failed = panallama::sample_all(ctx, samples, n_samples, pool, error);
        return PANALLAMA_OK;
    });
    if (status != PANALLAMA_OK) {
        // There was not even memory to begin.
        for (int32_t i = 0; i < n_samples; i++) {
            samples[i].token  = -1;
            samples[i].status = status;
        }
        return n_samples;
    }
    return n_failed;
}

extern "C" void panallama_deferred_run(struct panallama_deferred * deferred, int64_t limit_ns) {
    using namespace panallama;
#ifdef __linux__
    // The priority of a thread; the others of the process keep theirs. A failure does no harm.
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
#endif
    deferred->sample.status = guarded(&deferred->failure, [&] {
        const effort limit(std::chrono::nanoseconds(limit_ns), &deferred->cancelled);
        sample_row(deferred->sample, deferred->logits.data(), static_cast<int32_t>(deferred->logits.size()));
        return PANALLAMA_OK;
    });
}

extern "C" void panallama_deferred_cancel(struct panallama_deferred * deferred) {
    deferred->cancelled.store(true, std::memory_order_relaxed);
}

extern "C" void panallama_deferred_free(struct panallama_deferred * deferred) {
    delete deferred;
}

extern "C" int64_t panallama_effort_spent(void) {
    return panallama::effort::spent();
}
