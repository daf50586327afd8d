// SPDX-License-Identifier: Apache-2.0
// Commits to an input or output tensor, so that later proofs, other models and other parties can refer to it.
#pragma once

#include "commit/pcs/oracle_prover.h"
#include "statement/statement.h"

namespace zkinfer::prover {

// The tensor with its commitment. values and seed are secret; whoever has them can prove about the tensor, within the
// oracle's budget over all holders together.
struct CommittedValues {
  std::vector<std::int64_t> values;  // row-major
  Digest seed{};
  pcs::TensorOracle params;
  pcs::CommittedOracle oracle;
  statement::Commitment commitment;
};

// The key of D's random rows. Other data, or other parameters, under the same seed get independent rows.
Digest derive_tensor_rows_key(const Digest& seed, const pcs::TensorOracle& params,
                              const std::vector<std::int64_t>& values);

// The oracle of commitments to `num_elements` numbers (soundness::tensor_oracle with the layout of one flat column).
Result<pcs::TensorOracle> tensor_oracle_params(std::uint64_t num_elements, std::uint64_t budget,
                                               const Security& security);

// |values| < p. params as tensor_oracle_params gives them, or a key's params.data[i]; invalid_argument when they are for
// another number of values.
Result<CommittedValues> commit_tensor(std::vector<std::int64_t> values, const pcs::TensorOracle& params,
                                      const Digest& seed);

}  // namespace zkinfer::prover
