// SPDX-License-Identifier: Apache-2.0
#include "sumcheck/zerocheck_verifier.h"

#include "field/eq.h"
#include "sumcheck/rounds.h"

namespace zkinfer::sumcheck {

TripleOpening verify_triples(hiding::VerifierChannel& channel) {
  const hiding::PadAllocator& pads = channel.pads();
  if (!pads.zero_knowledge() || pads.layout().num_triples == 0) return {};
  const auto log_rows = static_cast<std::size_t>(pads.layout().log_triple_rows());
  const std::vector<Fe> tau = channel.challenges("zerocheck tau", log_rows);
  RoundsResult rounds = receive_eq_rounds(channel, "zerocheck round", hiding::LinearForm(), tau, 2);
  TripleOpening opening{.point = std::move(rounds.point), .a = {}, .b = {}};
  opening.a = channel.receive_clear("zerocheck a");
  opening.b = channel.receive_clear("zerocheck b");

  if (channel.failed()) return opening;

  // All rows, also those beyond the triples in use: the zero-check speaks of the whole committed sections.
  const std::vector<Fe> eq = eq_vector(opening.point);
  hiding::LinearForm a_form(-opening.a), b_form(-opening.b), c_form = std::move(rounds.claim);
  c_form -= opening.a * opening.b;
  for (std::size_t row = 0; row < eq.size(); ++row) {
    // The coefficient of pad i in from_ciphertext(0, i) is -1.
    const Fe weight = -eq[row];
    a_form.add_scaled(hiding::LinearForm::from_ciphertext(Fe(), pads.a(row)), weight);
    b_form.add_scaled(hiding::LinearForm::from_ciphertext(Fe(), pads.b(row)), weight);
    c_form.add_scaled(hiding::LinearForm::from_ciphertext(Fe(), pads.c(row)), weight);
  }
  channel.require_zero("zerocheck a", std::move(a_form));
  channel.require_zero("zerocheck b", std::move(b_form));
  channel.require_zero("zerocheck claim", std::move(c_form));
  return opening;
}

}  // namespace zkinfer::sumcheck
