// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"
#include "exec/integer/reduction.h"

namespace zkinfer::exec_integer {

void run_reduce_sum(const OpContext& op) {
  reduce_lines(op, 0, sum_of, [&](std::int64_t sum) { return product_of(sum, op.node->coefs[0]); });
}

}  // namespace zkinfer::exec_integer
