#pragma once

// Whole files, as bytes.

#include "tap.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

using bytes = std::vector<char>;

inline bytes read_file(const std::string & path) {
    FILE * f = fopen(path.c_str(), "rb");
    if (!f) {
        tap::bail("cannot read %s", path.c_str());
    }
    bytes res(std::filesystem::file_size(path));
    if (!res.empty() && fread(res.data(), 1, res.size(), f) != res.size()) {
        tap::bail("cannot read %s", path.c_str());
    }
    fclose(f);
    return res;
}

inline void write_file(const std::string & path, const bytes & x) {
    FILE * f = fopen(path.c_str(), "wb");
    if (!f || (!x.empty() && fwrite(x.data(), 1, x.size(), f) != x.size())) {
        tap::bail("cannot write %s", path.c_str());
    }
    fclose(f);
}
