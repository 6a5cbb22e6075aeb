#pragma once

#include "napi.h"

// calibrate(model, options, onProgress): { done: Promise<void>, abort(): void }
Napi::Value calibrate(const Napi::CallbackInfo & info);
