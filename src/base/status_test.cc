// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/status.h"

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return invalid_argument("x is odd: " + std::to_string(x));
  return x / 2;
}

Result<int> quarter(int x) {
  ZKI_ASSIGN_OR_RETURN(const int h, half(x));
  return half(h);
}

TEST(Status, PropagatesTheFirstError) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).status().message(), "x is odd: 3");
  EXPECT_EQ(quarter(5).status().to_string(), "invalid argument: x is odd: 5");
  EXPECT_EQ(half(3).status().with_context("node 'a'").message(), "node 'a': x is odd: 3");
}

TEST(StatusDeathTest, ValueOfAFailedResultAborts) { EXPECT_DEATH((void)half(3).value(), "failed Result"); }

}  // namespace
}  // namespace zkinfer
