// SPDX-License-Identifier: Apache-2.0
// Merkle trees bind up to collisions of a 256-bit digest: Q hash calls find one with probability about Q^2/2^257, that is
// 128 bits of work. It is not a round of the protocol, so it counts for the worst term but not in the sum over rounds.
#include "soundness/terms.h"

namespace zkinfer::soundness {

void add_hash_terms(const TermContext&, std::vector<SoundnessTerm>& terms) {
  // The rounding slack of make_term would turn an exact 128 into 127.99.
  SoundnessTerm term =
      equal_rounds("hash", "collision of 32-byte digests, 2^128 calls", "birthday bound, Keccak-256", -128.0);
  term.bits = term.total_bits = 128.0;
  term.is_round = false;
  terms.push_back(term);
}

}  // namespace zkinfer::soundness
