// SPDX-License-Identifier: Apache-2.0
#include "argument/outer_verifier.h"

#include <optional>

#include "argument/eq_moments.h"
#include "argument/point.h"
#include "base/check.h"
#include "circuit/expr.h"
#include "field/eq.h"
#include "sumcheck/zerocheck_verifier.h"

namespace zkinfer::argument {

namespace {

using circuit::Circuit;
using hiding::LinearForm;

Fe inverse_power_of_two(int exponent) { return Fe(pow(inverse(Fp(2)), static_cast<std::uint64_t>(exponent))); }

}  // namespace

OuterMessages receive_outer(hiding::VerifierChannel& channel, const Compiled& compiled) {
  OuterMessages outer;
  if (compiled.circuit.seats) {
    outer.seats.first = channel.challenge("seat theta");
    outer.seats.point = channel.challenges("seat point", static_cast<std::size_t>(compiled.plan.seat_bits));
    const std::uint64_t num_rows = compiled.circuit.columns[compiled.circuit.seats->pads].shape[0];
    for (std::uint64_t row = 0; row < num_rows && !channel.failed(); ++row)
      outer.seats.of_rows.push_back(channel.receive_clear("seat mark"));
    if (channel.failed()) return outer;
  }
  outer.alpha = channel.challenge("lookup alpha");
  outer.beta = channel.challenge("lookup beta");
  outer.leaves = lookup::verify_grand_sum(channel, compiled.plan.log_leaves);
  outer.tau = channel.challenges("relations tau", static_cast<std::size_t>(compiled.plan.tau_bits));
  outer.gamma = channel.challenge("relations gamma");
  outer.rounds =
      sumcheck::receive_rounds(channel, "relations round", LinearForm(), compiled.plan.rounds, compiled.plan.degree);
  for (std::size_t i = 0; i < compiled.circuit.contractions.size(); ++i) {
    outer.operands.push_back(hiding::receive_product(channel, "relations lhs", "relations rhs"));
  }
  sumcheck::verify_triples(channel);
  outer.messages = channel.take_constraints();
  outer.delta = channel.challenge("delta");
  return outer;
}

std::vector<Fe> seat_weights(const circuit::Seats& seats, const SeatMarks& marks) {
  std::vector<Fe> out;
  Fe power = marks.first;
  for (const circuit::PublicTensor& tensor : seats.tensors) {
    std::vector<Fe> weights = {power};
    for (const Vector& axis : box_weights({tensor.box.begin() + 1, tensor.box.end()}, marks.point)) {
      std::vector<Fe> next;
      next.reserve(weights.size() * axis->values().size());
      for (const Fe& outer : weights) {
        for (const Fe& inner : axis->values()) next.push_back(outer * inner);
      }
      weights = std::move(next);
    }
    out.insert(out.end(), weights.begin(), weights.end());
    power *= marks.first;
  }
  return out;
}

ConstraintCounts::ConstraintCounts(const Compiled& compiled, const OuterMessages& outer)
    : contractions(compiled.circuit.contractions.size()),
      equalities(compiled.circuit.equalities.size()),
      public_tensors(compiled.circuit.public_tensors.size()),
      seats(compiled.circuit.seats ? 1 : 0),
      messages(outer.messages.size()) {}

namespace {

class Evaluator {
 public:
  Evaluator(const Compiled& compiled, const OuterMessages& outer, ConstraintSink& sink)
      : circuit_(compiled.circuit), plan_(compiled.plan), outer_(outer), sink_(sink) {}

  void leaves();
  void contractions();
  void equalities();
  void public_tensors(const TensorValues& tensors);
  void seats();
  void messages();

 private:
  // constraint += factor * functional.
  void add(std::size_t constraint, ExprFunctional functional, const Fe& factor) {
    sink_.add_form(constraint, LinearForm(functional.constant * factor));
    for (Term& term : functional.terms) {
      term.coef *= factor;
      sink_.add_term(constraint, std::move(term));
    }
  }
  void add(std::size_t constraint, const circuit::LinExpr& expr, const BoxWeights& weights, const Fe& factor) {
    add(constraint, ExprFunctionals(expr, circuit_.columns, weights.size()).at(weights), factor);
  }
  // The leaves (numerator, alpha - tag - ..) of the tuples. numerator: over their box.
  void tuple_leaves(LeafWeights& leaf_weights, const circuit::Tuples& tuples, std::uint32_t tag,
                    const circuit::LinExpr& numerator, const std::vector<const LeafBlock*>& blocks);
  void table_leaves(const LeafBlock& leaf);

  static constexpr std::size_t kP = 0, kQ = 1, kFirstContraction = 2;

  const Circuit& circuit_;
  const OuterPlan& plan_;
  const OuterMessages& outer_;
  ConstraintSink& sink_;
  std::size_t next_ = 0;  // constraint
};

// One entry of the table's rows at a point, from eq(point, row).
Fe table_value(const circuit::Table& table, std::size_t entry, const std::vector<Fe>& eq) {
  Fe sum;
  for (std::size_t row = 0; row < eq.size(); ++row) sum += eq[row] * Fp::from_int(table.entry(row, entry));
  return sum;
}

// The leaf claims P~(r) = p and Q~(r) = q as constraints on columns (layout: argument/plan.h).
void Evaluator::leaves() {
  LinearForm p, q(Fe::one());
  p -= outer_.leaves.p;
  q -= outer_.leaves.q;
  sink_.add_form(kP, p);
  sink_.add_form(kQ, q);
  std::vector<std::vector<const LeafBlock*>> by_lookup(circuit_.lookups.size()), by_table(circuit_.tables.size());
  for (const LeafBlock& leaf : plan_.leaves) {
    if (leaf.kind == LeafBlock::Kind::kLookup) by_lookup[leaf.index].push_back(&leaf);
    if (leaf.kind == LeafBlock::Kind::kTable && circuit_.tables[leaf.index].committed) {
      by_table[leaf.index].push_back(&leaf);
    } else if (leaf.kind == LeafBlock::Kind::kTable) {
      table_leaves(leaf);
    }
    if (leaf.kind == LeafBlock::Kind::kBlind) {
      const Fe prefix = leaf_prefix(leaf, outer_.leaves.point);
      sink_.add_form(kQ, LinearForm(-prefix));
      sink_.add_term(kQ, {circuit_.blind, prefix, {limb_vector()}});
    }
  }
  sink_.end_relation();
  // Those of one operator follow each other.
  for (std::uint32_t i = 0; i < by_lookup.size();) {
    const circuit::Box& box = circuit_.lookups[i].box;
    auto weights = std::make_optional<LeafWeights>(outer_.leaves.point);
    for (; i < by_lookup.size() && circuit_.lookups[i].box == box; ++i) {
      const circuit::Lookup& lookup = circuit_.lookups[i];
      tuple_leaves(*weights, lookup, lookup.table, {Fp(1), {}}, by_lookup[i]);
      sink_.end_relation();
    }
    weights.reset();
    sink_.end_relation();
  }
  for (std::uint32_t i = 0; i < by_table.size(); ++i) {
    const circuit::Table& table = circuit_.tables[i];
    if (!table.committed) continue;
    const circuit::LinExpr counts = circuit::column_expr(circuit_.columns[table.multiplicity], table.multiplicity);
    LeafWeights weights(outer_.leaves.point);
    tuple_leaves(weights, *table.committed, i, circuit::scaled(counts, -1), by_table[i]);
    sink_.end_relation();
  }
}

// Weights of the axes of a run: entry 0 has 1, entry j has beta^j.
BoxWeights run_weights(const circuit::Box& run_box, const Fe& beta) {
  BoxWeights out(run_box.size());
  Fe step = beta;
  for (std::size_t axis = run_box.size(); axis-- > 0;) {
    std::vector<Fe> powers(run_box[axis]);
    Fe power = Fe::one();
    for (Fe& x : powers) {
      x = power;
      power *= step;
    }
    step = power;
    out[axis] = list_vector(std::move(powers));
  }
  return out;
}

void Evaluator::tuple_leaves(LeafWeights& leaf_weights, const circuit::Tuples& tuples, std::uint32_t tag,
                             const circuit::LinExpr& numerator, const std::vector<const LeafBlock*>& blocks) {
  const std::size_t rank = tuples.box.size();
  ExprFunctionals counts(numerator, circuit_.columns, rank);
  std::vector<ExprFunctionals> entries;
  for (const circuit::LinExpr& entry : tuples.tuple) entries.emplace_back(entry, circuit_.columns, rank);
  ExprFunctionals run(tuples.run, circuit_.columns, rank + tuples.run_box.size());
  const BoxWeights powers = run_weights(tuples.run_box, outer_.beta);
  Fe all;  // eq of all points of the box
  for (const LeafBlock* leaf : blocks) {
    const Fe prefix = leaf_prefix(*leaf, outer_.leaves.point);
    const BoxWeights weights = leaf_weights.of(*leaf);
    Fe covered = prefix;
    for (const auto& axis : weights) covered *= axis->total();
    all += covered;
    Fe power = outer_.beta;
    for (ExprFunctionals& entry : entries) {
      add(kQ, entry.at(weights), -(prefix * power));
      power *= outer_.beta;
    }
    add(kP, counts.at(weights), prefix);
    if (powers.empty()) continue;
    BoxWeights with_run = weights;
    with_run.insert(with_run.end(), powers.begin(), powers.end());
    add(kQ, run.at(with_run), -(prefix * power));
  }
  sink_.add_form(kQ, LinearForm(all * (outer_.alpha - Fe(Fp(tag)) - Fe::one())));
}

void Evaluator::table_leaves(const LeafBlock& leaf) {
  const circuit::Table& table = circuit_.tables[leaf.index];
  const Fe prefix = leaf_prefix(leaf, outer_.leaves.point);
  const std::span<const Fe> point = std::span(outer_.leaves.point).last(static_cast<std::size_t>(leaf.log_size));
  const EqMoments moments(point);
  std::vector<Fe> rows;  // where some entry is listed
  // The eq weights of all rows add up to one.
  Fe q = outer_.alpha - Fe(Fp(leaf.index)) - Fe::one();
  Fe power = outer_.beta;
  for (std::size_t entry = 0; entry < table.tuple_size(); ++entry) {
    const std::vector<circuit::Line> lines = table.lines(entry);
    if (lines.empty() && rows.empty()) rows = eq_vector(point);
    q -= power * (lines.empty() ? table_value(table, entry, rows) : moments.value(lines));
    power *= outer_.beta;
  }
  sink_.add_form(kQ, LinearForm(prefix * q));
  sink_.add_term(kP, {table.multiplicity, -prefix, {eq_vector_of(point, std::uint64_t{1} << point.size())}});
  sink_.end_relation();
}

void Evaluator::contractions() {
  // rounds.claim + 2^-n sum_i gamma^i Y_i~(tau) = sum_i gamma^i 2^-(n - n_i) eq_i lhs_i rhs_i: the starting claim
  // sum_i gamma^i Y_i~(tau) is a functional, so the rounds started from zero.
  const std::size_t end = kFirstContraction + 2 * circuit_.contractions.size();
  sink_.add_form(end, outer_.rounds.claim);
  Fe power = Fe::one();
  for (std::size_t i = 0; i < circuit_.contractions.size(); ++i) {
    const circuit::Contraction& relation = circuit_.contractions[i];
    const ContractionPlan& plan = plan_.contractions[i];
    const ContractionWeights weights = contraction_weights(relation, plan, outer_.tau, outer_.rounds.point);
    add(end, relation.y, weights.y, power * inverse_power_of_two(plan_.rounds));
    const Fe scale = power * inverse_power_of_two(plan_.rounds - plan.sum_bits);
    const hiding::ProductForms& operands = outer_.operands[i];
    sink_.add_form(end, operands.uv * -(scale * weights.shared_eq));
    const std::size_t lhs = kFirstContraction + 2 * i;
    sink_.add_form(lhs, operands.u * -Fe::one());
    add(lhs, relation.lhs, weights.lhs, Fe::one());
    sink_.add_form(lhs + 1, operands.v * -Fe::one());
    add(lhs + 1, relation.rhs, weights.rhs, Fe::one());
    sink_.end_relation();
    power *= outer_.gamma;
  }
  next_ = end + 1;
}

void Evaluator::equalities() {
  for (const circuit::Equality& equality : circuit_.equalities) {
    add(next_++, equality.expr, box_weights(equality.box, outer_.tau), Fe::one());
    sink_.end_relation();
  }
}

// sum_i (prod_b weights_b[i_b]) values[i], row-major, from box axis `axis` on; moves `values` on.
Fe tensor_value(const BoxWeights& weights, std::size_t axis, const std::int64_t*& values) {
  if (axis == weights.size()) return Fe(Fp::from_int(*values++));
  Fe sum;
  for (const Fe& weight : weights[axis]->values()) {
    if (axis + 1 == weights.size()) {
      sum += weight * Fp::from_int(*values++);
    } else {
      sum += weight * tensor_value(weights, axis + 1, values);
    }
  }
  return sum;
}

void Evaluator::public_tensors(const TensorValues& tensors) {
  for (std::size_t i = 0; i < circuit_.public_tensors.size(); ++i) {
    const circuit::PublicTensor& tensor = circuit_.public_tensors[i];
    const BoxWeights weights = box_weights(tensor.box, outer_.tau);
    ZKI_CHECK_EQ(tensors[i].size(), circuit::box_size(tensor.box), "a public value per point");
    add(next_, tensor.expr, weights, Fe::one());
    const std::int64_t* values = tensors[i].data();
    sink_.add_form(next_++, LinearForm(-tensor_value(weights, 0, values)));
    sink_.end_relation();
  }
}

// sum_n eq(tau, n) (pad_n + sum_t theta_0^(t+1) T_t~(n, theta) - u_n) = 0: of all rows at once, since every u_n was sent before tau.
void Evaluator::seats() {
  if (!circuit_.seats) return;
  const SeatMarks& marks = outer_.seats;
  const circuit::Seats& seats = *circuit_.seats;
  const BoxWeights rows = box_weights({marks.of_rows.size()}, outer_.tau);
  sink_.add_term(next_, {seats.pads, Fe::one(), {rows[0], limb_vector()}});
  Fe power = marks.first;
  for (const circuit::PublicTensor& tensor : seats.tensors) {
    BoxWeights weights = box_weights({tensor.box.begin() + 1, tensor.box.end()}, marks.point);
    weights.insert(weights.begin(), rows[0]);
    add(next_, tensor.expr, weights, power);
    power *= marks.first;
    sink_.end_relation();
  }
  Fe sum;
  for (std::size_t row = 0; row < marks.of_rows.size(); ++row) sum += rows[0]->values()[row] * marks.of_rows[row];
  sink_.add_form(next_++, LinearForm(-sum));
}

void Evaluator::messages() {
  for (const LinearForm& form : outer_.messages) sink_.add_form(next_++, form);
}

}  // namespace

void evaluate_outer(const Compiled& compiled, const TensorValues& tensors, const OuterMessages& outer,
                    ConstraintSink& sink) {
  Evaluator evaluator(compiled, outer, sink);
  evaluator.leaves();
  evaluator.contractions();
  evaluator.equalities();
  evaluator.public_tensors(tensors);
  evaluator.seats();
  evaluator.messages();
}

}  // namespace zkinfer::argument
