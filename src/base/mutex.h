// SPDX-License-Identifier: Apache-2.0
// A mutex and its guard; of nothing where there are no threads (WebAssembly, whose library has none).
#pragma once

#if defined(__wasm__)

namespace zkinfer {

struct Mutex {};
struct [[nodiscard]] Lock {
  explicit Lock(Mutex&) {}
};

}  // namespace zkinfer

#else

#include <mutex>

namespace zkinfer {

using Mutex = std::mutex;
using Lock = std::lock_guard<std::mutex>;

}  // namespace zkinfer

#endif
