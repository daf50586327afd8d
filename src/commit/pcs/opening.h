// SPDX-License-Identifier: Apache-2.0
// The statement and the messages of the opening: sum over the base oracles M, D_0, .., W of <e_o, U_o> = mu.
//
// e is an oracle's committed vector, message rows and random rows. U_o is zero on random rows, but for the power
// functionals of M and D_i, which range over all entries.
//
// The proof is the concatenation of these messages ([x]: sent as value + pad, pads of X in this order; clear without
// zero knowledge; K-elements are 24 bytes):
//   max(k_M, .., k_W) rounds c1 [x], c2 [x]; challenge s                          (binds the lane, highest bit first)
//   per fold oracle g_i      root; challenge zeta; y = sum_j zeta^j e_(i,j) [x];
//                            nonce; queries; per queried oracle: rows, siblings; challenge xi;
//                            k_i rounds c1 [x], c2 [x]; challenge s               (binds the index, lowest bit first)
//   final                    v_(I+1) [x]; nonce; queries; per queried oracle: rows, siblings; challenge xi'
//   mask (zero knowledge)    mu_S; challenge eta; X* [n_X]; r* [T_X]; nonce; queries; rows, siblings
// Queried: M (if any), D_0, .., W before g_1 or, without folds, before the final check; later the latest g_i.
// Batching after the queries, by powers of xi in this order: the carried claim (1), y, one power constraint per opened row
// of each queried oracle, every slack entry (the gaps of v_1, indices of e_i from the vector's size on). At the end by
// powers of xi': <v_(I+1), u_(I+1)> - claim (1), then the opened rows.
//
// Source: WHIR (eprint 2024/1586); zero knowledge by encoding randomness carried in the vectors and one mask oracle
// (after eprint 2026/391, section 7.2).
#pragma once

#include <vector>

#include "base/bytes.h"
#include "commit/pcs/common.h"

namespace zkinfer::pcs {

// Pins the mask oracle to one vector: in the list-decoding regime a root may be close to several code words, and every one
// of them would leave its own plaintexts of the opening's messages open. `point` is drawn after root_X; x and s are the
// claimed sums point^j (X, r_X)_j and point^j (S, r_S)_j, sent in clear (one of the random rows pays for them).
struct MaskPin {
  Fe point;
  Fe x;
  Fe s;
};

struct OpeningRoots {
  std::vector<Digest> bases;  // in the order of OpeningParams::bases()
  Digest mask{};
  MaskPin pin;  // with zero knowledge
};

}  // namespace zkinfer::pcs
