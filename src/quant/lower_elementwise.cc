// SPDX-License-Identifier: Apache-2.0
// Add, Sub, Mul and unary functions of values that are already integers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "ir/functions.h"
#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

constexpr int kConstantBits = 12;  // of factors without requantization
// Of a sum without requantization: bits below its finest operand's unit, for a constant and where units are no multiples.
constexpr int kConstantRoom = 8;
constexpr int kUnlikeRoom = 20;
constexpr int kWideBits = 40;
// Of a difference from a mean that is not rounded: its square and the sum of many still fit.
constexpr int kMostCenteredBits = 19;
constexpr int kSumBits = 30;  // of wide operands of unlike units

bool is_multiple(double scale, double unit) {
  const double ratio = scale / unit;
  return std::abs(ratio - std::nearbyint(ratio)) <= 1e-9 * ratio;
}

// Entries below `floor` make no difference.
std::vector<double> doubles(const FloatTensor& tensor, double floor) {
  std::vector<double> result(tensor.data().begin(), tensor.data().end());
  for (double& x : result) x = std::max(x, floor);
  return result;
}

// Times the scale of an operand: the next power of two above what is wanted. Scales beside a trained scalar are such ones, or
// what is public would give the scalar away.
double octave(double ratio) { return std::exp2(std::ceil(std::log2(ratio))); }

// Of the exponents, where all elements are powers of two.
std::optional<int> least_exponent(const FloatTensor& tensor) {
  int least = std::numeric_limits<int>::max();
  for (const float x : tensor.data()) {
    int exponent = 0;
    if (!(x > 0) || std::frexp(x, &exponent) != 0.5F) return std::nullopt;
    least = std::min(least, exponent - 1);
  }
  return tensor.data().empty() ? std::nullopt : std::optional<int>(least);
}

qir::Interval interval(const std::vector<std::int32_t>& params) {
  const auto [least, most] = std::minmax_element(params.begin(), params.end());
  return qir::make_interval(*least, *most);
}

}  // namespace

// Without a reader that fixes the unit: the finest operand's, or so much finer that every operand is a whole multiple of it, or
// nearly so.
double Lowering::natural_sum_unit(std::size_t i) {
  const ir::Node& n = node(i);
  double finest = std::numeric_limits<double>::infinity();
  double reach = 0;
  for (const ir::ValueId id : n.inputs) {
    if (is_const(id)) continue;
    finest = std::min(finest, tensor(id).scale);
    reach += static_cast<double>(std::max(qvalue(tensor(id)).hi, -qvalue(tensor(id)).lo)) * tensor(id).scale;
  }
  int finer = 0;
  for (const ir::ValueId id : n.inputs) {
    if (is_const(id))
      finer = std::max(finer, kConstantRoom);
    else if (!is_multiple(tensor(id).scale, finest))
      finer = kUnlikeRoom;
  }
  // As far as what reads wide values can take.
  const int room = kWideBits - static_cast<int>(std::ceil(std::log2(std::max(reach / finest, 1.0))));
  // Wide operands leave no room: they are brought to one unit (lower_sum).
  if (fusion(i).mode == Mode::kWideValue && finer == kUnlikeRoom && room < kUnlikeRoom)
    return std::max(finest, std::ldexp(reach, -kSumBits));
  // A constant beside such an operand is known to the operand's unit at least.
  const int least = fusion(i).mode == Mode::kWideValue && finer == kConstantRoom ? 0 : kConstantRoom;
  return std::ldexp(finest, -std::min(finer, std::max(room, least)));
}

Status Lowering::lower_sum(std::size_t i) {
  const ir::Node& n = node(i);
  if (plan_.centers[i]) {
    const std::vector<QTensor> terms = {tensor(n.inputs[0]), tensor(n.inputs[1])};
    // A mean of few bits is in a finer unit than its terms (lower_centering_mean).
    const auto times = static_cast<std::int64_t>(std::nearbyint(terms[0].scale / terms[1].scale));
    const bool exact = times >= 1 && terms[0].scale == terms[1].scale * static_cast<double>(times);
    const AccRange range = exact ? sum_range(terms, {times, -1}, 0) : AccRange{};
    if (exact && (times > 1 || log_rows(range.lo, range.hi) <= kMostCenteredBits)) {
      emit_plain(i, linear(i, terms, {times, -1}), range, terms[1].scale);
      return ok_status();
    }
  }
  const double natural = natural_sum_unit(i);
  Target t = fusion(i).mode == Mode::kNarrow ? target(i) : Target{};
  bool trained_scalar = false;
  double operand_scale = 0;
  for (std::size_t j = 0; j < 2; ++j) {
    const ir::Value& value = graph_.input_of(n, j);
    trained_scalar |= value.is_constant() && !value.literal && value.shape.num_elements() == 1;
    if (!is_const(n.inputs[j])) operand_scale = std::max(operand_scale, tensor(n.inputs[j]).scale);
  }
  // Unless an operand was made for the sum's unit already.
  if (trained_scalar && t.y_scale > 0 && t.follows() && !sum_units_.contains(i)) {
    t.h_scale = t.y_scale = operand_scale * octave(t.y_scale / operand_scale);
    sum_units_[i] = std::ldexp(t.h_scale, -t.shift);
  }
  const double unit = sum_unit(i, natural);
  if (fusion(i).mode == Mode::kNarrow)
    t.shift = std::max(t.shift, static_cast<int>(std::lround(std::log2(t.h_scale / unit))));
  qir::Node q;
  q.op = qir::Op::kLinear;
  qir::Interval acc;
  double error = 0;
  int bits = 0;
  for (std::size_t j = 0; j < 2; ++j) {
    const std::int64_t sign = n.op == OpKind::kSub && j == 1 ? -1 : 1;
    const ir::Value& value = graph_.input_of(n, j);
    std::int64_t coef = sign;
    qir::ValueId id = 0;
    if (value.is_constant()) {
      const FloatTensor* constant = value.floats();
      if (constant == nullptr) return fail(i, "its constant is no float tensor");
      if (value.literal && constant->num_elements() == 1 &&
          constant->shape().rank() <= graph_.value(n.output).shape.rank()) {
        const double real = std::max(static_cast<double>((*constant)[0]), calibration_.floor_of(value.name));
        if (!(std::abs(real / unit) < static_cast<double>(std::int64_t{1} << 52))) return too_large(value.name);
        const std::int64_t rounded = static_cast<std::int64_t>(std::nearbyint(real / unit));
        out_.public_numbers.push_back(value.name + "=" + std::to_string(real));
        q.constant += sign * rounded;
        acc = qir::add(acc, qir::make_interval(sign * rounded, sign * rounded));
        error += std::abs(real - static_cast<double>(rounded) * unit);
        continue;
      }
      // A constant that is large beside the unit loses bits below 2^-30 of itself.
      const std::vector<double> real = doubles(*constant, calibration_.floor_of(value.name));
      double most = 0;
      for (const double x : real) most = std::max(most, std::abs(x));
      int coarser = 0;
      while (coarser < 30 && std::ldexp(unit, coarser) * static_cast<double>(1 << 30) < most) ++coarser;
      coef = sign * (std::int64_t{1} << coarser);
      const double step = std::ldexp(unit, coarser);
      ZKI_ASSIGN_OR_RETURN(id, add_param(value.name, value.shape, real, step, &bits));
      error += step / 2;
      // Of one number its declared range: a public range that follows from the number itself would give it away.
      const bool single = constant->num_elements() == 1;
      acc = qir::add(acc, qir::scale(single ? qir::range_of(out_.graph.values[id]) : interval(out_.params[id]), coef));
    } else {
      QTensor x = tensor(n.inputs[j]);
      // Finer than a unit that was fixed before this operand was known, or a wide operand of another unit than the sum.
      const bool wide_sum = fusion(i).mode == Mode::kWideValue && x.scale / unit < kExactFactor;
      if (wide_sum && !is_multiple(x.scale, unit)) {
        ZKI_ASSIGN_OR_RETURN(x, rescaled(i, x, unit, kExactFactor));
      } else if (x.scale < 0.75 * unit) {
        ZKI_ASSIGN_OR_RETURN(x, rescaled(i, x, unit));
      }
      id = x.id;
      double factor = std::max(1.0, std::nearbyint(x.scale / unit));
      // Multiples of a mask's fill: all of them lie below what makes a difference.
      const double floor = calibration_.floor_of(value.name);
      if (floor > kNoFloor && qvalue(x).hi <= 0) factor = std::clamp(std::ceil(-floor / unit), 1.0, factor);
      if (factor > static_cast<double>(std::int64_t{1} << 40))
        return fail(i, "its operands' scales differ by more than 2^40");
      coef = sign * static_cast<std::int64_t>(factor);
      acc = qir::add(acc, qir::scale(qir::range_of(qvalue(x)), coef));
      error += std::abs(x.scale - factor * unit) * static_cast<double>(std::max(qvalue(x).hi, -qvalue(x).lo));
    }
    q.inputs.push_back(id);
    q.coefs.push_back(coef);
  }
  return emit(i, std::move(q), acc, unit, t, error, bits);
}

// Powers of two as factors of a sum's term are exact where the sum's unit is the term's times another that is at most theirs.
void Lowering::meet_at_octave(std::size_t i, double scale, int least) {
  Target& t = targets_[static_cast<std::size_t>(fusion(i).output)];
  if (fusion(i).mode != Mode::kNarrow || !target(i).follows() || sum_units_.contains(i)) return;
  t.y_scale = scale * octave(t.y_scale / scale);
  t.shift = std::max(t.shift, static_cast<int>(std::lround(std::log2(t.y_scale / scale))) - least);
  sum_units_[i] = std::ldexp(t.y_scale, -t.shift);
}

Status Lowering::lower_mul(std::size_t i) {
  const ir::Node& n = node(i);
  const bool any_constant = is_const(n.inputs[0]) || is_const(n.inputs[1]);
  if (!any_constant) {
    const QTensor a = tensor(n.inputs[0]);
    const QTensor b = tensor(n.inputs[1]);
    const double raw = a.scale * b.scale;
    Target t;
    std::int64_t factor = 1;
    if (fusion(i).mode == Mode::kNarrow) {
      t = target(i);
      factor = fit_factor(raw, t);
    }
    const qir::Interval x = qir::range_of(qvalue(a));
    const qir::Interval acc = a.id == b.id ? qir::square(x) : qir::multiply(x, qir::range_of(qvalue(b)));
    qir::Node q;
    q.op = qir::Op::kMul;
    q.inputs = {a.id, b.id};
    q.coefs = {factor};
    return emit(i, std::move(q), qir::scale(acc, factor), raw / static_cast<double>(factor), t, 0, 0);
  }
  const std::size_t constant = is_const(n.inputs[1]) ? 1 : 0;
  const ir::Value& value = graph_.input_of(n, constant);
  const FloatTensor* data = value.floats();
  if (data == nullptr) return fail(i, "its constant is no float tensor");
  const QTensor x = tensor(n.inputs[1 - constant]);
  const bool same_shape = qvalue(x).shape == graph_.value(n.output).shape;
  if (value.literal && data->num_elements() == 1 && same_shape && (*data)[0] != 0) {
    // One factor for all elements is a change of scale, and of sign when it is negative: nothing is rounded. Scales are
    // public, so this is for numbers of the program text only.
    const double factor = static_cast<double>((*data)[0]);
    out_.public_numbers.push_back(value.name + "=" + std::to_string(factor));
    const bool no_node = factor > 0 && fusion(i).chain.empty();
    if (no_node) tensor(n.output) = {x.id, x.scale * factor};
    return no_node ? ok_status() : lower_function(i, x, factor);
  }
  const std::vector<double> real = doubles(*data, calibration_.floor_of(value.name) / std::min(1.0, x.scale));
  double most = 0;
  for (const double c : real) most = std::max(most, std::abs(c));
  const int natural_bits = options_.weight_bits > 0 ? options_.weight_bits : kConstantBits;
  double largest = most > 0 ? most : 1;
  Target t = fusion(i).mode == Mode::kNarrow ? target(i) : Target{};
  if (data->num_elements() == 1) {
    // Public scales must not give the factor away: they are the input's times a power of two, the next above what the
    // factor or calibration asks for.
    largest = octave(largest);
    const bool follows = fusion(i).mode == Mode::kNarrow && t.follows();
    if (follows) t.h_scale = t.y_scale = x.scale * octave(t.y_scale / x.scale);
  }
  if (const std::optional<int> least = least_exponent(*data); least && fusion(i).mode == Mode::kWideTerm)
    meet_at_octave(static_cast<std::size_t>(fusion(i).term_of), x.scale, *least);
  const double natural = largest / static_cast<double>((std::int64_t{1} << (natural_bits - 1)) - 1) * x.scale;
  if (fusion(i).mode == Mode::kNarrow) t.shift = decisive_shift(i, t.h_scale, t.shift, natural);
  // Fewer weight bits on request: a smaller shift for this layer.
  while (options_.weight_bits > 0 && t.shift > 0 && std::ldexp(t.h_scale, -t.shift) < natural) --t.shift;
  const double unit = fusion(i).mode == Mode::kNarrow ? std::ldexp(t.h_scale, -t.shift) : wanted_unit(i, natural);
  const double scale_c = unit / x.scale;
  int bits = 0;
  ZKI_ASSIGN_OR_RETURN(const qir::ValueId id, add_param(value.name, value.shape, real, scale_c, &bits));
  ZKI_RETURN_IF_ERROR(check_weight_bits(i, value.name, bits));
  // Of one number its declared range: see lower_sum.
  const qir::Interval values = real.size() == 1 ? qir::range_of(out_.graph.values[id]) : interval(out_.params[id]);
  const qir::Interval acc = qir::multiply(qir::range_of(qvalue(x)), values);
  qir::Node q;
  q.op = qir::Op::kMul;
  q.inputs = {x.id, id};
  q.coefs = {1};
  const double x_most = static_cast<double>(std::max(qvalue(x).hi, -qvalue(x).lo)) * x.scale;
  return emit(i, std::move(q), acc, unit, t, scale_c / 2 * x_most, bits);
}

Status Lowering::lower_unary(std::size_t i) {
  const ir::Node& n = node(i);
  const QTensor x = tensor(n.inputs[0]);
  if (UnaryChain::fuses(n)) return lower_function(i, x, 1);
  if (n.as<ir::FunctionAttributes>().function == ir::function("Sqrt")) return lower_square_root(i);
  const QTensor one = sum(i, {x}, {0}, 1, graph_.value(n.output).name + ".one", 1);
  return lower_quotient(i, one, x, graph_.value(n.inputs[0]).name);
}

// floor(x / 2^shift), from the one before, which the bit below needs too.
QTensor Lowering::shifted_down(std::size_t i, const QTensor& x, int shift) {
  if (shift == 0) return x;
  const auto known = shifted_.find({x.id, shift});
  if (known != shifted_.end()) return known->second;
  const QTensor before = shifted_down(i, x, shift - 1);
  const qir::Value value = qvalue(before);
  const AccRange range = {value.lo >> 1, value.hi >> 1};
  const QTensor y = append_looked_up(linear(i, {before}, {1}, -1, 1), pool_.want_range(range.lo, range.hi),
                                     qvalue(x).name + ".shifted" + std::to_string(shift), value.shape, range, 1);
  return shifted_[{x.id, shift}] = y;
}

// Bit a of x in two's complement: floor(x / 2^a) - 2 floor(x / 2^(a+1)).
Status Lowering::lower_bit(std::size_t i, const QTensor& x, int a) {
  if (a < 0 || a > 38) return fail(i, "is bit " + std::to_string(a) + " of a number, at most 38 are known");
  tensor(fusion(i).output) =
      step(i, {shifted_down(i, x, a), shifted_down(i, x, a + 1)}, {1, -2}, 0, graph_.value(fusion(i).output).name);
  return ok_status();
}

Status Lowering::lower_function(std::size_t i, const QTensor& x, double factor) {
  const std::int64_t sign = factor < 0 ? -1 : 1;
  const double unit = x.scale * std::abs(factor);
  // The input's own integers, or their negatives: they fit.
  const qir::Value& value = qvalue(x);
  const AccRange acc = sign > 0 ? AccRange{value.lo, value.hi} : AccRange{-value.hi, -value.lo};
  qir::Node q;
  q.op = qir::Op::kLinear;
  q.inputs = {x.id};
  q.coefs = {sign};
  if (fusion(i).chain.empty()) {
    emit_plain(i, std::move(q), acc, unit);
    return ok_status();
  }
  // The table's argument is the input's own integer, whatever its scale; a clamp of it stays exact.
  Target t = target(i);
  t.shift = 0;
  t.h_scale = unit;
  t.whole = false;  // the argument's unit is not one: its table rounds
  if (fusion(i).chain.is_clamp()) {
    t.y_scale = unit;
    t.lo = std::min<std::int64_t>(acc.lo, 0);
    t.hi = std::max<std::int64_t>(acc.hi, 1);
  }
  const UnaryChain& chain = fusion(i).chain;
  if (chain.whole_first() && log_rows(acc.lo, acc.hi) > kMostFunctionBits &&
      !(x.scale == 1 && plan_.whole[static_cast<std::size_t>(node(i).inputs[0])]))
    return lower_rounding(i, x, sign, unit);
  const bool wide = t.any_width && !chain.is_clamp() && log_rows(acc.lo, acc.hi) > kArgumentBits;
  if (wide && chain.is_whole() && x.scale == 1 && plan_.whole[static_cast<std::size_t>(node(i).inputs[0])]) {
    // Functions of whole numbers are exact, or not at all.
    if (chain.is(ir::function("Bit"))) return lower_bit(i, x, static_cast<int>(node(i).as<ir::FunctionAttributes>().a));
    if (chain.keeps_whole()) {
      tensor(fusion(i).output) = x;
      return ok_status();
    }
    if (log_rows(acc.lo, acc.hi) > kMostFunctionBits) {
      return fail(i, "is a function of whole numbers " + std::to_string(acc.lo) + ".." + std::to_string(acc.hi) +
                         "; its table takes 2^" + std::to_string(kMostFunctionBits) +
                         " of them: give inputs a smaller range");
    }
  } else if (wide) {
    // Wider than the function needs: low bits are dropped.
    t.h_scale = target(i).h_scale;
    while (std::ldexp(unit, t.shift + 1) <= t.h_scale) ++t.shift;
    t.h_scale = std::ldexp(unit, t.shift);
    // What is positive stays as it is.
    if (chain.is_homogeneous() && t.h_scale < t.y_scale && options_.activation_bits == 0) {
      t.hi = static_cast<std::int64_t>(std::ceil(static_cast<double>(t.hi) * (t.y_scale / t.h_scale)));
      if (t.lo < 0) t.lo = -t.hi - 1;
      t.y_scale = t.h_scale;
    }
  }
  return emit(i, std::move(q), qir::make_interval(acc.lo, acc.hi), unit, t, 0, 0);
}

}  // namespace zkinfer::quant
