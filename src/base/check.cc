// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>

namespace zkinfer::base {

void check_failed(const char* file, int line, const char* condition, const char* what, std::int64_t left,
                  std::int64_t right) {
  std::fprintf(stderr,
               "%s:%d: internal error (a bug in zkinfer, please report it): %s: %s [%" PRId64 ", %" PRId64 "]\n", file,
               line, what, condition, left, right);
  std::abort();
}

}  // namespace zkinfer::base
