// SPDX-License-Identifier: Apache-2.0
// Scatter in all its forms, MaxUnpool, TensorScatter and OneHot. Positions known at import are movement: the output is a Gather
// of constant positions from the data followed by the updates. Computed ones become masks: [position = index] for every position
// and index.
#include <algorithm>
#include <array>
#include <map>

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

// A mask of more entries than that costs more than the model around it.
constexpr int64_t kLargestMask = 1 << 22;

Status check_scatter(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string reduction, context.string_attribute("reduction", "none"));
  for (const std::string_view known : {"none", "add", "mul", "max", "min"})
    if (reduction == known) return ok_status();
  return corrupt("reduction " + in_quotes(reduction));
}

// Seen as a table [rows, width]: update row i goes to data row targets[i].
struct RowScatter {
  ValueId data, updates;  // [rows, width], [targets.size(), width]
  Dims targets;
  std::string reduction;
};

// One layer: of all updates of a row, the one whose turn it is, else `nothing` (a row that changes nothing).
ValueId scattered(Build& b, const RowScatter& scatter) {
  if (!b.ok()) return scatter.data;
  const int64_t rows = b.shape(scatter.data)[0];
  const int64_t width = b.shape(scatter.data)[1];
  std::vector<Dims> turns;  // per turn and row: the update, or -1
  std::map<int64_t, size_t> seen;
  for (size_t i = 0; i < scatter.targets.size(); ++i) {
    const size_t turn = scatter.reduction == "none" ? 0 : seen[scatter.targets[i]]++;
    if (turn == turns.size()) turns.emplace_back(static_cast<size_t>(rows), -1);
    turns[turn][static_cast<size_t>(scatter.targets[i])] = static_cast<int64_t>(i);
  }
  if (turns.size() > 64)
    b.fail(unsupported("one element gets " + std::to_string(turns.size()) + " updates | at most 64 are possible"));
  ValueId y = scatter.data;
  for (size_t turn = 0; turn < turns.size() && b.ok(); ++turn) {
    const bool additive = scatter.reduction == "add" || scatter.reduction == "mul";
    // Rows first, updates behind them; for sums and products one neutral row.
    const ValueId source =
        additive ? b.expand(b.number_like(y, scatter.reduction == "mul" ? 1 : 0), Shape{1, width}) : y;
    const int64_t first_update = additive ? 1 : rows;
    Dims positions;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t update = turns[turn][static_cast<size_t>(row)];
      positions.push_back(update >= 0 ? first_update + update : additive ? 0 : row);
    }
    const ValueId picked = b.gather(b.concat({source, scatter.updates}, 0), std::move(positions), 0);
    if (scatter.reduction == "none") return picked;
    y = b.op(scatter.reduction == "add"   ? OpKind::kAdd
             : scatter.reduction == "mul" ? OpKind::kMul
             : scatter.reduction == "max" ? OpKind::kMax
                                          : OpKind::kMin,
             {y, picked});
  }
  return y;
}

// y[position] = update where some index is that position, else data. The indices of one row must differ.
// data [pre, length, post], indices [pre, count, post], updates [pre, count, post].
ValueId masked_scatter(Build& b, ValueId data, ValueId indices, ValueId updates, const std::string& reduction) {
  if (!b.ok()) return data;
  const Shape x = b.shape(data);
  const Shape i = b.shape(indices);
  if (b.dtype(data) != ir::DataType::kFloat) {
    b.fail(unsupported("integer data with indices computed at run time | use float data"));
    return data;
  }
  if (reduction != "none" && reduction != "add") {
    b.fail(unsupported("reduction " + in_quotes(reduction) + " with indices computed at run time | use none or add"));
    return data;
  }
  if (static_cast<double>(i.num_elements()) * static_cast<double>(x[1]) > static_cast<double>(kLargestMask)) {
    b.fail(unsupported("computed indices " + i.to_string() + " into an axis of length " + std::to_string(x[1]) +
                       " | use fewer"));
    return data;
  }
  const ValueId places = b.reshape(b.range(x[1]), {1, x[1], 1, 1});
  const ValueId column = b.reshape(from_the_start(b, indices, x[1]), {i[0], 1, i[1], i[2]});
  const ValueId mask = b.cast(b.equal(column, places), ir::DataType::kFloat);
  const ValueId placed = b.mul(mask, b.reshape(updates, {i[0], 1, i[1], i[2]}));
  const ValueId written = b.reduce(OpKind::kReduceSum, placed, {2}, false);
  if (reduction == "add") return b.add(data, written);
  const ValueId taken = b.reduce(OpKind::kReduceSum, mask, {2}, false);
  return b.add(b.mul(data, b.sub(b.number(1), taken)), written);
}

Result<Outputs> import_scatter_elements(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  const Shape x = context.shape(0);
  const Shape i = context.shape(1);
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", 0));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  ZKI_ASSIGN_OR_RETURN(const std::string reduction, context.string_attribute("reduction", "none"));
  const auto at = static_cast<size_t>(axis);
  bool fits = i.rank() == x.rank() && context.shape(2) == i;
  for (size_t d = 0; fits && d < x.rank(); ++d) fits = d == at || i[d] <= x[d];
  if (!fits)
    return invalid_argument("indices of shape " + i.to_string() + " and updates of shape " +
                            context.shape(2).to_string() + " for data of shape " + x.to_string());
  Build b(context);
  if (const IntTensor* indices = context.value(1).ints()) {
    RowScatter scatter{ir::kNoValue, ir::kNoValue, {}, reduction};
    Dims strides = row_major_strides(x);
    const int64_t stride = strides[at];
    strides[at] = 0;
    Odometer odometer(i, {std::move(strides)});
    for (const int64_t given : indices->data()) {
      const int64_t row = given < 0 ? given + x[at] : given;
      if (row < 0 || row >= x[at])
        return out_of_range("index " + std::to_string(given) + " on an axis of length " + std::to_string(x[at]));
      scatter.targets.push_back(odometer.offset(0) + row * stride);
      odometer.next();
    }
    scatter.data = b.reshape(context.input(0), {x.num_elements(), 1});
    scatter.updates = b.reshape(context.input(2), {i.num_elements(), 1});
    return b.output(b.reshape(scattered(b, scatter), x.dims()));
  }
  for (size_t d = 0; d < x.rank(); ++d)
    if (d != at && i[d] != x[d])
      return unsupported("computed indices that leave a part of the data out | give indices for all of it");
  const int64_t pre = x.num_elements(0, at);
  const int64_t post = x.num_elements(at + 1, x.rank());
  const Dims picks{pre, i[at], post};
  const ValueId y = masked_scatter(b, b.reshape(context.input(0), {pre, x[at], post}),
                                   b.reshape(context.input(1), picks), b.reshape(context.input(2), picks), reduction);
  return b.output(b.reshape(y, x.dims()));
}

Result<Outputs> import_scatter_nd(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  const Shape x = context.shape(0);
  const Shape i = context.shape(1);
  ZKI_ASSIGN_OR_RETURN(const std::string reduction, context.string_attribute("reduction", "none"));
  const int64_t depth = i.rank() == 0 ? 0 : i[i.rank() - 1];
  const std::string where = "indices of shape " + i.to_string() + " for data of shape " + x.to_string();
  if (depth < 1 || depth > static_cast<int64_t>(x.rank())) return invalid_argument(where);
  const auto count = static_cast<size_t>(depth);
  const int64_t rows = x.num_elements(0, count);
  const int64_t width = x.num_elements(count, x.rank());
  const int64_t picks = i.num_elements() / depth;
  if (context.shape(2).num_elements() != picks * width) return invalid_argument(where);
  Build b(context);
  if (picks == 0 || width == 0) return b.output(context.input(0));
  const ValueId positions = flat_positions(b, context.input(1), x, 0, count);
  if (const ir::Value* list = b.constant(positions)) {
    const auto targets = list->ints()->data();
    const RowScatter scatter{b.reshape(context.input(0), {rows, width}), b.reshape(context.input(2), {picks, width}),
                             Dims(targets.begin(), targets.end()), reduction};
    return b.output(b.reshape(scattered(b, scatter), x.dims()));
  }
  // One mask for all of a row.
  const ValueId wide = b.expand(b.reshape(positions, {1, picks, 1}), Shape{1, picks, width});
  const ValueId y = masked_scatter(b, b.reshape(context.input(0), {1, rows, width}), wide,
                                   b.reshape(context.input(2), {1, picks, width}), reduction);
  return b.output(b.reshape(y, x.dims()));
}

// Zeros but where an index of the whole output says; output_shape adds zeros behind.
Result<Outputs> import_max_unpool(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  ZKI_RETURN_IF_ERROR(check_spatial_rank(x));
  const size_t axes = x.rank() - 2;
  const auto read = [&](std::string_view name, Dims missing) -> Result<Dims> {
    ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> given, context.ints_attribute(name));
    if (!given) return missing;
    for (const int64_t entry : *given)
      if (given->size() != missing.size() || entry < 0 || entry > 1 << 20)
        return invalid_argument("attribute '" + std::string(name) + "' " + dims_to_string(*given));
    return *given;
  };
  ZKI_ASSIGN_OR_RETURN(const Dims kernel, read("kernel_shape", Dims(axes, 0)));
  ZKI_ASSIGN_OR_RETURN(const Dims strides, read("strides", Dims(axes, 1)));
  ZKI_ASSIGN_OR_RETURN(const Dims pads, read("pads", Dims(2 * axes, 0)));
  if (context.shape(1) != x)
    return invalid_argument("indices of shape " + context.shape(1).to_string() + " for an input of shape " +
                            x.to_string());
  Dims dims{x[0], x[1]};
  bool overlap = false;
  for (size_t i = 0; i < axes; ++i) {
    dims.push_back((x[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[axes + i]);
    overlap |= kernel[i] > strides[i];
    if (dims.back() < 1) return invalid_argument("windows of " + dims_to_string(kernel) + " leave no output");
  }
  ZKI_ASSIGN_OR_RETURN(const Shape out, Shape::make(dims));
  Dims wanted = dims;
  if (context.has_input(2)) {
    ZKI_ASSIGN_OR_RETURN(wanted, context.constant_ints(2, "output_shape"));
  }
  bool fits = wanted.size() == dims.size();
  for (size_t i = 0; fits && i < dims.size(); ++i) fits = wanted[i] >= dims[i] && wanted[i] <= kMaxElements;
  if (!fits) return invalid_argument("output_shape " + dims_to_string(wanted) + ", at least " + out.to_string());
  Build b(context);
  const int64_t pre = x[0] * x[1];
  const int64_t length = out.num_elements(2, out.rank());
  const int64_t picks = x.num_elements(2, x.rank());
  ValueId y = ir::kNoValue;
  if (const IntTensor* indices = context.value(1).ints()) {
    RowScatter scatter{b.expand(b.number_like(context.input(0), 0), Shape{pre * length, 1}),
                       b.reshape(context.input(0), {pre * picks, 1}),
                       {},
                       "none"};
    for (const int64_t index : indices->data()) {
      if (index < 0 || index >= pre * length)
        return out_of_range("index " + std::to_string(index) + " into " + std::to_string(pre * length) + " elements");
      scatter.targets.push_back(index);
    }
    y = scattered(b, scatter);
  } else {
    if (overlap)
      return unsupported("indices computed at run time of windows that overlap | use strides as large as the kernel");
    // Every channel has indices of its own.
    IntTensor starts(Shape{pre, 1, 1});
    for (int64_t i = 0; i < pre; ++i) starts[static_cast<size_t>(i)] = i * length;
    const ValueId own =
        b.sub(b.reshape(context.input(1), {pre, picks, 1}), b.literal(std::move(starts), b.dtype(context.input(1))));
    const ValueId zeros = b.expand(b.number(0), Shape{pre, length, 1});
    y = masked_scatter(b, zeros, own, b.reshape(context.input(0), {pre, picks, 1}), "none");
  }
  y = b.reshape(y, dims);
  ir::PadAttributes pad{Dims(dims.size(), 0), Dims(dims.size(), 0), 0};
  for (size_t i = 0; i < dims.size(); ++i) pad.end[i] = wanted[i] - dims[i];
  return b.output(wanted == dims ? y : b.op(OpKind::kPad, {y}, std::move(pad)));
}

// Of every sequence of a batch, some rows are replaced from a position on: row r by update r - start, if there is one.
Result<Outputs> import_tensor_scatter(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  const Shape x = context.shape(0);
  const Shape u = context.shape(1);
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "linear"));
  if (mode != "linear" && mode != "circular") return corrupt("mode " + in_quotes(mode));
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", -2));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, x.rank()));
  const auto at = static_cast<size_t>(axis);
  bool fits = at > 0 && u.rank() == x.rank() && u[at] >= 1 && u[at] <= x[at];
  for (size_t d = 0; fits && d < x.rank(); ++d) fits = d == at || u[d] == x[d];
  if (!fits || (context.has_input(2) && context.shape(2) != Shape{x[0]}))
    return invalid_argument("updates of shape " + u.to_string() + " along axis " + std::to_string(axis) +
                            " of a cache of shape " + x.to_string());
  Build b(context);
  Dims along(x.rank(), 1);
  along[at] = x[at];
  Dims per_row(x.rank(), 1);
  per_row[0] = x[0];
  const ValueId start = context.has_input(2) ? b.cast(b.reshape(context.input(2), per_row), ir::DataType::kInt64)
                                             : b.number(0, ir::DataType::kInt64);
  ValueId distance = b.sub(b.reshape(b.range(x[at]), along), start);
  const auto integer = [&](int64_t number) { return b.number(static_cast<double>(number), ir::DataType::kInt64); };
  if (mode == "circular") distance = b.op(OpKind::kMod, {distance, integer(x[at])}, ir::ModAttributes{});
  ValueId y = context.input(0);
  if (u[at] <= 4) {
    for (int64_t i = 0; i < u[at]; ++i)
      y = b.where(b.equal(distance, integer(i)), b.slice(context.input(1), at, i, 1), y);
    return b.output(y);
  }
  const ValueId written = b.op(OpKind::kAnd, {b.less(integer(-1), distance), b.less(distance, integer(u[at]))});
  const ValueId source = b.expand(b.min(b.max(distance, integer(0)), integer(u[at] - 1)), x);
  return b.output(b.where(written, b.pick(context.input(1), source, axis), y));
}

// off + (on - off) * [index = place]; an index below 0 counts from the end, one out of range is nowhere.
Result<Outputs> import_one_hot(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  ZKI_ASSIGN_OR_RETURN(const float given_depth, context.constant_number(1, "depth"));
  const auto depth = static_cast<int64_t>(given_depth);
  if (!(given_depth >= 1) || given_depth > 1 << 24) return invalid_argument("depth " + std::to_string(given_depth));
  if (context.shape(2) != Shape{2}) return invalid_argument("values need two elements");
  const Shape i = context.shape(0);
  ZKI_ASSIGN_OR_RETURN(int64_t axis, context.int_attribute("axis", -1));
  ZKI_ASSIGN_OR_RETURN(axis, resolve_axis(axis, i.rank() + 1));
  if (static_cast<double>(depth) * static_cast<double>(i.num_elements()) > static_cast<double>(kLargestMask) * 4)
    return resource_limit("a one-hot tensor of " + std::to_string(depth) + " times " +
                          std::to_string(i.num_elements()));
  Build b(context);
  Dims dims = i.dims();
  dims.insert(dims.begin() + axis, 1);
  const ValueId indices = b.cast(b.reshape(context.input(0), std::move(dims)), ir::DataType::kInt64);
  Dims broadcast(i.rank() + 1, 1);
  broadcast[static_cast<size_t>(axis)] = depth;
  const ValueId places = b.reshape(b.range(depth), broadcast);
  const ValueId from_end = b.sub(places, b.number(static_cast<double>(depth), ir::DataType::kInt64));
  const ir::DataType dtype = context.value(2).dtype;
  const ValueId mask = b.add(b.cast(b.equal(indices, places), dtype), b.cast(b.equal(indices, from_end), dtype));
  const ValueId off = b.reshape(b.slice(context.input(2), 0, 0, 1), {});
  const ValueId on = b.reshape(b.slice(context.input(2), 0, 1, 1), {});
  return b.output(b.add(b.mul(mask, b.sub(on, off)), off));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Scatter", "axis", no_check, import_scatter_elements},
    {"ScatterElements", "axis reduction", check_scatter, import_scatter_elements},
    {"ScatterND", "reduction", check_scatter, import_scatter_nd},
    {"MaxUnpool", "kernel_shape pads strides", no_check, import_max_unpool},
    {"TensorScatter", "axis mode", no_check, import_tensor_scatter},
    {"OneHot", "axis", no_check, import_one_hot},
});

}  // namespace

std::span<const Handler> scatter_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
