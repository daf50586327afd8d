// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/operand.h"

namespace zkinfer::exec_integer {

std::vector<std::int64_t> Operand::widened() const {
  std::vector<std::int64_t> result(static_cast<std::size_t>(shape().num_elements()));
  copy<std::int64_t>(0, result);
  return result;
}

}  // namespace zkinfer::exec_integer
