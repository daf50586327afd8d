// SPDX-License-Identifier: Apache-2.0
#include "lookup/gkr_verifier.h"

#include <string>

#include "base/check.h"
#include "hiding/product.h"
#include "lookup/tree.h"
#include "sumcheck/rounds.h"

namespace zkinfer::lookup {
namespace {

using hiding::LinearForm;

// low + r (high - low).
LinearForm between(const LinearForm& low, const LinearForm& high, const Fe& r) {
  LinearForm form = low * (Fe::one() - r);
  form.add_scaled(high, r);
  return form;
}

// Replaces the claims on layer `layer` by claims on its children.
void verify_layer(hiding::VerifierChannel& channel, int layer, LeafClaims& claims) {
  Fe lambda;
  sumcheck::RoundsResult rounds;
  if (layer > 0) {
    lambda = channel.challenge("lookup lambda");
    LinearForm claim = claims.p;
    claim.add_scaled(claims.q, lambda);
    rounds = sumcheck::receive_eq_rounds(channel, "lookup round", claim, in_round_order(claims.point), 2);
  }
  const hiding::ProductForms p0_q1 = hiding::receive_product(channel, "lookup p0", "lookup q1");
  const hiding::ProductForms p1_q0 = hiding::receive_product(channel, "lookup p1", "lookup q0");
  LinearForm q = hiding::copied_product(channel, p0_q1, p1_q0);
  LinearForm p = p0_q1.uv + p1_q0.uv;
  if (layer > 0) {
    p.add_scaled(q, lambda);
    channel.require_zero("lookup layer", p - rounds.claim);
  } else {
    channel.require_zero("lookup root p", p - claims.p);
    channel.require_zero("lookup root q", q - claims.q);
  }
  const Fe r = channel.challenge("lookup r");
  claims.p = between(p0_q1.u, p1_q0.u, r);
  claims.q = between(p1_q0.v, p0_q1.v, r);
  claims.point = children_point(std::move(rounds.point), r);
}

}  // namespace

LeafClaims verify_grand_sum(hiding::VerifierChannel& channel, int log_leaves) {
  ZKI_CHECK(log_leaves >= 0, "number of leaves");
  const Fe q_root = channel.receive_clear("lookup root");
  if (q_root.is_zero()) channel.reject(RejectReason::kZeroDenominator, "lookup root");
  LeafClaims claims{.point = {}, .p = LinearForm(), .q = LinearForm(q_root)};
  for (int layer = 0; layer < log_leaves; ++layer) {
    channel.set_part("lookup layer " + std::to_string(layer) + " of " + std::to_string(log_leaves));
    verify_layer(channel, layer, claims);
  }
  channel.set_part({});
  return claims;
}

}  // namespace zkinfer::lookup
