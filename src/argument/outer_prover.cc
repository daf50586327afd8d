// SPDX-License-Identifier: Apache-2.0
#include "argument/outer_prover.h"

#include <chrono>

#include "lookup/gkr_prover.h"
#include "sumcheck/batched_products.h"
#include "sumcheck/zerocheck_prover.h"

namespace zkinfer::argument {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void prove_lookups(hiding::ProverChannel& channel, const Compiled& compiled, const circuit::ColumnValues& data,
                   TupleValues tuples, const Backend& backend) {
  const Fe alpha = channel.challenge("lookup alpha");
  const Fe beta = channel.challenge("lookup beta");
  // The leaf values are functionals of the columns; the verifier derives them, so nothing is sent.
  (void)lookup::prove_grand_sum(channel, *backend.grand_sum(compiled, data, std::move(tuples), alpha, beta));
}

void prove_contractions(hiding::ProverChannel& channel, const Compiled& compiled, const circuit::ColumnValues& data,
                        const Backend& backend) {
  const std::vector<Fe> tau =
      channel.transcript().challenges("relations tau", static_cast<std::size_t>(compiled.plan.tau_bits));
  const Fe gamma = channel.challenge("relations gamma");
  const sumcheck::BatchedProducts end = sumcheck::prove_batched_products(
      channel, "relations round", *backend.contractions(compiled, data, tau, gamma), compiled.plan.degree);
  for (const std::vector<Fe>& values : end.values)
    channel.send_product("relations lhs", values.front(), "relations rhs", values.back());
}

}  // namespace

void prove_outer(hiding::ProverChannel& channel, const Compiled& compiled, const circuit::ColumnValues& data,
                 TupleValues tuples, std::span<const Fe> pads, const Backend& backend, OuterTimes& times) {
  auto start = std::chrono::steady_clock::now();
  prove_lookups(channel, compiled, data, std::move(tuples), backend);
  times.lookup = seconds_since(start);
  start = std::chrono::steady_clock::now();
  prove_contractions(channel, compiled, data, backend);
  sumcheck::prove_triples(channel, pads);
  times.relations = seconds_since(start);
}

}  // namespace zkinfer::argument
