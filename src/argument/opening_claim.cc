// SPDX-License-Identifier: Apache-2.0
#include "argument/opening_claim.h"

namespace zkinfer::argument {

BatchSink::BatchSink(const Compiled& compiled, const OuterMessages& outer)
    : circuit_(compiled.circuit), pads_(compiled.pads.layout().num_pads()) {
  Fe power = Fe::one();
  for (std::size_t i = ConstraintCounts(compiled, outer).total(); i > 0; --i) {
    powers_.push_back(power);
    power *= outer.delta;
  }
}

void BatchSink::add_form(std::size_t constraint, const hiding::LinearForm& form) {
  const Fe& power = powers_[constraint];
  mu_ -= form.constant() * power;
  for (const hiding::LinearForm::Term& term : form.terms()) pads_[term.pad] += term.coef * power;
}

void BatchSink::add_term(std::size_t constraint, Term term) {
  term.coef *= powers_[constraint];
  add_batched(circuit_.columns[term.column].oracle, term);
}

void BatchSink::finish() {
  if (pads_.empty()) return;
  add_batched(circuit::Oracle::kWitness, {circuit_.pads, Fe::one(), {limb_vector(), list_vector(std::move(pads_))}});
}

std::vector<circuit::Oracle> base_oracles(const OraclePins& pins) {
  std::vector<circuit::Oracle> oracles;
  for (const OraclePin& pin : pins) oracles.push_back(pin.oracle);
  oracles.push_back(circuit::Oracle::kWitness);
  return oracles;
}

PinClaims pin_claims(const Compiled& compiled, const OraclePins& pins, const OuterMessages& outer) {
  PinClaims claims;
  Fe power = pow(outer.delta, ConstraintCounts(compiled, outer).total());
  for (const OraclePin& pin : pins) {
    claims.powers.push_back({{pin.point, power}});
    claims.mu += power * pin.value;
    power *= outer.delta;
  }
  claims.powers.emplace_back();
  return claims;
}

namespace {

class ValueSink final : public BatchSink {
 public:
  ValueSink(const Compiled& compiled, const Layouts& layouts, const std::vector<circuit::Oracle>& oracles,
            const OuterMessages& outer, const std::vector<pcs::BasePoint>& bases, const std::vector<Fe>& point)
      : BatchSink(compiled, outer) {
    for (std::size_t i = 0; i < oracles.size(); ++i)
      values_.emplace(oracles[i], FunctionalValue(layouts.of(oracles[i]), bases[i], point));
  }
  void end_relation() override {
    for (auto& [oracle, value] : values_) value.forget_vectors();
  }
  const Fe& value() const { return value_; }

 private:
  void add_batched(circuit::Oracle oracle, const Term& term) override { value_ += values_.at(oracle).of(term); }

  std::map<circuit::Oracle, FunctionalValue> values_;
  Fe value_;
};

}  // namespace

pcs::OpeningClaim::Value OpeningClaim::evaluate(const std::vector<pcs::BasePoint>& bases,
                                                const std::vector<Fe>& point) const {
  ValueSink sink(compiled_, layouts_, base_oracles(pins_), outer_, bases, point);
  evaluate_outer(compiled_, tensors_, outer_, sink);
  sink.finish();
  return {sink.mu() + claims_.mu, sink.value()};
}

}  // namespace zkinfer::argument
