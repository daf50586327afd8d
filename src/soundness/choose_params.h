// SPDX-License-Identifier: Apache-2.0
// Parameter search: the smallest expected opening proof that is sound and keeps within caps on committed sizes.
//
// The result is stored in the model's key, so verifiers only recompute the bound (analyze.h) and never search: rounding
// of logarithms on another machine can change which of two equal sets is found, never whether a proof verifies.
// Deterministic: same request, same machine, same result. Takes milliseconds.
// Errors: invalid_argument for a request that contradicts itself, resource_limit when no set keeps within the caps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/status.h"
#include "commit/pcs/params.h"
#include "soundness/shape.h"

namespace zkinfer::soundness {

// Rows per lane that the layout needs with 2^log_lanes lanes; 0 when it cannot use so many lanes.
using RowsForLanes = std::function<std::uint64_t(int log_lanes)>;

struct ParamRequest {
  std::uint32_t security_bits = 128;
  pcs::Regime regime = pcs::Regime::kJohnson;
  bool zero_knowledge = true;
  std::uint32_t pow_bits = 16;

  // F-elements of W, K-valued pads counted as three, and address bits of its largest aligned block: no block straddles
  // lanes, so a lane has at least 2^witness_max_block rows.
  std::uint64_t witness_elements = 0;
  std::uint32_t witness_max_block = 0;
  RowsForLanes witness_rows;  // default_rows(witness_elements, witness_max_block) when empty

  // M likewise; 0 elements: no model oracle. model_budget > 0 hides M for that many proofs, 0: M is public.
  std::uint64_t model_elements = 0;
  std::uint32_t model_max_block = 0;
  RowsForLanes model_rows;
  std::uint64_t model_budget = 0;
  // An M that is committed already: taken as it is (its elements and rows above are not asked for).
  std::optional<pcs::CodeParams> fixed_model;
  // Data oracles, as data_oracle() or another commitment gives them.
  std::vector<pcs::TensorOracle> data;

  OuterShape shape;

  // The cost that is minimised: bytes + prover_bytes * (F-elements committed per proof) / 2^20. 0: bytes only.
  double prover_bytes = 0.0;
  // Caps on code words in F-elements (g_1's; g_i's is 2^-(i-1) of it); 0: the defaults below.
  std::uint64_t witness_cap = 0;
  std::uint64_t fold_cap = 0;
  std::uint64_t model_cap = 0;
};

// What provers ask for: 2^20 committed elements (8 MiB, some 10 ms) are worth 2 KiB of proof. Measured on the models of bench/: nothing to 8 %
// more bytes than the smallest proof, a third to a half less time.
inline constexpr double kProverBytes = 2048.0;

inline constexpr int kMinLogLanes = 2;
inline constexpr int kMaxLogLanes = 7;

// 16 times the witness rounded up to a power of two (2^20, 2^24, 2^28 for 2^16, 2^20, 2^24), 2^16 at least.
std::uint64_t default_witness_cap(std::uint64_t witness_elements);
// The same for folds, but at least the model rounded up to a power of two, up to 2^24: g_1 holds folds of both.
std::uint64_t default_fold_cap(std::uint64_t witness_elements, std::uint64_t model_elements);
// 16 times the model rounded up, within 2^20 .. 2^27 (8 MiB .. 1 GiB); 4 times above 2^25 elements.
std::uint64_t default_model_cap(std::uint64_t model_elements);

// ceil(elements / lanes), rounded up to a multiple of 2^12 when larger, at least one block; 0 when lanes would mostly be
// empty.
std::uint64_t default_rows(std::uint64_t elements, std::uint32_t max_block, int log_lanes);

// The budget of a new private model commitment: 64 below 2^18 elements, else 1024.
std::uint64_t default_model_budget(std::uint64_t model_elements);

// The oracle of a tensor commitment of `elements` numbers for `budget` proofs (0: hides nothing): it depends on nothing else, so that proofs of
// different models can speak of one commitment. rows: as the layout of one flat column needs them.
struct TensorRequest {
  std::uint64_t elements = 0;
  std::uint64_t budget = 0;
  std::uint32_t security_bits = 128;
  pcs::Regime regime = pcs::Regime::kJohnson;
  std::uint32_t pow_bits = 16;
  RowsForLanes rows;
};
Result<pcs::TensorOracle> data_oracle(const TensorRequest& request);

// A set with validate() ok and analyze(set, request.shape).bits() >= request.security_bits.
Result<pcs::OpeningParams> choose_params(const ParamRequest& request);

}  // namespace zkinfer::soundness
