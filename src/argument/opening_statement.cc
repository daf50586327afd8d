// SPDX-License-Identifier: Apache-2.0
#include "argument/opening_statement.h"

namespace zkinfer::argument {

namespace {

class CollectingSink final : public BatchSink {
 public:
  using BatchSink::BatchSink;
  std::map<circuit::Oracle, std::vector<Term>> terms;

 private:
  void add_batched(circuit::Oracle oracle, const Term& term) override { terms[oracle].push_back(term); }
};

}  // namespace

OpeningStatement::OpeningStatement(const Compiled& compiled, const Layouts& layouts, const OraclePins& pins,
                                   const TensorValues& tensors, const OuterMessages& outer) {
  CollectingSink sink(compiled, outer);
  evaluate_outer(compiled, tensors, outer, sink);
  sink.finish();
  const PinClaims claims = pin_claims(compiled, pins, outer);
  statement_.mu = sink.mu() + claims.mu;
  const std::vector<circuit::Oracle> oracles = base_oracles(pins);
  for (std::size_t i = 0; i < oracles.size(); ++i) {
    weights_.push_back(std::make_unique<DenseWeights>(layouts.of(oracles[i]), std::move(sink.terms[oracles[i]])));
    statement_.bases.push_back({weights_.back().get(), claims.powers[i]});
  }
}

}  // namespace zkinfer::argument
