#include "cancellation.h"

#include "panallama_bridge.h"

namespace panallama {

thread_local const int32_t * cancellation::flag       = nullptr;
thread_local bool            cancellation::allocating = false;

}  // namespace panallama

extern "C" void panallama_cancel_by(const void * flag) {
    panallama::cancellable::set(static_cast<const int32_t *>(flag));
}
