// SPDX-License-Identifier: Apache-2.0
// AveragePool, ReduceMean, ReduceSum: integer sums whose divisor goes into the scale; Softmax; Sort.
#include <algorithm>
#include <bit>
#include <cmath>

#include "quant/lowering.h"
#include "quant/pieces.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

// Exponentials have this many more bits than the Softmax output.
constexpr int kExponentialBits = 6;
// Of a softmax whose sum divides what its exponentials weigh; they are not rounded once more.
constexpr int kWeightBits = 12;
constexpr int kMaxLogExponentials = 20;
// More, of the factors of an exponential.
constexpr int kPartBits = 2;
// What an element of a Softmax costs more by parts, in the unit of kTableRowCost.
constexpr std::int64_t kElementByParts = 40;
// Of a mean that is taken away from its terms: how far a factor for 1 / num_terms may move it, in units.
constexpr double kMeanError = 0.125;
// Terms of so few bits are a quantized model's; the sum of their squares may have so many.
constexpr int kFewCenteredBits = 12;
constexpr int kCenteredSquareBits = 56;
constexpr std::int64_t kLargestMeanSum = std::int64_t{1} << 44;

// How many real cells each window of a padded average has, [1, 1, spatial..].
FloatTensor window_reciprocals(const ir::PoolAttributes& pool, const Shape& in, const Shape& out) {
  Dims dims = out.dims();
  dims[0] = dims[1] = 1;
  FloatTensor result{Shape(dims)};
  for (std::int64_t flat = 0; flat < result.num_elements(); ++flat) {
    std::int64_t rest = flat;
    std::int64_t cells = 1;
    for (std::size_t axis = dims.size(); axis-- > 2;) {
      const std::int64_t start = rest % dims[axis] * pool.strides[axis - 2] - pool.pads_begin[axis - 2];
      rest /= dims[axis];
      const std::int64_t end = std::min(start + pool.kernel[axis - 2], in[axis]);
      cells *= std::max<std::int64_t>(1, end - std::max<std::int64_t>(start, 0));
    }
    result[static_cast<std::size_t>(flat)] = 1.0F / static_cast<float>(cells);
  }
  return result;
}

}  // namespace

Status Lowering::lower_average(std::size_t i) {
  const ir::Node& n = node(i);
  const QTensor x = tensor(n.inputs[0]);
  const qir::Value x_value = qvalue(x);
  const Shape& in = x_value.shape;
  const Shape& out = graph_.value(n.output).shape;
  qir::Node q;
  q.inputs = {x.id};
  std::int64_t num_terms = 1;
  bool uneven = false;  // windows with different numbers of real cells
  if (n.op == OpKind::kAveragePool) {
    const ir::PoolAttributes& pool = n.as<ir::PoolAttributes>();
    q.op = qir::Op::kSumPool;
    q.kernel = pool.kernel;
    q.strides = pool.strides;
    q.dilations = pool.dilations;
    q.pads_begin = pool.pads_begin;
    for (std::size_t axis = 0; axis < pool.kernel.size(); ++axis) {
      num_terms *= pool.kernel[axis];
      const std::int64_t end = (out[axis + 2] - 1) * pool.strides[axis] + pool.kernel[axis] - pool.pads_begin[axis];
      if (!pool.count_include_pad && (pool.pads_begin[axis] > 0 || end > in[axis + 2])) uneven = true;
    }
  } else {
    const ir::ReduceAttributes& reduce = n.as<ir::ReduceAttributes>();
    q.op = qir::Op::kReduceSum;
    q.axes = reduce.axes;
    if (q.axes.empty()) {
      for (std::size_t axis = 0; axis < in.rank(); ++axis) q.axes.push_back(static_cast<std::int64_t>(axis));
    }
    for (const std::int64_t axis : q.axes) num_terms *= in[static_cast<std::size_t>(axis)];
  }
  // Windows may have fewer terms.
  const qir::Interval one = qir::range_of(x_value);
  const qir::Interval sum = qir::hull(one, qir::scale(one, num_terms));
  if (!sum.within(qir::kMaxMagnitude)) {
    return fail(i, "sums of " + std::to_string(num_terms) + " values reach " + qir::to_string(sum) +
                       "; use fewer activation bits");
  }
  const bool mean = n.op != OpKind::kReduceSum;
  const double raw = mean ? x.scale / static_cast<double>(num_terms) : x.scale;
  if (uneven) {
    const FloatTensor reciprocals = window_reciprocals(n.as<ir::PoolAttributes>(), in, out);
    q.coefs = {1};
    q.name = n.name;
    const qir::Interval with_padding = qir::hull(sum, {});
    const AccRange padded = range_of(with_padding);
    const QTensor sums = append(std::move(q), graph_.value(n.output).name + ".sum", out, padded, x.scale);
    const std::vector<double> real(reciprocals.data().begin(), reciprocals.data().end());
    const double unit = wanted_unit(i, x.scale / 4095);
    int bits = 0;
    ZKI_ASSIGN_OR_RETURN(const qir::ValueId id, add_param(graph_.value(n.output).name + ".reciprocals",
                                                          reciprocals.shape(), real, unit / x.scale, &bits));
    const std::int64_t most = *std::max_element(out_.params[id].begin(), out_.params[id].end());
    qir::Node mul;
    mul.op = qir::Op::kMul;
    mul.inputs = {sums.id, id};
    mul.coefs = {1};
    const double x_most = static_cast<double>(std::max(padded.hi, -padded.lo)) * x.scale;
    return emit(i, std::move(mul), qir::scale(with_padding, most), unit,
                fusion(i).mode == Mode::kNarrow ? target(i) : Target{}, unit / x.scale / 2 * x_most, bits);
  }
  Target t;
  std::int64_t factor = 1;
  if (plan_.centers[i]) return lower_centering_mean(i, std::move(q), sum, num_terms);
  if (fusion(i).mode == Mode::kNarrow) {
    t = target(i);
    factor = fit_factor(raw, t);
  }
  q.coefs = {factor};
  qir::Interval acc = qir::scale(sum, factor);
  if (n.op == OpKind::kAveragePool) acc = qir::hull(acc, {});
  return emit(i, std::move(q), acc, raw / static_cast<double>(factor), t, 0, 0);
}

// The mean in the unit of what it is the mean of, so that their difference is exact: factor / 2^shift stands for 1 / num_terms.
// Of a quantized model's integers the unit is finer: there is room for what their few bits leave out.
Status Lowering::lower_centering_mean(std::size_t i, qir::Node q, const qir::Interval& sum, std::int64_t num_terms) {
  const QTensor x = tensor(node(i).inputs[0]);
  const int log_terms = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(num_terms)));
  const int bits = log_rows(qvalue(x).lo, qvalue(x).hi) + 1;
  const int finer = bits <= kFewCenteredBits ? std::max(0, (kCenteredSquareBits - log_terms) / 2 - bits) : 0;
  const double most = std::ldexp(static_cast<double>(std::max(qvalue(x).hi, -qvalue(x).lo)), finer);
  const auto exact = [&](int shift) { return std::ldexp(1.0 / static_cast<double>(num_terms), shift + finer); };
  const auto factor = [&](int shift) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::nearbyint(exact(shift))));
  };
  // In units of x, of a mean of numbers that are all the largest.
  const auto error = [&](int shift) { return std::abs(static_cast<double>(factor(shift)) / exact(shift) - 1) * most; };
  int shift = std::max(1, log_terms - finer);
  while (error(shift) > kMeanError && qir::scale(sum, factor(shift + 1)).within(kLargestMeanSum)) ++shift;
  const AccRange acc = range_of(qir::scale(sum, factor(shift)));
  q.coefs = {factor(shift)};
  q.requant.shift = static_cast<std::uint8_t>(shift);
  const AccRange range = {requantized(acc.lo, shift), requantized(acc.hi, shift)};
  wanted_tables_.emplace_back(out_.graph.nodes.size(), pool_.want_range(range.lo, range.hi));
  emit_plain(i, std::move(q), range, std::ldexp(x.scale, -finer));
  LayerInfo& info = out_.layers.back();
  info.requantized = true;
  info.shift = shift;
  info.reach = range.hi - range.lo + 1;
  info.acc_bits = signed_bits(acc);
  info.error_bound = std::ldexp(x.scale, -finer) * (0.5 + error(shift));
  return ok_status();
}

// Entries whose mask is 0 get a number so far below all others that their exponential is 0.
Result<QTensor> Lowering::masked(std::size_t i, const QTensor& x) {
  const ir::Node& n = node(i);
  const std::string& name = graph_.value(n.output).name;
  ZKI_ASSIGN_OR_RETURN(const QTensor keep, condition(i, n.inputs[1]));
  const auto below = static_cast<std::int64_t>(std::ceil((softmax_bits(i) + kExponentialBits + 2) / x.scale));
  const QTensor fill = sum(i, {x}, {0}, qvalue(x).lo - below, name + ".fill", x.scale);
  return select(i, keep, x, fill, name + ".masked");
}

// Elements of all softmaxes whose exponentials have this one's unit: those of so many bits, where it is the unit that they are given
// (assign_targets).
std::int64_t Lowering::elements_with_table(std::size_t i, double unit) const {
  std::int64_t total = graph_.output_of(node(i)).shape.num_elements();
  if (unit != softmax_unit(i)) return total;
  for (std::size_t j = 0; j < graph_.nodes.size(); ++j)
    if (j != i && node(j).op == OpKind::kSoftmax && softmax_bits(j) == softmax_bits(i))
      total += graph_.output_of(node(j)).shape.num_elements();
  return total;
}

// The product with values that alone reads a softmax's weights: what the sum of exponentials divides is then its result.
bool Lowering::weighs_values(std::size_t i) const {
  const ir::Node& softmax = node(i);
  if (options_.activation_bits > 0) return false;
  if (softmax.as<ir::SoftmaxAttributes>().axis + 1 != static_cast<std::int64_t>(graph_.output_of(softmax).shape.rank()))
    return false;
  const auto& outputs = graph_.outputs;
  if (std::find(outputs.begin(), outputs.end(), softmax.output) != outputs.end()) return false;
  const ir::Node* reader = nullptr;
  for (const ir::Node& n : graph_.nodes) {
    const auto times = std::count(n.inputs.begin(), n.inputs.end(), softmax.output);
    if (times == 0) continue;
    if (reader != nullptr || times > 1) return false;
    reader = &n;
  }
  if (reader == nullptr || reader->op != OpKind::kMatMul || reader->inputs[0] != softmax.output) return false;
  return !reader->has_input(2) && !is_const(reader->inputs[1]) &&
         graph_.output_of(*reader).shape.num_elements() < graph_.output_of(softmax).shape.num_elements();
}

Status Lowering::lower_softmax(std::size_t i) {
  const ir::Node& n = node(i);
  QTensor x = tensor(n.inputs[0]);
  const double floor = calibration_.floor_of(graph_.input_of(n, 0).name);
  if (floor > kNoFloor && floor / x.scale - 1 > static_cast<double>(qvalue(x).lo)) {
    const std::int64_t least = static_cast<std::int64_t>(floor / x.scale) - 1;
    x = clamped(i, x, {std::min(least, qvalue(x).hi), qvalue(x).hi}, graph_.value(n.output).name + ".argument");
  }
  if (n.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(x, masked(i, x));
  }
  const int bits = softmax_bits(i);
  const double one = std::ldexp(1.0, (weighs_values(i) ? std::min(bits, kWeightBits) : bits) + kExponentialBits);
  // Lower entries than the last one of the table read it: its exponential is 0.
  const auto reach_of = [&] {
    const double needed = std::ceil(std::log(2.5 * one) / x.scale);
    return std::max(qvalue(x).lo - qvalue(x).hi, -static_cast<std::int64_t>(std::min(needed, 1e15)));
  };
  std::int64_t reach = reach_of();
  if (log_rows(reach, 0) > kMaxLogExponentials) {
    // An argument finer than its exponentials show (assign_targets).
    const int finer = static_cast<int>(std::floor(std::log2(std::ldexp(2.0, -bits) / x.scale)));
    const auto width = static_cast<int>(log_rows(qvalue(x).lo, qvalue(x).hi));
    if (finer > 0) x = of_bits(i, x, width - finer, graph_.value(n.output).name + ".coarse");
    reach = reach_of();
  }
  if (kElementByParts * elements_with_table(i, x.scale) < kTableRowCost << log_rows(reach, 0) ||
      log_rows(reach, 0) > kMaxLogExponentials)
    return softmax_by_parts(i, x, reach, one);
  const double scale = x.scale;
  const std::size_t request = pool_.want_function(
      "exp " + bits_text(scale) + " " + bits_text(one),
      [scale, one](std::int64_t difference) {
        return static_cast<std::int32_t>(std::nearbyint(one * std::exp(static_cast<double>(difference) * scale)));
      },
      reach, 0);
  qir::Node q;
  q.op = qir::Op::kSoftmax;
  q.inputs = {x.id};
  q.axes = {n.as<ir::SoftmaxAttributes>().axis};
  q.requant.shift = static_cast<std::uint8_t>(bits);
  const std::int64_t length = qvalue(x).shape[static_cast<std::size_t>(q.axes[0])];
  const double num_terms = static_cast<double>(length);
  if (weighs_values(i)) {
    q.requant.shift = 0;
    q.coefs = {1};
    const auto largest = static_cast<std::int64_t>(one);
    wanted_tables_.emplace_back(out_.graph.nodes.size(), request);
    emit_plain(i, std::move(q), {0, largest}, 1 / one);
    out_.layers.back().requantized = true;
    out_.layers.back().error_bound = 0.5 / one;
    const std::string& name = graph_.value(n.output).name;
    const QTensor sum = exponentials_sum(i, tensor(n.output), length, largest, name);
    divisors_[n.output] = clamped(i, sum, {largest, length * largest}, name + ".divisor");
    return ok_status();
  }
  wanted_tables_.emplace_back(out_.graph.nodes.size(), request);
  emit_plain(i, std::move(q), {0, std::int64_t{1} << bits}, std::ldexp(1.0, -bits));
  LayerInfo& info = out_.layers.back();
  info.requantized = true;
  info.shift = bits;
  // Rounding of y, and of the exponentials: each off by half, relative to a sum of at least `one`.
  info.error_bound = info.scale / 2 + (num_terms + 1) / 2 / one;
  return ok_status();
}

// one exp(d) of integers d up to 0: by linear pieces, or, where those would be many, as the product of the exponentials of d's high part and
// of its low part, whose lists are short: exp(h + l) = exp(h) exp(l).
QTensor Lowering::exponential(std::size_t i, const QTensor& d, double one, const std::string& name) {
  const auto list = [scale = d.scale](double unit, int step) {
    return [scale, unit, step](std::int64_t x) {
      return unit * std::exp(std::ldexp(static_cast<double>(x), step) * scale);
    };
  };
  const qir::Value value = qvalue(d);
  const AccRange result = {0, static_cast<std::int64_t>(one)};
  const int log = log_rows(value.lo, value.hi);
  if (log <= kMaxLogExponentials) {
    const std::size_t request = pool_.want_curve("exp " + bits_text(d.scale) + " " + bits_text(one), list(one, 0),
                                                 value.lo, 0, value.shape.num_elements());
    return append_looked_up(linear(i, {d}, {1}), request, name + ".exponential", value.shape, result, 1 / one);
  }
  const int step = log / 2;
  const double finer = std::ldexp(one, kPartBits);
  const auto looked_up = [&](const QTensor& x, int exponent, const std::string& part) {
    const auto whole = [curve = list(finer, exponent)](std::int64_t k) {
      return static_cast<std::int32_t>(std::nearbyint(curve(k)));
    };
    const AccRange range = {qvalue(x).lo, qvalue(x).hi};
    const std::size_t request = pool_.want_function(
        "exp " + bits_text(std::ldexp(d.scale, exponent)) + " " + bits_text(finer), whole, range.lo, range.hi);
    return append_looked_up(linear(i, {x}, {1}), request, name + part, value.shape, {0, whole(range.hi)}, 1 / finer);
  };
  // Rounded down, with its last one above 0 left out: l in 0 .. 2^step - 1 counts from below.
  const AccRange highs = {value.lo >> step, value.hi >> step};
  const QTensor high = append_looked_up(linear(i, {d}, {1}, -(std::int64_t{1} << (step - 1)), step),
                                        pool_.want_range(highs.lo, highs.hi), name + ".high", value.shape, highs,
                                        std::ldexp(d.scale, step));
  const std::int64_t most = (std::int64_t{1} << step) - 1;
  // Of honest ones: the clamp does nothing, but its ends are what the list has to reach.
  const QTensor low = append_looked_up(linear(i, {d, high}, {1, -(std::int64_t{1} << step)}),
                                       pool_.want_clamp(0, most, value.lo, -highs.lo << step), name + ".low",
                                       value.shape, {0, most}, d.scale);
  const QTensor a = looked_up(high, step, ".of_high"), b = looked_up(low, 0, ".of_low");
  qir::Node q;
  q.op = qir::Op::kMul;
  q.name = node(i).name;
  q.inputs = {a.id, b.id};
  q.coefs = {1};
  const int drop = static_cast<int>(std::lround(std::log2(finer))) + kPartBits;
  q.requant.shift = static_cast<std::uint8_t>(drop);
  const AccRange reach = {0, static_cast<std::int64_t>(std::ldexp(
                                 static_cast<double>(qvalue(a).hi) * static_cast<double>(qvalue(b).hi), -drop)) +
                                 1};
  return append_looked_up(std::move(q), pool_.want_clamp(result.lo, result.hi, reach.lo, reach.hi),
                          name + ".exponential", value.shape, result, 1 / one);
}

QTensor Lowering::exponentials_sum(std::size_t i, const QTensor& e, std::int64_t length, std::int64_t largest,
                                   const std::string& name) {
  const std::size_t axis = node(i).as<ir::SoftmaxAttributes>().axis;
  Dims reduced = qvalue(e).shape.dims();
  reduced[axis] = 1;
  qir::Node q;
  q.op = qir::Op::kReduceSum;
  q.name = node(i).name;
  q.inputs = {e.id};
  q.axes = {static_cast<std::int64_t>(axis)};
  q.coefs = {1};
  return append(std::move(q), name + ".sum", Shape(reduced), {0, length * largest}, e.scale);
}

// The same by operators of their own: the exponential by linear pieces, whose list is short.
Status Lowering::softmax_by_parts(std::size_t i, const QTensor& x, std::int64_t reach, double one) {
  const std::size_t axis = node(i).as<ir::SoftmaxAttributes>().axis;
  const qir::Value value = qvalue(x);
  const std::string& name = graph_.value(node(i).output).name;
  const int bits = softmax_bits(i);
  Dims reduced = value.shape.dims();
  reduced[axis] = 1;
  const auto along_axis = [&](qir::Op op, const QTensor& of) {
    qir::Node q;
    q.op = op;
    q.name = node(i).name;
    q.inputs = {of.id};
    q.axes = {static_cast<std::int64_t>(axis)};
    return q;
  };
  const QTensor most =
      append(along_axis(qir::Op::kReduceMax, x), name + ".maximum", Shape(reduced), {value.lo, value.hi}, x.scale);
  const std::int64_t width = value.hi - value.lo;
  const AccRange below = {reach, 0};
  const QTensor depth = append_looked_up(linear(i, {x, most}, {1, -1}), pool_.want_clamp(reach, 0, -width, width),
                                         name + ".depth", value.shape, below, x.scale);
  const auto largest = static_cast<std::int64_t>(one);
  const QTensor e = exponential(i, depth, one, name);
  const std::int64_t length = value.shape[axis];
  const QTensor sum = exponentials_sum(i, e, length, largest, name);
  // One of its terms is near `one`; the division has to see that it is not 0.
  const QTensor divisor = clamped(i, sum, {largest / 2, length * largest}, name + ".divisor");
  qir::Node q;
  q.op = qir::Op::kDivide;
  q.inputs = {e.id, divisor.id};
  q.coefs = {std::int64_t{1} << bits, 1};
  // Of the declared ranges' ends, not of honest ones.
  emit_plain(i, std::move(q), {0, std::int64_t{2} << bits}, std::ldexp(1.0, -bits));
  out_.layers.back().error_bound = std::ldexp(0.5, -bits) + static_cast<double>(length + 1) * kPieceError / one;
  return ok_status();
}

Status Lowering::lower_sort(std::size_t i) {
  const ir::Node& n = node(i);
  const ir::SortAttributes& sort = n.as<ir::SortAttributes>();
  const QTensor x = tensor(n.inputs[0]);
  qir::Node q;
  q.op = qir::Op::kSort;
  q.inputs = {x.id};
  q.axes = {sort.axis};
  q.coefs = {sort.largest ? -1 : 1};
  emit_plain(i, std::move(q), {0, qvalue(x).shape[static_cast<std::size_t>(sort.axis)] - 1}, 1);
  return ok_status();
}

}  // namespace zkinfer::quant
