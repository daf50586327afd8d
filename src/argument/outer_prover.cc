// SPDX-License-Identifier: Apache-2.0
#include "argument/outer_prover.h"

#include <chrono>

#include "argument/outer_verifier.h"
#include "lookup/gkr_prover.h"
#include "sumcheck/batched_products.h"
#include "sumcheck/zerocheck_prover.h"

namespace zkinfer::argument {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void prove_seats(hiding::ProverChannel& channel, const Compiled& compiled, const circuit::ColumnValues& data) {
  if (!compiled.circuit.seats) return;
  const circuit::Seats& seats = *compiled.circuit.seats;
  SeatMarks marks;
  marks.first = channel.challenge("seat theta");
  marks.point = channel.transcript().challenges("seat point", static_cast<std::size_t>(compiled.plan.seat_bits));
  const std::vector<Fe> weights = seat_weights(seats, marks);
  const FpCSpan pads = data[seats.pads].span();
  for (std::size_t row = 0; row < pads.size() / 3; ++row)
    marks.of_rows.emplace_back(pads[3 * row], pads[3 * row + 1], pads[3 * row + 2]);
  std::size_t next = 0;
  for (const circuit::PublicTensor& tensor : seats.tensors) {
    const FpVec entries = circuit::evaluate(tensor.expr, compiled.circuit.columns, data, tensor.box);
    const std::size_t size = entries.size() / marks.of_rows.size();
    for (std::size_t row = 0; row < marks.of_rows.size(); ++row) {
      for (std::size_t i = 0; i < size; ++i) marks.of_rows[row] += weights[next + i] * entries[row * size + i];
    }
    next += size;
  }
  for (const Fe& mark : marks.of_rows) channel.send_clear("seat mark", mark);
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
  prove_seats(channel, compiled, data);
  prove_lookups(channel, compiled, data, std::move(tuples), backend);
  times.lookup = seconds_since(start);
  start = std::chrono::steady_clock::now();
  prove_contractions(channel, compiled, data, backend);
  sumcheck::prove_triples(channel, pads);
  times.relations = seconds_since(start);
}

}  // namespace zkinfer::argument
