#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

// XXH64 (xxhash.com), fed piece by piece.
class xxh64 {
public:
    void add(const void * data, size_t size);

    uint64_t digest() const;

private:
    void stripe(const uint8_t * p);

    uint64_t lane[4] = {
        0x9E3779B185EBCA87ULL + 0xC2B2AE3D27D4EB4FULL, 0xC2B2AE3D27D4EB4FULL, 0, 0ULL - 0x9E3779B185EBCA87ULL,
    };
    uint8_t  rest[32];
    size_t   n_rest = 0;
    uint64_t total  = 0;
};

// A file that is written beside its place and takes it only when complete; ends in the hash of what is before.
class llama_esa_file_writer {
public:
    // throws std::runtime_error, as do the others
    explicit llama_esa_file_writer(const std::string & path);
    ~llama_esa_file_writer(); // removes what is not complete

    void write(const void * data, size_t size);
    void finish();

private:
    std::string path;
    std::string temporary;
    FILE * file = nullptr;
    xxh64  hash;
};

// Reads such a file.
class llama_esa_file_reader {
public:
    // throws std::runtime_error, as do the others
    explicit llama_esa_file_reader(const std::string & path);
    ~llama_esa_file_reader();

    llama_esa_file_reader(const llama_esa_file_reader &) = delete;

    uint64_t size() const { return n_bytes; }

    void read(void * data, size_t size);

    // reads the hash and compares
    void finish();

private:
    FILE *   file = nullptr;
    uint64_t n_bytes = 0;
    xxh64    hash;
};
