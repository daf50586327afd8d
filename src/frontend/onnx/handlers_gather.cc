// SPDX-License-Identifier: Apache-2.0
// Operators that pick elements by index. All of them become Gather; constant indices become positions in the flat data.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "frontend/onnx/build.h"
#include "frontend/onnx/indices.h"
#include "frontend/onnx/proto_text.h"
#include "tensor/odometer.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Result<int64_t> axis_attribute(const NodeContext& context, int64_t missing) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t axis, context.int_attribute("axis", missing));
  return resolve_axis(axis, context.shape(0).rank());
}

Result<Outputs> import_gather(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const int64_t axis, axis_attribute(context, 0));
  return one_output(context.add(OpKind::kGather, {context.input(0), context.input(1)}, ir::GatherAttributes{axis}));
}

Result<Outputs> import_gather_elements(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const int64_t axis, axis_attribute(context, 0));
  return one_output(
      context.add(OpKind::kGather, {context.input(0), context.input(1)}, ir::GatherAttributes{axis, true}));
}

// data [b.., d.., rest..], indices [b.., i.., k]: y[b.., i.., rest..] = data[b.., indices[b.., i.., :], rest..].
Result<Outputs> import_gather_nd(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  const Shape indices = context.shape(1);
  ZKI_ASSIGN_OR_RETURN(const int64_t given_batch, context.int_attribute("batch_dims", 0));
  const std::string where = "indices of shape " + indices.to_string() + " for data of shape " + x.to_string();
  if (indices.rank() == 0 || given_batch < 0 || given_batch >= static_cast<int64_t>(std::min(x.rank(), indices.rank())))
    return invalid_argument(where);
  const auto batch = static_cast<size_t>(given_batch);
  const int64_t depth = indices[indices.rank() - 1];
  if (depth < 1 || depth > static_cast<int64_t>(x.rank() - batch)) return invalid_argument(where);
  const auto count = static_cast<size_t>(depth);
  for (size_t i = 0; i < batch; ++i)
    if (x[i] != indices[i]) return invalid_argument(where);
  Build b(context);
  ValueId positions = flat_positions(b, context.input(1), x, batch, count);
  if (!b.ok()) return b.status();
  const int64_t batches = x.num_elements(0, batch);
  const int64_t rows = x.num_elements(batch, batch + count);
  const int64_t rest = x.num_elements(batch + count, x.rank());
  Dims out(indices.dims().begin(), indices.dims().end() - 1);
  out.insert(out.end(), x.dims().begin() + static_cast<std::ptrdiff_t>(batch + count), x.dims().end());
  const int64_t picks = b.shape(positions).num_elements();
  if (picks * rest == 0) {
    ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(out)));
    return b.output(b.expand(b.number_like(context.input(0), 0), std::move(shape)));
  }
  if (batches > 1) {  // every batch in its own run of rows
    Dims starts;
    for (int64_t i = 0; i < picks; ++i) starts.push_back(i / (picks / batches) * rows);
    positions = b.add(positions, b.integers(b.shape(positions), std::move(starts)));
  }
  return b.output(
      b.reshape(b.gather(b.reshape(context.input(0), {batches * rows, rest}), positions, 0), std::move(out)));
}

// The rows of each sequence up to its length in reverse order.
Result<Outputs> import_reverse_sequence(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(const Dims lengths, context.constant_ints(1, "sequence_lens"));
  ZKI_ASSIGN_OR_RETURN(const int64_t batch_axis, context.int_attribute("batch_axis", 1));
  ZKI_ASSIGN_OR_RETURN(const int64_t time_axis, context.int_attribute("time_axis", 0));
  if (x.rank() < 2 || std::min(batch_axis, time_axis) != 0 || std::max(batch_axis, time_axis) != 1)
    return invalid_argument("batch_axis " + std::to_string(batch_axis) + ", time_axis " + std::to_string(time_axis) +
                            " of shape " + x.to_string() + ", expected 0 and 1");
  const int64_t batches = x[static_cast<size_t>(batch_axis)];
  const int64_t steps = x[static_cast<size_t>(time_axis)];
  if (static_cast<int64_t>(lengths.size()) != batches)
    return invalid_argument("sequence_lens " + dims_to_string(lengths));
  Dims rows;
  for (int64_t i = 0; i < x[0]; ++i)
    for (int64_t j = 0; j < x[1]; ++j) {
      const int64_t time = time_axis == 0 ? i : j;
      const int64_t length = lengths[static_cast<size_t>(time_axis == 0 ? j : i)];
      if (length < 0 || length > steps) return invalid_argument("sequence_lens " + dims_to_string(lengths));
      const int64_t from = time < length ? length - 1 - time : time;
      rows.push_back(time_axis == 0 ? from * x[1] + j : i * x[1] + from);
    }
  Build b(context);
  const ValueId table = b.reshape(context.input(0), {x[0] * x[1], x.num_elements(2, x.rank())});
  return b.output(b.reshape(b.gather(table, std::move(rows), 0), x.dims()));
}

// The k largest (or smallest) entries along an axis, and where they were.
Result<Outputs> import_top_k(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t axis, axis_attribute(context, -1));
  ZKI_ASSIGN_OR_RETURN(const int64_t largest, context.int_attribute("largest", 1));
  ZKI_ASSIGN_OR_RETURN(int64_t k, context.int_attribute("k", 0));
  if (context.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(const Dims given, context.constant_ints(1, "k"));
    if (given.size() != 1) return corrupt("k needs one element");
    k = given[0];
  }
  const Shape x = context.shape(0);
  const auto at = static_cast<size_t>(axis);
  if (k < 0 || k > x[at])
    return invalid_argument("k " + std::to_string(k) + " of an axis of length " + std::to_string(x[at]));
  Build b(context);
  const ValueId order = b.op(OpKind::kSort, {context.input(0)}, ir::SortAttributes{axis, largest != 0});
  const ValueId first = b.slice(order, at, 0, k);
  return b.outputs({b.pick(context.input(0), first, axis), first});
}

// ---- Positions that must be known at import, because the shape of the result depends on them.

Result<std::vector<bool>> constant_truths(const NodeContext& context, size_t input, std::string_view what) {
  const ir::Value& value = context.value(input);
  if (!value.is_constant())
    return unsupported(std::string(what) + " " + in_quotes(value.name) +
                       " is computed at run time, and the shape of the output depends on it | use a mask of constant "
                       "shape instead (Where, Mul)");
  std::vector<bool> truths;
  if (const FloatTensor* floats = value.floats())
    for (const float x : floats->data()) truths.push_back(x != 0);
  if (const IntTensor* ints = value.ints())
    for (const int64_t x : ints->data()) truths.push_back(x != 0);
  return truths;
}

Result<Outputs> import_compress(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const std::vector<bool> chosen, constant_truths(context, 1, "the condition"));
  Build b(context);
  ValueId x = context.input(0);
  int64_t axis = 0;
  if (context.attribute("axis") == nullptr) {
    x = b.reshape(x, {context.shape(0).num_elements()});
  } else {
    ZKI_ASSIGN_OR_RETURN(axis, axis_attribute(context, 0));
  }
  Dims kept;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) kept.push_back(static_cast<int64_t>(i));
  return b.output(b.gather(x, std::move(kept), axis));
}

Result<Outputs> import_non_zero(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const std::vector<bool> truths, constant_truths(context, 0, "the input"));
  const Shape x = context.shape(0);
  const size_t rank = std::max<size_t>(x.rank(), 1);
  std::vector<Dims> rows(rank);
  for (size_t i = 0; i < truths.size(); ++i) {
    if (!truths[i]) continue;
    int64_t rest = static_cast<int64_t>(i);
    for (size_t axis = rank; axis-- > 0;) {
      const int64_t length = x.rank() == 0 ? 1 : x[axis];
      rows[axis].push_back(rest % length);
      rest /= length;
    }
  }
  const auto count = static_cast<int64_t>(rows[0].size());
  Dims all;
  for (const Dims& row : rows) all.insert(all.end(), row.begin(), row.end());
  Build b(context);
  return b.output(b.derived(IntTensor(Shape{static_cast<int64_t>(rank), count}, std::move(all)), ir::DataType::kInt64,
                            {context.input(0)}));
}

// The distinct elements (or slices along an axis) of a constant.
template <class T>
Result<Outputs> unique(NodeContext& context, const DenseTensor<T>& x, bool sorted, std::optional<size_t> axis) {
  const Shape shape = axis ? x.shape() : Shape{x.num_elements()};
  const size_t at = axis.value_or(0);
  const auto outer = static_cast<size_t>(shape.num_elements(0, at));
  const auto length = static_cast<size_t>(shape[at]);
  const auto inner = static_cast<size_t>(shape.num_elements(at + 1, shape.rank()));
  std::vector<std::vector<T>> slices(length);
  for (size_t i = 0; i < length; ++i)
    for (size_t o = 0; o < outer; ++o)
      for (size_t j = 0; j < inner; ++j) slices[i].push_back(x[(o * length + i) * inner + j]);
  std::map<std::vector<T>, size_t> places;
  std::vector<size_t> firsts;
  for (size_t i = 0; i < length; ++i)
    if (places.emplace(slices[i], i).second) firsts.push_back(i);
  if (sorted) {
    firsts.clear();
    for (const auto& [slice, first] : places) firsts.push_back(first);
  }
  Dims first_index, inverse, counts(firsts.size(), 0);
  std::map<std::vector<T>, size_t> rank;
  for (size_t i = 0; i < firsts.size(); ++i) {
    rank.emplace(slices[firsts[i]], i);
    first_index.push_back(static_cast<int64_t>(firsts[i]));
  }
  for (size_t i = 0; i < length; ++i) {
    inverse.push_back(static_cast<int64_t>(rank.at(slices[i])));
    ++counts[rank.at(slices[i])];
  }
  Build b(context);
  const auto list = [&](Dims numbers) {
    const Shape count{static_cast<int64_t>(numbers.size())};
    return b.derived(IntTensor(count, std::move(numbers)), ir::DataType::kInt64, {context.input(0)});
  };
  const ValueId data = axis ? context.input(0) : b.reshape(context.input(0), {x.num_elements()});
  const ValueId firsts_list = list(std::move(first_index));
  const ValueId y = b.gather(data, firsts_list, static_cast<int64_t>(at));
  return b.outputs({y, firsts_list, list(std::move(inverse)), list(std::move(counts))});
}

Result<Outputs> import_unique(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const ir::Value value = context.value(0);
  if (!value.is_constant())
    return unsupported(
        "the input is computed at run time, and the shape of the output depends on it | leave it out of the model");
  ZKI_ASSIGN_OR_RETURN(const int64_t sorted, context.int_attribute("sorted", 1));
  std::optional<size_t> at;
  if (context.attribute("axis") != nullptr) {
    ZKI_ASSIGN_OR_RETURN(const int64_t axis, axis_attribute(context, 0));
    at = static_cast<size_t>(axis);
  }
  return value.floats() != nullptr ? unique(context, *value.floats(), sorted != 0, at)
                                   : unique(context, *value.ints(), sorted != 0, at);
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Gather", "axis", no_check, import_gather},
    {"GatherElements", "axis", no_check, import_gather_elements},
    {"GatherND", "batch_dims", no_check, import_gather_nd},
    {"ReverseSequence", "batch_axis time_axis", no_check, import_reverse_sequence},
    {"TopK", "axis k largest sorted", no_check, import_top_k},
    {"Compress", "axis", no_check, import_compress},
    {"NonZero", "", no_check, import_non_zero},
    {"Unique", "axis sorted", no_check, import_unique},
});

}  // namespace

std::span<const Handler> gather_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
