// SPDX-License-Identifier: Apache-2.0
#include "prover/commit_tensor.h"

#include "circuit/evaluate.h"
#include "circuit/layout.h"
#include "prover/prf.h"
#include "soundness/caps.h"
#include "soundness/tensor_oracle.h"

namespace zkinfer::prover {

namespace {

// Stream number of PrfStream under the rows key.
constexpr std::uint64_t kDataStream = 1;

// The flat column, alone in its oracle as in every circuit that reads it.
circuit::Circuit flat_circuit(std::uint64_t num_elements) {
  circuit::Circuit circuit;
  circuit.columns.push_back({"data", circuit::data_oracle(0), {num_elements}});
  return circuit;
}

}  // namespace

Digest derive_tensor_rows_key(const Digest& seed, const pcs::TensorOracle& params,
                              const std::vector<std::int64_t>& values) {
  ByteWriter writer;
  params.write(writer);
  for (const std::int64_t x : values) writer.i64(x);
  return derive_key("zkinfer data rows v2", {seed, writer.bytes()});
}

Result<pcs::TensorOracle> tensor_oracle_params(std::uint64_t num_elements, std::uint64_t budget,
                                               const Security& security) {
  const circuit::Circuit circuit = flat_circuit(num_elements);
  soundness::TensorRequest request;
  request.elements = num_elements;
  request.budget = budget;
  request.security = security;
  request.rows = [&](int log_lanes) {
    return circuit::place_columns(circuit, circuit::data_oracle(0), log_lanes).num_coefs;
  };
  return soundness::tensor_oracle(request);
}

Result<CommittedValues> commit_tensor(std::vector<std::int64_t> values, const pcs::TensorOracle& params,
                                      const Digest& seed) {
  const circuit::Circuit circuit = flat_circuit(values.size());
  const circuit::Layout layout = circuit::place_columns(circuit, circuit::data_oracle(0), params.oracle.log_lanes);
  if (layout.num_coefs != params.oracle.num_coefs) {
    return invalid_argument("tensor commitment: parameters for another size than " + std::to_string(values.size()) +
                            " numbers");
  }
  // A key or an opening may come from anybody.
  if (params.oracle.domain_size() > soundness::tensor_cap(values.size(), params.budget) / params.oracle.num_lanes()) {
    return invalid_argument("tensor commitment: parameters far beyond what " + std::to_string(values.size()) +
                            " numbers and " + std::to_string(params.budget) + " proofs need");
  }
  // One coefficient per lane and row stays unknown: two lanes are the least that cannot be guessed (128 bits).
  if (params.budget > 0 && params.oracle.log_lanes < 1) {
    return invalid_argument("tensor commitment: parameters with one lane do not hide; expected at least two");
  }
  if (params.budget > 0 && params.oracle.num_random_coefs < params.budget * params.oracle.num_queries + 4) {
    return invalid_argument("tensor commitment: parameters with " + std::to_string(params.oracle.num_random_coefs) +
                            " random rows, expected at least 4 and one for each query of " +
                            std::to_string(params.budget) + " proofs");
  }
  circuit::ColumnValues data(1);
  data[0] = FpVec(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) data[0][i] = Fp::from_int(values[i]);
  FpVec message(params.oracle.num_lanes() * params.oracle.num_coefs);
  circuit::place_values(layout, circuit.columns, data, layout.num_coefs, message.span());
  PrfStream random(derive_tensor_rows_key(seed, params, values), kDataStream);
  CommittedValues out;
  out.params = params;
  out.oracle = pcs::CommittedOracle(params.oracle, message.span(), random);
  out.commitment.root = out.oracle.root();
  out.commitment.ood_value =
      pcs::ood_value(out.oracle, statement::data_point(params, values.size(), out.oracle.root()));
  out.values = std::move(values);
  out.seed = seed;
  return out;
}

}  // namespace zkinfer::prover
