#pragma once

// Devices of other machines, through ggml's RPC backend. It has no way to report that a server is gone: it ends the process. Here
// that becomes a report to JavaScript, which says so to whoever waits and then ends the process itself.

#include "napi.h"

// addRpcServer(endpoint): its devices become devices of this process. The caller has made sure that a server is there.
Napi::Value add_rpc_server(const Napi::CallbackInfo & info);

// onRpcLost(callback): called at most once, with ggml's message.
Napi::Value on_rpc_lost(const Napi::CallbackInfo & info);

// exitNow(code): ends the process without waiting for threads, some of which may wait for a server for ever.
Napi::Value exit_now(const Napi::CallbackInfo & info);

// Called with what ggml says before it ends the process. Returns when it is not about RPC. Throws on JavaScript's thread, and never
// returns on others once the loss is reported.
void report_lost_rpc_server(const char * message);
