// SPDX-License-Identifier: Apache-2.0
// Expected size of an opening proof in bytes, part by part. Only Merkle multiproofs vary: their digests are counted in
// expectation over the positions (a standard deviation is below one per cent), roots instead of caps.
//
// Multiproof of t random distinct leaves of 2^d: a digest is sent for each node without opened leaf whose sibling has
// one. At depth j, 2^j nodes, a node is empty with probability (1 - 2^-j)^t, so about
//   sum_{j=1..d} 2^j ((1 - 2^-j)^t - (1 - 2^-(j-1))^t)      digests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "commit/pcs/params.h"

namespace zkinfer::soundness {

struct SizePart {
  std::string label;
  double bytes = 0.0;
};

struct ProofSize {
  std::vector<SizePart> parts;
  double total() const;
  // One line per part and the total, KiB.
  std::string to_text() const;
};

// Expected digests of the multiproof of num_queries random distinct leaves.
double expected_digests(std::uint32_t log_domain, std::uint64_t num_queries);

// Leaves of leaf_bytes and their multiproof.
double expected_query_bytes(std::uint32_t log_domain, std::uint64_t num_queries, std::uint64_t leaf_bytes);

// The opening and the per-proof roots (W, X, g_i); the outer messages are not in it.
ProofSize estimate_proof_bytes(const pcs::OpeningParams& params);

}  // namespace zkinfer::soundness
