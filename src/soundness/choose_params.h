// SPDX-License-Identifier: Apache-2.0
// Parameter search: the smallest expected opening proof that is sound and keeps within caps on committed sizes (caps.h).
//
// The result is stored in the model's key, so verifiers only recompute the bound (analyze.h) and never search: rounding
// of logarithms on another machine can change which of two equal sets is found, never whether a proof verifies.
// Deterministic: same request, same machine, same result. Takes milliseconds for small
// models, seconds for 2^27 weights and more.
// Errors: invalid_argument for a request that contradicts itself, resource_limit when no set keeps within the caps.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "commit/pcs/params.h"
#include "soundness/rows.h"
#include "soundness/shape.h"
#include "zkinfer/status.h"

namespace zkinfer::soundness {

struct ParamRequest {
  Security security;

  // F-elements of W, K-valued pads counted as three.
  std::uint64_t witness_elements = 0;
  RowsForLanes witness_rows;

  // M likewise; 0 elements: no model oracle. model_budget > 0 hides M for that many proofs, 0: M is public.
  std::uint64_t model_elements = 0;
  RowsForLanes model_rows;
  std::uint64_t model_budget = 0;
  // The M of a proof about a key (certificate, rotation): committed already, taken as it is; model_rows is not asked for.
  std::optional<pcs::CodeParams> fixed_model;
  // Data oracles, as tensor_oracle() or another commitment gives them.
  std::vector<pcs::TensorOracle> data;

  OuterShape shape;

  // What is minimised: bytes * prover_work()^work_weight * e^(second_weight * core-seconds of that work beyond the first
  // kFreeSeconds). 0, 0: bytes only.
  double work_weight = 0.0;
  double second_weight = 0.0;
  // What a contract pays besides bytes is added to them (contract_price.h), and caps are wider.
  bool for_contracts = false;
  // Rows of folds are rounded up to so many binary digits.
  int end_digits = 64;
  int max_log_mask_domain = 18;
};

// What a balanced profile asks for: 10 % less work is worth 1.2 % more bytes, and a second of one core less is worth 15 %, where proofs
// take seconds. The others: set_price.
inline constexpr double kWorkWeight = 0.12;
inline constexpr double kSecondWeight = 0.15;
inline constexpr double kFreeSeconds = 0.6;

// Sets what a request prefers.
void set_price(ParamRequest& request, Profile profile);

// A set with validate() ok and analyze(set, request.shape) that proves request.security.bits and hides enough.
Result<pcs::OpeningParams> choose_params(const ParamRequest& request);

}  // namespace zkinfer::soundness
