// SPDX-License-Identifier: Apache-2.0
// Gather by computed or constant indices.
#include <algorithm>
#include <cmath>

#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

// Of constant data, from the largest entry down, where the usual ones are not far smaller; it costs nothing to have more.
constexpr int kDataBits = 16, kMostDataBits = 24;

}  // namespace

Result<QTensor> Lowering::gather_indices(std::size_t i, std::int64_t length) {
  const ir::Node& n = node(i);
  const ir::Value& value = graph_.input_of(n, 1);
  const std::string& name = graph_.value(n.output).name;
  if (const IntTensor* constant = value.ints()) {
    std::vector<std::int32_t> rows;
    for (const std::int64_t index : constant->data()) {
      const std::int64_t row = index < 0 ? index + length : index;
      if (row < 0 || row >= length)
        return fail(i, "index " + std::to_string(index) + " leaves its axis of length " + std::to_string(length));
      rows.push_back(static_cast<std::int32_t>(row));
    }
    return add_bounded(value.name, value.shape, std::move(rows), {0, length - 1});
  }
  QTensor indices = tensor(n.inputs[1]);
  if (indices.scale != 1) return fail(i, "its indices are no whole numbers");
  if (qvalue(indices).lo < 0) {
    const QTensor counts = step(i, {indices}, {1}, 1, name + ".from_the_start");
    indices = select(i, counts, indices, sum(i, {indices}, {1}, length, name + ".from_the_end", 1), name + ".row");
  }
  if (qvalue(indices).lo < 0 || qvalue(indices).hi >= length)
    indices = clamped(i, indices, {0, length - 1}, name + ".row_in_range");
  return indices;
}

Status Lowering::lower_gather(std::size_t i) {
  const ir::Node& n = node(i);
  const ir::GatherAttributes& gather = n.as<ir::GatherAttributes>();
  const ir::Value& value = graph_.input_of(n, 0);
  const ir::Value& y = graph_.value(n.output);
  QTensor data;
  if (value.is_constant()) {
    const std::vector<double> real = numbers(value);
    double most = 0;
    for (const double x : real) most = std::max(most, std::abs(x));
    const bool whole = plan_.whole[static_cast<std::size_t>(n.inputs[0])] && most < std::ldexp(1.0, 31);
    // What calibration read may be far from the largest entry.
    const auto seen = calibration_.by_name.find(y.name);
    const double read =
        seen != calibration_.by_name.end() && seen->second.max_abs() > 0 ? seen->second.max_abs() : most;
    const int larger = most > 0 ? static_cast<int>(std::ceil(std::log2(most / read))) : 0;
    const int bits = std::min(kDataBits + std::max(0, more_bits(n.output) + larger), kMostDataBits);
    // The largest entry has bits - 1 binary digits: a range of one more would take the certificate twice as many rows.
    data.scale = whole ? 1 : (most > 0 ? most : 1) / (std::ldexp(1.0, bits - 1) - 1);
    ZKI_ASSIGN_OR_RETURN(data.id, add_param(value.name, value.shape, real, data.scale, nullptr));
    if (whole && value.literal) {
      // A list of the program text may say what it reaches.
      const auto [least, largest] = std::minmax_element(out_.params[data.id].begin(), out_.params[data.id].end());
      out_.graph.values[data.id].lo = *least;
      out_.graph.values[data.id].hi = *largest;
    }
  } else {
    data = tensor(n.inputs[0]);
  }
  const auto axis = static_cast<std::size_t>(gather.axis);
  ZKI_ASSIGN_OR_RETURN(const QTensor indices, gather_indices(i, qvalue(data).shape[axis]));
  if (gather.along_axis) {
    // On the other axes only as much of the data as there are indices.
    Dims dims = qvalue(indices).shape.dims();
    dims[axis] = qvalue(data).shape[axis];
    if (!(Shape(dims) == qvalue(data).shape)) {
      qir::Node slice;
      slice.op = qir::Op::kSlice;
      slice.name = n.name;
      slice.inputs = {data.id};
      slice.starts.assign(dims.size(), 0);
      slice.steps.assign(dims.size(), 1);
      const AccRange range = {qvalue(data).lo, qvalue(data).hi};
      data = append(std::move(slice), y.name + ".data", Shape(dims), range, data.scale);
    }
  }
  qir::Node q;
  q.op = qir::Op::kGather;
  q.inputs = {data.id, indices.id};
  q.axes = {gather.axis};
  if (gather.along_axis) q.coefs = {1};
  emit_plain(i, std::move(q), {qvalue(data).lo, qvalue(data).hi}, data.scale);
  return ok_status();
}

}  // namespace zkinfer::quant
