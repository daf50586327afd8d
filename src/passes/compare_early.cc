// SPDX-License-Identifier: Apache-2.0
// Comparisons of columns that were scaled or filled in are made of the columns themselves: trees behind a scaler, behind an imputer. The
// new threshold is found among all float32 numbers by what the additions and multiplications make of them, so that every input is
// decided as before; of a number that stands for what is missing it is known here what it decides.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
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

// A column of a table that is not made of columns of others by Slice, Gather or Concat.
struct Column {
  ValueId table = kNoValue;
  int64_t index = 0;
};

std::optional<std::vector<Column>> columns_of(const Rewriter& rewriter, ValueId id) {
  const ir::Graph& graph = rewriter.from();
  const Shape& shape = graph.value(id).shape;
  if (shape.rank() != 2 || graph.value(id).is_constant()) return std::nullopt;
  const Node* node = rewriter.maker(id);
  std::vector<Column> columns;
  if (node != nullptr && node->op == OpKind::kConcat && node->as<ir::ConcatAttributes>().axis == 1) {
    for (const ValueId input : node->inputs) {
      const std::optional<std::vector<Column>> part = columns_of(rewriter, input);
      if (!part) return std::nullopt;
      columns.insert(columns.end(), part->begin(), part->end());
    }
    return columns;
  }
  std::optional<Dims> picked;
  if (node != nullptr && node->op == OpKind::kSlice) {
    picked = ir::sliced_columns(graph, *node);
  } else if (node != nullptr && node->op == OpKind::kGather && graph.input_of(*node, 1).ints() != nullptr) {
    const Shape& table = graph.input_of(*node, 0).shape;
    const IntTensor& indices = *graph.input_of(*node, 1).ints();
    if (table.rank() == 2 && indices.shape().rank() == 1 && node->as<ir::GatherAttributes>().axis == 1) {
      picked.emplace();
      for (const int64_t k : indices.data()) picked->push_back(k < 0 ? k + table[1] : k);
    }
  }
  if (!picked) {
    for (int64_t k = 0; k < shape[1]; ++k) columns.push_back({id, k});
    return columns;
  }
  const std::optional<std::vector<Column>> table = columns_of(rewriter, node->inputs[0]);
  if (!table) return std::nullopt;
  for (const int64_t k : *picked) columns.push_back((*table)[static_cast<size_t>(k)]);
  return columns;
}

// A comparison of columns with constants.
class Comparison {
 public:
  Comparison(Rewriter& rewriter, const Node& node)
      : rewriter_(rewriter), node_(node), side_(rewriter.from().input_of(node, 0).is_constant() ? 0 : 1) {}

  // In place of the node; kNoValue where it stays.
  Result<ValueId> earlier() {
    const ir::Graph& graph = rewriter_.from();
    const ValueId compared = node_.inputs[1 - side_];
    const FloatTensor* thresholds = graph.input_of(node_, side_).floats();
    if (thresholds == nullptr || graph.value(compared).shape != graph.output_of(node_).shape) return kNoValue;
    const std::optional<std::vector<Column>> columns = columns_of(rewriter_, compared);
    const auto given = per_channel(*thresholds, graph.output_of(node_).shape, 1);
    if (!columns || !given) return kNoValue;
    const auto is_made = [&](const Column& column) {
      const Node* maker = rewriter_.maker(column.table);
      return as_affine(graph, maker).has_value() || as_filled(graph, maker).has_value();
    };
    if (std::none_of(columns->begin(), columns->end(), is_made)) return kNoValue;
    return of_tables(*columns, *given);
  }

 private:
  bool below() const { return side_ == 1; }

  // Table by table, then in the order of the columns.
  Result<ValueId> of_tables(const std::vector<Column>& columns, const std::vector<float>& thresholds) {
    std::vector<ValueId> parts;
    std::vector<int64_t> places(columns.size());  // among the parts' columns
    int64_t place = 0;
    bool changed = false;
    std::vector<bool> done(columns.size());
    for (size_t first = 0; first < columns.size(); ++first) {
      if (done[first]) continue;
      const ValueId table = columns[first].table;
      std::vector<float> limits;
      columns_.clear();
      for (size_t i = first; i < columns.size(); ++i) {
        if (columns[i].table != table) continue;
        done[i] = true;
        columns_.push_back(columns[i].index);
        limits.push_back(thresholds[i]);
        places[i] = place++;
      }
      part_ = "part" + std::to_string(parts.size());
      ZKI_ASSIGN_OR_RETURN(ValueId bits, made_of(table, limits));
      changed = changed || bits != kNoValue;
      if (bits == kNoValue) {
        ZKI_ASSIGN_OR_RETURN(bits, less(table, limits));
      }
      parts.push_back(bits);
    }
    if (!changed) return kNoValue;
    if (parts.size() == 1) return parts[0];
    ZKI_ASSIGN_OR_RETURN(const ValueId joined,
                         rewriter_.emit(OpKind::kConcat, node_, parts, ir::ConcatAttributes{1}, "parts"));
    return picked(joined, rewriter_.to().value(joined).shape, places, "ordered");
  }

  // The comparison of columns_ of x, made of what x is made of.
  Result<ValueId> made_of(ValueId x, const std::vector<float>& thresholds) {
    const ir::Graph& graph = rewriter_.from();
    const ValueId table = x;
    std::vector<Step> steps;
    while (const std::optional<Affine> affine = as_affine(graph, rewriter_.maker(x))) {
      std::optional<std::vector<float>> numbers =
          per_channel(*graph.value(affine->constant).floats(), graph.value(x).shape, 1);
      if (!numbers) break;
      const auto fine = [&](float c) { return std::isfinite(c) && (c > 0 || !affine->is_product); };
      if (!std::all_of(numbers->begin(), numbers->end(), fine)) break;
      steps.insert(steps.begin(), Step{affine->is_product, std::move(*numbers)});
      x = affine->x;
    }
    std::vector<float> limits = thresholds;
    for (size_t i = 0; i < limits.size() && !steps.empty(); ++i) {
      limits[i] = limit_of(steps, static_cast<size_t>(columns_[i]), thresholds[i], below());
      if (std::isnan(limits[i])) return kNoValue;
    }
    if (const std::optional<ir::Filled> filled = as_filled(graph, rewriter_.maker(x))) return chosen(*filled, limits);
    if (x == table) return kNoValue;
    return less(x, limits);
  }

  // The numbers in place of some entries are compared here and now.
  Result<ValueId> chosen(const ir::Filled& filled, const std::vector<float>& limits) {
    IntTensor decided(Shape{1, static_cast<int64_t>(limits.size())});
    for (size_t i = 0; i < limits.size(); ++i) {
      const float number = filled.numbers[static_cast<size_t>(columns_[i])];
      decided[i] = below() ? number < limits[i] : number > limits[i];
    }
    ZKI_ASSIGN_OR_RETURN(ValueId computed, made_of(filled.x, limits));
    if (computed == kNoValue) {
      ZKI_ASSIGN_OR_RETURN(computed, less(filled.x, limits));
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId condition, picked(filled.condition));
    const ValueId numbers = rewriter_.to().add_constant(node_.name + "#" + part_ + "_filled",
                                                        AnyTensor(std::move(decided)), ir::DataType::kBool);
    std::vector<ValueId> inputs{condition, numbers, computed};
    if (filled.where_not) std::swap(inputs[1], inputs[2]);
    return rewriter_.emit(OpKind::kWhere, node_, std::move(inputs), {}, part_);
  }

  Result<ValueId> less(ValueId x, const std::vector<float>& limits) {
    ZKI_ASSIGN_OR_RETURN(const ValueId columns, picked(x));
    const Shape shape{1, static_cast<int64_t>(limits.size())};
    const ValueId limit = rewriter_.constant(node_, FloatTensor(shape, limits), part_ + "_limits");
    std::vector<ValueId> inputs{columns, limit};
    if (side_ == 0) std::swap(inputs[0], inputs[1]);
    return rewriter_.emit(OpKind::kLess, node_, std::move(inputs), {}, part_ + "_less");
  }

  Result<ValueId> picked(ValueId x) {
    return picked(rewriter_.mapped(x), rewriter_.from().value(x).shape, columns_, part_ + "_columns");
  }
  Result<ValueId> picked(ValueId table, const Shape& shape, const std::vector<int64_t>& columns,
                         const std::string& step) {
    const auto count = static_cast<int64_t>(columns.size());
    bool run = true;
    for (size_t i = 1; i < columns.size(); ++i) run = run && columns[i] == columns[0] + static_cast<int64_t>(i);
    if (run && count == shape[1]) return table;
    if (run)
      return rewriter_.emit(OpKind::kSlice, node_, {table},
                            ir::SliceAttributes{{0, columns[0]}, {shape[0], count}, {1, 1}}, step);
    const ValueId indices = rewriter_.to().add_constant(
        node_.name + "#" + step + "_indices", AnyTensor(IntTensor(Shape{count}, columns)), ir::DataType::kInt64);
    return rewriter_.emit(OpKind::kGather, node_, {table, indices}, ir::GatherAttributes{1}, step);
  }

  Rewriter& rewriter_;
  const Node& node_;
  const size_t side_;             // of the thresholds
  std::vector<int64_t> columns_;  // that are compared, of the table at hand
  std::string part_;
};

Result<ValueId> compare_early_node(Rewriter& rewriter, const Node& node) {
  if (node.op != OpKind::kLess) return kNoValue;
  return Comparison(rewriter, node).earlier();
}

}  // namespace

Result<ir::Graph> compare_early(const ir::Graph& graph) { return rewrite(graph, compare_early_node); }

}  // namespace zkinfer::passes
