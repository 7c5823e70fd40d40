// Counts the objects that the bridge has handed out, so that a test sees one that was not freed.
#ifndef PANALLAMA_LIVE_OBJECTS_H
#define PANALLAMA_LIVE_OBJECTS_H

#include <atomic>
#include <cstdint>

namespace panallama {

inline std::atomic<int64_t> g_live_objects{ 0 };

// A member of every counted type.
class counted {
  public:
    counted() { g_live_objects++; }
    ~counted() { g_live_objects--; }

    counted(const counted &)             = delete;
    counted & operator=(const counted &) = delete;
};

}  // namespace panallama

#endif
