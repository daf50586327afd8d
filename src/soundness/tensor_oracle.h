// SPDX-License-Identifier: Apache-2.0
// Parameter search for a tensor commitment. Part of the search: verifiers never call it.
#pragma once

#include <cstdint>

#include "commit/pcs/params.h"
#include "soundness/rows.h"
#include "zkinfer/status.h"

namespace zkinfer::soundness {

// The oracle of a tensor commitment of `elements` numbers for `budget` proofs (0: hides nothing): it depends on nothing else, so
// that proofs of different models can speak of one commitment. rows: as the layout of one flat column needs them.
struct TensorRequest {
  std::uint64_t elements = 0;
  std::uint64_t budget = 0;
  Security security;
  RowsForLanes rows;
};

// resource_limit when no code within tensor_cap() (caps.h) serves so many proofs; the message names the largest number that works.
Result<pcs::TensorOracle> tensor_oracle(const TensorRequest& request);

}  // namespace zkinfer::soundness
