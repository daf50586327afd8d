// SPDX-License-Identifier: Apache-2.0
// What the opening of a proof must show: the outer constraints, weighted by powers of delta, and after them the values that pin
// M and the data oracles.
#pragma once

#include "argument/compiled.h"
#include "argument/functional_value.h"
#include "argument/outer_verifier.h"
#include "commit/pcs/opening_verifier.h"

namespace zkinfer::argument {

// sum_i delta^i constraint_i as one claim  sum over the oracles of <columns, terms> = mu. The pads are a column like others.
class BatchSink : public ConstraintSink {
 public:
  // compiled outlives the object.
  BatchSink(const Compiled& compiled, const OuterMessages& outer);
  void add_form(std::size_t constraint, const hiding::LinearForm& form) final;
  void add_term(std::size_t constraint, Term term) final;
  // Adds the pads' weights, which all constraints share.
  void finish();
  const Fe& mu() const { return mu_; }

 protected:
  virtual void add_batched(circuit::Oracle oracle, const Term& term) = 0;

 private:
  const circuit::Circuit& circuit_;
  std::vector<Fe> powers_;  // of delta, by constraint
  std::vector<Fe> pads_;
  Fe mu_;
};

// A base oracle with the value that the statement pins it to: sum_j point^j e_j = value.
struct OraclePin {
  circuit::Oracle oracle;
  Fe point, value;
};
// M, if there is one, and the data oracles: all base oracles but W, in the order of OpeningParams::bases().
using OraclePins = std::vector<OraclePin>;

// The next powers of delta: one for each pin.
struct PinClaims {
  std::vector<std::vector<pcs::PowerFunctional>> powers;  // by base oracle
  Fe mu;
};
PinClaims pin_claims(const Compiled& compiled, const OraclePins& pins, const OuterMessages& outer);
// The oracles in the order of OpeningParams::bases().
std::vector<circuit::Oracle> base_oracles(const OraclePins& pins);

class OpeningClaim final : public pcs::OpeningClaim {
 public:
  // All references outlive the object.
  OpeningClaim(const Compiled& compiled, const Layouts& layouts, const OraclePins& pins, const TensorValues& tensors,
               const OuterMessages& outer)
      : compiled_(compiled),
        layouts_(layouts),
        pins_(pins),
        tensors_(tensors),
        outer_(outer),
        claims_(pin_claims(compiled, pins, outer)) {}
  const std::vector<std::vector<pcs::PowerFunctional>>& powers() const override { return claims_.powers; }
  Value evaluate(const std::vector<pcs::BasePoint>& bases, const std::vector<Fe>& point) const override;

 private:
  const Compiled& compiled_;
  const Layouts& layouts_;
  const OraclePins& pins_;
  const TensorValues& tensors_;
  const OuterMessages& outer_;
  const PinClaims claims_;
};

}  // namespace zkinfer::argument
