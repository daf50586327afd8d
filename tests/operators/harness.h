// SPDX-License-Identifier: Apache-2.0
// What the operator suites share: a quantized model with its circuit, drawn inputs, and the checks on it.
#pragma once

#include <random>

#include <gtest/gtest.h>

#include "exec/integer/executor.h"
#include "prover/check_columns.h"
#include "prover/prove.h"
#include "prover/witness.h"
#include "quant/quantize.h"

namespace zkinfer::operators {

// Fixed bits keep the search out of the test; 2^12 rows of range table keep proofs at a few milliseconds.
inline quant::QuantOptions fixed_options() {
  quant::QuantOptions options;
  options.activation_bits = 10;
  options.shift = 12;
  options.method = CalibrationMethod::kMinMax;
  return options;
}

struct Columns {
  circuit::ColumnValues data;
  statement::PublicValues outputs;
};

inline Result<Columns> honest_columns(const qir::QGraph& graph, const qir::Weights& params,
                                      const relations::CompiledCircuit& compiled, const exec_integer::Inputs& inputs) {
  ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness, exec_integer::run(graph, params, inputs));
  Columns columns;
  for (const qir::ValueId id : graph.outputs) columns.outputs.push_back(witness.values[id]);
  columns.data = prover::fill_columns(graph, compiled, params, witness);
  return columns;
}

// kind 0: all lowest, 1: all highest, otherwise drawn from the declared range, ends more often.
inline exec_integer::Inputs integer_inputs(const qir::QGraph& graph, int kind, std::mt19937_64& random) {
  exec_integer::Inputs inputs;
  for (const qir::ValueId id : graph.inputs) {
    const qir::Value& value = graph.value(id);
    std::vector<std::int64_t> data(static_cast<std::size_t>(value.shape.num_elements()));
    const auto width = static_cast<std::uint64_t>(value.hi - value.lo + 1);
    for (std::int64_t& x : data) {
      const std::uint64_t draw = random();
      if (kind == 0 || (kind == 2 && draw % 8 == 0))
        x = value.lo;
      else if (kind == 1 || (kind == 2 && draw % 8 == 1))
        x = value.hi;
      else
        x = value.lo + static_cast<std::int64_t>((draw >> 8) % width);
    }
    inputs.push_back(std::move(data));
  }
  return inputs;
}

// A witness column that relations must determine: computed from the inputs, and no part of the lookup argument or the
// hiding (those columns have no relation of their own).
inline bool is_bound(const qir::QGraph& graph, const relations::CompiledCircuit& compiled, std::size_t column) {
  const relations::Recipe& recipe = relations::recipe_of(compiled, column);
  if (compiled.circuit.columns[column].oracle != circuit::Oracle::kWitness) return false;
  if (recipe.kind == relations::Recipe::Kind::kGiven) return false;
  return recipe.kind != relations::Recipe::Kind::kValue || graph.value(recipe.value).kind == qir::ValueKind::kNode;
}

// The relations hold on every column that the executor's values give.
inline void expect_complete(const qir::QGraph& graph, const qir::Weights& params,
                            const relations::CompiledCircuit& compiled, const exec_integer::Inputs& inputs) {
  const Result<Columns> columns = honest_columns(graph, params, compiled, inputs);
  ASSERT_TRUE(columns.ok()) << columns.status().to_string();
  const Status status = prover::check_columns(compiled, columns->data, columns->outputs);
  EXPECT_TRUE(status.ok()) << status.to_string() << "\n" << qir::to_text(graph);
}

// No cell of a bound column and no public output may change alone. At most `max_cells` cells of a column are tried.
inline void expect_binding(const qir::QGraph& graph, const qir::Weights& params,
                           const relations::CompiledCircuit& compiled, const exec_integer::Inputs& inputs,
                           std::size_t max_cells) {
  Result<Columns> honest = honest_columns(graph, params, compiled, inputs);
  ASSERT_TRUE(honest.ok()) << honest.status().to_string();
  circuit::ColumnValues& data = honest->data;
  std::mt19937_64 random(11);
  for (std::size_t id = 0; id < data.size(); ++id) {
    if (!is_bound(graph, compiled, id) || data[id].empty()) continue;
    const bool all = data[id].size() <= max_cells;
    for (std::size_t pick = 0; pick < std::min(max_cells, data[id].size()); ++pick) {
      const std::size_t cell = all ? pick : random() % data[id].size();
      const Fp before = data[id][cell];
      const Fp deltas[] = {Fp(1), -Fp(1), Fp::from_int(static_cast<std::int64_t>(random() >> 2))};
      for (const Fp delta : deltas) {
        data[id][cell] = before + delta;
        EXPECT_FALSE(prover::check_columns(compiled, data, honest->outputs).ok())
            << "column '" << compiled.circuit.columns[id].name << "' cell " << cell << ": " << before.to_int() << " -> "
            << data[id][cell].to_int() << "\n"
            << qir::to_text(graph);
      }
      data[id][cell] = before;
    }
  }
  for (std::vector<std::int64_t>& output : honest->outputs) {
    for (const std::int64_t step : {-1, 1}) {
      output[output.size() / 2] += step;
      EXPECT_FALSE(prover::check_columns(compiled, data, honest->outputs).ok()) << "a public output";
      output[output.size() / 2] -= step;
    }
  }
}

}  // namespace zkinfer::operators
