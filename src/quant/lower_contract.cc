// SPDX-License-Identifier: Apache-2.0
// Conv and MatMul. With constant weights: scale_w = unit / scale_x for whatever unit the output wants. The worst-case
// accumulator is taken over the input's integer range, output channel by output channel.
#include <algorithm>
#include <cmath>

#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

// Weights as output channels of `depth` elements each: contiguous for Conv and a constant left operand, the columns of
// [.., K, N] for a constant right operand.
struct Channels {
  std::size_t count = 0;
  std::size_t depth = 0;
  std::size_t num_columns = 0;  // N for columns, else 0
};

// What each channel's sum loses on average because weights are rounded, at the mean input of each depth position.
std::vector<double> mean_losses(const Channels& channels, const std::vector<double>& real, const std::vector<std::int32_t>& weights,
                                double scale_w, const std::vector<double>& means, std::size_t groups) {
  std::vector<double> losses(channels.count, 0.0);
  const std::size_t columns = channels.num_columns;
  // Conv: depth = channels of the group times the kernel's cells.
  const std::size_t group_channels = means.size() / groups;
  const std::size_t cells = columns == 0 ? channels.depth / group_channels : 1;
  for (std::size_t at = 0; at < weights.size(); ++at) {
    const double lost = real[at] - static_cast<double>(weights[at]) * scale_w;
    if (columns > 0) {
      losses[at / (channels.depth * columns) * columns + at % columns] += lost * means[at / columns % channels.depth];
      continue;
    }
    const std::size_t channel = at / channels.depth;
    const std::size_t group = channel / (channels.count / groups);
    losses[channel] += lost * means[group * group_channels + at % channels.depth / cells];
  }
  return losses;
}

struct Bounds {
  AccRange acc;
  double error = 0;  // of the worst channel, real
};

Bounds worst_channel(const Channels& channels, const std::vector<double>& real, const std::vector<std::int32_t>& weights, double scale_w,
                     AccRange x, double x_scale) {
  std::vector<AccRange> acc(channels.count);
  std::vector<double> error(channels.count, 0.0);
  const std::size_t columns = channels.num_columns;
  for (std::size_t at = 0; at < weights.size(); ++at) {
    const std::size_t channel = columns == 0 ? at / channels.depth : at / (channels.depth * columns) * columns + at % columns;
    const std::int64_t w = weights[at];
    acc[channel].lo += w > 0 ? w * x.lo : w * x.hi;
    acc[channel].hi += w > 0 ? w * x.hi : w * x.lo;
    error[channel] += std::abs(real[at] - static_cast<double>(w) * scale_w);
  }
  Bounds bounds{acc[0], 0};
  for (const AccRange& range : acc) bounds.acc = {std::min(bounds.acc.lo, range.lo), std::max(bounds.acc.hi, range.hi)};
  const double x_most = static_cast<double>(std::max(x.hi, -x.lo)) * x_scale;
  bounds.error = *std::max_element(error.begin(), error.end()) * x_most;
  return bounds;
}

}  // namespace

Status Lowering::lower_contract(std::size_t i) {
  const ir::Node& n = node(i);
  const bool conv = n.op == OpKind::kConv;
  const std::size_t constant = conv || is_const(n.inputs[1]) ? 1 : 0;
  const ir::Value& weight_value = graph_.input_of(n, constant);
  const FloatTensor* weights = weight_value.floats();
  const QTensor x = tensor(n.inputs[1 - constant]);
  if (weights == nullptr) return fail(i, "its weights are not constant numbers");
  const Shape& shape = weights->shape();
  Channels channels;
  if (conv) channels.depth = static_cast<std::size_t>(shape.num_elements() / shape[0]);
  else if (constant == 0) channels.depth = static_cast<std::size_t>(shape[shape.rank() - 1]);
  else channels.depth = static_cast<std::size_t>(shape[shape.rank() - 2]);
  channels.count = static_cast<std::size_t>(shape.num_elements()) / channels.depth;
  if (!conv && constant == 1) channels.num_columns = static_cast<std::size_t>(shape[shape.rank() - 1]);
  std::vector<double> real(weights->data().begin(), weights->data().end());
  double most = 0;
  for (const double w : real) most = std::max(most, std::abs(w));
  const int output_bits = options_.weight_bits > 0 ? options_.weight_bits : 12;
  const double natural_w = (most > 0 ? most : 1) / static_cast<double>((std::int64_t{1} << (output_bits - 1)) - 1);
  const double natural = natural_w * x.scale;

  AccRange x_range = {qvalue(x).lo, qvalue(x).hi};
  if (conv) x_range = {std::min<std::int64_t>(x_range.lo, 0), std::max<std::int64_t>(x_range.hi, 0)};
  std::vector<double> bias;
  if (n.has_input(2)) {
    const FloatTensor* tensor_bias = graph_.input_of(n, 2).floats();
    if (tensor_bias == nullptr) return fail(i, "its bias is not constant");
    bias.assign(tensor_bias->data().begin(), tensor_bias->data().end());
  }
  Target t;
  if (segment(i).mode == Mode::kNarrow) {
    t = target(i);
    // Fewer weight bits on request: a smaller shift for this layer.
    if (options_.weight_bits > 0) {
      while (t.shift > 0 && std::ldexp(t.h_scale, -t.shift) < natural) --t.shift;
    }
  }
  for (;;) {
    const double unit = segment(i).mode == Mode::kNarrow ? std::ldexp(t.h_scale, -t.shift) : wanted_unit(i, natural);
    const double scale_w = unit / x.scale;
    int bits = 0;
    double correction = 0;
    const std::size_t num_values = out_.graph.values.size();
    ZKI_ASSIGN_OR_RETURN(const qir::ValueId w_id, add_param(weight_value.name, shape, real, scale_w, &bits));
    Bounds bounds = worst_channel(channels, real, out_.params[w_id], scale_w, x_range, x.scale);
    AccRange acc = bounds.acc;
    std::vector<double> added = bias;
    const auto means = calibration_.means.find(graph_.input_of(n, 0).name);
    const bool one_matrix = conv || shape.rank() == 2;
    if (constant == 1 && one_matrix && means != calibration_.means.end()) {
      // Put back by the bias: free, and what is left of the weights' rounding has mean zero.
      const std::vector<double> losses = mean_losses(channels, real, out_.params[w_id], scale_w, means->second, conv ? static_cast<std::size_t>(n.as<ir::ConvAttributes>().groups) : 1);
      added.resize(channels.count, 0.0);
      for (std::size_t c = 0; c < channels.count; ++c) {
        added[c] += losses[c];
        correction = std::max(correction, std::abs(losses[c]));
      }
    }
    const auto [bias_least, bias_most] = std::minmax_element(added.begin(), added.end());
    if (!added.empty()) {
      acc.lo += std::min<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(*bias_least / unit)));
      acc.hi += std::max<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(*bias_most / unit)));
    }
    if (segment(i).mode == Mode::kNarrow && !fits_or_coarsens(acc, t)) {
      // Again with weights for the coarser output.
      out_.graph.values.resize(num_values);
      out_.params.resize(num_values);
      continue;
    }
    qir::Node q;
    q.op = conv ? qir::Op::kConv : qir::Op::kMatMul;
    q.inputs = constant == 1 ? std::vector<qir::ValueId>{x.id, w_id} : std::vector<qir::ValueId>{w_id, x.id};
    if (!added.empty()) {
      const std::string name = n.has_input(2) ? graph_.input_of(n, 2).name : weight_value.name + ".correction";
      ZKI_ASSIGN_OR_RETURN(const qir::ValueId b_id, add_param(name, Shape{static_cast<std::int64_t>(added.size())}, added, unit, nullptr));
      q.inputs.push_back(b_id);
      bounds.error += unit / 2 + correction;
    }
    if (conv) {
      const ir::ConvAttributes& attributes = n.as<ir::ConvAttributes>();
      q.kernel.assign(shape.dims().begin() + 2, shape.dims().end());
      q.strides = attributes.strides;
      q.dilations = attributes.dilations;
      q.pads_begin = attributes.pads_begin;
      q.groups = attributes.groups;
    }
    return emit(i, std::move(q), acc, unit, t, bounds.error, bits);
  }
}

Status Lowering::lower_product(std::size_t i) {
  const ir::Node& n = node(i);
  const QTensor a = tensor(n.inputs[0]);
  const QTensor b = tensor(n.inputs[1]);
  const double raw = a.scale * b.scale;
  const Shape& a_shape = qvalue(a).shape;
  const std::int64_t depth = a_shape[a_shape.rank() - 1];
  const qir::Value& a_value = qvalue(a);
  const qir::Value& b_value = qvalue(b);
  const std::int64_t corners[4] = {a_value.lo * b_value.lo, a_value.lo * b_value.hi, a_value.hi * b_value.lo, a_value.hi * b_value.hi};
  AccRange acc = {depth * *std::min_element(corners, corners + 4), depth * *std::max_element(corners, corners + 4)};
  qir::Node q;
  q.op = qir::Op::kMatMul;
  q.inputs = {a.id, b.id};
  double error = 0;
  if (n.has_input(2)) {
    const FloatTensor* tensor_bias = graph_.input_of(n, 2).floats();
    if (tensor_bias == nullptr) return fail(i, "its bias is not constant");
    const std::vector<double> bias(tensor_bias->data().begin(), tensor_bias->data().end());
    ZKI_ASSIGN_OR_RETURN(const qir::ValueId b_id, add_param(graph_.input_of(n, 2).name, tensor_bias->shape(), bias, raw, nullptr));
    q.inputs.push_back(b_id);
    const auto [least, most] = std::minmax_element(out_.params[b_id].begin(), out_.params[b_id].end());
    acc.lo += *least;
    acc.hi += *most;
    error = raw / 2;
  }
  if (segment(i).mode != Mode::kNarrow) return emit(i, std::move(q), acc, raw, {}, error, 0);
  // No factor is free here: the shift alone brings the scale up, at least to what was wanted.
  Target t = target(i);
  const bool follows = t.h_scale == t.y_scale;
  t.shift = std::max(0, static_cast<int>(std::ceil(std::log2(t.h_scale / raw) - 1e-9)));
  t.h_scale = std::ldexp(raw, t.shift);
  if (follows) t.y_scale = t.h_scale;
  return emit(i, std::move(q), acc, raw, t, error, 0);
}

}  // namespace zkinfer::quant
