#pragma once

// Memory that a context will need, asked before anything is allocated: an allocation that the system grants and cannot
// keep ends the process instead of failing.

#include <cstdint>

#include "llama.h"
#include "options.h"

// Bytes that the caches and buffers of such a context take, about. Throws NativeError NO_MEMORY when they do not fit where
// they would be placed.
uint64_t check_memory(const llama_model * model, const ContextOptions & options);

// Bytes that programs can still get, within the limits of this process's control group. 0: unknown.
uint64_t free_host_memory();
