// SPDX-License-Identifier: Apache-2.0
#include "argument/plan.h"

#include <algorithm>
#include <bit>

#include "lookup/pads.h"
#include "sumcheck/pads.h"

namespace zkinfer::argument {

namespace {

constexpr int kManyBits = 48;
constexpr std::uint64_t kManyLeaves = std::uint64_t{1} << kManyBits;

int box_bits(const circuit::Box& box) {
  int bits = 0;
  for (const std::uint64_t n : box) bits += circuit::axis_bits(n);
  return bits;
}

void place_leaves(const circuit::Circuit& circuit, OuterPlan& plan) {
  const bool is_padded = pads_leaves(circuit);
  const auto add_box = [&](LeafBlock::Kind kind, std::uint32_t index, const circuit::Box& box) {
    const circuit::Cuts cuts = leaf_cuts(box, is_padded);
    for (circuit::Block& block : circuit::blocks_of(cuts)) {
      const int log_size = block.log_size();
      plan.leaves.push_back({kind, index, std::move(block), cuts.order, log_size, 0});
    }
  };
  for (std::uint32_t i = 0; i < circuit.lookups.size(); ++i)
    add_box(LeafBlock::Kind::kLookup, i, circuit.lookups[i].box);
  for (std::uint32_t i = 0; i < circuit.tables.size(); ++i) {
    const circuit::Table& table = circuit.tables[i];
    if (table.committed) {
      add_box(LeafBlock::Kind::kTable, i, table.committed->box);
    } else {
      plan.leaves.push_back({LeafBlock::Kind::kTable, i, {}, {}, table.log_size(), 0});
    }
  }
  plan.leaves.push_back({});
  std::stable_sort(plan.leaves.begin(), plan.leaves.end(),
                   [](const LeafBlock& a, const LeafBlock& b) { return a.log_size > b.log_size; });
  std::uint64_t used = 0;
  for (LeafBlock& leaf : plan.leaves) {
    leaf.offset = used;
    used += std::uint64_t{1} << leaf.log_size;
  }
  plan.log_leaves = circuit::axis_bits(used);
}

}  // namespace

bool pads_leaves(const circuit::Circuit& circuit) {
  std::uint64_t cut = 1, padded = 1;  // the blind leaf
  const auto add_box = [&](const circuit::Box& box) {
    cut += leaf_cuts(box, false).num_addresses();
    padded = std::min(kManyLeaves, padded + (std::uint64_t{1} << std::min(box_bits(box), kManyBits)));
  };
  for (const circuit::Lookup& lookup : circuit.lookups) add_box(lookup.box);
  for (const circuit::Table& table : circuit.tables)
    add_box(table.committed ? table.committed->box : circuit::Box{table.num_rows()});
  return circuit::axis_bits(padded) <= circuit::axis_bits(cut);
}

ContractionPlan plan_contraction(const circuit::Contraction& relation) {
  ContractionPlan p;
  for (std::size_t axis = 0; axis < relation.box.size(); ++axis) {
    const int bits = circuit::axis_bits(relation.box[axis]);
    const circuit::AxisRole role = relation.roles[axis];
    if (role != circuit::AxisRole::kK) p.tau_bits += bits;
    if (role == circuit::AxisRole::kC || role == circuit::AxisRole::kK) p.sum_bits += bits;
    if (role == circuit::AxisRole::kC) p.shared_bits += bits;
  }
  return p;
}

OuterPlan make_plan(const circuit::Circuit& circuit) {
  OuterPlan plan;
  place_leaves(circuit, plan);
  for (const circuit::Contraction& relation : circuit.contractions) {
    const ContractionPlan p = plan_contraction(relation);
    plan.tau_bits = std::max(plan.tau_bits, p.tau_bits);
    plan.rounds = std::max(plan.rounds, p.sum_bits);
    if (p.shared_bits > 0) plan.degree = 3;
    plan.contractions.push_back(p);
  }
  for (const circuit::Equality& equality : circuit.equalities)
    plan.tau_bits = std::max(plan.tau_bits, box_bits(equality.box));
  for (const circuit::PublicTensor& output : circuit.public_tensors)
    plan.tau_bits = std::max(plan.tau_bits, box_bits(output.box));
  if (circuit.seats) {
    plan.tau_bits = std::max(plan.tau_bits, circuit::axis_bits(circuit.columns[circuit.seats->pads].shape[0]));
    for (const circuit::PublicTensor& tensor : circuit.seats->tensors)
      plan.seat_bits = std::max(plan.seat_bits, box_bits({tensor.box.begin() + 1, tensor.box.end()}));
  }
  return plan;
}

hiding::PadAllocator count_pads(const circuit::Circuit& circuit, const OuterPlan& plan, bool zero_knowledge) {
  const auto run = [&](hiding::PadAllocator& pads) {
    lookup::count_grand_sum_pads(pads, plan.log_leaves);
    sumcheck::count_rounds_pads(pads, plan.rounds, plan.degree);
    for (std::size_t i = 0; i < circuit.contractions.size(); ++i) pads.triple();
    sumcheck::count_zerocheck_pads(pads);
  };
  hiding::PadAllocator first(zero_knowledge);
  run(first);
  // The second pass knows the layout, so that the copies it records are final indices.
  hiding::PadAllocator counted(zero_knowledge);
  counted.set_layout(first.used());
  run(counted);
  return counted;
}

void add_pad_column(circuit::Circuit& circuit, const hiding::PadLayout& layout) {
  circuit.pads = static_cast<circuit::ColumnId>(circuit.columns.size());
  circuit.columns.push_back({"pads", circuit::Oracle::kWitness, {3, std::max<std::uint64_t>(1, layout.num_pads())}});
}

soundness::OuterShape outer_shape(const circuit::Circuit& circuit, const OuterPlan& plan,
                                  const hiding::PadLayout& layout) {
  soundness::OuterShape shape;
  shape.log_leaves = static_cast<std::uint32_t>(plan.log_leaves);
  shape.max_tuple_width = 1;
  for (const circuit::Table& table : circuit.tables) {
    shape.max_tuple_width = std::max(shape.max_tuple_width, static_cast<std::uint32_t>(table.tuple_size()));
  }
  shape.num_relations = static_cast<std::uint32_t>(circuit.contractions.size());
  shape.relation_variables = static_cast<std::uint32_t>(plan.tau_bits);
  shape.batched_rounds = static_cast<std::uint32_t>(plan.rounds);
  shape.batched_degree = static_cast<std::uint32_t>(plan.degree);
  shape.num_triples = layout.num_triples;
  shape.log_triple_rows = static_cast<std::uint32_t>(layout.log_triple_rows());
  std::size_t num_data = 0;
  for (const circuit::Column& column : circuit.columns)
    num_data += column.oracle >= circuit::Oracle::kFirstData ? 1 : 0;
  if (circuit.seats) {
    shape.num_seats = circuit.columns[circuit.seats->pads].shape[0];
    shape.seat_degree =
        static_cast<std::uint32_t>(circuit.seats->tensors.size()) + static_cast<std::uint32_t>(plan.seat_bits);
  }
  // Leaf claims, operand claims, sumcheck end, equalities, outputs, seats, layer checks, triple copies and openings, v of M and
  // of the data oracles.
  shape.num_functionals = 2 + 2 * circuit.contractions.size() + 1 + circuit.equalities.size() +
                          circuit.public_tensors.size() + (circuit.seats ? 1 : 0) +
                          3 * static_cast<std::size_t>(plan.log_leaves) + 2 + 3 + 1 + num_data;
  return shape;
}

}  // namespace zkinfer::argument
