// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/pads.h"

namespace zkinfer::sumcheck {

void count_rounds_pads(hiding::PadAllocator& pads, int num_rounds, int degree) {
  for (int i = 0; i < num_rounds * degree; ++i) static_cast<void>(pads.plain());
}

void count_zerocheck_pads(hiding::PadAllocator& pads) {
  if (pads.zero_knowledge() && pads.used().num_triples > 0) count_rounds_pads(pads, pads.used().log_triple_rows(), 2);
}

}  // namespace zkinfer::sumcheck
