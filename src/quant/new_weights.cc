// SPDX-License-Identifier: Apache-2.0
#include "quant/new_weights.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "qir/ops/rules.h"
#include "quant/lowering.h"
#include "quant/table_pool.h"

namespace zkinfer::quant {

namespace {

using qir::Interval;
using qir::Wide;

bool is_param(const qir::QGraph& graph, qir::ValueId id) { return graph.value(id).kind == qir::ValueKind::kParam; }

// Of a sum over k of weights times values in `x`.
class Channel {
 public:
  Channel(Interval x, bool padded) : x_(x), padded_(padded) {}
  void add(std::int64_t weight) {
    Interval term = qir::scale(x_, weight);
    if (padded_) term = qir::hull(term, Interval{});
    sum_ = qir::add(sum_, term);
  }
  Interval sum() const { return sum_; }

 private:
  Interval x_;
  bool padded_;
  Interval sum_;
};

// The accumulators of a contraction with weights on one side, over all inputs in x's range. A padded window is not told from
// others.
Interval contraction_range(const qir::QGraph& graph, const qir::Node& node, const qir::WeightStore& weights,
                           const qir::Ranges& ranges) {
  const bool conv = node.op == qir::Op::kConv;
  const bool left = !conv && is_param(graph, node.inputs[0]);
  const qir::ValueId w = node.inputs[left ? 0 : 1];
  const Shape& shape = graph.value(w).shape;
  const auto size = static_cast<std::size_t>(shape.num_elements());
  // Contiguous, but for the columns of a right operand.
  const auto columns = !conv && !left ? static_cast<std::size_t>(shape[shape.rank() - 1]) : std::size_t{0};
  const std::size_t depth = conv   ? size / static_cast<std::size_t>(shape[0])
                            : left ? static_cast<std::size_t>(shape[shape.rank() - 1])
                                   : static_cast<std::size_t>(shape[shape.rank() - 2]);
  const std::size_t count = size / depth;
  std::optional<Interval> all;
  for (std::size_t c = 0; c < count; ++c) {
    Channel channel(ranges[node.inputs[left ? 1 : 0]], conv);
    const std::size_t first = columns == 0 ? c * depth : c / columns * depth * columns + c % columns;
    const std::size_t step = columns == 0 ? 1 : columns;
    for (std::size_t k = 0; k < depth; ++k) channel.add(weights[w][first + k * step]);
    Interval acc = channel.sum();
    if (node.inputs.size() == 3) {
      // Of a left operand's rows nothing says which column's bias they meet.
      const qir::ValueId bias = node.inputs[2];
      const std::size_t column = conv ? c : c % std::max<std::size_t>(columns, 1);
      acc = qir::add(
          acc, is_param(graph, bias) && !left ? Interval{weights[bias][column], weights[bias][column]} : ranges[bias]);
    }
    all = all.has_value() ? qir::hull(*all, acc) : acc;
  }
  return *all;
}

Interval rounded_out(Interval range) {
  const AccRange out = quant::rounded_out(range_of(range));
  return {out.lo, out.hi};
}

// Values go on beyond the domain as they end.
Status widen(qir::Table& table, Interval need) {
  const std::int64_t last = table.first + table.num_rows() - 1;
  if (need.inside(table.first, last)) return {};
  const Interval wanted = rounded_out(need);
  const std::int64_t lo = std::min<std::int64_t>(table.first, static_cast<std::int64_t>(wanted.lo));
  const std::int64_t hi = std::max<std::int64_t>(last, static_cast<std::int64_t>(wanted.hi));
  const int most = table.kind == qir::TableKind::kExplicit ? qir::kMaxListedBits : qir::kMaxTableBits;
  const auto too_wide = [&] {
    return unsupported("the new weights need a table of arguments " + std::to_string(lo) + " .. " + std::to_string(hi) +
                       ", at most 2^" + std::to_string(most) + " are possible; smaller weights, or fewer bits");
  };
  if (table.kind == qir::TableKind::kRange || table.kind == qir::TableKind::kClamp) {
    table.log_size = log_rows(lo, hi);
    if (table.log_size > most) return too_wide();
    table.first = hi - table.num_rows() + 1;
    return {};
  }
  const std::int64_t step = std::int64_t{1} << table.piece_bits;  // 1 of a list
  const std::int64_t before = (table.first - lo + step - 1) / step;
  const std::int64_t after = (hi - last + step - 1) / step;
  const bool pieces = table.kind == qir::TableKind::kPieces;
  const std::int64_t old = table.num_rows() / step;
  const auto log_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(before + old + after - 1)));
  if (log_count + table.piece_bits > most || log_count > qir::kMaxListedBits) return too_wide();
  const auto beyond_hi = static_cast<std::int32_t>(table.at(last));
  table.values.insert(table.values.begin(), static_cast<std::size_t>(before), table.values.front());
  table.values.resize(std::size_t{1} << log_count, beyond_hi);
  if (pieces) {
    table.slopes.insert(table.slopes.begin(), static_cast<std::size_t>(before), 0);
    table.slopes.resize(std::size_t{1} << log_count, 0);
  }
  table.first -= before * step;
  table.log_size = static_cast<std::uint8_t>(log_count + table.piece_bits);
  return {};
}

class Refit {
 public:
  Refit(qir::QGraph& graph, const qir::WeightStore& weights) : graph_(graph), weights_(weights) {
    needs_.resize(graph.tables.size());
    ranges_.reserve(graph.values.size());
    for (std::size_t id = 0; id < graph.values.size(); ++id) ranges_.push_back(param_or_declared(id));
  }

  Status run() {
    for (const qir::Node& node : graph_.nodes) {
      if (Status status = follow(node); !status.ok())
        return status.with_context("node " + in_quotes(node.name) + " with the new weights");
    }
    for (std::size_t i = 0; i < needs_.size(); ++i) {
      if (needs_[i].has_value()) ZKI_RETURN_IF_ERROR(widen(graph_.tables[i], *needs_[i]));
    }
    const Status status = qir::validate(graph_);
    return status.ok() ? status
                       : unsupported("the new weights make no program that can be proved: " + status.message());
  }

 private:
  // A parameter's entries as they are; its declared range is widened to a power of two where they leave it.
  Interval param_or_declared(std::size_t id) {
    qir::Value& value = graph_.values[id];
    if (value.kind != qir::ValueKind::kParam || weights_[id].empty()) return qir::range_of(value);
    const std::int64_t least = weights_.least(id), most = weights_.greatest(id);
    if (least < value.lo || most > value.hi) {
      const auto magnitude = static_cast<std::uint64_t>(std::max({most, -least, value.hi, -value.lo}));
      value.hi = static_cast<std::int64_t>((std::uint64_t{1} << std::bit_width(magnitude)) - 1);
      value.lo = -value.hi;
    }
    return {least, most};
  }

  Status follow(const qir::Node& node) {
    Interval acc;
    const bool contracts = node.op == qir::Op::kConv || node.op == qir::Op::kMatMul;
    if (contracts && is_param(graph_, node.inputs[0]) != is_param(graph_, node.inputs[1])) {
      acc = contraction_range(graph_, node, weights_, ranges_);
    } else {
      ZKI_ASSIGN_OR_RETURN(const qir::Inferred inferred, qir::rule_of(node.op).infer(graph_, node, ranges_));
      acc = inferred.acc;
    }
    if (!acc.within(kLargestAccumulator))
      return unsupported("its accumulators reach " + qir::to_string(acc) + ", at most 60 bits are possible");
    const bool looked_up =
        node.requant.table_index != qir::kNoTable && qir::rule_of(node.op).requant == qir::RequantRule::kOptional;
    const Interval y = looked_up ? image(node, acc) : acc;
    qir::Value& value = graph_.values[node.output];
    if (!y.inside(value.lo, value.hi)) {
      // Where weights decide, a range that says little of them.
      const Interval wide = qir::has_param_input(graph_, node) && !looked_up ? rounded_out(y) : y;
      value.lo = std::min(value.lo, static_cast<std::int64_t>(wide.lo));
      value.hi = std::max(value.hi, static_cast<std::int64_t>(wide.hi));
    }
    ranges_[node.output] = qir::range_of(value);
    return {};
  }

  // Of the table, which is widened to what it is asked for later.
  Interval image(const qir::Node& node, Interval acc) {
    const auto index = static_cast<std::size_t>(node.requant.table_index);
    const qir::Table& table = graph_.tables[index];
    const Wide round = node.requant.shift > 0 ? Wide{1} << (node.requant.shift - 1) : 0;
    const Interval reach = {(acc.lo + round) >> node.requant.shift, (acc.hi + round) >> node.requant.shift};
    needs_[index] = needs_[index].has_value() ? qir::hull(*needs_[index], reach) : reach;
    switch (table.kind) {
      case qir::TableKind::kRange: return reach;
      case qir::TableKind::kClamp:
        return {std::clamp(reach.lo, Wide{table.clamp_lo}, Wide{table.clamp_hi}),
                std::clamp(reach.hi, Wide{table.clamp_lo}, Wide{table.clamp_hi})};
      case qir::TableKind::kExplicit:
      case qir::TableKind::kPieces: break;
    }
    return qir::values_of(table);
  }

  qir::QGraph& graph_;
  const qir::WeightStore& weights_;
  qir::Ranges ranges_;
  std::vector<std::optional<Interval>> needs_;
};

}  // namespace

Result<qir::QGraph> with_new_weights(qir::QGraph graph, const qir::WeightStore& weights) {
  ZKI_RETURN_IF_ERROR(Refit(graph, weights).run());
  return graph;
}

}  // namespace zkinfer::quant
