// The one callback that llama.cpp logs through, and who hears it.
#ifndef PANALLAMA_PROCESS_LOG_H
#define PANALLAMA_PROCESS_LOG_H

#include "ggml.h"

namespace panallama {

bool has_log_listener();

// To every callback of panallama_log_add.
void log_line(ggml_log_level level, const char * text);

// The quantisation that runs on this thread, if there is one. May throw to stop it (quantize.cpp).
void hear_log(ggml_log_level level, const char * text);

}  // namespace panallama

#endif
