#include "trace-codec.h"

void TraceEncoder::put(uint32_t value) {
    while (value >= 0x80) {
        bytes.push_back(uint8_t(value) | 0x80);
        value >>= 7;
    }
    bytes.push_back(uint8_t(value));
}

void TraceEncoder::add_layer(const int32_t * tokens, int32_t count) {
    put(uint32_t(count));
    int32_t previous = 0;
    for (int32_t i = 0; i < count; i++) {
        put(uint32_t(tokens[i] - previous));
        previous = tokens[i];
    }
}
