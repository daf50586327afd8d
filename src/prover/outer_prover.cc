// SPDX-License-Identifier: Apache-2.0
#include "prover/outer_prover.h"

#include <chrono>
#include <mutex>

#include "base/check.h"
#include "base/parallel.h"
#include "circuit/point.h"
#include "lookup/gkr_prover.h"
#include "sumcheck/batched_products.h"
#include "sumcheck/zerocheck_prover.h"

namespace zkinfer::prover {

namespace {

using circuit::AxisRole;
using circuit::Circuit;
using circuit::ColumnData;
using circuit::Contraction;
using circuit::LeafBlock;
using circuit::LoopAxis;

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
  LeafFiller(const Circuit& circuit, const ColumnData& data, const TupleValues& tuples, const Fe& alpha, const Fe& beta)
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
  const ColumnData& data_;
  const TupleValues& tuples_;
  const Fe alpha_;
  const Fe beta_;
};

void prove_lookups(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled, const ColumnData& data,
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

// sum over the bound axes of prod eq * expr, as a table over the c and k axes padded to powers of two.
FeVec bind_operand(const Contraction& relation, const circuit::ContractionPlan& plan, const Circuit& circuit,
                   const ColumnData& data, const circuit::LinExpr& expr, AxisRole bound,
                   const std::vector<std::vector<Fe>>& tau_vectors) {
  std::vector<LoopAxis> loops;
  std::vector<std::uint32_t> bound_axes;
  std::uint64_t num_bound = 1;
  int bits_left = plan.sum_bits;
  for (std::uint32_t axis = 0; axis < relation.box.size(); ++axis) {
    const AxisRole role = relation.roles[axis];
    if (role == AxisRole::kC || role == AxisRole::kK) {
      bits_left -= circuit::axis_bits(relation.box[axis]);
      loops.push_back({axis, relation.box[axis], std::uint64_t{1} << bits_left});
    } else if (role == bound) {
      bound_axes.push_back(axis);
      num_bound *= relation.box[axis];
    }
  }
  const std::size_t size = std::size_t{1} << plan.sum_bits;
  FeVec out(size);
  std::mutex mutex;
  // Few, large chunks: each has its own accumulator of `size` elements.
  const std::size_t grain = std::max<std::size_t>(std::max<std::size_t>(1, (std::size_t{1} << 16) / size), (num_bound + 15) / 16);
  parallel_for(num_bound, grain, [&](std::size_t begin, std::size_t end) {
    FeVec sum(size);
    FpVec row(size);
    std::vector<std::uint64_t> fixed(relation.box.size(), 0);
    for (std::size_t i = begin; i < end; ++i) {
      Fe weight = Fe::one();
      std::size_t rest = i;
      for (std::size_t b = bound_axes.size(); b-- > 0;) {
        const std::uint32_t axis = bound_axes[b];
        fixed[axis] = rest % relation.box[axis];
        rest /= relation.box[axis];
        weight *= tau_vectors[axis][fixed[axis]];
      }
      circuit::evaluate_slice(expr, circuit.columns, data, loops, fixed, row.data());
      vec::axpy(weight, static_cast<const FpVec&>(row).span(), sum);
    }
    const std::lock_guard<std::mutex> lock(mutex);
    vec::add(out.span(), sum.span(), out.span());
  });
  return out;
}

// eq(tau, .) of the c axes over the c and k axes, padded. Beyond an axis' length it is eq too, not zero: the verifier
// evaluates the full multilinear eq, and the operands are zero there.
FeVec shared_table(const Contraction& relation, const circuit::ContractionPlan& plan, std::span<const Fe> tau) {
  std::vector<Fe> shared = {Fe::one()};
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    const AxisRole role = relation.roles[axis];
    if (role == AxisRole::kK) continue;
    const auto bits = static_cast<std::size_t>(circuit::axis_bits(relation.box[axis]));
    if (role == AxisRole::kC) {
      const std::vector<Fe> eq = circuit::eq_vector(tau.first(bits), std::uint64_t{1} << bits);
      std::vector<Fe> next;
      next.reserve(shared.size() * eq.size());
      for (const Fe& outer : shared) {
        for (const Fe& inner : eq) next.push_back(outer * inner);
      }
      shared = std::move(next);
    }
    tau = tau.subspan(bits);
  }
  const std::size_t run = std::size_t{1} << (plan.sum_bits - plan.shared_bits);
  FeVec out(std::size_t{1} << plan.sum_bits);
  for (std::size_t i = 0; i < shared.size(); ++i) vec::fill(shared[i], out.subspan(i * run, run));
  return out;
}

void prove_contractions(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled, const ColumnData& data) {
  const Circuit& circuit = compiled.circuit;
  const std::vector<Fe> tau =
      channel.transcript().challenges("relations tau", static_cast<std::size_t>(compiled.plan.tau_bits));
  const Fe gamma = channel.challenge("relations gamma");
  std::vector<sumcheck::ProductRelation> relations;
  Fe power = Fe::one();
  for (std::size_t i = 0; i < circuit.contractions.size(); ++i) {
    const Contraction& relation = circuit.contractions[i];
    const circuit::ContractionPlan& plan = compiled.plan.contractions[i];
    const std::vector<std::vector<Fe>> vectors = circuit::tau_vectors(relation, tau);
    sumcheck::ProductRelation product{power, {}};
    product.factors.push_back(bind_operand(relation, plan, circuit, data, relation.lhs, AxisRole::kA, vectors));
    product.factors.push_back(bind_operand(relation, plan, circuit, data, relation.rhs, AxisRole::kB, vectors));
    if (plan.shared_bits > 0) product.factors.push_back(shared_table(relation, plan, tau));
    relations.push_back(std::move(product));
    power *= gamma;
  }
  const sumcheck::BatchedProducts end =
      sumcheck::prove_batched_products(channel, "relations round", std::move(relations), compiled.plan.degree);
  for (const std::vector<Fe>& values : end.values) channel.send_product("relations lhs", values[0], "relations rhs", values[1]);
}

}  // namespace

void prove_outer(hiding::ProverChannel& channel, const relations::CompiledCircuit& compiled, const ColumnData& data,
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
