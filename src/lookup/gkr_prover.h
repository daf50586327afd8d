// SPDX-License-Identifier: Apache-2.0
// Prover of the grand sum of fractions sum_x P[x] / Q[x] = 0 (relation and messages: gkr_verifier.h).
//
// Memory on the CPU: the inner layers, as large as leaves with P in K, or half of that where the leaves are many and never stored; leaves
// are only read.
// Cost: about 11 multiplications in K per leaf, half of them while the layers are built.
#pragma once

#include <memory>
#include <vector>

#include "field/vec.h"
#include "hiding/prover_channel.h"
#include "lookup/children.h"
#include "lookup/grand_sum.h"

namespace zkinfer::lookup {

struct LeafValues {
  std::vector<Fe> point;  // [log2 of the number of leaves]
  Fe p, q;                // P~(point), Q~(point)
};

// p, q: [2^n]. P has values in F (lookups and multiplicities) or in K. No Q[x] may be zero, and the sum must be zero,
// else the proof will be rejected; both are checked by the verifier, not here.
LeafValues prove_grand_sum(hiding::ProverChannel& channel, FpCSpan p, FeCSpan q);
LeafValues prove_grand_sum(hiding::ProverChannel& channel, FeCSpan p, FeCSpan q);
// From so many leaves on (log2) that are made block by block, their parents are, too: they would take as much memory as all other layers, whose
// pages the system has to clear, against two more passes over the leaves. More than kBlockBits + 3.
inline constexpr int kUnkeptFrom = 22;
// Leaves made block by block, about four times each, or six.
LeafValues prove_grand_sum(hiding::ProverChannel& channel, const LeafSource& leaves, int unkept_from = kUnkeptFrom);

// Sends the messages, wherever the sum is computed.
LeafValues prove_grand_sum(hiding::ProverChannel& channel, GrandSum& sum);
// The CPU's.
std::unique_ptr<GrandSum> grand_sum(std::unique_ptr<const LeafSource> leaves);

}  // namespace zkinfer::lookup
