// SPDX-License-Identifier: Apache-2.0
// Conv and MatMul. With constant weights: scale_w = unit / scale_x for whatever unit the output wants. The worst-case
// accumulator is taken over the input's integer range, output channel by output channel.
#include <algorithm>
#include <cmath>

#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

constexpr int kOutputWeightBits = 16;  // of layers without requantization
constexpr int kMostWeightBits = 24;

}  // namespace

Status Lowering::lower_contract(std::size_t i) {
  const ir::Node& n = node(i);
  const bool conv = n.op == OpKind::kConv;
  const std::size_t constant = conv || is_const(n.inputs[1]) ? 1 : 0;
  const ir::Value& weight_value = graph_.input_of(n, constant);
  FloatTensor whole_weights;
  const FloatTensor* weights = weight_value.floats();
  if (weights == nullptr && weight_value.ints() != nullptr) {
    const std::vector<double> real = numbers(weight_value);
    whole_weights = FloatTensor(weight_value.shape, std::vector<float>(real.begin(), real.end()));
    weights = &whole_weights;
  }
  const QTensor x = tensor(n.inputs[1 - constant]);
  if (weights == nullptr) return fail(i, "its weights are not constant numbers");
  const Shape& shape = weights->shape();
  Channels channels;
  if (conv)
    channels.depth = static_cast<std::size_t>(shape.num_elements() / shape[0]);
  else if (constant == 0)
    channels.depth = static_cast<std::size_t>(shape[shape.rank() - 1]);
  else
    channels.depth = static_cast<std::size_t>(shape[shape.rank() - 2]);
  channels.count = static_cast<std::size_t>(shape.num_elements()) / channels.depth;
  if (!conv && constant == 1) channels.num_columns = static_cast<std::size_t>(shape[shape.rank() - 1]);
  double most = 0;
  for (const float w : weights->data()) most = std::max(most, std::abs(static_cast<double>(w)));
  const int output_bits = options_.weight_bits > 0 ? options_.weight_bits : kOutputWeightBits;
  const double natural_w = (most > 0 ? most : 1) / static_cast<double>((std::int64_t{1} << (output_bits - 1)) - 1);
  const double natural = natural_w * x.scale;

  WeightInput input;
  input.range = {qvalue(x).lo, qvalue(x).hi};
  input.scale = x.scale;
  if (conv) {
    // Padding cells are 0.
    input.range = {std::min<std::int64_t>(input.range.lo, 0), std::max<std::int64_t>(input.range.hi, 0)};
    input.groups = static_cast<std::size_t>(n.as<ir::ConvAttributes>().groups);
    input.cells = channels.depth / static_cast<std::size_t>(shape[1]);
  }
  const auto means = calibration_.means.find(graph_.input_of(n, 0).name);
  if (constant == 1 && (conv || shape.rank() == 2) && means != calibration_.means.end()) input.means = means->second;
  std::vector<double> bias;
  if (n.has_input(2)) {
    if (!graph_.input_of(n, 2).is_constant()) return fail(i, "its bias is not constant");
    bias = numbers(graph_.input_of(n, 2));
  }
  const bool exact = takes_exact(i);
  if (exact) input.means = {};
  Target t;
  if (exact) {
    t = whole_target();
  } else if (segment(i).mode == Mode::kNarrow) {
    t = target(i);
    // Fewer weight bits on request: a smaller shift for this layer.
    if (options_.weight_bits > 0) {
      while (t.shift > 0 && std::ldexp(t.h_scale, -t.shift) < natural) --t.shift;
    }
    // Whole numbers keep their unit: what is dropped behind them gives way to weights that fit.
    const auto least_step = [&] { return std::ldexp(natural, output_bits - kMostWeightBits + t.shift); };
    if (segment(i).chain.rounds_and_clamps()) {
      while (t.shift > 0 && t.h_scale < least_step()) --t.shift;
    }
    // Activations that calibration saw as nearly dead would ask for weights of any size.
    const double least = least_step();
    if (t.h_scale < least) {
      if (t.h_scale == t.y_scale) t.y_scale = least;
      t.h_scale = least;
    }
  }
  for (;;) {
    const double unit = exact                              ? 1
                        : segment(i).mode == Mode::kNarrow ? std::ldexp(t.h_scale, -t.shift)
                                                           : wanted_unit(i, natural);
    const double scale_w = unit / x.scale;
    RoundedWeights rounded = round_weights(weights->data(), channels, scale_w, input);
    if (!rounded.fits) return too_large(weight_value.name);
    qir::Interval acc = rounded.acc;
    double error = rounded.error;
    std::vector<double> added = bias;
    if (!rounded.mean_loss.empty()) {
      // Put back by the bias: free, and what is left of the weights' rounding has mean zero.
      added.resize(channels.count, 0.0);
      double correction = 0;
      for (std::size_t c = 0; c < channels.count; ++c) {
        added[c] += rounded.mean_loss[c];
        correction = std::max(correction, std::abs(rounded.mean_loss[c]));
      }
      error += correction;
    }
    if (!added.empty()) {
      const auto too_wide = [&](double b) { return !(std::abs(b / unit) < 2147483647.0); };
      if (std::any_of(added.begin(), added.end(), too_wide)) {
        // Fewer bits behind the result's, for a bias far above its range.
        if (!exact && segment(i).mode == Mode::kNarrow && t.shift > 0) {
          --t.shift;
          continue;
        }
        return too_large(n.has_input(2) ? graph_.input_of(n, 2).name : weight_value.name);
      }
      const auto [least, largest] = std::minmax_element(added.begin(), added.end());
      acc = qir::add(acc, qir::make_interval(
                              std::min<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(*least / unit))),
                              std::max<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(*largest / unit)))));
    }
    // Again with weights for the coarser output.
    if (!exact && segment(i).mode == Mode::kNarrow && !fits_or_coarsens(acc, t)) continue;
    int bits = 0;
    const qir::ValueId w_id = add_integers(weight_value.name, shape, std::move(rounded.integers), scale_w, &bits);
    qir::Node q;
    q.op = conv ? qir::Op::kConv : qir::Op::kMatMul;
    q.inputs = constant == 1 ? std::vector<qir::ValueId>{x.id, w_id} : std::vector<qir::ValueId>{w_id, x.id};
    if (!added.empty()) {
      const std::string name = n.has_input(2) ? graph_.input_of(n, 2).name : weight_value.name + ".correction";
      ZKI_ASSIGN_OR_RETURN(const qir::ValueId b_id,
                           add_param(name, Shape{static_cast<std::int64_t>(added.size())}, added, unit, nullptr));
      q.inputs.push_back(b_id);
      error += unit / 2;
    }
    if (conv) {
      const ir::ConvAttributes& attributes = n.as<ir::ConvAttributes>();
      q.kernel.assign(shape.dims().begin() + 2, shape.dims().end());
      q.strides = attributes.strides;
      q.dilations = attributes.dilations;
      q.pads_begin = attributes.pads_begin;
      q.groups = attributes.groups;
    }
    return exact ? emit_whole(i, std::move(q), acc) : emit(i, std::move(q), acc, unit, t, error, bits);
  }
}

Status Lowering::lower_product(std::size_t i) {
  const ir::Node& n = node(i);
  const QTensor a = tensor(n.inputs[0]);
  const QTensor b = tensor(n.inputs[1]);
  const double raw = a.scale * b.scale;
  const Shape& a_shape = qvalue(a).shape;
  const std::int64_t depth = a_shape[a_shape.rank() - 1];
  qir::Interval acc = qir::scale(qir::multiply(qir::range_of(qvalue(a)), qir::range_of(qvalue(b))), depth);
  qir::Node q;
  q.op = qir::Op::kMatMul;
  q.inputs = {a.id, b.id};
  double error = 0;
  if (n.has_input(2)) {
    const FloatTensor* tensor_bias = graph_.input_of(n, 2).floats();
    if (tensor_bias == nullptr) return fail(i, "its bias is not constant");
    const std::vector<double> bias(tensor_bias->data().begin(), tensor_bias->data().end());
    ZKI_ASSIGN_OR_RETURN(const qir::ValueId b_id,
                         add_param(graph_.input_of(n, 2).name, tensor_bias->shape(), bias, raw, nullptr));
    q.inputs.push_back(b_id);
    const auto [least, most] = std::minmax_element(out_.params[b_id].begin(), out_.params[b_id].end());
    acc = qir::add(acc, qir::make_interval(*least, *most));
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
