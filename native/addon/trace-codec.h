#pragma once

// Compact form of a selection: for each layer a varint count, then the token indices as varint differences.
// The reader is decodeSelection in src/engine/native.ts.

#include <cstdint>
#include <vector>

class TraceEncoder {
public:
    // `tokens` ascending
    void add_layer(const int32_t * tokens, int32_t count);

    std::vector<uint8_t> take() { return std::move(bytes); }

private:
    void put(uint32_t value);

    std::vector<uint8_t> bytes;
};
