// SPDX-License-Identifier: Apache-2.0
// ZKI_CHECK: aborts on our own bugs, always on, with file, line and values. Never reachable from input bytes.
#pragma once

#include <cstdint>

namespace zkinfer::base {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* what, std::int64_t left,
                               std::int64_t right);

}  // namespace zkinfer::base

// ZKI_CHECK(cond, what): `what` is a string literal that names the broken rule.
#define ZKI_CHECK(cond, what) ((cond) ? (void)0 : ::zkinfer::base::check_failed(__FILE__, __LINE__, #cond, what, 0, 0))
// ZKI_CHECK_EQ(a, b, what): integers only; prints both sides.
#define ZKI_CHECK_EQ(a, b, what)                                                                                    \
  ((a) == (b) ? (void)0                                                                                             \
              : ::zkinfer::base::check_failed(__FILE__, __LINE__, #a " == " #b, what, static_cast<std::int64_t>(a), \
                                              static_cast<std::int64_t>(b)))
