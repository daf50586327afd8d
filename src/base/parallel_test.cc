// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

TEST(Parallel, CoversEveryItemOnceForAnyThreadCount) {
  for (std::size_t threads : {1u, 2u, 5u}) {
    const ThreadLimit limit(threads);
    for (std::size_t num_items : {0u, 1u, 7u, 64u, 1000u}) {
      std::vector<std::atomic<int>> seen(num_items);
      parallel_for(num_items, 7, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) seen[i].fetch_add(1);
      });
      for (const auto& count : seen) EXPECT_EQ(count.load(), 1);
    }
  }
}

}  // namespace
}  // namespace zkinfer
