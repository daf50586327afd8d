// SPDX-License-Identifier: Apache-2.0
#include "prover/opening_statement.h"

namespace zkinfer::prover {

namespace {

class CollectingSink final : public verifier::BatchSink {
 public:
  using BatchSink::BatchSink;
  std::map<circuit::Oracle, std::vector<circuit::Term>> terms;

 private:
  void add_batched(circuit::Oracle oracle, const circuit::Term& term) override { terms[oracle].push_back(term); }
};

}  // namespace

OpeningStatement::OpeningStatement(const verifier::PreparedKey& prepared, const verifier::DataPins& data,
                                   const statement::PublicValues& tensors, const verifier::OuterMessages& outer) {
  CollectingSink sink(prepared.compiled, outer);
  verifier::evaluate_outer(prepared.compiled, tensors, outer, sink);
  sink.finish();
  const verifier::PinClaims pins = verifier::pin_claims(prepared, data, outer);
  statement_.mu = sink.mu() + pins.mu;
  const std::vector<circuit::Oracle> oracles = verifier::base_oracles(prepared);
  for (std::size_t i = 0; i < oracles.size(); ++i) {
    weights_.push_back(
        std::make_unique<circuit::DenseWeights>(prepared.layouts.of(oracles[i]), std::move(sink.terms[oracles[i]])));
    statement_.bases.push_back({weights_.back().get(), pins.powers[i]});
  }
}

}  // namespace zkinfer::prover
