// Decodes UTF-8 strictly by the standard, byte by byte.
//
// llama.cpp's grammars decode by the lead byte alone: they accept F0 86 9D B1 for U+6771, which is validly encoded only as
// E6 9D B1.
#ifndef PANALLAMA_UTF8_H
#define PANALLAMA_UTF8_H

#include <cstdint>
#include <string>

namespace panallama {

class utf8_state {
  public:
    // Returns false when this byte cannot continue any valid text.
    bool advance(uint8_t byte) {
        if (left == 0) {
            return begin(byte);
        }
        if (byte < low || byte > high) {
            return false;
        }
        low   = 0x80;
        high  = 0xBF;
        value = value << 6 | (byte & 0x3F);
        left--;
        return true;
    }

    bool advance(const std::string & bytes) {
        for (const char byte : bytes) {
            if (!advance(static_cast<uint8_t>(byte))) {
                return false;
            }
        }
        return true;
    }

    // Whether the text so far ends at a character boundary.
    bool is_whole() const { return left == 0; }

    // The last character; only at a character boundary.
    uint32_t character() const { return value; }

    // The smallest and the largest character that may still become of an unfinished one.
    uint32_t smallest() const { return (value << 6 | (low & 0x3F)) << (6 * (left - 1)); }
    uint32_t largest() const {
        const int rest = 6 * (left - 1);
        return (value << 6 | (high & 0x3F)) << rest | ((1u << rest) - 1);
    }

  private:
    bool begin(uint8_t byte) {
        if (byte < 0x80) {
            value = byte;
            return true;
        }
        if (byte < 0xC2 || byte > 0xF4) {
            return false;
        }
        left  = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        value = byte & (0x3F >> left);
        // Excludes overlong forms, surrogates and values above U+10FFFF.
        low  = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
        high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
        return true;
    }

    uint32_t value = 0;
    int      left  = 0;
    uint8_t  low   = 0x80;
    uint8_t  high  = 0xBF;
};

}  // namespace panallama

#endif
