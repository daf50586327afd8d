// SPDX-License-Identifier: Apache-2.0
#include "prover/check_columns.h"

#include <random>

#include "argument/operands.h"
#include "prover/witness.h"

namespace zkinfer::prover {

namespace {

using circuit::AxisRole;
using circuit::Contraction;

Status failed(const std::string& relation, std::size_t position, Fp got, Fp expected) {
  return internal_error("relation '" + relation + "' position " + std::to_string(position) + ": got " +
                        std::to_string(got.to_int()) + ", expected " + std::to_string(expected.to_int()));
}

// A random element per index of every axis that y has; the first unit vector on the k axes.
std::vector<std::vector<Fe>> random_vectors(const Contraction& relation, std::mt19937_64& random) {
  std::vector<std::vector<Fe>> out;
  const auto element = [&] { return Fp::reduce(random()); };
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    std::vector<Fe> vector(relation.box[axis]);
    if (relation.roles[axis] == AxisRole::kK) {
      vector[0] = Fe::one();
    } else {
      for (Fe& x : vector) x = {element(), element(), element()};
    }
    out.push_back(std::move(vector));
  }
  return out;
}

// sum over the box of prod vectors * expr, by axis from the last one.
Fe weighted_sum(const circuit::LinExpr& expr, const relations::CompiledCircuit& compiled,
                const circuit::ColumnValues& data, const circuit::Box& box,
                const std::vector<std::vector<Fe>>& vectors) {
  const FpVec values = circuit::evaluate(expr, compiled.circuit.columns, data, box);
  std::vector<Fe> sums(values.begin(), values.end());
  for (std::size_t axis = box.size(); axis-- > 0;) {
    std::vector<Fe> next(sums.size() / box[axis]);
    for (std::size_t i = 0; i < sums.size(); ++i) next[i / box[axis]] += vectors[axis][i % box[axis]] * sums[i];
    sums = std::move(next);
  }
  return sums[0];
}

// Both sides of a contraction in one random combination of all its equations. Where they agree, each equation holds but
// for a chance of 2^-180; the cost is that of the prover's own bound operands.
bool holds_in_combination(const Contraction& relation, const relations::CompiledCircuit& compiled,
                          const circuit::ColumnValues& data, std::mt19937_64& random) {
  const argument::ContractionPlan plan = argument::plan_contraction(relation);
  const std::vector<std::vector<Fe>> vectors = random_vectors(relation, random);
  argument::BoxWeights point;
  for (const std::vector<Fe>& vector : vectors)
    point.push_back(std::make_shared<const argument::AxisWeights>(0, vector));
  const FeVec lhs = argument::bind_operand(relation, plan, compiled.circuit, data, relation.lhs, AxisRole::kA, point);
  const FeVec rhs = argument::bind_operand(relation, plan, compiled.circuit, data, relation.rhs, AxisRole::kB, point);
  // The weight of every point of the c axes, which come first; padding has none.
  std::vector<Fe> weights = {Fe::one()};
  circuit::Box y_box = relation.box;
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    if (relation.roles[axis] == AxisRole::kK) y_box[axis] = 1;
    if (relation.roles[axis] != AxisRole::kC) continue;
    const std::size_t padded = std::size_t{1} << circuit::axis_bits(relation.box[axis]);
    std::vector<Fe> next(weights.size() * padded);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      for (std::size_t j = 0; j < relation.box[axis]; ++j) next[i * padded + j] = weights[i] * vectors[axis][j];
    }
    weights = std::move(next);
  }
  const std::size_t run = std::size_t{1} << (plan.sum_bits - plan.shared_bits);
  Fe products;
  for (std::size_t c = 0; c < weights.size(); ++c) {
    Fe sum;
    for (std::size_t k = 0; k < run; ++k) sum += lhs.get(c * run + k) * rhs.get(c * run + k);
    products += weights[c] * sum;
  }
  std::vector<std::vector<Fe>> y_vectors = vectors;
  for (std::size_t axis = 0; axis < y_box.size(); ++axis) y_vectors[axis].resize(y_box[axis]);
  return products == weighted_sum(relation.y, compiled, data, y_box, y_vectors);
}

// Boxes up to here are searched for the position that is wrong.
constexpr std::uint64_t kMostSearched = std::uint64_t{1} << 22;

// Values of a contraction's operand over the whole box, and their sum over the k axes per (a, b, c) point.
Status check_contraction(const Contraction& relation, const relations::CompiledCircuit& compiled,
                         const circuit::ColumnValues& data) {
  const auto& columns = compiled.circuit.columns;
  const FpVec lhs = circuit::evaluate(relation.lhs, columns, data, relation.box);
  const FpVec rhs = circuit::evaluate(relation.rhs, columns, data, relation.box);
  const FpVec y = circuit::evaluate(relation.y, columns, data, relation.box);
  // Key of a box point without its k coordinates; y is read where they are all zero.
  std::vector<std::size_t> key_strides(relation.box.size(), 0);
  std::size_t num_keys = 1;
  for (std::size_t axis = relation.box.size(); axis-- > 0;) {
    if (relation.roles[axis] == AxisRole::kK) continue;
    key_strides[axis] = num_keys;
    num_keys *= relation.box[axis];
  }
  FpVec sums(num_keys);
  FpVec wanted(num_keys);
  std::vector<std::uint64_t> index(relation.box.size(), 0);
  for (std::size_t i = 0; i < lhs.size(); ++i) {
    std::size_t key = 0;
    bool first = true;
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      key += index[axis] * key_strides[axis];
      if (relation.roles[axis] == AxisRole::kK && index[axis] != 0) first = false;
    }
    sums[key] += lhs[i] * rhs[i];
    if (first) wanted[key] = y[i];
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < relation.box[axis]) break;
      index[axis] = 0;
    }
  }
  for (std::size_t i = 0; i < num_keys; ++i) {
    if (!(sums[i] == wanted[i])) return failed(relation.name + " (contraction)", i, wanted[i], sums[i]);
  }
  return ok_status();
}

// The first row that begins with these numbers, each |x| < p / 2: all of a grid's, the positions of a committed table's, the
// first of the others'.
std::optional<std::uint64_t> row_of(const circuit::Table& table, std::span<const std::int64_t> tuple) {
  if (table.committed) {
    const auto length = static_cast<std::int64_t>(table.committed->box.back());
    const std::int64_t lines = static_cast<std::int64_t>(table.num_rows()) / length;
    const std::int64_t line = table.committed->box.size() > 1 ? tuple[1] : 0;
    if (tuple[0] < 0 || tuple[0] >= length || line < 0 || line >= lines) return std::nullopt;
    return static_cast<std::uint64_t>(line * length + tuple[0]);
  }
  if (!table.grid) {
    const std::uint64_t row = static_cast<std::uint64_t>(tuple[0]) - static_cast<std::uint64_t>(table.first());
    return row < table.num_rows() ? std::optional(row) : std::nullopt;
  }
  std::uint64_t row = 0;
  for (std::size_t i = tuple.size(); i-- > 0;) {
    const std::int64_t digit = tuple[i] - table.grid->first;
    if (digit < 0 || static_cast<std::uint64_t>(digit) >= table.grid->side) return std::nullopt;
    row = row * table.grid->side + static_cast<std::uint64_t>(digit);
  }
  return row;
}

// Every tuple of the lookup is a row of its committed table.
Status check_committed(const circuit::Lookup& lookup, const std::vector<circuit::NarrowVec>& tuples,
                       const circuit::Table& table, const std::vector<circuit::NarrowVec>& rows) {
  for (std::size_t j = 0; j < tuples[0].size(); ++j) {
    std::vector<std::int64_t> tuple;
    for (std::size_t k = 0; k < lookup.tuple.size(); ++k) tuple.push_back(tuples[k][j].to_int());
    const auto row = row_of(table, tuple);
    if (!row) return failed(lookup.name + " (lookup domain)", j, tuples[0][j], Fp());
    for (std::size_t k = 0; k < tuples.size(); ++k) {
      const std::size_t run = tuples[k].size() / tuples[0].size();
      for (std::size_t i = 0; i < run; ++i) {
        if (tuples[k][j * run + i] == rows[k][*row * run + i]) continue;
        return failed(lookup.name + " (lookup value)", j, tuples[k][j * run + i], rows[k][*row * run + i]);
      }
    }
  }
  return ok_status();
}

Status check_lookups(const relations::CompiledCircuit& compiled, const circuit::ColumnValues& data) {
  const argument::TupleValues tuples = evaluate_tuples(compiled, data);
  for (std::size_t i = 0; i < tuples.size(); ++i) {
    const circuit::Lookup& lookup = compiled.circuit.lookups[i];
    const circuit::Table& table = compiled.circuit.tables[lookup.table];
    if (table.committed) {
      ZKI_RETURN_IF_ERROR(check_committed(lookup, tuples[i], table,
                                          circuit::evaluate(*table.committed, compiled.circuit.columns, data)));
      continue;
    }
    std::vector<std::int64_t> tuple(tuples[i].size());
    for (std::size_t j = 0; j < tuples[i][0].size(); ++j) {
      for (std::size_t k = 0; k < tuple.size(); ++k) tuple[k] = tuples[i][k][j].to_int();
      const auto row = row_of(table, tuple);
      if (!row) return failed(lookup.name + " (lookup domain)", j, tuples[i][0][j], Fp::from_int(table.entry(0, 0)));
      for (std::size_t k = 0; k < tuple.size(); ++k) {
        const std::int64_t expected = table.entry(*row, k);
        if (tuple[k] != expected) {
          return failed(lookup.name + " (lookup value)", j, tuples[i][k][j], Fp::from_int(expected));
        }
      }
    }
  }
  return ok_status();
}

}  // namespace

Status check_columns(const relations::CompiledCircuit& compiled, const circuit::ColumnValues& data,
                     const statement::PublicValues& tensors) {
  const circuit::Circuit& circuit = compiled.circuit;
  // Nobody gains from aiming at these numbers: the check is for honest mistakes.
  std::mt19937_64 random(1);
  for (const Contraction& relation : circuit.contractions) {
    if (holds_in_combination(relation, compiled, data, random)) continue;
    if (circuit::box_size(relation.box) <= kMostSearched)
      ZKI_RETURN_IF_ERROR(check_contraction(relation, compiled, data));
    return internal_error("relation '" + relation.name + " (contraction)' does not hold");
  }
  ZKI_RETURN_IF_ERROR(check_lookups(compiled, data));
  for (const circuit::Equality& equality : circuit.equalities) {
    const FpVec values = circuit::evaluate(equality.expr, circuit.columns, data, equality.box);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i].is_zero()) return failed(equality.name + " (equality)", i, values[i], Fp());
    }
  }
  for (std::size_t o = 0; o < circuit.public_tensors.size(); ++o) {
    const circuit::PublicTensor& tensor = circuit.public_tensors[o];
    const FpVec values = circuit::evaluate(tensor.expr, circuit.columns, data, tensor.box);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Fp expected = Fp::from_int(tensors[o][i]);
      if (!(values[i] == expected)) return failed("public output", i, values[i], expected);
    }
  }
  return ok_status();
}

}  // namespace zkinfer::prover
