// SPDX-License-Identifier: Apache-2.0
// Scatter in all its forms and OneHot. Positions known at import are movement: the output is a Gather of constant positions
// from the data followed by the updates. Computed ones become masks: [position = index] for every position and index.
#include <algorithm>
#include <array>
#include <map>

#include "frontend/onnx/emit.h"
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
Result<ValueId> scattered(NodeContext& context, const RowScatter& scatter, int64_t rows, int64_t width) {
  std::vector<Dims> turns;  // per turn and row: the update, or -1
  std::map<int64_t, size_t> seen;
  for (size_t i = 0; i < scatter.targets.size(); ++i) {
    const size_t turn = scatter.reduction == "none" ? 0 : seen[scatter.targets[i]]++;
    if (turn == turns.size()) turns.emplace_back(static_cast<size_t>(rows), -1);
    turns[turn][static_cast<size_t>(scatter.targets[i])] = static_cast<int64_t>(i);
  }
  if (turns.size() > 64)
    return unsupported("one element gets " + std::to_string(turns.size()) + " updates | at most 64 are possible");
  ValueId y = scatter.data;
  for (size_t turn = 0; turn < turns.size(); ++turn) {
    const std::string step = "turn" + std::to_string(turn);
    const bool additive = scatter.reduction == "add" || scatter.reduction == "mul";
    // Rows first, updates behind them; for sums and products one neutral row.
    ValueId source = y;
    int64_t first_update = rows;
    if (additive) {
      const ir::DataType dtype = context.graph().value(y).dtype;
      const int64_t neutral = scatter.reduction == "mul" ? 1 : 0;
      const Shape row{1, width};
      const std::vector<float> floats(static_cast<size_t>(width), static_cast<float>(neutral));
      const Dims ints(static_cast<size_t>(width), neutral);
      source = context.add_literal(
          dtype == ir::DataType::kFloat ? AnyTensor(FloatTensor(row, floats)) : AnyTensor(IntTensor(row, ints)), dtype,
          step + "_neutral");
      first_update = 1;
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId joined, concat(context, {source, scatter.updates}, 0, step + "_joined"));
    Dims positions;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t update = turns[turn][static_cast<size_t>(row)];
      positions.push_back(update >= 0 ? first_update + update : additive ? 0 : row);
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId picked, gather(context, joined, 0, std::move(positions), step + "_picked"));
    if (scatter.reduction == "none") return picked;
    const OpKind op = scatter.reduction == "add"   ? OpKind::kAdd
                      : scatter.reduction == "mul" ? OpKind::kMul
                      : scatter.reduction == "max" ? OpKind::kMax
                                                   : OpKind::kMin;
    ZKI_ASSIGN_OR_RETURN(y, context.add(op, {y, picked}, {}, step));
  }
  return y;
}

// y[position] = update where some index is that position, else data. The indices of one row must differ.
// data [pre, length, post], indices [pre, count, post], updates [pre, count, post].
Result<ValueId> masked_scatter(NodeContext& context, ValueId data, ValueId indices, ValueId updates,
                               const std::string& reduction) {
  const Shape x = context.shape_of(data);
  const Shape i = context.shape_of(indices);
  if (reduction != "none" && reduction != "add")
    return unsupported("reduction " + in_quotes(reduction) + " with indices computed at run time | use none or add");
  if (static_cast<double>(i.num_elements()) * static_cast<double>(x[1]) > static_cast<double>(kLargestMask))
    return unsupported("computed indices " + i.to_string() + " into an axis of length " + std::to_string(x[1]) +
                       " | use fewer");
  Dims range;
  for (int64_t at = 0; at < x[1]; ++at) range.push_back(at);
  const ValueId places = literal_indices(context, Shape{1, x[1], 1, 1}, std::move(range), "places");
  ZKI_ASSIGN_OR_RETURN(indices, from_the_start(context, indices, x[1], "index"));
  ZKI_ASSIGN_OR_RETURN(const ValueId column, reshape(context, indices, {i[0], 1, i[1], i[2]}, "column"));
  ZKI_ASSIGN_OR_RETURN(const ValueId hit, context.add(OpKind::kEqual, {column, places}, {}, "hit"));
  ZKI_ASSIGN_OR_RETURN(const ValueId mask,
                       context.add(OpKind::kCast, {hit}, ir::CastAttributes{ir::DataType::kFloat}, "mask"));
  ZKI_ASSIGN_OR_RETURN(const ValueId given, reshape(context, updates, {i[0], 1, i[1], i[2]}, "given"));
  ZKI_ASSIGN_OR_RETURN(const ValueId placed, context.add(OpKind::kMul, {mask, given}, {}, "placed"));
  const ir::ReduceAttributes over{{2}, false};
  ZKI_ASSIGN_OR_RETURN(const ValueId written, context.add(OpKind::kReduceSum, {placed}, over, "written"));
  if (reduction == "add") return context.add(OpKind::kAdd, {data, written}, {}, "scattered");
  ZKI_ASSIGN_OR_RETURN(const ValueId taken, context.add(OpKind::kReduceSum, {mask}, over, "taken"));
  ZKI_ASSIGN_OR_RETURN(const ValueId free,
                       context.add(OpKind::kSub, {literal_number(context, 1, "one"), taken}, {}, "free"));
  ZKI_ASSIGN_OR_RETURN(const ValueId kept, context.add(OpKind::kMul, {data, free}, {}, "kept"));
  return context.add(OpKind::kAdd, {kept, written}, {}, "scattered");
}

Status must_be_float(const NodeContext& context) {
  if (context.value(0).dtype == ir::DataType::kFloat) return ok_status();
  return unsupported("integer data with indices computed at run time | use float data");
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
  if (const IntTensor* indices = context.value(1).ints()) {
    RowScatter scatter{context.input(0), context.input(2), {}, reduction};
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
    ZKI_ASSIGN_OR_RETURN(scatter.data, reshape(context, context.input(0), {x.num_elements(), 1}, "data"));
    ZKI_ASSIGN_OR_RETURN(scatter.updates, reshape(context, context.input(2), {i.num_elements(), 1}, "updates"));
    ZKI_ASSIGN_OR_RETURN(const ValueId y, scattered(context, scatter, x.num_elements(), 1));
    return one_output(reshape(context, y, x.dims(), ""));
  }
  ZKI_RETURN_IF_ERROR(must_be_float(context));
  for (size_t d = 0; d < x.rank(); ++d)
    if (d != at && i[d] != x[d])
      return unsupported("computed indices that leave a part of the data out | give indices for all of it");
  const int64_t pre = x.num_elements(0, at);
  const int64_t post = x.num_elements(at + 1, x.rank());
  ZKI_ASSIGN_OR_RETURN(const ValueId data, reshape(context, context.input(0), {pre, x[at], post}, "data"));
  ZKI_ASSIGN_OR_RETURN(const ValueId indices, reshape(context, context.input(1), {pre, i[at], post}, "indices"));
  ZKI_ASSIGN_OR_RETURN(const ValueId updates, reshape(context, context.input(2), {pre, i[at], post}, "updates"));
  ZKI_ASSIGN_OR_RETURN(const ValueId y, masked_scatter(context, data, indices, updates, reduction));
  return one_output(reshape(context, y, x.dims(), ""));
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
  if (picks == 0 || width == 0) return one_output(context.add(OpKind::kIdentity, {context.input(0)}));
  ZKI_ASSIGN_OR_RETURN(const ValueId data, reshape(context, context.input(0), {rows, width}, "data"));
  ZKI_ASSIGN_OR_RETURN(const ValueId updates, reshape(context, context.input(2), {picks, width}, "updates"));
  if (context.is_constant(1)) {
    ZKI_ASSIGN_OR_RETURN(const ValueId list, flat_positions(context, 1, x, 0, count));
    const auto targets = context.graph().value(list).ints()->data();
    const RowScatter scatter{data, updates, Dims(targets.begin(), targets.end()), reduction};
    ZKI_ASSIGN_OR_RETURN(const ValueId y, scattered(context, scatter, rows, width));
    return one_output(reshape(context, y, x.dims(), ""));
  }
  ZKI_RETURN_IF_ERROR(must_be_float(context));
  ZKI_ASSIGN_OR_RETURN(const ValueId sums, flat_positions(context, 1, x, 0, count));
  ZKI_ASSIGN_OR_RETURN(const ValueId positions, reshape(context, sums, {1, picks, 1}, "targets"));
  // One mask for all of a row.
  ZKI_ASSIGN_OR_RETURN(const ValueId table, reshape(context, data, {1, rows, width}, "table"));
  ZKI_ASSIGN_OR_RETURN(const ValueId given, reshape(context, updates, {1, picks, width}, "given_rows"));
  ZKI_ASSIGN_OR_RETURN(const ValueId wide,
                       context.add(OpKind::kExpand, {positions}, ir::ExpandAttributes{Shape{1, picks, width}}, "wide"));
  ZKI_ASSIGN_OR_RETURN(const ValueId y, masked_scatter(context, table, wide, given, reduction));
  return one_output(reshape(context, y, x.dims(), ""));
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
  const auto at = static_cast<size_t>(axis);
  Dims dims = i.dims();
  dims.insert(dims.begin() + axis, 1);
  ZKI_ASSIGN_OR_RETURN(ValueId indices, reshape(context, context.input(0), std::move(dims), "indices"));
  ZKI_ASSIGN_OR_RETURN(indices,
                       context.add(OpKind::kCast, {indices}, ir::CastAttributes{ir::DataType::kInt64}, "ints"));
  Dims broadcast(i.rank() + 1, 1);
  broadcast[at] = depth;
  std::array<ValueId, 2> masks{};
  for (const size_t from_end : {size_t{0}, size_t{1}}) {
    const std::string step = from_end == 0 ? "place" : "place_from_end";
    Dims places;
    for (int64_t place = 0; place < depth; ++place) places.push_back(place - (from_end == 0 ? 0 : depth));
    const ValueId list = literal_indices(context, Shape(broadcast), std::move(places), step + "s");
    ZKI_ASSIGN_OR_RETURN(const ValueId hit, context.add(OpKind::kEqual, {indices, list}, {}, step + "_hit"));
    ZKI_ASSIGN_OR_RETURN(masks[from_end],
                         context.add(OpKind::kCast, {hit}, ir::CastAttributes{context.value(2).dtype}, step + "_mask"));
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId mask, context.add(OpKind::kAdd, {masks[0], masks[1]}, {}, "mask"));
  ZKI_ASSIGN_OR_RETURN(const ValueId off_row, slice(context, context.input(2), 0, 0, 1, "off_row"));
  ZKI_ASSIGN_OR_RETURN(const ValueId on_row, slice(context, context.input(2), 0, 1, 1, "on_row"));
  ZKI_ASSIGN_OR_RETURN(const ValueId off, reshape(context, off_row, {}, "off"));
  ZKI_ASSIGN_OR_RETURN(const ValueId on, reshape(context, on_row, {}, "on"));
  ZKI_ASSIGN_OR_RETURN(const ValueId difference, context.add(OpKind::kSub, {on, off}, {}, "difference"));
  ZKI_ASSIGN_OR_RETURN(const ValueId scaled, context.add(OpKind::kMul, {mask, difference}, {}, "scaled"));
  return one_output(context.add(OpKind::kAdd, {scaled, off}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"Scatter", "axis", no_check, import_scatter_elements},
    {"ScatterElements", "axis reduction", check_scatter, import_scatter_elements},
    {"ScatterND", "reduction", check_scatter, import_scatter_nd},
    {"OneHot", "axis", no_check, import_one_hot},
});

}  // namespace

std::span<const Handler> scatter_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
