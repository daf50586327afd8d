// SPDX-License-Identifier: Apache-2.0
#include "api/proof_cost.h"

#include <algorithm>
#include <array>

namespace zkinfer {

namespace {

// Nanoseconds for one of each, from the phases of proofs of vgg16 (bench/vgg16.json): a value is computed, encoded, hashed and
// opened, a row is a value and a lookup. Smaller models do better by value and lookup, up to twice. Besides, each proof pays some
// 25 ms at 128 bits that do not depend on these counts.
constexpr double kValue = 200, kLookup = 60, kTableRow = 260, kOperand = 7.5, kWeight = 50;

struct Place {
  std::size_t columns = 0, lookups = 0, contractions = 0;
};

// Where the relations of each node begin.
class Marks final : public relations::RecipeSink {
 public:
  void next_node(const circuit::Circuit& so_far) override {
    places.push_back({so_far.columns.size(), so_far.lookups.size(), so_far.contractions.size()});
  }
  std::vector<Place> places;
};

std::uint64_t operands_of(const circuit::Contraction& contraction) {
  std::array<std::uint64_t, 4> sizes{1, 1, 1, 1};
  for (std::size_t axis = 0; axis < contraction.box.size(); ++axis)
    sizes[static_cast<std::size_t>(contraction.roles[axis])] *= contraction.box[axis];
  const auto [a, b, c, k] = sizes;
  return (a + b) * c * k;
}

// Of the relations [begin, end). shares: rows of the table of each lookup for one element that is looked up.
ProofCost between(const circuit::Circuit& circuit, const std::vector<double>& shares, const Place& begin,
                  const Place& end) {
  ProofCost cost;
  for (std::size_t i = begin.columns; i < end.columns; ++i) {
    const circuit::Column& column = circuit.columns[i];
    if (column.oracle == circuit::Oracle::kWitness) cost.values += column.num_elements();
  }
  for (std::size_t i = begin.lookups; i < end.lookups; ++i) {
    const std::uint64_t points = circuit::box_size(circuit.lookups[i].box);
    cost.lookups += points;
    cost.table_rows += static_cast<double>(points) * shares[circuit.lookups[i].table];
  }
  for (std::size_t i = begin.contractions; i < end.contractions; ++i)
    cost.operands += operands_of(circuit.contractions[i]);
  cost.seconds = seconds_of(cost).sum();
  return cost;
}

}  // namespace

ProofCost& ProofCost::operator+=(const ProofCost& other) {
  values += other.values;
  lookups += other.lookups;
  table_rows += other.table_rows;
  operands += other.operands;
  weights += other.weights;
  seconds += other.seconds;
  return *this;
}

CostByCause seconds_of(const ProofCost& cost) {
  constexpr double kNanosecond = 1e-9;
  return {static_cast<double>(cost.values) * kValue * kNanosecond,
          static_cast<double>(cost.lookups) * kLookup * kNanosecond,
          static_cast<double>(cost.table_rows) * kTableRow * kNanosecond,
          static_cast<double>(cost.operands) * kOperand * kNanosecond,
          static_cast<double>(cost.weights) * kWeight * kNanosecond};
}

namespace api {

Result<ProofCosts> proof_costs(const qir::QGraph& graph) {
  Marks marks;
  ZKI_ASSIGN_OR_RETURN(const circuit::Circuit circuit,
                       relations::build(graph, {}, relations::kMaxCircuitBytes, &marks));
  std::vector<double> shares(circuit.tables.size(), 0);
  for (const circuit::Lookup& lookup : circuit.lookups)
    shares[lookup.table] += static_cast<double>(circuit::box_size(lookup.box));
  for (std::size_t i = 0; i < shares.size(); ++i)
    shares[i] = static_cast<double>(circuit.tables[i].num_rows()) / std::max(shares[i], 1.0);
  ProofCosts out;
  // Behind the last node come the tables' multiplicities, the rows that are counted with the lookups, and the blind.
  std::size_t num_columns = circuit.blind;
  for (const circuit::Table& table : circuit.tables)
    num_columns = std::min<std::size_t>(num_columns, table.multiplicity);
  marks.places.push_back({num_columns, circuit.lookups.size(), circuit.contractions.size()});
  out.inputs = between(circuit, shares, {}, marks.places.front());
  std::vector<bool> counted(graph.values.size(), false);
  for (std::size_t i = 0; i + 1 < marks.places.size(); ++i) {
    ProofCost cost = between(circuit, shares, marks.places[i], marks.places[i + 1]);
    // Weights belong to the first node that reads them.
    for (const qir::ValueId id : graph.nodes[i].inputs) {
      const qir::Value& value = graph.value(id);
      if (value.kind != qir::ValueKind::kParam || counted[id]) continue;
      counted[id] = true;
      cost.weights += static_cast<std::uint64_t>(value.shape.num_elements());
    }
    cost.seconds = seconds_of(cost).sum();
    out.nodes.push_back(cost);
  }
  for (const ProofCost& cost : out.nodes) out.total += cost;
  out.total += out.inputs;
  return out;
}

}  // namespace api
}  // namespace zkinfer
