#pragma once

// ggml ends the process where an assertion does not hold, and llama.cpp asserts much about what it reads from a model file.
// While such a file is being loaded a failed assertion becomes an exception instead, which llama.cpp's loader and
// node-llama-cpp's worker report as a model that cannot be loaded.

// Takes over from ggml's own handler.
void install_abort_guard();

// A model is being loaded (+1), or no more (-1).
void count_model_loads(int change);

// On this thread a failed assertion ends the process after all: it computes, and other threads wait for it.
class AbortForReal {
public:
    AbortForReal();
    ~AbortForReal();
};
