// SPDX-License-Identifier: Apache-2.0
// Operators behind a program that is there, with inputs of their own: what is drawn of a language model's scores (qir/sampler.h), which parts of a
// text are shown (qir/shown_text.h). A verifier writes them again and compares, so what is written must be a function of what was there.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "qir/ops/rules.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

// The same program with its values and tables in the order in which a tail is written, whose first node and whose input these are. Programs of keys
// that are cut have them in another one.
QGraph in_written_order(const QGraph& graph, std::size_t first, std::size_t input);

class TailWriter {
 protected:
  TailWriter(QGraph graph, const std::string& prefix) : graph_(std::move(graph)), prefix_(prefix + ".") {}

  struct Range {
    std::int64_t lo = 0, hi = 0;
  };
  const Value& value(ValueId id) const { return graph_.values[id]; }
  Range range(ValueId id) const { return {value(id).lo, value(id).hi}; }

  Node named(Op op, const std::string& name) const {
    Node node;
    node.op = op;
    node.name = prefix_ + name;
    return node;
  }
  ValueId append(ValueKind kind, const std::string& name, Shape shape, Range range) {
    graph_.values.push_back({name, kind, std::move(shape), range.lo, range.hi, {}});
    return static_cast<ValueId>(graph_.values.size() - 1);
  }
  ValueId input(const std::string& name, Shape shape, Range range) {
    graph_.inputs.push_back(append(ValueKind::kInput, prefix_ + name, std::move(shape), range));
    return graph_.inputs.back();
  }
  ValueId add(Node node, std::vector<ValueId> inputs, Shape shape, Range range, const std::string& name = "") {
    node.inputs = std::move(inputs);
    node.output = append(ValueKind::kNode, name.empty() ? node.name : name, std::move(shape), range);
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().output;
  }
  // A range that ends where numbers may not be any more: a program may give wider ones to what is behind it, and whoever builds that circuit refuses them
  // (validate).
  static Range bounded(Wide lo, Wide hi) {
    const auto cut = [](Wide x) {
      return static_cast<std::int64_t>(std::clamp<Wide>(x, -Wide{kMaxMagnitude}, Wide{kMaxMagnitude}));
    };
    return {cut(lo), cut(hi)};
  }
  // min(max(x, lo), hi) of accumulators in `reach`.
  Requant clamp(Range reach, std::int64_t lo, std::int64_t hi, std::uint8_t shift = 0) {
    Table table;
    table.kind = TableKind::kClamp;
    table.first = reach.lo;
    while (table.log_size <= kMaxTableBits && Wide{table.num_rows()} <= Wide{reach.hi} - reach.lo) ++table.log_size;
    table.clamp_lo = lo;
    table.clamp_hi = hi;
    graph_.tables.push_back(std::move(table));
    return {shift, static_cast<std::int32_t>(graph_.tables.size() - 1)};
  }

  // In units of 2^shift, to the nearest, halves up; within what the ends of its range give, whatever is committed.
  ValueId rounded(const std::string& name, ValueId x, int shift) {
    const Wide half = (Wide{1} << shift) >> 1;
    const Range all = range(x), reach = bounded((all.lo + half) >> shift, (all.hi + half) >> shift);
    Node node = named(Op::kLinear, name);
    node.coefs = {1};
    node.requant = clamp(reach, reach.lo, reach.hi, static_cast<std::uint8_t>(shift));
    return add(node, {x}, value(x).shape, reach);
  }

  ValueId slice(const std::string& name, ValueId x, Shape shape, Dims starts, Range range) {
    Node node = named(Op::kSlice, name);
    node.steps.assign(starts.size(), 1);
    node.starts = std::move(starts);
    return add(node, {x}, std::move(shape), range);
  }
  ValueId reshape(const std::string& name, ValueId x, Shape shape) {
    return add(named(Op::kReshape, name), {x}, std::move(shape), range(x));
  }
  // constant + sum of coefs x, as it is or clamped.
  ValueId linear(const std::string& name, std::vector<ValueId> x, std::vector<std::int64_t> coefs,
                 std::int64_t constant, Shape shape, std::optional<Range> clamped = {}) {
    Wide lo = constant, hi = constant;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Wide a = Wide{coefs[i]} * value(x[i]).lo, b = Wide{coefs[i]} * value(x[i]).hi;
      lo += std::min(a, b);
      hi += std::max(a, b);
    }
    const Range reach = bounded(lo, hi);
    Node node = named(Op::kLinear, name);
    node.coefs = std::move(coefs);
    node.constant = constant;
    if (clamped.has_value()) node.requant = clamp(reach, clamped->lo, clamped->hi);
    return add(node, std::move(x), std::move(shape), clamped.value_or(reach));
  }
  ValueId product(const std::string& name, std::vector<ValueId> x, Shape shape, Range range, Requant requant) {
    Node node = named(Op::kMul, name);
    node.coefs = {1};
    node.requant = requant;
    return add(node, std::move(x), std::move(shape), range);
  }

  QGraph graph_;
  const std::string prefix_;
};

}  // namespace zkinfer::qir
