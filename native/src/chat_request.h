// Reading the JSON request of panallama_chat_template_apply.
#ifndef PANALLAMA_CHAT_REQUEST_H
#define PANALLAMA_CHAT_REQUEST_H

#include "chat.h"

namespace panallama {

// Throws invalid_input for what is missing, of a wrong type or unknown. What the request leaves out is as the header says.
common_chat_templates_inputs read_chat_request(
    const char * request, const common_chat_templates * templates, bool enable_thinking);

}  // namespace panallama

#endif
