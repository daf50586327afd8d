// SPDX-License-Identifier: Apache-2.0
#include "argument/cpu_backend.h"

#include <algorithm>
#include <array>

#include "argument/operands.h"
#include "argument/point.h"
#include "base/check.h"
#include "base/parallel.h"
#include "lookup/gkr_prover.h"
#include "sumcheck/batched_products.h"

namespace zkinfer::argument {

namespace {

using circuit::AxisRole;
using circuit::Circuit;
using circuit::ColumnValues;
using circuit::Contraction;

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

bool is_full(const LeafBlock& leaf) {
  return std::all_of(leaf.block.pieces.begin(), leaf.block.pieces.end(),
                     [](const circuit::AxisPiece& piece) { return piece.length == std::uint64_t{1} << piece.bits; });
}

FpVec elements_of(const circuit::NarrowVec& values) {
  FpVec out(values.size(), Contents::kUnset);
  values.view().copy(0, out.span());
  return out;
}

// start - sum beta^j entry_j at every point of the box.
FeVec denominators(const circuit::Tuples& tuples, std::span<const circuit::NarrowVec> values, const Fe& start,
                   const Fe& beta) {
  FeVec out(circuit::box_size(tuples.box));
  vec::fill(start, out.span());
  Fe power = beta;
  for (std::size_t entry = 0; entry < tuples.tuple.size(); ++entry, power *= beta)
    vec::axpy(-power, elements_of(values[entry]).span(), out.span());
  if (tuples.run_box.empty()) return out;
  const FpVec runs = elements_of(values.back());
  const std::size_t run = circuit::box_size(tuples.run_box);
  FeVec powers(run);
  for (std::size_t i = 0; i < run; ++i, power *= beta) powers.set(i, -power);
  parallel_for(out.size(), std::max<std::size_t>(1, 4096 / run), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      out.set(i, out.get(i) + vec::dot(runs.span().subspan(i * run, run), FeCSpan(powers.span())));
  });
  return out;
}

// The leaves of the lookup argument, computed from the tuples when they are read: a leaf is three or four elements of F, what
// it is made of one or two.
class OuterLeaves final : public lookup::LeafSource {
 public:
  // Takes the tuples apart as it goes.
  OuterLeaves(const Compiled& compiled, const ColumnValues& data, TupleValues tuples, const Fe& alpha, const Fe& beta)
      : circuit_(compiled.circuit), size_(std::size_t{1} << compiled.plan.log_leaves), alpha_(alpha), beta_(beta) {
    blocks_.resize(compiled.plan.leaves.size());
    std::vector<std::vector<std::size_t>> of_lookup(circuit_.lookups.size()), of_table(circuit_.tables.size());
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const LeafBlock& leaf = compiled.plan.leaves[i];
      blocks_[i].leaf = &leaf;
      if (leaf.kind == LeafBlock::Kind::kLookup) of_lookup[leaf.index].push_back(i);
      if (leaf.kind == LeafBlock::Kind::kTable && circuit_.tables[leaf.index].committed) {
        of_table[leaf.index].push_back(i);
      } else if (leaf.kind == LeafBlock::Kind::kTable) {
        fill_table(data, blocks_[i]);
      }
      if (leaf.kind == LeafBlock::Kind::kBlind) fill_blind(data, blocks_[i]);
    }
    for (std::size_t lookup = 0; lookup < of_lookup.size(); ++lookup) {
      const std::vector<std::size_t>& own = of_lookup[lookup];
      const circuit::Lookup& relation = circuit_.lookups[lookup];
      if (!relation.run_box.empty()) {
        place(relation, tuples[lookup], relation.table, nullptr, own);
      } else {
        parallel_for(own.size(), 1, [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = begin; i < end; ++i) place(tuples[lookup], blocks_[own[i]]);
        });
      }
      tuples[lookup].clear();
    }
    for (std::uint32_t i = 0; i < of_table.size(); ++i) {
      const circuit::Table& table = circuit_.tables[i];
      if (!table.committed) continue;
      const std::vector<circuit::NarrowVec> rows = circuit::evaluate(*table.committed, circuit_.columns, data);
      FpVec numerators(table.num_rows());
      for (std::size_t row = 0; row < numerators.size(); ++row) numerators[row] = -data[table.multiplicity][row];
      place(*table.committed, rows, i, &numerators, of_table[i]);
    }
  }

  std::size_t size() const override { return size_; }
  std::size_t num_used() const override {
    const LeafBlock& last = *blocks_.back().leaf;
    return last.offset + (std::size_t{1} << last.log_size);
  }

  void load(std::size_t begin, FpSpan p, FeSpan q) const override {
    // From the last block that begins at or before `begin` on; the first block begins at 0, and they leave no gaps.
    const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), begin,
                                        [](std::size_t at, const LeavesOfBlock& b) { return at < b.leaf->offset; });
    std::size_t done = 0;
    for (auto block = after - 1; block != blocks_.end() && done < q.size; ++block) {
      const std::size_t from = begin + done - block->leaf->offset;
      const std::size_t block_size = std::size_t{1} << block->leaf->log_size;
      if (from >= block_size) break;
      const std::size_t count = std::min(block_size - from, q.size - done);
      load_block(*block, from, p.subspan(done, count), q.subspan(done, count));
      done += count;
    }
    // Leaves of no block come last.
    std::fill(p.begin() + static_cast<std::ptrdiff_t>(done), p.end(), Fp());
    vec::fill(Fe::one(), q.subspan(done, q.size - done));
  }

 private:
  struct LeavesOfBlock {
    const LeafBlock* leaf = nullptr;
    std::vector<circuit::NarrowVec> entries;  // kLookup: the tuples' entries, by leaf
    FpVec numerators;                         // kLookup: empty where all are 1
    FeVec denominators;                       // where there are no entries
  };

  // All of the lookup's or table's blocks, as denominators; numerators: by row, or null where all are 1.
  void place(const circuit::Tuples& tuples, std::span<const circuit::NarrowVec> values, std::uint32_t tag,
             const FpVec* numerators, const std::vector<std::size_t>& own) {
    const FeVec all = denominators(tuples, values, alpha_ - Fe(Fp(tag)), beta_);
    parallel_for(own.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        LeavesOfBlock& block = blocks_[own[i]];
        const LeafBlock& leaf = *block.leaf;
        block.denominators = FeVec(std::size_t{1} << leaf.log_size);
        vec::fill(Fe::one(), block.denominators.span());
        for (int j = 0; j < Fe::kDegree; ++j) {
          circuit::copy_block(leaf.block, leaf.order, tuples.box, {FpCSpan(all.plane(j), all.size()), {}},
                              block.denominators.plane(j));
        }
        block.numerators = FpVec(block.denominators.size());
        if (numerators == nullptr) {
          mark_block(leaf, block.numerators.span());
        } else {
          circuit::copy_block(leaf.block, leaf.order, tuples.box, {numerators->span(), {}}, block.numerators.data());
        }
      }
    });
  }

  void place(const std::vector<circuit::NarrowVec>& tuple, LeavesOfBlock& block) const {
    const LeafBlock& leaf = *block.leaf;
    for (const circuit::NarrowVec& entry : tuple)
      block.entries.push_back(
          circuit::block_of(leaf.block, leaf.order, circuit_.lookups[leaf.index].box, entry.view()));
    if (is_full(leaf)) return;
    block.numerators = FpVec(std::size_t{1} << leaf.log_size);
    mark_block(leaf, block.numerators.span());
  }

  void fill_table(const ColumnValues& data, LeavesOfBlock& block) const {
    const circuit::Table& table = circuit_.tables[block.leaf->index];
    const FpVec& counts = data[table.multiplicity];
    const Fe start = alpha_ - Fe(Fp(block.leaf->index));
    block.numerators = FpVec(counts.size());
    block.denominators = FeVec(counts.size());
    for (std::size_t row = 0; row < counts.size(); ++row) {
      Fe denominator = start;
      Fe power = beta_;
      for (std::size_t entry = 0; entry < table.tuple_size(); ++entry, power *= beta_) {
        denominator -= power * Fp::from_int(table.entry(row, entry));
      }
      block.numerators[row] = -counts[row];
      block.denominators.set(row, denominator);
    }
  }

  void fill_blind(const ColumnValues& data, LeavesOfBlock& block) const {
    const FpVec& blind = data[circuit_.blind];
    block.numerators = FpVec(1);
    block.denominators = FeVec(1);
    block.denominators.set(0, {blind[0], blind[1], blind[2]});
  }

  void load_block(const LeavesOfBlock& block, std::size_t begin, FpSpan p, FeSpan q) const {
    if (!block.numerators.empty()) std::copy_n(block.numerators.data() + begin, p.size(), p.data());
    if (!block.denominators.empty()) {
      for (int j = 0; j < Fe::kDegree; ++j) std::copy_n(block.denominators.plane(j) + begin, q.size, q.c[j]);
      return;
    }
    // One entry at a time: small integers become elements of F in the first-level cache.
    thread_local std::array<Fp, lookup::kMaxBlockRows> converted;
    const auto entry = [&](std::size_t i) {
      const circuit::ColumnView values = block.entries[i].view();
      if (values.ints.empty()) return values.elements.subspan(begin, p.size());
      const FpSpan out = FpSpan(converted).first(p.size());
      values.copy(begin, out);
      return FpCSpan(out);
    };
    const Fe start = alpha_ - Fe(Fp(circuit_.lookups[block.leaf->index].table));
    if (block.numerators.empty()) {
      std::fill(p.begin(), p.end(), Fp(1));
      vec::affine(-beta_, start, entry(0), q);
    } else {
      // 1 at addresses of no point, where every entry is zero.
      vec::affine(start - Fe::one(), Fe::one(), p, q);
      vec::axpy(-beta_, entry(0), q);
    }
    Fe power = beta_ * beta_;
    for (std::size_t i = 1; i < block.entries.size(); ++i, power *= beta_) vec::axpy(-power, entry(i), q);
  }

  const Circuit& circuit_;
  const std::size_t size_;
  const Fe alpha_;
  const Fe beta_;
  std::vector<LeavesOfBlock> blocks_;  // by offset
};

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

sumcheck::ProductRelation product_of(const Contraction& relation, const ContractionPlan& plan, const Circuit& circuit,
                                     const ColumnValues& data, std::span<const Fe> tau, const Fe& coef) {
  sumcheck::ProductRelation product{coef, {}, shared_point(relation, tau)};
  const bool binds = std::any_of(relation.roles.begin(), relation.roles.end(),
                                 [](AxisRole role) { return role == AxisRole::kA || role == AxisRole::kB; });
  if (!binds && !product.eq_point.empty()) {
    product.squared = relation.lhs == relation.rhs;
    product.base_factors.push_back(evaluate_operand(relation, plan, circuit, data, relation.lhs));
    if (!product.squared) product.base_factors.push_back(evaluate_operand(relation, plan, circuit, data, relation.rhs));
    return product;
  }
  const BoxWeights vectors = tau_weights(relation, tau);
  product.factors.push_back(bind_operand(relation, plan, circuit, data, relation.lhs, AxisRole::kA, vectors));
  product.factors.push_back(bind_operand(relation, plan, circuit, data, relation.rhs, AxisRole::kB, vectors));
  return product;
}

class CpuBackend final : public Backend {
 public:
  std::unique_ptr<lookup::GrandSum> grand_sum(const Compiled& compiled, const ColumnValues& data, TupleValues tuples,
                                              const Fe& alpha, const Fe& beta) const override {
    return lookup::grand_sum(std::make_unique<OuterLeaves>(compiled, data, std::move(tuples), alpha, beta));
  }

  std::unique_ptr<sumcheck::ProductRounds> contractions(const Compiled& compiled, const ColumnValues& data,
                                                        std::span<const Fe> tau, const Fe& gamma) const override {
    const Circuit& circuit = compiled.circuit;
    std::vector<sumcheck::ProductRelation> relations;
    Fe power = Fe::one();
    for (std::size_t i = 0; i < circuit.contractions.size(); ++i) {
      relations.push_back(
          product_of(circuit.contractions[i], compiled.plan.contractions[i], circuit, data, tau, power));
      power *= gamma;
    }
    return sumcheck::product_rounds(std::move(relations), compiled.plan.degree);
  }
};

}  // namespace

const Backend& cpu_backend() {
  static const CpuBackend backend;
  return backend;
}

}  // namespace zkinfer::argument
