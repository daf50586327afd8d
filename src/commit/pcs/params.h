// SPDX-License-Identifier: Apache-2.0
// Parameters of the polynomial commitment: interleaved Reed-Solomon oracles and the WHIR-style opening of one linear
// claim  sum_o <e_o, U_o> = mu  over the base oracles: the model oracle M, the data oracles D_0, D_1, .. and the witness
// oracle W (docs/protocol.md, section "Opening"). Every number a verifier needs is here; nothing is read from a proof.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "zkinfer/security.h"
#include "zkinfer/status.h"

namespace zkinfer::pcs {

// One interleaved Reed-Solomon code. Lane b of 2^log_lanes is the polynomial
//   e_b(x) = sum_{j < num_coefs} f[b][j] x^j + sum_{j < num_random_coefs} r[b][j] x^(num_coefs + j)
// on the coset {shift * w^i}, w of order 2^log_domain; rate = dimension() / 2^log_domain exactly. A leaf holds one x and
// all lanes.
struct CodeParams {
  std::uint64_t num_coefs = 0;         // R, message coefficients per lane
  std::uint64_t num_random_coefs = 0;  // T, random coefficients per lane (0 without zero knowledge)
  std::uint8_t log_lanes = 0;          // k
  std::uint8_t log_domain = 0;
  std::uint32_t num_queries = 0;  // t

  std::uint64_t dimension() const { return num_coefs + num_random_coefs; }
  std::uint64_t num_lanes() const { return std::uint64_t{1} << log_lanes; }
  std::uint64_t domain_size() const { return std::uint64_t{1} << log_domain; }
  std::uint64_t message_size() const { return num_coefs * num_lanes(); }
  // Blocks of columns have at most 2^block_bits() rows (circuit/layout.h).
  int block_bits() const { return std::max(0, static_cast<int>(std::bit_width(num_coefs)) - 3); }
  friend bool operator==(const CodeParams&, const CodeParams&) = default;
};

// The rows that `length` entries take in 2^k lanes. A fold has at least so many, and at most twice as many: rounded up to few
// binary digits, they end on a multiple of a power of two of which there are few up to there, and sums of powers over them are cheap.
inline std::uint64_t fold_rows(std::uint64_t length, int k) { return (length + (std::uint64_t{1} << k) - 1) >> k; }

// A commitment made outside of the proof that opens it, and opened by up to `budget` proofs (0: its content is public).
struct TensorOracle {
  CodeParams oracle;
  std::uint64_t budget = 0;

  void write(ByteWriter& out) const;
  friend bool operator==(const TensorOracle&, const TensorOracle&) = default;
};

// One of the oracles that an opening begins with.
struct BaseOracle {
  const CodeParams* params;
  // Where its fold begins in v_1: a multiple of 2^fold_bits and of 2^block_bits(), so that blocks of columns are aligned there, too.
  std::uint64_t offset;
  std::uint64_t end;  // where the next part begins, or v_1 ends
};

struct OpeningParams {
  Security security;
  std::uint64_t model_budget = 0;  // B: proofs that one model commitment may serve (0: the model is public)
  bool has_model = true;
  CodeParams model;                // M: F-elements (unused when !has_model)
  std::vector<TensorOracle> data;  // D_0, D_1, ..: F-elements
  CodeParams witness;              // W: F-elements
  std::vector<CodeParams> folds;   // g_1 .. g_I: K-elements; lanes are the LOW bits of the index
  CodeParams mask;  // X: one lane pair (X, S) of K-elements, log_lanes = 0 (unused without zero knowledge)

  // M (if any), D_0, .., W, in this order. v_1 = (Fold e_M | zeros | Fold e_(D_0) | zeros | .. | Fold e_W).
  std::vector<BaseOracle> bases() const;
  std::size_t num_bases() const { return (has_model ? 1 : 0) + data.size() + 1; }
  // Sumcheck rounds before g_1: max of the bases' log_lanes.
  int first_rounds() const;
  // Sum of k_i: the low index bits of v_1 that the folds bind.
  int fold_bits() const;
  std::uint64_t first_vector_size() const;  // length of v_1
  // Length of v_i, i = 0 .. I (vector_size(0) = first_vector_size()): vector_size(i + 1) = dimension of folds[i].
  std::uint64_t vector_size(std::size_t fold_index) const;
  std::uint64_t final_size() const { return vector_size(folds.size()); }
  // ceil(log2 final_size()): rounds of the sumcheck over v_(I+1).
  int final_rounds() const;
  // All rounds of the opening's sumcheck.
  int num_rounds() const { return first_rounds() + fold_bits() + final_rounds(); }
  // K-elements that the opening sends under pads of X: 2 per sumcheck round, 1 out-of-domain value per fold, v_(I+1).
  std::uint64_t num_mask_elements() const;

  // Chain consistency (num_coefs of g_i as fold_rows says, mask.num_coefs = num_mask_elements, dimensions below
  // domain sizes, domains at most 2^32, queries below domain sizes, sane maxima). Total.
  Status validate() const;
  Bytes canonical_bytes() const;
};

// More than any canonical_bytes().
inline constexpr std::size_t kMaxParamsBytes = std::size_t{1} << 16;

// Reads canonical_bytes(); refuses anything else. Calls validate().
Result<OpeningParams> parse_params(ByteReader& reader);
// Reads what TensorOracle::write wrote, alone; bounds as OpeningParams::validate has them.
Result<TensorOracle> parse_data_oracle(ByteReader& reader);

}  // namespace zkinfer::pcs
