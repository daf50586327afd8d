// SPDX-License-Identifier: Apache-2.0
// A code word that is not kept: hashed block by block, and the opened rows computed once more from the coefficients.
#pragma once

#include <functional>
#include <memory>

#include "commit/pcs/oracle_prover.h"

namespace zkinfer::pcs {

// The rows [first, first + rows.size() / num_lanes) of the coefficients' code word, block by block in ascending order, in at most
// max_bytes, or one row's worth of them.
Status encode_in_blocks(const CodeCoefs& coefs, std::size_t max_bytes,
                        const std::function<Status(std::uint64_t first, FpCSpan rows)>& visit);

// Rows of the coefficients' code word, [indices, lanes]. Cost: see UnkeptCode.
FpVec evaluate_rows(const CodeCoefs& coefs, std::span<const std::uint64_t> indices);

// Blocks of code words that nobody keeps.
inline constexpr std::size_t kUnkeptBlockBytes = std::size_t{256} << 20;

// Memory: the tree, and a block while the code word is made. Cost of opening t rows of dimension d and 2^k lanes, about
//   2^k min over a of (d times the number of different i >> a among the rows i, plus 2^a t) products in F:
// a polynomial at x is sum_j x^j f_j(x^(2^a)), j < 2^a, and rows with equal i >> a have equal x^(2^a).
class UnkeptCode final : public RowSource {
 public:
  UnkeptCode(std::shared_ptr<const CodeCoefs> coefs, std::size_t max_block_bytes);

  const Digest& root() const override { return tree_.root(); }
  Result<Opened> open(std::span<const std::uint64_t> indices) const override;

 private:
  std::shared_ptr<const CodeCoefs> coefs_;
  merkle::MerkleTree tree_;
};

// Commits, with the code word in memory where it has at most so many bytes, else unkept.
CommittedOracle commit_lanes(LaneCoefs coefs, std::size_t most_kept_bytes);

}  // namespace zkinfer::pcs
