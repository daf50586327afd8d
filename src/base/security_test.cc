// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/security.h"

#include <gtest/gtest.h>

namespace zkinfer {
namespace {

TEST(Security, DefaultsAreValid) { EXPECT_TRUE(Security{}.validate().ok()); }

TEST(Security, Bounds) {
  const auto with = [](std::uint32_t bits, std::uint32_t pow_bits) {
    Security security;
    security.bits = bits;
    security.pow_bits = pow_bits;
    return security.validate();
  };
  EXPECT_TRUE(with(1, 0).ok());
  EXPECT_TRUE(with(128, 32).ok());
  EXPECT_TRUE(with(33, 32).ok());
  for (const Status& status : {with(0, 0), with(129, 16), with(~0u, 16), with(128, 33), with(128, ~0u), with(16, 16)}) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("expected"), std::string::npos) << status.message();
  }
  Security unknown;
  unknown.decoding = static_cast<Decoding>(2);
  EXPECT_EQ(unknown.validate().code(), StatusCode::kInvalidArgument);
  Security other;
  other.profile = static_cast<Profile>(3);
  EXPECT_EQ(other.validate().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace zkinfer
