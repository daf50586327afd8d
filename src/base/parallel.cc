// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>

#include "base/check.h"
#include "base/run_all.h"

namespace zkinfer {

std::size_t num_chunks(std::size_t num_items, std::size_t grain) {
  ZKI_CHECK(grain > 0, "grain is positive");
  return (num_items + grain - 1) / grain;
}

void parallel_chunks(std::size_t num_items, std::size_t grain,
                     const std::function<void(std::size_t, std::size_t, std::size_t)>& body) {
  const std::size_t count = num_chunks(num_items, grain);
  const auto run = [&](std::size_t i) { body(i, i * grain, std::min((i + 1) * grain, num_items)); };
  if (count <= 1) {
    if (count == 1) run(0);
    return;
  }
  run_all(count, run);
}

void parallel_for(std::size_t num_items, std::size_t grain, const std::function<void(std::size_t, std::size_t)>& body) {
  parallel_chunks(num_items, grain, [&](std::size_t, std::size_t begin, std::size_t end) { body(begin, end); });
}

}  // namespace zkinfer
