// SPDX-License-Identifier: Apache-2.0
// The protocol up to the opening, and every check of it evaluated on the committed columns themselves. The opening proves
// exactly these equations (in one random combination), so this says what a proof would say and why, in milliseconds.
#pragma once

#include "argument/cpu_backend.h"
#include "argument/outer_verifier.h"
#include "exec/integer/executor.h"
#include "hiding/pad_values.h"
#include "prover/prf.h"
#include "prover/witness.h"
#include "statement/canonical_bytes.h"
#include "support/session.h"

namespace zkinfer::e2e {

// coef * sum_idx (prod_axis vectors[axis][idx_axis]) column[idx].
inline Fe evaluate_term(const argument::Term& term, const std::vector<std::uint64_t>& shape, const FpVec& column) {
  std::vector<Fe> values;
  for (const Fp x : column) values.emplace_back(x);
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    const argument::AxisWeights& vector = *term.vectors[axis];
    std::vector<Fe> next(values.size() / shape[axis]);
    for (std::size_t row = 0; row < next.size(); ++row) {
      for (std::uint64_t i = vector.begin(); i < vector.end(); ++i)
        next[row] += vector.at(i) * values[row * shape[axis] + i];
    }
    values = std::move(next);
  }
  return term.coef * values[0];
}

// A prover's state right before it commits.
struct OuterState {
  circuit::ColumnValues data;
  std::vector<Fe> pads;
  statement::PublicIo public_data;
};

inline void set_pad_column(const relations::CompiledCircuit& compiled, OuterState& state) {
  state.data[compiled.circuit.pads] =
      hiding::pad_column(state.pads, compiled.circuit.columns[compiled.circuit.pads].shape[1]);
}

// The state of an honest prover but for hooks.columns, hooks.outputs and hooks.committed.
inline OuterState outer_state(const Session& session, const prover::ProveHooks& hooks, argument::TupleValues& tuples) {
  const relations::CompiledCircuit& compiled = session.compiled();
  auto witness = exec_integer::run(session.graph, session.model.weights, session.request.inputs);
  ZKI_CHECK(witness.ok(), "the input of a test has a witness");
  OuterState state;
  for (const qir::ValueId id : qir::public_values(session.graph, session.model.prepared.key.visibility)) {
    state.public_data.values.push_back(witness->values[id]);
  }
  const qir::Visibility& visibility = session.model.prepared.key.visibility;
  for (const auto& [id, policy] : qir::seen_tensors(session.graph, visibility)) {
    if (policy.hash == TensorHash::kNone) continue;
    state.public_data.digests.push_back(
        statement::hash_data(policy.hash, statement::canonical_bytes(session.graph.value(id), witness->values[id])));
  }
  state.data = prover::fill_columns(session.graph, compiled, session.model.weights, *witness);
  if (hooks.columns) hooks.columns(state.data);
  if (hooks.outputs) hooks.outputs(state.public_data);
  tuples = prover::evaluate_tuples(compiled, state.data);
  prover::count_multiplicities(compiled, tuples, state.data);
  prover::PrfStream random(test_seed(3), 1);
  state.pads = hiding::fill_pads(compiled.pads, random);
  state.data[compiled.circuit.blind] = FpVec(3);
  random.fill(state.data[compiled.circuit.blind].span());
  set_pad_column(compiled, state);
  if (hooks.committed) hooks.committed(state.data, state.pads);
  return state;
}

// The value of every constraint on the columns.
class ConstraintValues final : public argument::ConstraintSink {
 public:
  ConstraintValues(const relations::CompiledCircuit& compiled, const OuterState& state, std::size_t count)
      : compiled_(compiled), state_(state), values_(count) {}
  void add_form(std::size_t constraint, const hiding::LinearForm& form) override {
    const FpVec& pads = state_.data[compiled_.circuit.pads];
    const std::size_t num_pads = pads.size() / 3;
    values_[constraint] += form.constant();
    for (const hiding::LinearForm::Term& term : form.terms()) {
      values_[constraint] += term.coef * Fe(pads[term.pad], pads[num_pads + term.pad], pads[2 * num_pads + term.pad]);
    }
  }
  void add_term(std::size_t constraint, argument::Term term) override {
    // Weights may be small integers.
    const circuit::ColumnView values = state_.data.view(term.column);
    FpVec column(values.size());
    values.copy(0, column.span());
    values_[constraint] += evaluate_term(term, compiled_.circuit.columns[term.column].shape, column);
  }
  const Fe& value(std::size_t constraint) const { return values_[constraint]; }

 private:
  const relations::CompiledCircuit& compiled_;
  const OuterState& state_;
  std::vector<Fe> values_;
};

inline const char* constraint_label(const argument::ConstraintCounts& counts, std::size_t constraint) {
  if (constraint < 2) return constraint == 0 ? "lookup leaves p" : "lookup leaves q";
  constraint -= 2;
  if (constraint < 2 * counts.contractions) return constraint % 2 == 0 ? "relations lhs" : "relations rhs";
  constraint -= 2 * counts.contractions;
  if (constraint-- == 0) return "relations end";
  if (constraint < counts.equalities) return "equality";
  return constraint - counts.equalities < counts.public_tensors ? "public output" : "messages";
}

// Labels of the checks that fail; empty: a proof of these columns would be accepted.
inline std::vector<std::string> failed_checks(const Session& session, const prover::ProveHooks& hooks,
                                              const argument::Backend& backend = argument::cpu_backend()) {
  const relations::CompiledCircuit& compiled = session.compiled();
  const bool zero_knowledge = session.model.prepared.key.params.security.zero_knowledge;
  argument::TupleValues tuples;
  const OuterState state = outer_state(session, hooks, tuples);
  const Digest context{};

  Transcript transcript(verifier::kProtocolName);
  statement::absorb_statement(transcript, session.key().identity(), session.key(), context, 0, state.public_data);
  hiding::PadAllocator allocator(zero_knowledge);
  allocator.set_layout(compiled.pads.layout());
  hiding::ProverChannel channel(transcript, allocator, state.pads);
  channel.set_message_hook(hooks.messages);
  argument::OuterTimes times;
  argument::prove_outer(channel, compiled, state.data, std::move(tuples), state.pads, backend, times);

  Transcript replay(verifier::kProtocolName);
  statement::absorb_statement(replay, session.key().identity(), session.key(), context, 0, state.public_data);
  hiding::PadAllocator replay_pads(zero_knowledge);
  replay_pads.set_layout(compiled.pads.layout());
  hiding::VerifierChannel verifier_channel(replay, replay_pads, channel.proof());
  const statement::PublicValues tensors =
      statement::tensor_values(session.graph, session.model.prepared.key.visibility, state.public_data);
  const argument::OuterMessages outer = argument::receive_outer(verifier_channel, compiled);
  std::vector<std::string> failed;
  if (verifier_channel.failed()) return {verifier_channel.verdict().where};
  const argument::ConstraintCounts counts(compiled, outer);
  ConstraintValues values(compiled, state, counts.total());
  argument::evaluate_outer(compiled, tensors, outer, values);
  for (std::size_t i = 0; i < counts.total(); ++i) {
    if (!values.value(i).is_zero()) failed.emplace_back(constraint_label(counts, i));
  }
  return failed;
}

}  // namespace zkinfer::e2e
