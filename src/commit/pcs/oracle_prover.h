// SPDX-License-Identifier: Apache-2.0
// The prover's side of committed oracles: coefficients, code word and Merkle tree.
//
// Cost: one encoding (2^log_domain log2(dimension) lanes / 2 butterflies) and one hash per leaf and node, all cores.
// Memory: the code word, 2^log_domain * leaf bytes, where it is kept (commit/pcs/unkept_code.h); the tree, 64 bytes per leaf; the coefficients.
// Randomness is asked for lane by lane, row by row, coefficient by coefficient.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "commit/merkle/merkle_prover.h"
#include "commit/pcs/int_lanes.h"
#include "commit/pcs/opening.h"
#include "field/vec.h"
#include "hiding/random.h"
#include "zkinfer/status.h"

namespace zkinfer::pcs {

class Backend;

// Where an opening takes an oracle's rows from: memory, a file (commit/pcs/code_file.h), or another back end's memory.
class RowSource {
 public:
  // The rows followed by the multiproof, as bytes of a proof.
  struct Opened {
    Bytes rows;
    Bytes siblings;
  };
  virtual ~RowSource() = default;
  virtual const Digest& root() const = 0;
  // indices ascending, distinct. kCorrupt when what is there does not belong to the root; only files can say so.
  virtual Result<Opened> open(std::span<const std::uint64_t> indices) const = 0;
  // The back end that keeps the oracle's coefficients where only it finds them; null: they are in this process's memory.
  virtual const Backend* keeper() const { return nullptr; }
};

// A code word [2^log_domain, row_values] and its tree, in memory.
class EncodedOracle final : public RowSource {
 public:
  EncodedOracle() = default;
  // codeword: rows below params.dimension() hold the coefficients of every lane; encoded in place.
  EncodedOracle(const CodeParams& params, std::size_t row_values, FpVec codeword);

  const Digest& root() const override { return tree_.root(); }
  Result<Opened> open(std::span<const std::uint64_t> indices) const override;
  FpCSpan row(std::uint64_t index) const { return codeword_.span().subspan(index * row_values_, row_values_); }
  const FpVec& codeword() const { return codeword_; }

  // Any values under the same tree rules.
  static EncodedOracle from_codeword(const CodeParams& params, std::size_t row_values, FpVec codeword);

 private:
  std::size_t row_values_ = 0;
  FpVec codeword_;
  merkle::MerkleTree tree_;
};

// What a code word is made of: the coefficients of the polynomials that its rows evaluate. Rows are [num_polynomials].
class CodeCoefs {
 public:
  virtual ~CodeCoefs() = default;
  virtual const CodeParams& params() const = 0;
  virtual std::size_t num_polynomials() const = 0;
  // Coefficients [begin, begin + scratch.size()) of one polynomial, which has params().dimension(): where they are, or converted into
  // `scratch`. Thread-safe.
  virtual FpCSpan read(std::size_t polynomial, std::size_t begin, FpSpan scratch) const = 0;
  // matrix: [rows, num_polynomials]; row j becomes coefficient j of every polynomial modulo x^rows - constant, j < rows and
  // j < dimension. All cores.
  void transpose(FpSpan matrix, Fp constant = Fp()) const;
};

// The coefficients of every lane: message coefficients, then random ones. Message coefficients of M and most of W's are small integers.
class LaneCoefs final : public CodeCoefs {
 public:
  LaneCoefs() = default;
  // message: [num_lanes, num_coefs], lane-major. The random coefficients come from `random`.
  LaneCoefs(const CodeParams& params, FpCSpan message, hiding::RandomSource& random);
  // lanes: [num_lanes, dimension], the message coefficients of a lane first; the random ones are set here.
  LaneCoefs(const CodeParams& params, FpVec lanes, hiding::RandomSource& random);
  LaneCoefs(const CodeParams& params, IntLanes message, hiding::RandomSource& random);
  // random_coefs: [num_lanes, num_random_coefs].
  LaneCoefs(const CodeParams& params, IntLanes message, FpVec random_coefs);

  const CodeParams& params() const override { return params_; }
  std::size_t num_polynomials() const override { return params_.num_lanes(); }
  FpCSpan read(std::size_t lane, std::size_t begin, FpSpan scratch) const override;
  const FpVec& random_coefs() const { return random_; }

 private:
  CodeParams params_;
  FpVec elements_;  // [num_lanes, dimension], or:
  IntLanes ints_;
  FpVec random_;  // [num_lanes, num_random_coefs]
};

// M, D_i or W: lanes over F. Copies share the code word.
class CommittedOracle {
 public:
  CommittedOracle() = default;
  // Encodes in memory.
  explicit CommittedOracle(LaneCoefs coefs);
  CommittedOracle(const CodeParams& params, FpCSpan message, hiding::RandomSource& random)
      : CommittedOracle(LaneCoefs(params, message, random)) {}
  // The code word of these coefficients lies there.
  CommittedOracle(LaneCoefs coefs, std::shared_ptr<const RowSource> rows);
  CommittedOracle(std::shared_ptr<const LaneCoefs> coefs, std::shared_ptr<const RowSource> rows);
  // rows->keeper() has the coefficients.
  CommittedOracle(const CodeParams& params, std::shared_ptr<const RowSource> rows);

  const CodeParams& params() const { return params_; }
  const Digest& root() const { return rows().root(); }
  const RowSource& rows() const;
  // Of an oracle that no other back end keeps.
  const LaneCoefs& coefs() const;
  // The code word in memory, of an oracle that has it there.
  const EncodedOracle& encoded() const;
  // Tests of a cheating prover: commits to something else than the coefficients' encoding.
  void replace_encoded(EncodedOracle encoded);
  // All coefficients of one lane, for tests.
  FpVec lane(std::size_t lane) const;

  // sum_row base^row lane[row] for every lane; the last base's values are kept.
  std::vector<Fe> lane_evaluations(Fe base) const;
  // Computes lane_evaluations(base) once and keeps them; later calls with this base are free.
  void remember_evaluations(Fe base);
  // The same, of values computed before.
  void set_evaluations(Fe base, std::vector<Fe> evaluations);

 private:
  CodeParams params_;
  std::shared_ptr<const LaneCoefs> coefs_;
  std::shared_ptr<const RowSource> rows_;
  std::shared_ptr<const EncodedOracle> encoded_;  // the same, where it is in memory
  std::optional<Fe> known_base_;
  std::vector<Fe> known_evaluations_;
};

// v = sum_j z^j e_j, flat index j = lane * dimension + row: part of a commitment's identity. Keeps what an opening
// with the power functional z needs.
Fe ood_value(CommittedOracle& oracle, Fe z);
// The same from the lanes' values at z.
Fe ood_value(const std::vector<Fe>& lane_evaluations, std::uint64_t dimension, Fe z);

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
