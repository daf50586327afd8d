// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_reduce_max(const OpContext& op) {
  reduce_lines(
      op, INT64_MIN, [](std::int64_t most, std::int64_t x) { return std::max(most, x); },
      [](std::int64_t most) { return most; });
}

}  // namespace zkinfer::exec_integer
