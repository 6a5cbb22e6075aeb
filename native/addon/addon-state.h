#pragma once

// What belongs to one load of the addon: the class of contexts, and everything that must stop when the process ends.

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "session.h"

// Objects that may be gone: remembered without keeping them.
template <typename T> class WeakList {
public:
    void add(const std::shared_ptr<T> & item) {
        items.erase(std::remove_if(items.begin(), items.end(), [](const auto & it) { return it.expired(); }), items.end());
        items.push_back(item);
    }

    template <typename F> void each(F && call) {
        for (const auto & item : items) {
            if (const std::shared_ptr<T> it = item.lock()) {
                call(*it);
            }
        }
    }

private:
    std::vector<std::weak_ptr<T>> items;
};

struct AddonState {
    static AddonState & of(Napi::Env env) { return *env.GetInstanceData<AddonState>(); }

    Napi::FunctionReference     context_class;
    WeakList<Session>           sessions;
    WeakList<std::atomic<bool>> calibrations; // their abort flags
};
