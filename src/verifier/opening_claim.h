// SPDX-License-Identifier: Apache-2.0
// What the opening of a proof must show: the outer constraints, weighted by powers of delta, and after them the values that pin
// M and the data oracles.
#pragma once

#include "circuit/fold.h"
#include "commit/pcs/opening_verifier.h"
#include "verifier/outer_verifier.h"
#include "verifier/verify.h"

namespace zkinfer::verifier {

// sum_i delta^i constraint_i as one claim  sum over the oracles of <columns, terms> = mu. The pads are a column like others.
class BatchSink : public ConstraintSink {
 public:
  // compiled outlives the object.
  BatchSink(const relations::CompiledCircuit& compiled, const OuterMessages& outer);
  void add_form(std::size_t constraint, const hiding::LinearForm& form) final;
  void add_term(std::size_t constraint, circuit::Term term) final;
  // Adds the pads' weights, which all constraints share.
  void finish();
  const Fe& mu() const { return mu_; }

 protected:
  virtual void add_batched(circuit::Oracle oracle, const circuit::Term& term) = 0;

 private:
  const circuit::Circuit& circuit_;
  std::vector<Fe> powers_;  // of delta, by constraint
  std::vector<Fe> pads_;
  Fe mu_;
};

// The next powers of delta: one for each pinned oracle's value.
struct PinClaims {
  std::vector<std::vector<pcs::PowerFunctional>> powers;  // by base oracle
  Fe mu;
};
PinClaims pin_claims(const PreparedKey& prepared, const DataPins& data, const OuterMessages& outer);
// The oracles in the order of OpeningParams::bases().
std::vector<circuit::Oracle> base_oracles(const PreparedKey& prepared);

class OpeningClaim final : public pcs::OpeningClaim {
 public:
  // All references outlive the object.
  OpeningClaim(const PreparedKey& prepared, const DataPins& data, const statement::PublicValues& tensors,
               const OuterMessages& outer)
      : prepared_(prepared), tensors_(tensors), outer_(outer), pins_(pin_claims(prepared, data, outer)) {}
  const std::vector<std::vector<pcs::PowerFunctional>>& powers() const override { return pins_.powers; }
  Folded fold(const std::vector<std::vector<Fe>>& lane_weights, const std::vector<Fe>& low_point) const override;

 private:
  const PreparedKey& prepared_;
  const statement::PublicValues& tensors_;
  const OuterMessages& outer_;
  const PinClaims pins_;
};

}  // namespace zkinfer::verifier
