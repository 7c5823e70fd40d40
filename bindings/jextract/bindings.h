// What the Java bindings are generated from: the bridge and llama.cpp, plus function types for what a CPU library
// offers only by name. The CPU library is a backend that ggml opens privately, so its symbols cannot be looked up; the
// address comes from ggml_backend_reg_get_proc_address (ggml/src/ggml-cpu/ggml-cpu.cpp, ggml_backend_cpu_get_proc_address).
#include "panallama_bridge.h"

typedef struct ggml_threadpool * (*ggml_threadpool_new_t)(struct ggml_threadpool_params * params); // "ggml_threadpool_new"
typedef void (*ggml_threadpool_free_t)(struct ggml_threadpool * threadpool);                       // "ggml_threadpool_free"
typedef bool (*ggml_cpu_is_numa_t)(void); // "ggml_backend_cpu_is_numa"
