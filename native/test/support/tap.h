#pragma once

// One line per check, "ok 1 - what" or "not ok 1 - what", and an exit status that says whether all held.

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace tap {

inline int n_checks = 0;
inline int n_failed = 0;

inline std::string format(const char * text, va_list args) {
    char line[1024];
    vsnprintf(line, sizeof(line), text, args);
    return line;
}

__attribute__((format(printf, 2, 3)))
inline bool ok(bool condition, const char * text, ...) {
    va_list args;
    va_start(args, text);
    printf("%sok %d - %s\n", condition ? "" : "not ", ++n_checks, format(text, args).c_str());
    va_end(args);
    fflush(stdout);
    n_failed += !condition;
    return condition;
}

__attribute__((format(printf, 1, 2)))
inline void note(const char * text, ...) {
    va_list args;
    va_start(args, text);
    printf("# %s\n", format(text, args).c_str());
    va_end(args);
    fflush(stdout);
}

// a failure of the test itself
[[noreturn]] __attribute__((format(printf, 1, 2)))
inline void bail(const char * text, ...) {
    va_list args;
    va_start(args, text);
    printf("Bail out! %s\n", format(text, args).c_str());
    va_end(args);
    exit(2);
}

inline int done() {
    printf("1..%d\n", n_checks);
    return n_checks == 0 || n_failed > 0;
}

} // namespace tap
