// SPDX-License-Identifier: Apache-2.0
// Conv and MatMul. With constant weights: scale_w = unit / scale_x for whatever unit the output wants. The worst-case
// accumulator is taken over the input's integer range, output channel by output channel.
#include <algorithm>
#include <cmath>
#include <optional>

#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

constexpr int kOutputWeightBits = 16;  // of layers without requantization
// Of a graph output, whose accumulators meet nothing else: entries far below the largest one still count.
constexpr int kLastWeightBits = 22;
constexpr int kBiasBits = 30;
constexpr int kInterpolationBits = 19;
// What rounded weights of whole results are wrong by for one term, in bits below one.
constexpr int kDecisiveTermBits = 15;
constexpr int kMostRoundedWeightBits = 24;
constexpr int kMostColumnWeightBits = 31;  // beside columns of unlike sizes
// A bias is an integer of 32 bits. Up to so many bits too large, the sum's unit gives way.
constexpr int kGivenBits = 2;
constexpr int kMostColumnShift = 34;
constexpr int kLeastShift = 8;
constexpr int kMostWholeShift = 40;
constexpr int kMostBiasShift = 24;

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
  // Columns of a table that differ in size meet weights that differ as much.
  const int spread = constant == 1 && shape.rank() == 2 ? input_spread_bits(n.inputs[0]) : 0;
  const bool last = fusion(i).mode == Mode::kWideOutput && options_.weight_bits == 0;
  const int usual_bits = std::min(kOutputWeightBits + spread, kMostColumnWeightBits);
  const int output_bits = options_.weight_bits > 0 ? options_.weight_bits
                          : last                   ? std::max(kLastWeightBits, usual_bits)
                                                   : usual_bits;
  double natural_w = (most > 0 ? most : 1) / static_cast<double>((std::int64_t{1} << (output_bits - 1)) - 1);
  // Interpolation that is rounded later is exact, or nearly so.
  if (fusion(i).mode == Mode::kWideValue && weight_value.literal) {
    const std::optional<int> places = few_fraction_bits(weight_value);
    natural_w = places ? std::ldexp(1.0, -*places) : std::ldexp(most > 0 ? most : 1, -kInterpolationBits);
  }
  double natural = natural_w * x.scale;

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
    double largest = 0;
    for (const double b : bias) largest = std::max(largest, std::abs(b));
    // A large bias takes bits from the weights, as many as they had anyway.
    if (last)
      natural = std::clamp(std::ldexp(largest, -kBiasBits), natural, std::ldexp(natural, output_bits - usual_bits));
  }
  const bool exact = takes_exact(i);
  if (exact) input.means = {};
  Target t;
  if (exact) {
    t = whole_target();
  } else if (fusion(i).mode == Mode::kNarrow) {
    t = target(i);
    if (spread > 0) {
      while (t.shift < kMostColumnShift && std::ldexp(t.h_scale, -t.shift) > natural) ++t.shift;
    }
    // Fewer weight bits on request: a smaller shift for this layer.
    if (options_.weight_bits > 0) {
      while (t.shift > 0 && std::ldexp(t.h_scale, -t.shift) < natural) --t.shift;
    }
    const auto least_step = [&] { return std::ldexp(natural, output_bits - kMostRoundedWeightBits + t.shift); };
    // Sums of few levels, as pixels have, need what is in front of the dropped bits more than what is behind.
    const int least_shift = plan_.whole[static_cast<std::size_t>(n.inputs[1 - constant])] ? 0 : kLeastShift;
    while (!t.whole && t.shift > least_shift && t.h_scale < least_step()) --t.shift;
    // Activations that calibration saw as nearly dead would ask for weights of any size.
    const double least = least_step();
    if (!t.whole && t.h_scale < least) {
      if (t.follows()) t.y_scale = least;
      t.h_scale = least;
    }
    // Wide operands make more of what rounded weights lose.
    const int operand_bits = log_rows(qvalue(x).lo, qvalue(x).hi);
    if (t.whole) t.shift = std::max(t.shift, std::min(kMostWholeShift, operand_bits + kDecisiveTermBits));
    // Whole numbers keep their unit: what is dropped behind them gives way to weights of 31 bits.
    while (t.whole && t.shift > 0 && std::ldexp(most * x.scale, t.shift) >= std::ldexp(1.0, 31) - 1) --t.shift;
  }
  for (;;) {
    const double unit = exact                             ? 1
                        : fusion(i).mode == Mode::kNarrow ? std::ldexp(t.h_scale, -t.shift)
                                                          : wanted_unit(i, natural);
    const double scale_w = unit / x.scale;
    RoundedWeights rounded = round_weights(weights->data(), channels, scale_w, input);
    if (!rounded.fits) return too_large(weight_value.name);
    qir::Interval acc = rounded.acc;
    double error = rounded.error;
    std::vector<double> added = bias;
    int bias_shift = 0;  // of a bias in units that are so many bits coarser than the sum's
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
        double most_bias = 0;
        for (const double b : added) most_bias = std::max(most_bias, std::abs(b / unit));
        bias_shift = static_cast<int>(std::floor(std::log2(most_bias))) - 30;
        if (exact || !(bias_shift <= kMostBiasShift))
          return too_large(n.has_input(2) ? graph_.input_of(n, 2).name : weight_value.name);
        // Fewer bits behind the result's for a bias above its range; one that is far above is added by a node of its own.
        if (fusion(i).mode == Mode::kNarrow && t.shift > 0 && bias_shift <= kGivenBits) {
          --t.shift;
          continue;
        }
      }
      const auto [least, largest] = std::minmax_element(added.begin(), added.end());
      acc = qir::add(acc, qir::make_interval(
                              std::min<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(*least / unit))),
                              std::max<std::int64_t>(0, static_cast<std::int64_t>(std::nearbyint(*largest / unit)))));
    }
    const bool chosen = fusion(i).mode == Mode::kWideValue && plan_.compared[static_cast<std::size_t>(n.output)];
    if ((last || chosen) && !exact && !acc.within(chosen ? kLargestChosen : std::int64_t{1} << 58) &&
        natural < most * x.scale) {
      natural *= 2;
      continue;
    }
    // Again with weights for the coarser output.
    if (!exact && fusion(i).mode == Mode::kNarrow && !fits_or_coarsens(acc, t)) continue;
    int bits = 0;
    const qir::ValueId w_id = add_integers(weight_value.name, shape, std::move(rounded.integers), scale_w, &bits);
    ZKI_RETURN_IF_ERROR(check_weight_bits(i, weight_value.name, bits));
    qir::Node q;
    q.op = conv ? qir::Op::kConv : qir::Op::kMatMul;
    q.inputs = constant == 1 ? std::vector<qir::ValueId>{x.id, w_id} : std::vector<qir::ValueId>{w_id, x.id};
    qir::ValueId b_id = 0;
    if (!added.empty()) {
      const std::string name = n.has_input(2) ? graph_.input_of(n, 2).name : weight_value.name + ".correction";
      Dims dims = {static_cast<std::int64_t>(added.size())};
      if (bias_shift > 0 && conv) dims.insert(dims.end(), shape.rank() - 2, 1);
      ZKI_ASSIGN_OR_RETURN(b_id, add_param(name, Shape(dims), added, std::ldexp(unit, bias_shift), nullptr));
      if (bias_shift == 0) q.inputs.push_back(b_id);
      error += std::ldexp(unit, bias_shift) / 2;
    }
    if (conv) {
      const ir::ConvAttributes& attributes = n.as<ir::ConvAttributes>();
      q.kernel.assign(shape.dims().begin() + 2, shape.dims().end());
      q.strides = attributes.strides;
      q.dilations = attributes.dilations;
      q.pads_begin = attributes.pads_begin;
      q.groups = attributes.groups;
    }
    if (bias_shift > 0) {
      if (!rounded.acc.within(kLargestAccumulator)) return too_large(weight_value.name);
      const AccRange range = rounded_out(range_of(rounded.acc));
      q.name = n.name;
      const QTensor sum =
          append(std::move(q), graph_.value(n.output).name + ".sum", graph_.value(n.output).shape, range, unit);
      q = linear(i, {sum, {b_id, unit}}, {1, std::int64_t{1} << bias_shift});
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
  if (const auto divisor = divisors_.find(n.inputs[0]); divisor != divisors_.end()) {
    if (!acc.within(kLargestAccumulator)) return fail(i, "its sums reach " + qir::to_string(acc));
    const ir::Value& y = graph_.value(fusion(i).output);
    const QTensor sum = append(std::move(q), y.name + ".sum", y.shape, range_of(acc), raw);
    return lower_quotient(i, sum, divisor->second, "", kMostWeighedBits);
  }
  if (fusion(i).mode != Mode::kNarrow) return emit(i, std::move(q), acc, raw, {}, error, 0);
  // No factor is free here: the shift alone brings the scale up, at least to what was wanted.
  Target t = target(i);
  if (t.whole) {
    const ir::Value& y = graph_.value(n.output);
    if (!acc.within(std::int64_t{1} << 58)) return fail(i, "its accumulators reach " + qir::to_string(acc));
    const AccRange range = range_of(acc);
    return emit_rounded(i, append(std::move(q), y.name + ".product", y.shape, range, raw), t);
  }
  const bool follows = t.follows();
  t.shift = std::max(0, static_cast<int>(std::ceil(std::log2(t.h_scale / raw) - 1e-9)));
  t.h_scale = std::ldexp(raw, t.shift);
  if (follows) t.y_scale = t.h_scale;
  return emit(i, std::move(q), acc, raw, t, error, 0);
}

}  // namespace zkinfer::quant
