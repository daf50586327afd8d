// SPDX-License-Identifier: Apache-2.0
#include "verifier/outer_verifier.h"

#include "base/check.h"
#include "circuit/point.h"
#include "hiding/product.h"
#include "lookup/gkr_verifier.h"
#include "sumcheck/rounds.h"
#include "sumcheck/zerocheck_verifier.h"

namespace zkinfer::verifier {

namespace {

using circuit::Circuit;
using circuit::ExprFunctional;
using circuit::LeafBlock;
using circuit::Term;
using hiding::LinearForm;

// constraint += factor * functional.
void add(Constraint& constraint, ExprFunctional functional, const Fe& factor) {
  constraint.form += functional.constant * factor;
  for (Term& term : functional.terms) {
    term.coef *= factor;
    constraint.terms.push_back(std::move(term));
  }
}

// T~(point) of one entry of the table's rows, from eq(point, row): entry 0 is x, entry 1 is T[x].
Fe table_value(const qir::Table& rows, std::size_t entry, const std::vector<Fe>& eq) {
  Fe sum;
  for (std::size_t i = 0; i < eq.size(); ++i) {
    const std::int64_t x = rows.first + static_cast<std::int64_t>(i);
    sum += eq[i] * Fp::from_int(entry == 0 ? x : rows.at(x));
  }
  return sum;
}

// The leaf claims P~(r) = p and Q~(r) = q as constraints on columns (layout: circuit/plan.h).
void leaf_constraints(const relations::CompiledCircuit& compiled, const Fe& alpha, const Fe& beta,
                      lookup::LeafClaims claims, std::vector<Constraint>& out) {
  const Circuit& circuit = compiled.circuit;
  Constraint p{"lookup leaves p", {}, {}};
  Constraint q{"lookup leaves q", {}, {}};
  p.form -= claims.p;
  q.form -= claims.q;
  q.form += Fe::one();
  for (const LeafBlock& leaf : compiled.plan.leaves) {
    const circuit::LeafVectors vectors = circuit::leaf_vectors(circuit, leaf, claims.point);
    if (leaf.kind == LeafBlock::Kind::kBlind) {
      Term term{circuit.blind, vectors.prefix, {{Fe::basis(0), Fe::basis(1), Fe::basis(2)}}};
      q.form -= vectors.prefix;
      q.terms.push_back(std::move(term));
      continue;
    }
    const bool is_lookup = leaf.kind == LeafBlock::Kind::kLookup;
    const std::uint32_t table = is_lookup ? circuit.lookups[leaf.index].table : leaf.index;
    Fe covered = vectors.prefix;
    for (const std::vector<Fe>& axis : vectors.axes) {
      Fe total;
      for (const Fe& x : axis) total += x;
      covered *= total;
    }
    q.form += covered * (alpha - Fe(Fp(table)) - Fe::one());
    Fe power = beta;
    if (is_lookup) {
      const circuit::Lookup& lookup = circuit.lookups[leaf.index];
      p.form += covered;
      for (const circuit::LinExpr& entry : lookup.tuple) {
        add(q, circuit::functional_of(entry, circuit.columns, lookup.box, vectors.axes), -(vectors.prefix * power));
        power *= beta;
      }
    } else {
      p.terms.push_back({circuit.tables[table].multiplicity, -vectors.prefix, {vectors.rows}});
      for (std::size_t entry = 0; entry < circuit.tables[table].tuple_size(); ++entry) {
        q.form -= vectors.prefix * power * table_value(circuit.tables[table].rows, entry, vectors.rows);
        power *= beta;
      }
    }
  }
  out.push_back(std::move(p));
  out.push_back(std::move(q));
}

Fe inverse_power_of_two(int exponent) { return Fe(pow(inverse(Fp(2)), static_cast<std::uint64_t>(exponent))); }

void verify_contractions(hiding::VerifierChannel& channel, const relations::CompiledCircuit& compiled,
                         std::span<const Fe> tau, std::vector<Constraint>& out) {
  const Circuit& circuit = compiled.circuit;
  const circuit::OuterPlan& plan = compiled.plan;
  const Fe gamma = channel.challenge("relations gamma");
  const sumcheck::RoundsResult rounds =
      sumcheck::receive_rounds(channel, "relations round", LinearForm(), plan.rounds, plan.degree);
  // rounds.claim + 2^-n sum_i gamma^i Y_i~(tau) = sum_i gamma^i 2^-(n - n_i) eq_i lhs_i rhs_i: the starting claim
  // sum_i gamma^i Y_i~(tau) is a functional, so the rounds started from zero.
  Constraint end{"relations end", {}, {}};
  end.form = rounds.claim;
  Fe power = Fe::one();
  for (std::size_t i = 0; i < circuit.contractions.size(); ++i) {
    const circuit::Contraction& relation = circuit.contractions[i];
    const circuit::ContractionVectors vectors =
        circuit::contraction_vectors(relation, plan.contractions[i], tau, rounds.point);
    const Fe scale = power * inverse_power_of_two(plan.rounds - plan.contractions[i].sum_bits);
    add(end, circuit::functional_of(relation.y, circuit.columns, relation.box, vectors.y),
        power * inverse_power_of_two(plan.rounds));
    const hiding::ProductForms operands = hiding::receive_product(channel, "relations lhs", "relations rhs");
    end.form.add_scaled(operands.uv, -(scale * vectors.shared_eq));
    Constraint lhs{"relations lhs", {}, {}};
    lhs.form -= operands.u;
    add(lhs, circuit::functional_of(relation.lhs, circuit.columns, relation.box, vectors.lhs), Fe::one());
    Constraint rhs{"relations rhs", {}, {}};
    rhs.form -= operands.v;
    add(rhs, circuit::functional_of(relation.rhs, circuit.columns, relation.box, vectors.rhs), Fe::one());
    out.push_back(std::move(lhs));
    out.push_back(std::move(rhs));
    power *= gamma;
  }
  out.push_back(std::move(end));
}

void public_constraints(const relations::CompiledCircuit& compiled, std::span<const Fe> tau,
                        const statement::PublicValues& tensors, std::vector<Constraint>& out) {
  const Circuit& circuit = compiled.circuit;
  for (const circuit::Equality& equality : circuit.equalities) {
    Constraint constraint{"equality", {}, {}};
    add(constraint,
        circuit::functional_of(equality.expr, circuit.columns, equality.box, circuit::box_vectors(equality.box, tau)),
        Fe::one());
    out.push_back(std::move(constraint));
  }
  for (std::size_t i = 0; i < circuit.public_tensors.size(); ++i) {
    const circuit::PublicTensor& tensor = circuit.public_tensors[i];
    const auto vectors = circuit::box_vectors(tensor.box, tau);
    Constraint constraint{"public output", {}, {}};
    add(constraint, circuit::functional_of(tensor.expr, circuit.columns, tensor.box, vectors), Fe::one());
    // The public tensor at tau: its axes one after the other, the last one fastest.
    std::vector<Fe> weights = {Fe::one()};
    for (const std::vector<Fe>& axis : vectors) {
      std::vector<Fe> next;
      next.reserve(weights.size() * axis.size());
      for (const Fe& w : weights) {
        for (const Fe& x : axis) next.push_back(w * x);
      }
      weights = std::move(next);
    }
    ZKI_CHECK_EQ(weights.size(), tensors[i].size(), "the caller checked the sizes of the public tensors");
    Fe value;
    for (std::size_t j = 0; j < weights.size(); ++j) value += weights[j] * Fp::from_int(tensors[i][j]);
    constraint.form -= value;
    out.push_back(std::move(constraint));
  }
}

// sum_i delta^i constraint_i = 0 as one claim on the columns; pads are the column circuit.pads.
OuterClaim batch(const Circuit& circuit, std::size_t num_data_oracles, std::size_t num_pads,
                 std::vector<Constraint> constraints, const Fe& delta) {
  OuterClaim claim;
  claim.delta = delta;
  claim.terms.resize(static_cast<std::size_t>(circuit::Oracle::kFirstData) + num_data_oracles);
  std::vector<Fe> pads(num_pads);
  Fe power = Fe::one();
  for (Constraint& constraint : constraints) {
    claim.mu -= constraint.form.constant() * power;
    for (const LinearForm::Term& term : constraint.form.terms()) pads[term.pad] += term.coef * power;
    for (Term& term : constraint.terms) {
      term.coef *= power;
      claim.terms[static_cast<std::size_t>(circuit.columns[term.column].oracle)].push_back(std::move(term));
    }
    power *= delta;
  }
  claim.next_power = power;
  if (num_pads > 0) {
    Term term{circuit.pads, Fe::one(), {{}}};
    for (const Fe& weight : pads) {
      for (int j = 0; j < Fe::kDegree; ++j) term.vectors[0].push_back(weight * Fe::basis(j));
    }
    claim.terms[static_cast<std::size_t>(circuit::Oracle::kWitness)].push_back(std::move(term));
  }
  return claim;
}

}  // namespace

std::vector<Constraint> collect_constraints(hiding::VerifierChannel& channel,
                                            const relations::CompiledCircuit& compiled,
                                            const statement::PublicValues& tensors) {
  std::vector<Constraint> constraints;
  const Fe alpha = channel.challenge("lookup alpha");
  const Fe beta = channel.challenge("lookup beta");
  leaf_constraints(compiled, alpha, beta, lookup::verify_grand_sum(channel, compiled.plan.log_leaves), constraints);
  const std::vector<Fe> tau =
      channel.transcript().challenges("relations tau", static_cast<std::size_t>(compiled.plan.tau_bits));
  verify_contractions(channel, compiled, tau, constraints);
  public_constraints(compiled, tau, tensors, constraints);
  sumcheck::verify_triples(channel);
  for (LinearForm& form : channel.take_constraints()) constraints.push_back({"messages", std::move(form), {}});
  return constraints;
}

OuterClaim verify_outer(hiding::VerifierChannel& channel, const relations::CompiledCircuit& compiled,
                        const statement::PublicValues& tensors) {
  std::vector<Constraint> constraints = collect_constraints(channel, compiled, tensors);
  const Fe delta = channel.challenge("delta");
  return batch(compiled.circuit, compiled.num_data_oracles(), compiled.pads.layout().num_pads(), std::move(constraints),
               delta);
}

}  // namespace zkinfer::verifier
