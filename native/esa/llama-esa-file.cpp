#include "llama-esa-file.h"

#include "ggml.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <system_error>

//
// XXH64
//

static constexpr uint64_t P1 = 0x9E3779B185EBCA87ULL;
static constexpr uint64_t P2 = 0xC2B2AE3D27D4EB4FULL;
static constexpr uint64_t P3 = 0x165667B19E3779F9ULL;
static constexpr uint64_t P4 = 0x85EBCA77C2B2AE63ULL;
static constexpr uint64_t P5 = 0x27D4EB2F165667C5ULL;

static uint64_t rotate(uint64_t x, int r) {
    return (x << r) | (x >> (64 - r));
}

static uint64_t round(uint64_t acc, uint64_t x) {
    return rotate(acc + x*P2, 31)*P1;
}

template <typename T>
static T load(const uint8_t * p) {
    T x;
    memcpy(&x, p, sizeof(x)); // little endian, as GGUF and the tensors themselves
    return x;
}

void xxh64::stripe(const uint8_t * p) {
    for (int i = 0; i < 4; ++i) {
        lane[i] = round(lane[i], load<uint64_t>(p + 8*i));
    }
}

void xxh64::add(const void * data, size_t size) {
    const uint8_t * p = (const uint8_t *) data;
    total += size;
    if (n_rest > 0) {
        const size_t n = std::min(size, sizeof(rest) - n_rest);
        memcpy(rest + n_rest, p, n);
        n_rest += n;
        p      += n;
        size   -= n;
        if (n_rest < sizeof(rest)) {
            return;
        }
        stripe(rest);
        n_rest = 0;
    }
    uint64_t l[4]; // in registers
    memcpy(l, lane, sizeof(l));
    for (; size >= sizeof(rest); p += sizeof(rest), size -= sizeof(rest)) {
        for (int i = 0; i < 4; ++i) {
            l[i] = round(l[i], load<uint64_t>(p + 8*i));
        }
    }
    memcpy(lane, l, sizeof(l));
    if (size > 0) {
        memcpy(rest, p, size);
    }
    n_rest = size;
}

uint64_t xxh64::digest() const {
    uint64_t h = P5; // seed 0
    if (total >= sizeof(rest)) {
        h = rotate(lane[0], 1) + rotate(lane[1], 7) + rotate(lane[2], 12) + rotate(lane[3], 18);
        for (uint64_t x : lane) {
            h = (h ^ round(0, x))*P1 + P4;
        }
    }
    h += total;

    size_t i = 0;
    for (; i + 8 <= n_rest; i += 8) {
        h = rotate(h ^ round(0, load<uint64_t>(rest + i)), 27)*P1 + P4;
    }
    for (; i + 4 <= n_rest; i += 4) {
        h = rotate(h ^ load<uint32_t>(rest + i)*P1, 23)*P2 + P3;
    }
    for (; i < n_rest; ++i) {
        h = rotate(h ^ rest[i]*P5, 11)*P1;
    }
    h = (h ^ h >> 33)*P2;
    h = (h ^ h >> 29)*P3;
    return h ^ h >> 32;
}

//
// files
//

static std::runtime_error failure(const char * what, const std::string & path) {
    return std::runtime_error(std::string(what) + " " + path + ": " + strerror(errno));
}

llama_esa_file_writer::llama_esa_file_writer(const std::string & path) : path(path) {
    temporary = path + ".part-" + std::to_string(std::random_device()());
    file = ggml_fopen(temporary.c_str(), "wb");
    if (!file) {
        throw failure("cannot write", temporary);
    }
    setvbuf(file, nullptr, _IOFBF, 1024*1024); // a small file is one write, not two for every layer
}

llama_esa_file_writer::~llama_esa_file_writer() {
    if (file) {
        fclose(file);
    }
    if (!temporary.empty()) {
        std::error_code ignored; // there is nobody to tell, and the file is only litter
        std::filesystem::remove(std::filesystem::u8path(temporary), ignored);
    }
}

void llama_esa_file_writer::write(const void * data, size_t size) {
    if (size > 0 && fwrite(data, 1, size, file) != size) {
        throw failure("cannot write", temporary);
    }
    hash.add(data, size);
}

void llama_esa_file_writer::finish() {
    const uint64_t digest = hash.digest();
    write(&digest, sizeof(digest));
    FILE * f = file;
    file = nullptr;
    if (fclose(f) != 0) {
        throw failure("cannot write", temporary);
    }
    std::filesystem::rename(std::filesystem::u8path(temporary), std::filesystem::u8path(path));
    temporary.clear();
}

llama_esa_file_reader::llama_esa_file_reader(const std::string & path) {
    std::error_code error;
    n_bytes = std::filesystem::file_size(std::filesystem::u8path(path), error);
    if (error) {
        throw std::runtime_error("cannot read " + path + ": " + error.message());
    }
    file = ggml_fopen(path.c_str(), "rb");
    if (!file) {
        throw failure("cannot read", path);
    }
}

llama_esa_file_reader::~llama_esa_file_reader() {
    if (file) {
        fclose(file);
    }
}

void llama_esa_file_reader::read(void * data, size_t size) {
    if (size > 0 && fread(data, 1, size, file) != size) {
        throw std::runtime_error("the file ends early");
    }
    hash.add(data, size);
}

void llama_esa_file_reader::finish() {
    const uint64_t expected = hash.digest();
    uint64_t digest = 0;
    read(&digest, sizeof(digest));
    if (digest != expected) {
        throw std::runtime_error("the contents of the file were altered");
    }
}
