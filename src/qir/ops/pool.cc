// SPDX-License-Identifier: Apache-2.0
// Sliding windows: output position o reads the input positions o * stride - pads_begin + j * dilation, j < kernel.
#include "qir/ops/rules.h"

namespace zkinfer::qir {

Status check_window(const Shape& in, const Shape& out, const Node& node, bool* padded) {
  const std::size_t num_axes = in.rank() - 2;
  if (node.kernel.size() != num_axes || node.strides.size() != num_axes || node.dilations.size() != num_axes ||
      node.pads_begin.size() != num_axes) {
    return invalid_argument("kernel, strides, dilations and pads_begin need " + std::to_string(num_axes) +
                            " entries each");
  }
  *padded = false;
  for (std::size_t i = 0; i < num_axes; ++i) {
    const auto in_window = [](std::int64_t x, std::int64_t least) { return x >= least && x <= kMaxWindow; };
    if (!in_window(node.kernel[i], 1) || !in_window(node.strides[i], 1) || !in_window(node.dilations[i], 1) ||
        !in_window(node.pads_begin[i], 0)) {
      return invalid_argument("window sizes of spatial axis " + std::to_string(i) +
                              " must be positive (pads >= 0) and at most 2^20");
    }
    // Below 2^31 * 2^20 + 2^40: no overflow.
    const std::int64_t last = (out[i + 2] - 1) * node.strides[i] + (node.kernel[i] - 1) * node.dilations[i];
    if (node.pads_begin[i] > 0 || last - node.pads_begin[i] >= in[i + 2]) *padded = true;
  }
  return ok_status();
}

namespace {

Result<Shape> pooled_shape(const QGraph& graph, const Node& node, bool* padded) {
  const Shape& in = graph.value(node.inputs[0]).shape;
  const Shape& out = graph.value(node.output).shape;
  if (in.rank() < 3 || out.rank() != in.rank()) {
    return invalid_argument("pooling needs x [N, C, spatial..] and an output of the same rank, got " + in.to_string() +
                            ", " + out.to_string());
  }
  ZKI_RETURN_IF_ERROR(check_window(in, out, node, padded));
  Dims dims = out.dims();
  dims[0] = in[0];
  dims[1] = in[1];
  return Shape::make(std::move(dims));
}

// Does every window of one axis contain a cell of the input?
bool every_window_meets_input(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                              std::int64_t dilation, std::int64_t pad) {
  if ((out - 1) * stride - pad >= in) return false;
  for (std::int64_t start = -pad, o = 0; start < 0 && o < out; start += stride, ++o) {
    const std::int64_t first_cell = (-start + dilation - 1) / dilation;
    if (first_cell >= kernel || start + first_cell * dilation >= in) return false;
  }
  return true;
}

}  // namespace

Result<Inferred> infer_sum_pool(const QGraph& graph, const Node& node, const Ranges& ranges) {
  if (node.coefs.size() != 1)
    return invalid_argument("SumPool needs one coefficient, got " + std::to_string(node.coefs.size()));
  bool padded = false;
  ZKI_ASSIGN_OR_RETURN(Shape shape, pooled_shape(graph, node, &padded));
  Interval sum = ranges[node.inputs[0]];
  if (padded) sum = hull(sum, Interval{});
  for (const std::int64_t size : node.kernel) sum = scale(sum, size);
  return Inferred{std::move(shape), scale(sum, node.coefs[0])};
}

Result<Inferred> infer_max_pool(const QGraph& graph, const Node& node, const Ranges& ranges) {
  bool padded = false;
  ZKI_ASSIGN_OR_RETURN(Shape shape, pooled_shape(graph, node, &padded));
  const Shape& in = graph.value(node.inputs[0]).shape;
  for (std::size_t i = 0; i < node.kernel.size(); ++i) {
    if (!every_window_meets_input(in[i + 2], shape[i + 2], node.kernel[i], node.strides[i], node.dilations[i],
                                  node.pads_begin[i])) {
      return invalid_argument("some MaxPool window has only padding on spatial axis " + std::to_string(i) +
                              "; its maximum is undefined");
    }
  }
  ZKI_RETURN_IF_ERROR(check_comparable(ranges[node.inputs[0]]));
  return Inferred{std::move(shape), ranges[node.inputs[0]]};
}

}  // namespace zkinfer::qir
