// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/rounds.h"

#include "base/check.h"

namespace zkinfer::sumcheck {
namespace {

// Receives c_1 .. c_degree, draws s, adds sum_j c_j (s^j - offset) factor to `claim`; returns s.
Fe receive_round(hiding::VerifierChannel& channel, const char* label, int degree, const Fe& offset, const Fe& factor,
                 hiding::LinearForm& claim) {
  std::vector<hiding::LinearForm> coefs;
  for (int j = 1; j <= degree; ++j) coefs.push_back(channel.receive_hidden(label));
  const Fe s = channel.challenge(label);
  Fe power = s;
  for (const hiding::LinearForm& coef : coefs) {
    claim.add_scaled(coef, (power - offset) * factor);
    power *= s;
  }
  return s;
}

}  // namespace

RoundsResult receive_rounds(hiding::VerifierChannel& channel, const char* label, const hiding::LinearForm& claim,
                            int num_rounds, int degree) {
  ZKI_CHECK(num_rounds >= 0 && degree >= 1, "shape of a sumcheck");
  const Fe half(inverse(Fp(2)));
  // Every round halves all that came before: the weight of round i in the final claim is 2^-(num_rounds - 1 - i).
  Fe weight = pow(half, static_cast<std::uint64_t>(num_rounds));
  RoundsResult result{.point = {}, .claim = claim * weight};
  for (int i = 0; i < num_rounds; ++i) {
    weight += weight;
    result.point.push_back(receive_round(channel, label, degree, half, weight, result.claim));
  }
  return result;
}

RoundsResult receive_eq_rounds(hiding::VerifierChannel& channel, const char* label, const hiding::LinearForm& claim,
                               std::span<const Fe> r, int degree) {
  ZKI_CHECK(degree >= 1, "shape of a sumcheck");
  RoundsResult result{.point = {}, .claim = claim};
  for (const Fe& coordinate : r)
    result.point.push_back(receive_round(channel, label, degree, coordinate, Fe::one(), result.claim));
  return result;
}

}  // namespace zkinfer::sumcheck
