// Reads the JSON request of panallama_chat_template_apply.
#ifndef PANALLAMA_CHAT_REQUEST_H
#define PANALLAMA_CHAT_REQUEST_H

#include <vector>

#include "chat.h"

namespace panallama {

struct chat_request {
    common_chat_templates_inputs  inputs;
    std::vector<common_chat_tool> grammar_tools;  // empty: the tools of the inputs
};

// Throws invalid_input for a field that is missing, unknown or of the wrong type. The header has the defaults.
chat_request read_chat_request(
    const char * request, const common_chat_templates * templates, bool enable_thinking);

}  // namespace panallama

#endif
