// SPDX-License-Identifier: Apache-2.0
// The prover's side of committed oracles: coefficients, code word and Merkle tree.
//
// Cost: one encoding (2^log_domain log2(dimension) lanes / 2 butterflies) and one hash per leaf and node, all cores.
// Memory: the code word, 2^log_domain * leaf bytes; the tree, 64 bytes per leaf; the coefficients.
// Randomness is asked for lane by lane, row by row, coefficient by coefficient.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "commit/merkle/merkle_prover.h"
#include "commit/pcs/opening.h"
#include "field/vec.h"
#include "hiding/random.h"

namespace zkinfer::pcs {

// A code word [2^log_domain, row_values] and its tree.
class EncodedOracle {
 public:
  EncodedOracle() = default;
  // codeword: rows below params.dimension() hold the coefficients of every lane; encoded in place.
  EncodedOracle(const CodeParams& params, std::size_t row_values, FpVec codeword);

  const Digest& root() const { return tree_.cap()[0]; }
  // The rows followed by the multiproof, as bytes of a proof. indices ascending, distinct.
  struct Opened {
    Bytes rows;
    Bytes siblings;
  };
  Opened open(std::span<const std::uint64_t> indices) const;
  FpCSpan row(std::uint64_t index) const { return codeword_.span().subspan(index * row_values_, row_values_); }
  const FpVec& codeword() const { return codeword_; }

  // Any values under the same tree rules.
  static EncodedOracle from_codeword(const CodeParams& params, std::size_t row_values, FpVec codeword);

 private:
  std::size_t row_values_ = 0;
  FpVec codeword_;
  merkle::MerkleTree tree_;
};

// M, D_i or W: lanes over F.
class CommittedOracle {
 public:
  CommittedOracle() = default;
  // message: [num_lanes, num_coefs], lane-major. The random rows come from `random`.
  CommittedOracle(const CodeParams& params, FpCSpan message, hiding::RandomSource& random);

  const CodeParams& params() const { return params_; }
  const Digest& root() const { return encoded_.root(); }
  const EncodedOracle& encoded() const { return encoded_; }
  // Tests of a cheating prover: commits to something else than the coefficients' encoding.
  void replace_encoded(EncodedOracle encoded) { encoded_ = std::move(encoded); }
  // Coefficients of one lane, [dimension]: message rows, then random rows.
  FpCSpan lane(std::size_t lane) const {
    return coefficients_.span().subspan(lane * params_.dimension(), params_.dimension());
  }

  // sum_row base^row lane[row] for every lane; the last base's values are kept.
  std::vector<Fe> lane_evaluations(Fe base) const;
  // Computes lane_evaluations(base) once and keeps them; later calls with this base are free.
  void remember_evaluations(Fe base);

  // One file: a header, the coefficients and, if asked, the code word. load() rebuilds what is missing and the tree,
  // whose root is compared with the file's. Errors: kIo, kCorrupt (a file of other parameters, or changed).
  Status save(const std::string& path, bool with_codeword) const;
  static Result<CommittedOracle> load(const std::string& path, const CodeParams& params);

 private:
  FpVec transposed() const;

  CodeParams params_;
  FpVec coefficients_;  // [num_lanes, dimension]
  EncodedOracle encoded_;
  std::optional<Fe> known_base_;
  std::vector<Fe> known_evaluations_;
};

// v = sum_j z^j e_j, flat index j = lane * dimension + row: part of a commitment's identity. Keeps what an opening
// with the power functional z needs.
Fe ood_value(CommittedOracle& oracle, Fe z);

// X and S with their random rows, each [dimension] of K; asked for in the order X, S.
class MaskOracle {
 public:
  MaskOracle() = default;
  // params.security.zero_knowledge must hold.
  MaskOracle(const OpeningParams& params, hiding::RandomSource& random);

  const Digest& root() const { return encoded_.root(); }
  const EncodedOracle& encoded() const { return encoded_; }
  MaskPin pin(Fe point) const;
  // [dimension]: the first num_mask_elements() are pads.
  const std::vector<Fe>& x() const { return x_; }
  const std::vector<Fe>& s() const { return s_; }
  // Tests of a cheating prover.
  void replace_encoded(EncodedOracle encoded) { encoded_ = std::move(encoded); }

 private:
  std::vector<Fe> x_;
  std::vector<Fe> s_;
  EncodedOracle encoded_;
};

}  // namespace zkinfer::pcs
