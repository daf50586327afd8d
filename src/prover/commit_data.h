// SPDX-License-Identifier: Apache-2.0
// Commits to an input or output tensor, so that later proofs, other models and other parties can refer to it.
#pragma once

#include "commit/pcs/oracle_prover.h"
#include "statement/statement.h"

namespace zkinfer::prover {

// The tensor with its commitment. values and seed are secret; whoever has them can prove about the tensor, within the
// oracle's budget over all holders together.
struct CommittedData {
  std::vector<std::int64_t> values;  // row-major
  Digest seed{};
  pcs::DataOracle params;
  pcs::CommittedOracle oracle;
  proof::Commitment commitment;
};

// The key of D's random rows. Other data, or other parameters, under the same seed get independent rows.
Digest derive_data_rows_key(const Digest& seed, const pcs::DataOracle& params, const std::vector<std::int64_t>& values);

// The oracle of commitments to `num_elements` numbers (soundness::data_oracle with the layout of one flat column).
Result<pcs::DataOracle> data_oracle_params(std::uint64_t num_elements, std::uint64_t budget,
                                           const pcs::OpeningParams& like);

// |values| < p. params as data_oracle_params gives them, or a key's params.data[i]; invalid_argument when they are for
// another number of values.
Result<CommittedData> commit_data(std::vector<std::int64_t> values, const pcs::DataOracle& params, const Digest& seed);

}  // namespace zkinfer::prover
