// SPDX-License-Identifier: Apache-2.0
#include "prover/witness.h"

#include <algorithm>

#include "base/check.h"
#include "base/parallel.h"
#include "prover/sha256_columns.h"

namespace zkinfer::prover {

using circuit::ColumnValues;
using relations::Recipe;

namespace {

constexpr std::size_t kGrain = 1 << 14;

template <class Source>
FpVec to_field(const std::vector<Source>& values) {
  FpVec out(values.size(), Contents::kUnset);
  parallel_for(values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) out[i] = Fp::from_int(values[i]);
  });
  return out;
}

template <class Function>
FpVec map(const FpVec& values, const Function& function) {
  FpVec out(values.size(), Contents::kUnset);
  parallel_for(values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) out[i] = function(values[i].to_int());
  });
  return out;
}

// Runs of the last box axis -> the first index of their maximum.
std::vector<std::size_t> arg_max_of_rows(const FpVec& values, std::size_t row) {
  std::vector<std::size_t> out(values.size() / row);
  for (std::size_t r = 0; r < out.size(); ++r) {
    for (std::size_t i = 1; i < row; ++i) {
      if (values[r * row + i].to_int() > values[r * row + out[r]].to_int()) out[r] = i;
    }
  }
  return out;
}

Fp limb_of(std::int64_t x, const Recipe& recipe) {
  return Fp::from_int((x >> recipe.limb_shift) & ((std::int64_t{1} << recipe.limb_bits) - 1));
}

class Filler {
 public:
  Filler(const qir::QGraph& graph, const relations::CompiledCircuit& compiled, const exec_integer::Witness& witness,
         ColumnValues& data)
      : graph_(graph), compiled_(compiled), witness_(witness), data_(data) {}

  FpVec column(std::size_t id) const {
    const Recipe& recipe = relations::recipe_of(compiled_, id);
    switch (recipe.kind) {
      case Recipe::Kind::kGiven: return to_field(compiled_.circuit.columns[id].constants);
      case Recipe::Kind::kParameter: return {};
      case Recipe::Kind::kValue: return to_field(witness_.values[recipe.value]);
      case Recipe::Kind::kRounded: return rounded(recipe);
      case Recipe::Kind::kExpression: return evaluated(recipe.expr, recipe.box);
      case Recipe::Kind::kPositivePart:
        return map(evaluated(recipe.expr, recipe.box),
                   [&](std::int64_t x) { return Fp::from_int(std::max<std::int64_t>(0, x) >> recipe.limb_shift); });
      case Recipe::Kind::kTable: {
        const qir::Table& table = graph_.tables[static_cast<std::size_t>(recipe.table)];
        return map(evaluated(recipe.expr, recipe.box),
                   [&](std::int64_t x) { return table.contains(x) ? Fp::from_int(table.at(x)) : Fp(); });
      }
      case Recipe::Kind::kArgMaxStep: return arg_max_step(recipe);
      case Recipe::Kind::kMaximum: return maximum(recipe);
      case Recipe::Kind::kPicked: return picked(recipe);
      case Recipe::Kind::kLimb:
        return map(evaluated(recipe.expr, recipe.box), [&](std::int64_t x) { return limb_of(x, recipe); });
      case Recipe::Kind::kProduct: return product(recipe);
      case Recipe::Kind::kSha256:
        return sha256_column(recipe.sha256, evaluated(recipe.expr, recipe.box), recipe.entry_bytes);
      case Recipe::Kind::kKeystream: return {};
    }
    return {};
  }

 private:
  FpVec evaluated(const circuit::LinExpr& expr, const circuit::Box& box) const {
    return circuit::evaluate(expr, compiled_.circuit.columns, data_, box);
  }

  FpVec rounded(const Recipe& recipe) const {
    const std::vector<std::int64_t>& acc = witness_.acc[recipe.node];
    const int shift = graph_.nodes[recipe.node].requant.shift;
    const std::int64_t round = shift == 0 ? 0 : std::int64_t{1} << (shift - 1);
    FpVec out(acc.size(), Contents::kUnset);
    parallel_for(acc.size(), kGrain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) out[i] = Fp::from_int(recipe.map(acc[i] + round));
    });
    return out;
  }

  FpVec arg_max_step(const Recipe& recipe) const {
    const FpVec values = evaluated(recipe.expr, recipe.box);
    const std::size_t row = recipe.box.back();
    FpVec out(values.size());
    const std::vector<std::size_t> best = arg_max_of_rows(values, row);
    for (std::size_t r = 0; r < best.size(); ++r) {
      for (std::size_t i = best[r]; i < row; ++i) out[r * row + i] = Fp(1);
    }
    return out;
  }

  FpVec maximum(const Recipe& recipe) const {
    const FpVec values = evaluated(recipe.expr, recipe.box);
    const std::size_t row = recipe.box.back();
    const std::vector<std::size_t> best = arg_max_of_rows(values, row);
    FpVec out(best.size());
    for (std::size_t r = 0; r < best.size(); ++r) out[r] = values[r * row + best[r]];
    return out;
  }

  FpVec picked(const Recipe& recipe) const {
    const FpVec values = evaluated(recipe.expr, recipe.box);
    const FpVec indices = evaluated(recipe.other, recipe.box);
    const std::size_t row = recipe.box.back();
    FpVec out(values.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (indices[i].v < row) out[i] = values[i / row * row + indices[i].v];
    }
    return out;
  }

  FpVec product(const Recipe& recipe) const {
    FpVec out = evaluated(recipe.expr, recipe.box);
    const FpVec others = evaluated(recipe.other, recipe.box);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] *= others[i];
    return out;
  }

  const qir::QGraph& graph_;
  const relations::CompiledCircuit& compiled_;
  const exec_integer::Witness& witness_;
  ColumnValues& data_;
};

}  // namespace

ColumnValues fill_columns(const qir::QGraph& graph, const relations::CompiledCircuit& compiled,
                          const qir::WeightStore& weights, const exec_integer::Witness& witness) {
  ColumnValues data = parameter_columns(compiled, weights);
  const Filler filler(graph, compiled, witness, data);
  // In order: a recipe reads earlier columns only.
  for (std::size_t id = 0; id < data.size(); ++id) {
    if (relations::param_of_column(compiled, id) < 0) data[id] = filler.column(id);
  }
  return data;
}

ColumnValues parameter_columns(const relations::CompiledCircuit& compiled, const qir::WeightStore& weights) {
  ColumnValues data(compiled.circuit.columns.size());
  data.keep(weights.memory());
  for (std::size_t id = 0; id < data.size(); ++id) {
    const std::int64_t param = relations::param_of_column(compiled, id);
    if (param >= 0) data.borrow(id, weights[static_cast<std::size_t>(param)]);
  }
  return data;
}

argument::TupleValues evaluate_tuples(const relations::CompiledCircuit& compiled, const ColumnValues& data) {
  argument::TupleValues out;
  for (const circuit::Lookup& lookup : compiled.circuit.lookups)
    out.push_back(circuit::evaluate(lookup, compiled.circuit.columns, data));
  return out;
}

namespace {

// Entries of a lookup per task, and tasks of one lookup: each has counts of its own, fewer where the table is large.
constexpr std::size_t kCountGrain = std::size_t{1} << 16;
constexpr std::size_t kMaxCounters = 16;
constexpr std::size_t kMaxCounts = std::size_t{1} << 26;

// The entries of some tuples, one behind the other, as elements of F in the first-level cache.
class TupleBlock {
 public:
  static constexpr std::size_t kSize = 512;

  TupleBlock(const std::vector<circuit::NarrowVec>& tuple, std::size_t num_entries)
      : tuple_(tuple), entries_(num_entries, std::vector<Fp>(kSize)) {}
  // Tuples [begin, begin + count), count <= kSize.
  void load(std::size_t begin, std::size_t count) {
    for (std::size_t entry = 0; entry < entries_.size(); ++entry)
      tuple_[entry].view().copy(begin, std::span(entries_[entry]).first(count));
  }
  std::size_t num_entries() const { return entries_.size(); }
  Fp at(std::size_t entry, std::size_t i) const { return entries_[entry][i]; }

 private:
  const std::vector<circuit::NarrowVec>& tuple_;
  std::vector<std::vector<Fp>> entries_;
};

// Adds 1 to the row of each of the block's first `size` tuples. A tuple that is no row is counted nowhere, and no verifier will accept.
template <class Count>
void count_block(const circuit::Table& table, const TupleBlock& block, std::size_t size, const Count& count) {
  if (table.committed) {
    const std::uint64_t length = table.committed->box.back();
    const std::uint64_t lines = table.num_rows() / length;
    for (std::size_t i = 0; i < size; ++i) {
      const std::uint64_t line = table.committed->box.size() > 1 ? block.at(1, i).v : 0;
      if (line < lines && block.at(0, i).v < length) count(line * length + block.at(0, i).v);
    }
    return;
  }
  if (!table.grid) {
    const Fp first = Fp::from_int(table.first());
    for (std::size_t i = 0; i < size; ++i) {
      if (const Fp row = block.at(0, i) - first; row.v < table.num_rows()) count(row.v);
    }
    return;
  }
  const Fp first = Fp::from_int(table.grid->first);
  const std::uint64_t side = table.grid->side;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint64_t row = 0;
    bool inside = true;
    for (std::size_t entry = block.num_entries(); entry-- > 0;) {
      const std::uint64_t digit = (block.at(entry, i) - first).v;
      inside = inside && digit < side;
      row = row * side + digit;
    }
    if (inside) count(row);
  }
}

// The entries that say which row a tuple is.
std::size_t num_keys(const circuit::Table& table, std::size_t num_entries) {
  if (table.committed) return std::min<std::size_t>(table.committed->box.size(), 2);
  return table.grid ? num_entries : 1;
}

template <class Count>
void count_rows(const circuit::Table& table, const std::vector<circuit::NarrowVec>& tuple, std::size_t begin,
                std::size_t end, const Count& count) {
  TupleBlock block(tuple, num_keys(table, tuple.size()));
  for (; begin < end; begin += TupleBlock::kSize) {
    const std::size_t size = std::min(TupleBlock::kSize, end - begin);
    block.load(begin, size);
    count_block(table, block, size, count);
  }
}

}  // namespace

void count_multiplicities(const relations::CompiledCircuit& compiled, const argument::TupleValues& tuples,
                          ColumnValues& data) {
  const circuit::Circuit& circuit = compiled.circuit;
  for (const circuit::Table& table : circuit.tables) data[table.multiplicity] = FpVec(table.num_rows());
  for (std::size_t lookup = 0; lookup < tuples.size(); ++lookup) {
    const circuit::Table& table = circuit.tables[circuit.lookups[lookup].table];
    FpVec& counts = data[table.multiplicity];
    const std::size_t size = tuples[lookup][0].size();
    const std::size_t counters = std::clamp<std::size_t>(kMaxCounts / counts.size(), 1, kMaxCounters);
    const std::size_t grain = std::max(kCountGrain, (size + counters - 1) / counters);
    if (size <= grain) {
      count_rows(table, tuples[lookup], 0, size, [&](std::uint64_t row) { counts[row] += Fp(1); });
      continue;
    }
    std::vector<std::vector<std::uint32_t>> partial(num_chunks(size, grain));
    parallel_chunks(size, grain, [&](std::size_t chunk, std::size_t begin, std::size_t end) {
      partial[chunk].resize(counts.size());
      count_rows(table, tuples[lookup], begin, end, [&](std::uint64_t row) { ++partial[chunk][row]; });
    });
    for (const std::vector<std::uint32_t>& own : partial) {
      for (std::size_t row = 0; row < counts.size(); ++row) counts[row] += Fp(own[row]);
    }
  }
}

}  // namespace zkinfer::prover
