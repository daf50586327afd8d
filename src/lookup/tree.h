// SPDX-License-Identifier: Apache-2.0
// The tree of the grand sum: layer l has 2^l nodes, and which of them belong together. Neighbours are 512 nodes apart: where leaves
// from some index on are 0 / 1, so are the nodes of every layer from the same share of it on, and whole vectors meet.
#pragma once

#include <algorithm>
#include <vector>

#include "field/fe.h"

namespace zkinfer::lookup {

inline constexpr int kBlockBits = 9;

// The index bit of layer l + 1 that tells a node's children apart: child c of node x has the index of x with the bit c put in
// there. Where layer l has a bit of that number, the layer's sumcheck binds it first, then the others from the most significant.
constexpr int child_bit(int layer) { return std::min(layer, kBlockBits); }

// A point of the layer of `layer` coordinates, the most significant first, in the order of the rounds.
inline std::vector<Fe> in_round_order(std::vector<Fe> point) {
  if (point.size() > kBlockBits) std::rotate(point.begin(), point.end() - kBlockBits - 1, point.end() - kBlockBits);
  return point;
}

// The point of the next layer: the rounds' challenges, and r for the children's bit.
inline std::vector<Fe> children_point(std::vector<Fe> rounds, const Fe& r) {
  const auto layer = static_cast<int>(rounds.size());
  if (layer > kBlockBits) std::rotate(rounds.begin(), rounds.begin() + 1, rounds.end() - kBlockBits);
  rounds.insert(rounds.end() - child_bit(layer), r);
  return rounds;
}

}  // namespace zkinfer::lookup
