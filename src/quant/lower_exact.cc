// SPDX-License-Identifier: Apache-2.0
// Whole numbers that stay whole: integers, booleans and floats computed from them, in units of one, without rounding.
#include <algorithm>
#include <cmath>

#include "ir/op_table.h"
#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::DataType;
using ir::OpKind;

namespace {

// Larger constants are two parameters: c = high * 2^30 + low.
constexpr double kMostParameter = 2147483647.0;
constexpr int kLowBits = 30;
constexpr double kMostConstant = 0x1p53;  // doubles are whole numbers one by one

// Floats beyond are rounded like others; integers are exact as far as accumulators reach.
constexpr std::int64_t kMostWholeFloat = std::int64_t{1} << 40;

}  // namespace

std::vector<double> Lowering::numbers(const ir::Value& constant) {
  if (const FloatTensor* floats = constant.floats()) return {floats->data().begin(), floats->data().end()};
  const IntTensor* ints = constant.ints();
  std::vector<double> result;
  for (const std::int64_t x : ints->data()) result.push_back(static_cast<double>(x));
  return result;
}

bool Lowering::takes_exact(std::size_t i) const {
  const ir::Node& n = node(i);
  const bool arithmetic = n.op == OpKind::kAdd || n.op == OpKind::kSub || n.op == OpKind::kMul ||
                          n.op == OpKind::kReduceSum || n.op == OpKind::kMatMul || n.op == OpKind::kConv ||
                          n.op == OpKind::kDiv || n.op == OpKind::kMod;
  if (!arithmetic || !plan_.whole[static_cast<std::size_t>(fusion(i).output)]) return false;
  if ((n.op == OpKind::kDiv || n.op == OpKind::kMod) && graph_.value(n.output).dtype == DataType::kFloat) return false;
  for (const ir::ValueId id : n.inputs) {
    if (id == ir::kNoValue) continue;
    if (!plan_.whole[static_cast<std::size_t>(id)]) return false;
    if (is_const(id)) continue;
    const QTensor& x = tensors_[static_cast<std::size_t>(id)];
    const qir::Value& value = qvalue(x);
    const bool small = std::max(value.hi, -value.lo) < kMostWholeFloat || graph_.value(id).dtype != DataType::kFloat;
    if (x.scale != 1 || !small) return false;
  }
  return true;
}

Status Lowering::lower_exact(std::size_t i) {
  const ir::Node& n = node(i);
  if (n.op == OpKind::kDiv || n.op == OpKind::kMod) return lower_whole_quotient(i);
  if (n.op == OpKind::kConv || (n.op == OpKind::kMatMul && (is_const(n.inputs[0]) || is_const(n.inputs[1]))))
    return lower_contract(i);
  qir::Node q;
  qir::Interval acc;
  std::vector<qir::Interval> ranges;
  const bool sums = n.op == OpKind::kAdd || n.op == OpKind::kSub;
  for (std::size_t j = 0; j < n.inputs.size(); ++j) {
    if (!n.has_input(j)) continue;
    const ir::Value& value = graph_.value(n.inputs[j]);
    const std::int64_t sign = n.op == OpKind::kSub && j == 1 ? -1 : 1;
    if (value.is_constant() && value.literal && value.shape.num_elements() == 1 && (sums || n.op == OpKind::kMul) &&
        value.shape.rank() <= graph_.value(n.output).shape.rank() && n.inputs.size() == 2 &&
        !is_const(n.inputs[1 - j])) {
      const double number = numbers(value)[0];
      if (!(std::abs(number) <= static_cast<double>(qir::kMaxCoefficient)))
        return fail(i, "its number '" + value.name + "' is beyond 2^40; use a smaller one");
      out_.public_numbers.push_back(value.name + "=" + std::to_string(number));
      const auto whole = static_cast<std::int64_t>(number);
      if (sums) {
        q.constant += sign * whole;
      } else {
        q.op = qir::Op::kLinear;
        q.coefs = {whole};
      }
      continue;
    }
    QTensor x;
    if (value.is_constant()) {
      const std::vector<double> real = numbers(value);
      const double most = std::abs(*std::ranges::max_element(real, {}, [](double c) { return std::abs(c); }));
      if (!(most < kMostConstant))
        return fail(i, "its constant '" + value.name + "' holds a whole number beyond 2^53; use smaller ones");
      const auto high = [](double c) { return std::nearbyint(std::ldexp(c, -kLowBits)); };
      const auto low = [high](double c) { return c - std::ldexp(high(c), kLowBits); };
      const auto parameter = [&](const std::string& name, auto part) {
        std::vector<std::int32_t> data;
        for (const double c : real) data.push_back(static_cast<std::int32_t>(part(c)));
        return QTensor{add_integers(name, value.shape, std::move(data), 1, nullptr), 1};
      };
      if (most >= kMostParameter) {
        const QTensor upper = parameter(value.name + ".high", high), lower = parameter(value.name + ".low", low);
        if (!sums) return lower_large_product(i, tensor(n.inputs[1 - j]), upper, lower);
        q.inputs.push_back(upper.id);
        ranges.push_back(qir::range_of(qvalue(upper)));
        q.coefs.push_back(sign * (std::int64_t{1} << kLowBits));
        x = lower;
      } else {
        x = parameter(value.name, [](double c) { return c; });
      }
    } else {
      x = tensor(n.inputs[j]);
    }
    q.inputs.push_back(x.id);
    ranges.push_back(qir::range_of(qvalue(x)));
    if (sums) q.coefs.push_back(sign);
  }
  const Shape& in = qvalue({q.inputs[0], 1}).shape;
  if (sums) {
    q.op = qir::Op::kLinear;
    acc = qir::make_interval(q.constant, q.constant);
    for (std::size_t j = 0; j < ranges.size(); ++j) acc = qir::add(acc, qir::scale(ranges[j], q.coefs[j]));
  } else if (n.op == OpKind::kMul) {
    if (q.coefs.empty()) {
      q.op = qir::Op::kMul;
      q.coefs = {1};
      acc = q.inputs[0] == q.inputs[1] ? qir::square(ranges[0]) : qir::multiply(ranges[0], ranges[1]);
    } else {
      acc = qir::scale(ranges[0], q.coefs[0]);
    }
  } else if (n.op == OpKind::kReduceSum) {
    q.op = qir::Op::kReduceSum;
    q.coefs = {1};
    q.axes = n.as<ir::ReduceAttributes>().axes;
    std::int64_t terms = 1;
    for (const std::int64_t axis : q.axes) terms *= in[static_cast<std::size_t>(axis)];
    acc = qir::scale(ranges[0], terms);
  } else {
    q.op = qir::Op::kMatMul;
    acc = qir::scale(qir::multiply(ranges[0], ranges[1]), in[in.rank() - 1]);
    if (ranges.size() > 2) acc = qir::add(acc, ranges[2]);
  }
  return emit_whole(i, std::move(q), acc);
}

// x * (high * 2^30 + low).
Status Lowering::lower_large_product(std::size_t i, const QTensor& x, const QTensor& high, const QTensor& low) {
  const ir::Value& y = graph_.value(node(i).output);
  std::vector<QTensor> products;
  qir::Interval acc;
  for (const QTensor& part : {high, low}) {
    const bool is_high = part.id == high.id;
    const qir::Interval exact = qir::multiply(qir::range_of(qvalue(x)), qir::range_of(qvalue(part)));
    const std::int64_t unit = is_high ? std::int64_t{1} << kLowBits : 1;
    acc = qir::add(acc, qir::scale(exact, unit));
    if (!acc.within(kLargestAccumulator)) return emit_whole(i, {}, acc);  // says so
    qir::Node q;
    q.op = qir::Op::kMul;
    q.name = node(i).name;
    q.inputs = {x.id, part.id};
    q.coefs = {1};
    products.push_back(append(std::move(q), y.name + (is_high ? ".high" : ".low"), y.shape, range_of(exact), 1));
  }
  return emit_whole(i, linear(i, products, {std::int64_t{1} << kLowBits, 1}), acc);
}

Target Lowering::whole_target() {
  Target t;
  t.h_scale = t.y_scale = 1;
  t.any_width = true;
  return t;
}

Status Lowering::emit_whole(std::size_t i, qir::Node q, const qir::Interval& acc) {
  if (!acc.within(std::int64_t{1} << 59)) {
    return fail(i, "its whole numbers reach " + qir::to_string(acc) +
                       ", at most 60 bits are possible; give inputs a smaller range");
  }
  const AccRange range = range_of(acc);
  if (fusion(i).chain.empty()) {
    emit_plain(i, std::move(q), range, 1);
    return ok_status();
  }
  // What follows keeps them whole: its table acts on the numbers themselves.
  Target t = whole_target();
  t.lo = std::min<std::int64_t>(range.lo, 0);
  t.hi = std::max<std::int64_t>(range.hi, 1);
  return emit(i, std::move(q), acc, 1, t, 0, 0, true);
}

Status Lowering::lower_cast(std::size_t i) {
  const ir::Node& n = node(i);
  QTensor x = tensor(n.inputs[0]);
  const DataType to = graph_.value(n.output).dtype;
  if (to != DataType::kFloat && x.scale != 1) {
    ZKI_ASSIGN_OR_RETURN(x, rescaled(i, x, 1));
  }
  // Arithmetic on bits knows wider bounds than its results have.
  if (to == DataType::kBool && (qvalue(x).lo < 0 || qvalue(x).hi > 1))
    x = clamped(i, x, {0, 1}, graph_.value(n.output).name);
  tensor(n.output) = x;
  return ok_status();
}

Result<Lowering::Division> Lowering::divided(std::size_t i, const QTensor& a, const QTensor& b, bool truncated) {
  const std::string& name = graph_.value(node(i).output).name;
  const Shape shape = graph_.value(node(i).output).shape;
  QTensor dividend = a;
  QTensor divisor = b;
  std::optional<QTensor> positive;  // the divisor is
  if (qvalue(b).lo < 0) {
    positive = step(i, {b}, {1}, 0, name + ".positive");
    divisor = select(i, *positive, b, sum(i, {b}, {-1}, 0, name + ".opposite", 1), name + ".magnitude");
    if (!truncated)
      dividend = select(i, *positive, a, sum(i, {a}, {-1}, 0, name + ".dividend_opposite", 1), name + ".dividend");
  }
  std::optional<QTensor> not_negative;  // the dividend is
  if (truncated && qvalue(a).lo < 0) {
    not_negative = step(i, {a}, {1}, 1, name + ".not_negative");
    dividend = select(i, *not_negative, a, sum(i, {a}, {-1}, 0, name + ".dividend_opposite", 1), name + ".dividend");
  }
  if (qvalue(divisor).lo < 1)
    divisor = clamped(i, divisor, {1, std::max<std::int64_t>(1, qvalue(divisor).hi)}, name + ".divisor");
  const qir::Value& top = qvalue(dividend);
  if (std::max(top.hi, -top.lo) >= std::int64_t{1} << 50)
    return fail(i, "divides whole numbers of more than 50 bits; give inputs a smaller range");
  qir::Node q;
  q.op = qir::Op::kDivide;
  q.name = node(i).name;
  q.inputs = {dividend.id, divisor.id};
  q.coefs = {1, 0};
  const auto floor_of = [](std::int64_t x, std::int64_t by) { return x >= 0 ? x / by : -((-x + by - 1) / by); };
  const std::int64_t least = qvalue(divisor).lo;
  const std::int64_t most = qvalue(divisor).hi;
  const AccRange range = {std::min(floor_of(top.lo, least), floor_of(top.lo, most)),
                          std::max(floor_of(top.hi, least), floor_of(top.hi, most))};
  QTensor quotient = append(std::move(q), name + ".quotient", shape, range, 1);
  // Signs as the two rules want them.
  const auto flipped = [&](const QTensor& sign) {
    return select(i, sign, quotient, sum(i, {quotient}, {-1}, 0, name + ".quotient_opposite", 1), name + ".signed");
  };
  if (truncated && not_negative) quotient = flipped(*not_negative);
  if (truncated && positive) quotient = flipped(*positive);
  qir::Node product;
  product.op = qir::Op::kMul;
  product.name = node(i).name;
  product.inputs = {quotient.id, b.id};
  product.coefs = {1};
  const qir::Interval exact = qir::multiply(qir::range_of(qvalue(quotient)), qir::range_of(qvalue(b)));
  if (!exact.within(qir::kMaxMagnitude))
    return fail(i, "its quotients times its divisors reach 2^62; give inputs a smaller range");
  Division result;
  result.quotient = quotient;
  if (node(i).op != OpKind::kMod) return result;
  const QTensor whole_part = append(std::move(product), name + ".whole_part", shape, range_of(exact), 1);
  // a - b q lies between the divisor and 0, which sums of ranges do not see.
  const std::int64_t reach = std::max(qvalue(b).hi, -qvalue(b).lo) - 1;
  const AccRange kept = {qvalue(b).lo < 0 || (truncated && qvalue(a).lo < 0) ? -reach : 0,
                         qvalue(b).hi > 0 || truncated ? reach : 0};
  result.remainder = clamped(i, sum(i, {a, whole_part}, {1, -1}, 0, name + ".rest", 1), kept, name);
  return result;
}

Status Lowering::lower_whole_quotient(std::size_t i) {
  const ir::Node& n = node(i);
  ZKI_ASSIGN_OR_RETURN(const QTensor a, operand(i, n.inputs[0], 1));
  ZKI_ASSIGN_OR_RETURN(const QTensor b, operand(i, n.inputs[1], 1));
  const bool truncated = n.op == OpKind::kDiv || n.as<ir::ModAttributes>().truncated;
  ZKI_ASSIGN_OR_RETURN(const Division division, divided(i, a, b, truncated));
  tensor(n.output) = n.op == OpKind::kMod ? division.remainder : division.quotient;
  if (fusion(i).chain.empty()) return ok_status();
  return lower_function(i, tensor(n.output), 1);
}

// Of real numbers: in the units of the coarser operand.
Status Lowering::lower_mod(std::size_t i) {
  const ir::Node& n = node(i);
  const double scale = common_scale(i, n.inputs);
  ZKI_ASSIGN_OR_RETURN(QTensor a, operand(i, n.inputs[0], scale));
  ZKI_ASSIGN_OR_RETURN(QTensor b, operand(i, n.inputs[1], scale));
  ZKI_ASSIGN_OR_RETURN(const Division division, divided(i, a, b, n.as<ir::ModAttributes>().truncated));
  tensor(n.output) = {division.remainder.id, scale};
  out_.graph.values[division.remainder.id].scale = make_scale(scale);
  return ok_status();
}

}  // namespace zkinfer::quant
