// SPDX-License-Identifier: Apache-2.0
#include "prover/outer_prover.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/parallel.h"
#include "circuit/point.h"
#include "lookup/gkr_prover.h"
#include "prover/operands.h"
#include "sumcheck/batched_products.h"
#include "sumcheck/zerocheck_prover.h"

namespace zkinfer::prover {

namespace {

using circuit::AxisRole;
using circuit::Circuit;
using circuit::ColumnValues;
using circuit::Contraction;
using circuit::LeafBlock;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Which addresses of a leaf block are points of its sub-box.
void mark_block(const LeafBlock& leaf, FpSpan out) {
  const auto mark = [&](auto& self, std::size_t level, Fp* target, int bits) -> void {
    if (level == leaf.order.size()) {
      *target = Fp(1);
      return;
    }
    const circuit::AxisPiece& piece = leaf.block.pieces[leaf.order[level]];
    const int below = bits - piece.bits;
    for (std::uint64_t i = 0; i < piece.length; ++i) self(self, level + 1, target + (i << below), below);
  };
  mark(mark, 0, out.data(), leaf.log_size);
}

class LeafFiller {
 public:
  LeafFiller(const Circuit& circuit, const ColumnValues& data, const TupleValues& tuples, const Fe& alpha,
             const Fe& beta)
      : circuit_(circuit), data_(data), tuples_(tuples), alpha_(alpha), beta_(beta) {}

  // p: zeros, q: ones on entry.
  void fill(const LeafBlock& leaf, FpSpan p, FeSpan q) const {
    switch (leaf.kind) {
      case LeafBlock::Kind::kLookup: return lookup(leaf, p, q);
      case LeafBlock::Kind::kTable: return table(leaf.index, p, q);
      case LeafBlock::Kind::kBlind: {
        const FpVec& blind = data_[circuit_.blind];
        q.set(0, {blind[0], blind[1], blind[2]});
        return;
      }
    }
  }

 private:
  void lookup(const LeafBlock& leaf, FpSpan p, FeSpan q) const {
    const circuit::Lookup& lookup = circuit_.lookups[leaf.index];
    mark_block(leaf, p);
    // q = marked * (alpha - tag - sum beta^j c_j) + (1 - marked); entries outside the sub-box are zero in `values`.
    vec::axpy(alpha_ - Fe(Fp(lookup.table)) - Fe::one(), FpCSpan(p), q);
    FpVec values(p.size());
    Fe power = beta_;
    for (const FpVec& entry : tuples_[leaf.index]) {
      circuit::copy_block(leaf.block, leaf.order, lookup.box, entry.data(), values.data());
      vec::axpy(-power, values.span(), q);
      power *= beta_;
    }
  }

  void table(std::uint32_t index, FpSpan p, FeSpan q) const {
    const circuit::Table& table = circuit_.tables[index];
    const FpVec& counts = data_[table.multiplicity];
    const Fe start = alpha_ - Fe(Fp(index));
    const Fe beta2 = beta_ * beta_;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const std::int64_t x = table.rows.first + static_cast<std::int64_t>(i);
      Fe denominator = start - beta_ * Fp::from_int(x);
      if (table.tuple_size() == 2) denominator -= beta2 * Fp::from_int(table.rows.at(x));
      p[i] = -counts[i];
      q.set(i, denominator);
    }
  }

  const Circuit& circuit_;
  const ColumnValues& data_;
  const TupleValues& tuples_;
  const Fe alpha_;
  const Fe beta_;
};

void prove_lookups(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled, const ColumnValues& data,
                   TupleValues tuples) {
  const Fe alpha = channel.challenge("lookup alpha");
  const Fe beta = channel.challenge("lookup beta");
  const std::size_t num_leaves = std::size_t{1} << compiled.plan.log_leaves;
  FpVec p(num_leaves);
  FeVec q(num_leaves);
  {
    FpSpan ones = q.span().plane(0);
    std::fill(ones.begin(), ones.end(), Fp(1));
  }
  const LeafFiller filler(compiled.circuit, data, tuples, alpha, beta);
  parallel_for(compiled.plan.leaves.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const LeafBlock& leaf = compiled.plan.leaves[i];
      const std::size_t size = std::size_t{1} << leaf.log_size;
      filler.fill(leaf, p.span().subspan(leaf.offset, size), q.subspan(leaf.offset, size));
    }
  });
  tuples.clear();
  // The leaf values are functionals of the columns; the verifier derives them, so nothing is sent.
  (void)lookup::prove_grand_sum(channel, p.span(), static_cast<const FeVec&>(q).span());
}

// The coordinates of tau that belong to the c axes: eq of them is a factor of the relation.
std::vector<Fe> shared_point(const Contraction& relation, std::span<const Fe> tau) {
  std::vector<Fe> out;
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    if (relation.roles[axis] == AxisRole::kK) continue;
    const std::span<const Fe> own = tau.first(static_cast<std::size_t>(circuit::axis_bits(relation.box[axis])));
    if (relation.roles[axis] == AxisRole::kC) out.insert(out.end(), own.begin(), own.end());
    tau = tau.subspan(own.size());
  }
  return out;
}

sumcheck::ProductRelation product_of(const Contraction& relation, const circuit::ContractionPlan& plan,
                                     const Circuit& circuit, const ColumnValues& data, std::span<const Fe> tau,
                                     const Fe& coef) {
  sumcheck::ProductRelation product{coef, {}, shared_point(relation, tau)};
  const bool binds = std::any_of(relation.roles.begin(), relation.roles.end(),
                                 [](AxisRole role) { return role == AxisRole::kA || role == AxisRole::kB; });
  if (!binds && !product.eq_point.empty()) {
    product.squared = relation.lhs == relation.rhs;
    product.base_factors.push_back(evaluate_operand(relation, plan, circuit, data, relation.lhs));
    if (!product.squared) product.base_factors.push_back(evaluate_operand(relation, plan, circuit, data, relation.rhs));
    return product;
  }
  const circuit::BoxWeights vectors = circuit::tau_weights(relation, tau);
  product.factors.push_back(bind_operand(relation, plan, circuit, data, relation.lhs, AxisRole::kA, vectors));
  product.factors.push_back(bind_operand(relation, plan, circuit, data, relation.rhs, AxisRole::kB, vectors));
  return product;
}

void prove_contractions(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled,
                        const ColumnValues& data) {
  const Circuit& circuit = compiled.circuit;
  const std::vector<Fe> tau =
      channel.transcript().challenges("relations tau", static_cast<std::size_t>(compiled.plan.tau_bits));
  const Fe gamma = channel.challenge("relations gamma");
  std::vector<sumcheck::ProductRelation> relations;
  Fe power = Fe::one();
  for (std::size_t i = 0; i < circuit.contractions.size(); ++i) {
    relations.push_back(product_of(circuit.contractions[i], compiled.plan.contractions[i], circuit, data, tau, power));
    power *= gamma;
  }
  const sumcheck::BatchedProducts end =
      sumcheck::prove_batched_products(channel, "relations round", std::move(relations), compiled.plan.degree);
  for (const std::vector<Fe>& values : end.values)
    channel.send_product("relations lhs", values.front(), "relations rhs", values.back());
}

}  // namespace

void prove_outer(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled, const ColumnValues& data,
                 TupleValues tuples, std::span<const Fe> pads, OuterTimes& times) {
  auto start = std::chrono::steady_clock::now();
  prove_lookups(channel, compiled, data, std::move(tuples));
  times.lookup = seconds_since(start);
  start = std::chrono::steady_clock::now();
  prove_contractions(channel, compiled, data);
  sumcheck::prove_triples(channel, pads);
  times.relations = seconds_since(start);
}

}  // namespace zkinfer::prover
