#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "guard.h"
#include "process_log.h"

namespace panallama {
namespace {

// llama_model_quantize reports its progress only in its log: a line for each tensor before it is converted, and totals at
// the end. The only way to stop it is an exception from the log callback, which llama_model_quantize itself catches; no
// worker thread runs while that line is written.
struct quantization {
    panallama_quantize_progress        progress;
    void *                             data;
    struct panallama_quantize_report * report;
    std::string                        error;
};

thread_local quantization * t_current = nullptr;

// "[   3/  20] blk.0.attn_k.weight                  - [   64,    32,     1,     1], type =    f16, "
bool tensor_line(const std::string & line, int32_t & number, int32_t & count, std::string & name) {
    int start = 0;
    if (std::sscanf(line.c_str(), "[%d/%d] %n", &number, &count, &start) != 2 || start == 0) {
        return false;
    }
    const size_t end = line.rfind(" - [");
    if (end == std::string::npos || end < static_cast<size_t>(start)) {
        return false;
    }
    name = line.substr(start, end - start);
    name.erase(name.find_last_not_of(' ') + 1);
    return true;
}

void hear(quantization & current, ggml_log_level level, const std::string & line) {
    static const std::string failure = "llama_model_quantize: failed to quantize: ";

    int32_t     number = 0;
    int32_t     count  = 0;
    double      mib    = 0;
    std::string name;
    if (level == GGML_LOG_LEVEL_INFO && tensor_line(line, number, count, name)) {
        current.report->n_tensors = count;
        if (!current.progress(current.data, number - 1, count, name.c_str())) {
            log_line(GGML_LOG_LEVEL_CONT, "stopped\n");
            throw std::runtime_error("stopped");
        }
    } else if (std::sscanf(line.c_str(), "llama_model_quantize_impl: quant size = %lf MiB", &mib) == 1) {
        current.report->size = static_cast<uint64_t>(mib * 1024 * 1024);
    } else if (std::sscanf(line.c_str(), "llama_model_quantize_impl: WARNING: %d of %d tensor(s) required", &number, &count) == 2) {
        current.report->n_fallback = number;
    } else if (level == GGML_LOG_LEVEL_ERROR && line.compare(0, failure.size(), failure) == 0) {
        current.error = line.substr(failure.size());
        current.error.erase(current.error.find_last_not_of(" \n") + 1);
    }
}

struct listening {
    explicit listening(quantization & current) : outer(t_current) { t_current = &current; }
    ~listening() { t_current = outer; }
    listening(const listening &) = delete;
    listening & operator=(const listening &) = delete;

  private:
    quantization * outer; // set when a progress callback quantises too
};

// If a worker thread does not start, llama.cpp destroys the others while they run, which ends the process.
void require_threads(int32_t n_threads) {
    require(n_threads >= 1 && n_threads <= 512, "the number of threads must be 1 to 512");
    std::mutex               gate; // keeps all threads alive until the last one has started
    std::vector<std::thread> threads;
    threads.reserve(n_threads);
    bool started = true;
    {
        const std::lock_guard<std::mutex> closed(gate);
        try {
            for (int32_t i = 0; i < n_threads; ++i) {
                threads.emplace_back([&gate] { const std::lock_guard<std::mutex> pass(gate); });
            }
        } catch (...) { // the threads that have started must be joined in any case
            started = false;
        }
    }
    for (std::thread & thread : threads) {
        thread.join();
    }
    if (!started) {
        throw std::bad_alloc();
    }
}

}  // namespace

void hear_log(ggml_log_level level, const char * text) {
    if (t_current != nullptr) {
        hear(*t_current, level, text);
    }
}

}  // namespace panallama

extern "C" {

int32_t panallama_quantize(
    const char * input, const char * output, const struct llama_model_quantize_params * params,
    panallama_quantize_progress progress, void * data, struct panallama_quantize_report * report, char ** error) {
    using namespace panallama;
    return guarded(error, [&]() -> int32_t {
        require(has_log_listener(), "panallama_log_add was not called");
        require_threads(params->nthread);
        *report = {};
        quantization    current = { progress, data, report, "" };
        const listening scope(current);
        if (llama_model_quantize(input, output, params) != 0) {
            throw std::runtime_error(current.error.empty() ? "llama.cpp gave no reason" : current.error);
        }
        return PANALLAMA_OK;
    });
}

}  // extern "C"
