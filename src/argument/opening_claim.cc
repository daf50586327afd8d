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
  add_batched(circuit::Oracle::kWitness, {circuit_.pads, Fe::one(), {limb_vector(), make_vector(std::move(pads_))}});
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

class FoldingSink final : public BatchSink {
 public:
  FoldingSink(const Compiled& compiled, const Layouts& layouts, const std::vector<circuit::Oracle>& oracles,
              const OuterMessages& outer, const std::vector<std::vector<Fe>>& lane_weights,
              const std::vector<Fe>& low_point)
      : BatchSink(compiled, outer) {
    for (std::size_t i = 0; i < oracles.size(); ++i) {
      folds_.emplace(oracles[i], FunctionalFold(layouts.of(oracles[i]), lane_weights[i], low_point));
    }
  }
  void end_relation() override {
    for (auto& [oracle, fold] : folds_) fold.forget_vectors();
  }
  std::vector<Fe> take(circuit::Oracle oracle) { return std::move(folds_.at(oracle)).take(); }

 private:
  void add_batched(circuit::Oracle oracle, const Term& term) override { folds_.at(oracle).add(term); }

  std::map<circuit::Oracle, FunctionalFold> folds_;
};

}  // namespace

pcs::OpeningClaim::Folded OpeningClaim::fold(const std::vector<std::vector<Fe>>& lane_weights,
                                             const std::vector<Fe>& low_point) const {
  const std::vector<circuit::Oracle> oracles = base_oracles(pins_);
  FoldingSink sink(compiled_, layouts_, oracles, outer_, lane_weights, low_point);
  evaluate_outer(compiled_, tensors_, outer_, sink);
  sink.finish();
  Folded out;
  out.mu = sink.mu() + claims_.mu;
  for (const circuit::Oracle oracle : oracles) out.weights.push_back(sink.take(oracle));
  return out;
}

}  // namespace zkinfer::argument
