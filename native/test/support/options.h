#pragma once

// Programs that go through cases made by chance, each from one number, as long as they are let:
//   [--seconds N] [--seed S]   for how long, and the number of the first case
//   [--case S]                 that case alone
// Paths of models, which all programs get, are not looked at.

#include <chrono>
#include <cstdlib>
#include <cstring>

struct test_options {
    double   seconds;
    unsigned seed = 1;
    bool     one  = false;

    test_options(int argc, char ** argv, double seconds) : seconds(seconds) {
        for (int i = 1; i + 1 < argc; ++i) {
            if (!strcmp(argv[i], "--seconds")) {
                this->seconds = atof(argv[++i]);
            } else if (!strcmp(argv[i], "--seed") || !strcmp(argv[i], "--case")) {
                one  = argv[i][2] == 'c';
                seed = (unsigned) strtoul(argv[++i], nullptr, 10);
            }
        }
    }

    bool time_left() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < seconds;
    }

private:
    std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};
