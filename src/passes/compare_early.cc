// SPDX-License-Identifier: Apache-2.0
// Comparisons of columns that were scaled are made of the columns themselves: trees behind a scaler. The new threshold is found among all
// float32 numbers by what the additions and multiplications make of them, so that every input is decided as before.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "ir/affine.h"
#include "passes/rewriter.h"
#include "passes/rewrites.h"

namespace zkinfer::passes {

namespace {

using ir::Affine;
using ir::kNoValue;
using ir::Node;
using ir::OpKind;
using ir::per_channel;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// One addition or multiplication of all columns, the first that is made first.
struct Step {
  bool is_product;
  std::vector<float> numbers;
};

float scaled(const std::vector<Step>& steps, size_t column, float x) {
  for (const Step& step : steps) x = step.is_product ? x * step.numbers[column] : x + step.numbers[column];
  return x;
}

// All finite float32 numbers in order: 0 is 0.
float float_of(int64_t order) {
  const auto bits = static_cast<std::uint32_t>(order < 0 ? -order : order);
  const float magnitude = std::bit_cast<float>(bits);
  return order < 0 ? -magnitude : magnitude;
}
constexpr int64_t kMostOrder = 0x7f7fffff;

// x > limit says the same of all x as scaled(x) > threshold; below: x < limit as scaled(x) < threshold. NaN: none does.
float limit_of(const std::vector<Step>& steps, size_t column, float threshold, bool below) {
  // scaled is non-decreasing: `no` holds up to a number, `yes` from the next.
  const auto holds = [&](int64_t order) {
    const float y = scaled(steps, column, float_of(order));
    return below ? !(y < threshold) : y > threshold;
  };
  int64_t no = -kMostOrder - 1, yes = kMostOrder + 1;
  while (yes - no > 1) {
    const int64_t middle = no + (yes - no) / 2;
    (holds(middle) ? yes : no) = middle;
  }
  const int64_t limit = below ? yes : no;
  return limit < -kMostOrder || limit > kMostOrder ? std::numeric_limits<float>::quiet_NaN() : float_of(limit);
}

// Columns of a table, by Slice, Gather and Concat.
struct Picked {
  ValueId table = kNoValue;
  std::vector<int64_t> columns;
};

std::optional<Picked> picked_of(const Rewriter& rewriter, ValueId id) {
  const ir::Graph& graph = rewriter.from();
  const Shape& shape = graph.value(id).shape;
  if (shape.rank() != 2 || graph.value(id).is_constant()) return std::nullopt;
  Picked picked{id, {}};
  const Node* node = rewriter.maker(id);
  if (node != nullptr && node->op == OpKind::kConcat && node->as<ir::ConcatAttributes>().axis == 1) {
    for (const ValueId input : node->inputs) {
      const std::optional<Picked> part = picked_of(rewriter, input);
      if (!part || (input != node->inputs[0] && part->table != picked.table)) return std::nullopt;
      picked.table = part->table;
      picked.columns.insert(picked.columns.end(), part->columns.begin(), part->columns.end());
    }
    return picked;
  }
  if (node != nullptr && node->op == OpKind::kSlice) {
    std::optional<Dims> columns = ir::sliced_columns(graph, *node);
    if (!columns) return std::nullopt;
    return Picked{node->inputs[0], std::move(*columns)};
  }
  if (node != nullptr && node->op == OpKind::kGather && graph.input_of(*node, 1).ints() != nullptr) {
    const Shape& table = graph.input_of(*node, 0).shape;
    const IntTensor& indices = *graph.input_of(*node, 1).ints();
    if (table.rank() != 2 || indices.shape().rank() != 1 || node->as<ir::GatherAttributes>().axis != 1)
      return std::nullopt;
    picked.table = node->inputs[0];
    for (const int64_t k : indices.data()) picked.columns.push_back(k < 0 ? k + table[1] : k);
    return picked;
  }
  for (int64_t k = 0; k < shape[1]; ++k) picked.columns.push_back(k);
  return picked;
}

// What picks columns of `table` as value `id`, of `x` instead.
Result<ValueId> picked_from(Rewriter& rewriter, ValueId id, ValueId table, ValueId x) {
  if (id == table) return x;
  const Node& node = *rewriter.maker(id);
  std::vector<ValueId> inputs;
  for (const ValueId input : node.inputs) {
    if (rewriter.from().value(input).is_constant()) {
      inputs.push_back(rewriter.mapped(input));
      continue;
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId part, picked_from(rewriter, input, table, x));
    inputs.push_back(part);
  }
  return rewriter.emit(node.op, node, std::move(inputs), node.attributes, "unscaled");
}

Result<ValueId> compare_early_node(Rewriter& rewriter, const Node& node) {
  if (node.op != OpKind::kLess) return kNoValue;
  const ir::Graph& graph = rewriter.from();
  const size_t side = graph.input_of(node, 0).is_constant() ? 0 : 1;  // of the thresholds
  const ValueId compared = node.inputs[1 - side];
  const FloatTensor* thresholds = graph.input_of(node, side).floats();
  if (thresholds == nullptr || graph.value(compared).shape != graph.output_of(node).shape) return kNoValue;
  const std::optional<Picked> picked = picked_of(rewriter, compared);
  if (!picked) return kNoValue;
  const Shape& table = graph.value(picked->table).shape;
  std::vector<Step> steps;
  ValueId x = picked->table;
  while (const std::optional<Affine> affine = as_affine(graph, rewriter.maker(x))) {
    std::optional<std::vector<float>> numbers = per_channel(*graph.value(affine->constant).floats(), table, 1);
    if (!numbers) break;
    const auto fine = [&](float c) { return std::isfinite(c) && (c > 0 || !affine->is_product); };
    if (!std::all_of(numbers->begin(), numbers->end(), fine)) break;
    steps.insert(steps.begin(), Step{affine->is_product, std::move(*numbers)});
    x = affine->x;
  }
  const auto given = per_channel(*thresholds, graph.output_of(node).shape, 1);
  if (steps.empty() || !given) return kNoValue;
  FloatTensor limits(Shape{1, static_cast<int64_t>(given->size())});
  for (size_t i = 0; i < limits.data().size(); ++i) {
    limits[i] = limit_of(steps, static_cast<size_t>(picked->columns[i]), (*given)[i], side == 1);
    if (std::isnan(limits[i])) return kNoValue;
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId columns, picked_from(rewriter, compared, picked->table, rewriter.mapped(x)));
  const ValueId limit = rewriter.constant(node, std::move(limits), "limits");
  return rewriter.emit(OpKind::kLess, node,
                       side == 0 ? std::vector<ValueId>{limit, columns} : std::vector<ValueId>{columns, limit});
}

}  // namespace

Result<ir::Graph> compare_early(const ir::Graph& graph) { return rewrite(graph, compare_early_node); }

}  // namespace zkinfer::passes
