// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/conv.h"

#include <algorithm>

namespace zkinfer::frontend_onnx {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

namespace {

// Beyond so many positions a computed kernel is no convolution that anybody trains.
constexpr int64_t kMostComputedTaps = 1024;

// Pads below 0 become slices.
ValueId crop(Build& build, ValueId x, ir::ConvAttributes& conv) {
  for (size_t i = 0; i < conv.pads_begin.size(); ++i) {
    const int64_t begin = std::max<int64_t>(-conv.pads_begin[i], 0);
    const int64_t end = std::max<int64_t>(-conv.pads_end[i], 0);
    conv.pads_begin[i] = std::max<int64_t>(conv.pads_begin[i], 0);
    conv.pads_end[i] = std::max<int64_t>(conv.pads_end[i], 0);
    if (begin + end == 0) continue;
    const int64_t length = build.shape(x)[i + 2];
    if (begin + end >= length) {
      build.fail(invalid_argument("negative pads leave nothing of an axis of length " + std::to_string(length)));
      return x;
    }
    x = build.slice(x, i + 2, begin, length - begin - end);
  }
  return x;
}

ValueId padded(Build& build, ValueId x, const Dims& begin, const Dims& end) {
  ir::PadAttributes pad{{0, 0}, {0, 0}, 0};
  pad.begin.insert(pad.begin.end(), begin.begin(), begin.end());
  pad.end.insert(pad.end.end(), end.begin(), end.end());
  const bool any = std::any_of(pad.begin.begin(), pad.begin.end(), [](int64_t n) { return n != 0; }) ||
                   std::any_of(pad.end.begin(), pad.end.end(), [](int64_t n) { return n != 0; });
  return any ? build.op(OpKind::kPad, {x}, std::move(pad)) : x;
}

// How many windows of one axis there are, its pads included; 0 when none fits.
int64_t windows(int64_t length, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t free = length - dilation * (kernel - 1) - 1;
  return free < 0 ? 0 : free / stride + 1;
}

// Positions 0, stride, .. of an axis, from `start`.
ValueId strided(Build& build, ValueId x, size_t axis, int64_t start, int64_t count, int64_t stride) {
  return build.slice(x, axis, start, count, count < 2 ? 1 : stride);
}

// Every window as a column: a product of activations.
ValueId convolve_computed(Build& build, ValueId x, ValueId w, const ir::ConvAttributes& conv) {
  const Shape weight = build.shape(w);
  const int64_t taps = weight.num_elements(2, weight.rank());
  if (taps < 1 || taps > kMostComputedTaps) {
    build.fail(unsupported("a computed kernel of " + std::to_string(taps) + " positions | make it an initializer"));
    return x;
  }
  Dims out;
  const ValueId stacked = columns(build, x, Dims(weight.dims().begin() + 2, weight.dims().end()), conv, false, out);
  if (!build.ok()) return x;
  const Shape table = build.shape(stacked);  // [N, C, taps, positions]
  const ValueId rows = build.reshape(stacked, {table[0], conv.groups, table[1] / conv.groups * taps, table[3]});
  const ValueId kernel = build.reshape(w, {1, conv.groups, weight[0] / conv.groups, weight[1] * taps});
  Dims dims{table[0], weight[0]};
  dims.insert(dims.end(), out.begin(), out.end());
  return build.reshape(build.matmul(kernel, rows), std::move(dims));
}

}  // namespace

ValueId columns(Build& build, ValueId x, const Dims& kernel, ir::ConvAttributes conv, bool repeat, Dims& out) {
  if (!build.ok()) return x;
  const Shape given = build.shape(x);
  if (!repeat) x = padded(build, x, conv.pads_begin, conv.pads_end);
  if (!build.ok()) return x;
  const Shape in = build.shape(x);
  Dims split{in[0], in[1]};
  Dims perm{0, 1};
  int64_t cells = 1;
  int64_t positions = 1;
  out.clear();
  for (size_t i = 0; i < kernel.size(); ++i) {
    const int64_t pads = repeat ? conv.pads_begin[i] + conv.pads_end[i] : 0;
    const int64_t count = windows(in[i + 2] + pads, kernel[i], conv.strides[i], conv.dilations[i]);
    if (count == 0) {
      build.fail(invalid_argument("a window of " + dims_to_string(kernel) + " does not fit " + given.to_string()));
      return x;
    }
    Dims indices;
    for (int64_t cell = 0; cell < kernel[i]; ++cell)
      for (int64_t window = 0; window < count; ++window) {
        const int64_t start = window * conv.strides[i] - (repeat ? conv.pads_begin[i] : 0);
        // The first and the last cell of this window that are inside.
        const int64_t low = start >= 0 ? 0 : (-start + conv.dilations[i] - 1) / conv.dilations[i];
        const int64_t high = std::min(kernel[i] - 1, (in[i + 2] - 1 - start) / conv.dilations[i]);
        const int64_t inside = std::clamp(cell, std::min(low, high), high);
        indices.push_back(std::clamp<int64_t>(start + inside * conv.dilations[i], 0, in[i + 2] - 1));
      }
    x = build.gather(x, std::move(indices), static_cast<int64_t>(i + 2));
    split.insert(split.end(), {kernel[i], count});
    perm.push_back(static_cast<int64_t>(2 + 2 * i));
    out.push_back(count);
    cells *= kernel[i];
    positions *= count;
  }
  for (size_t i = 0; i < kernel.size(); ++i) perm.push_back(static_cast<int64_t>(3 + 2 * i));
  return build.reshape(build.transpose(build.reshape(x, std::move(split)), std::move(perm)),
                       {in[0], in[1], cells, positions});
}

ValueId depth_windows(Build& build, ValueId x, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad_begin,
                      int64_t pad_end) {
  x = padded(build, x, {pad_begin, 0, 0}, {pad_end, 0, 0});
  if (!build.ok()) return x;
  const Shape in = build.shape(x);
  const int64_t depth = in.rank() == 5 ? windows(in[2], kernel, stride, dilation) : 0;
  if (depth == 0) {
    build.fail(invalid_argument("a window of " + std::to_string(kernel) + " does not fit " + in.to_string()));
    return x;
  }
  std::vector<ValueId> parts;
  for (int64_t tap = 0; tap < kernel; ++tap)
    parts.push_back(
        build.reshape(strided(build, x, 2, tap * dilation, depth, stride), {in[0], in[1], 1, depth, in[3], in[4]}));
  const ValueId stacked = parts.size() == 1 ? parts[0] : build.concat(std::move(parts), 2);
  return build.reshape(build.transpose(stacked, {0, 3, 1, 2, 4, 5}), {in[0] * depth, in[1] * kernel, in[3], in[4]});
}

ValueId convolve(Build& build, ValueId x, ValueId w, ValueId bias, ir::ConvAttributes conv) {
  if (!build.ok()) return x;
  x = crop(build, x, conv);
  if (!build.ok()) return x;
  const Shape in = build.shape(x);
  const Shape weight = build.shape(w);
  if (weight.rank() != in.rank() || in.rank() < 3 || in.rank() > 5 || conv.groups < 1 || weight[0] % conv.groups != 0 ||
      in[1] != weight[1] * conv.groups || weight.num_elements() == 0 || conv.strides.size() + 2 != in.rank() ||
      conv.dilations.size() + 2 != in.rank() || conv.pads_begin.size() + 2 != in.rank()) {
    build.fail(invalid_argument("weight of shape " + weight.to_string() + " with group " + std::to_string(conv.groups) +
                                " for an input of shape " + in.to_string()));
    return x;
  }
  ValueId y = x;
  if (in.rank() == 5) {
    if (weight[2] > kMostComputedTaps) {
      build.fail(unsupported("a kernel of depth " + std::to_string(weight[2]) + " | at most 1024 are possible"));
      return x;
    }
    y = depth_windows(build, x, weight[2], conv.strides[0], conv.dilations[0], conv.pads_begin[0], conv.pads_end[0]);
    const ValueId flat = build.reshape(w, {weight[0], weight[1] * weight[2], weight[3], weight[4]});
    for (Dims* list : {&conv.strides, &conv.dilations, &conv.pads_begin, &conv.pads_end}) list->erase(list->begin());
    if (!build.ok()) return x;
    y = convolve(build, y, flat, bias, conv);
    if (!build.ok()) return x;
    const Shape out = build.shape(y);
    y = build.reshape(y, {in[0], out[0] / in[0], out[1], out[2], out[3]});
    return build.transpose(y, {0, 2, 1, 3, 4});
  }
  if (build.constant(w) == nullptr) {
    y = convolve_computed(build, x, w, conv);
  } else {
    std::vector<ValueId> inputs{x, w};
    const bool takes_bias = bias != ir::kNoValue && build.constant(bias) != nullptr;
    if (takes_bias) inputs.push_back(bias);
    y = build.op(OpKind::kConv, std::move(inputs), std::move(conv));
    if (takes_bias) return y;
  }
  if (bias == ir::kNoValue) return y;
  Dims dims(in.rank() - 1, 1);
  dims[0] = weight[0];
  return build.add(y, build.reshape(bias, std::move(dims)));
}

}  // namespace zkinfer::frontend_onnx
