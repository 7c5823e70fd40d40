// Reading the JSON request of panallama_chat_template_apply.
#ifndef PANALLAMA_CHAT_REQUEST_H
#define PANALLAMA_CHAT_REQUEST_H

#include <vector>

#include "chat.h"

namespace panallama {

struct chat_request {
    common_chat_templates_inputs  inputs;
    std::vector<common_chat_tool> grammar_tools;  // none: those of the inputs
};

// Throws invalid_input for what is missing, of a wrong type or unknown. What the request leaves out is as the header says.
chat_request read_chat_request(
    const char * request, const common_chat_templates * templates, bool enable_thinking);

}  // namespace panallama

#endif
