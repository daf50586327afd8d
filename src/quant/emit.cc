// SPDX-License-Identifier: Apache-2.0
// The nodes and parameters of the integer program.
#include <algorithm>
#include <bit>
#include <cmath>

#include "qir/ops/rules.h"
#include "quant/lowering.h"
#include "quant/pieces.h"

namespace zkinfer::quant {

namespace {

// Fractions of so few bits lie halfway between whole numbers often enough to matter.
constexpr int kMostTieBits = 16;

}  // namespace

int signed_bits(AccRange range) {
  const std::uint64_t most = static_cast<std::uint64_t>(std::max(range.hi, -(range.lo + 1)));
  return static_cast<int>(std::bit_width(most)) + 1;
}

std::int64_t requantized(std::int64_t acc, int shift) {
  return shift == 0 ? acc : (acc + (std::int64_t{1} << (shift - 1))) >> shift;
}

AccRange rounded_out(AccRange range) {
  const auto coarse = [](std::int64_t x, bool up) {
    const std::uint64_t magnitude = static_cast<std::uint64_t>(x < 0 ? -x : x);
    const int drop = std::max(0, static_cast<int>(std::bit_width(magnitude)) - 5);
    const std::int64_t floor = (x >> drop) << drop;
    return up && floor != x ? floor + (std::int64_t{1} << drop) : floor;
  };
  return {coarse(range.lo, false), coarse(range.hi, true)};
}

Status Lowering::check_weight_bits(std::size_t i, const std::string& name, int bits) const {
  if (options_.weight_bits == 0 || bits <= options_.weight_bits) return ok_status();
  return fail(i, "its parameter '" + name + "' needs " + std::to_string(bits) +
                     " bits beside what it acts on, CompileOptions::weight_bits allows " +
                     std::to_string(options_.weight_bits) + "; allow more, or give fewer activation bits");
}

Status Lowering::too_large(const std::string& name) const {
  return out_of_range("its parameter '" + name +
                      "' has a value that is not finite or too large beside the activations it acts on; check the "
                      "weights and the calibration data");
}

qir::ValueId Lowering::add_integers(const std::string& name, const Shape& shape, std::vector<std::int32_t> data,
                                    double scale, int* bits) {
  std::uint32_t all_bits = 0;
  for (const std::int32_t x : data) all_bits |= static_cast<std::uint32_t>(x < 0 ? -x : x);
  const int magnitude_bits = static_cast<int>(std::bit_width(all_bits));
  if (bits != nullptr) *bits = magnitude_bits + 1;
  qir::Value value;
  value.name = name;
  value.kind = qir::ValueKind::kParam;
  value.shape = shape;
  value.hi = (std::int64_t{1} << magnitude_bits) - 1;
  value.lo = -value.hi;
  value.scale = make_scale(scale);
  const qir::ValueId id = static_cast<qir::ValueId>(out_.graph.values.size());
  out_.graph.values.push_back(std::move(value));
  out_.params.resize(out_.graph.values.size());
  out_.params[id] = std::move(data);
  return id;
}

Result<qir::ValueId> Lowering::add_param(const std::string& name, const Shape& shape, const std::vector<double>& real,
                                         double scale, int* bits) {
  std::vector<std::int32_t> data(real.size());
  for (std::size_t i = 0; i < real.size(); ++i) {
    const double rounded = std::nearbyint(real[i] / scale);
    if (!(std::abs(rounded) < 2147483647.0)) return too_large(name);
    data[i] = static_cast<std::int32_t>(rounded);
  }
  return add_integers(name, shape, std::move(data), scale, bits);
}

bool Lowering::fits_or_coarsens(const qir::Interval& exact, Target& t) const {
  if (t.any_width && exact.within(kLargestAccumulator)) return true;
  if (exact.within(kLargestAccumulator)) {
    const AccRange acc = range_of(exact);
    if (log_rows(requantized(acc.lo, t.shift), requantized(acc.hi, t.shift)) <= choice_.max_log_table) return true;
  }
  if (t.whole) {
    if (t.shift == 0) return true;
    --t.shift;
    return false;
  }
  const bool same_scale = t.follows();
  if (same_scale && t.hi < kFewestLevels) return true;
  t.h_scale *= 2;
  if (same_scale) {
    t.y_scale *= 2;
    t.hi = (t.hi + 1) / 2;  // still reaches the clip
    if (t.lo < 0) t.lo = -t.hi;
  }
  return false;
}

QTensor Lowering::append(qir::Node q, const std::string& name, const Shape& shape, AccRange range, double scale) {
  qir::Value value;
  value.name = name;
  value.shape = shape;
  value.lo = range.lo;
  value.hi = range.hi;
  value.scale = make_scale(scale);
  const qir::ValueId id = static_cast<qir::ValueId>(out_.graph.values.size());
  out_.graph.values.push_back(std::move(value));
  q.output = id;
  out_.graph.nodes.push_back(std::move(q));
  return {id, scale};
}

QTensor Lowering::append_looked_up(qir::Node q, std::size_t request, const std::string& name, const Shape& shape,
                                   AccRange range, double scale) {
  wanted_tables_.emplace_back(out_.graph.nodes.size(), request);
  out_.num_requantized += shape.num_elements();
  return append(std::move(q), name, shape, range, scale);
}

qir::Node Lowering::linear(std::size_t i, const std::vector<QTensor>& terms, std::vector<std::int64_t> coefs,
                           std::int64_t constant, int shift) const {
  qir::Node q;
  q.op = qir::Op::kLinear;
  q.name = node(i).name;
  for (const QTensor& term : terms) q.inputs.push_back(term.id);
  q.coefs = std::move(coefs);
  q.constant = constant;
  q.requant.shift = static_cast<std::uint8_t>(shift);
  return q;
}

QTensor Lowering::add_bounded(const std::string& name, const Shape& shape, std::vector<std::int32_t> data,
                              AccRange range) {
  const QTensor result = {add_integers(name, shape, std::move(data), 1, nullptr), 1};
  out_.graph.values[result.id].lo = range.lo;
  out_.graph.values[result.id].hi = range.hi;
  return result;
}

void Lowering::emit_plain(std::size_t i, qir::Node q, AccRange range, double scale) {
  const ir::Value& y = graph_.value(fusion(i).output);
  LayerInfo info;
  info.name = y.name;
  info.op = std::string(qir::rule_of(q.op).name);
  info.shape = y.shape;
  info.lo = range.lo;
  info.hi = range.hi;
  info.scale = scale;
  q.name = node(i).name;
  out_.layers.push_back(std::move(info));
  layer_nodes_.push_back(out_.graph.nodes.size());
  tensor(fusion(i).output) = append(std::move(q), y.name, y.shape, range, scale);
}

int Lowering::trailing_zeros(const qir::Node& q) const {
  const bool contracts = q.op == qir::Op::kConv || q.op == qir::Op::kMatMul;
  auto all = static_cast<std::uint64_t>(q.constant);
  for (std::size_t j = 0; j < q.inputs.size(); ++j) {
    std::uint64_t factor = 1;
    if (!contracts) factor = static_cast<std::uint64_t>(q.coefs[q.op == qir::Op::kLinear ? j : 0]);
    std::uint64_t bits = 1;
    if (qvalue({q.inputs[j], 1}).kind == qir::ValueKind::kParam) {
      bits = 0;
      for (const std::int32_t x : out_.params[q.inputs[j]]) bits |= static_cast<std::uint64_t>(std::int64_t{x});
    } else if (contracts) {
      bits = 0;  // multiplied by the weights
    }
    all |= factor * bits;
  }
  return all == 0 ? 0 : std::countr_zero(all);
}

Status Lowering::emit(std::size_t i, qir::Node q, const qir::Interval& exact, double unit, const Target& wanted,
                      double error_bound, int weight_bits, bool always_narrow) {
  const Fusion& s = fusion(i);
  if (!exact.within(kLargestAccumulator)) {
    return fail(i, "its accumulators reach " + qir::to_string(exact) +
                       ", at most 60 bits are possible; use fewer activation bits or a smaller shift");
  }
  const AccRange acc = range_of(exact);
  const int acc_bits = signed_bits(acc);
  const auto as_it_is = [&] {
    emit_plain(i, std::move(q), rounded_out(acc), unit);
    out_.layers.back().acc_bits = acc_bits;
    out_.layers.back().weight_bits = weight_bits;
    out_.layers.back().error_bound = error_bound;
    return ok_status();
  };
  if (s.mode != Mode::kNarrow && !always_narrow) return as_it_is();
  Target t = wanted;
  const bool cuts = s.chain.whole_first() && !t.whole && log_rows(acc.lo, acc.hi) > kMostFunctionBits;
  if (cuts && !(unit == 1 && always_narrow)) {
    // Floor and its kind on the exact sum: a rounded one may lie on the other side of a step.
    const ir::Value& y = graph_.value(s.output);
    return lower_rounding(i, append(std::move(q), y.name + ".sum", y.shape, rounded_out(acc), unit), 1, unit, true);
  }
  if (t.whole && unit == std::ldexp(1.0, -t.shift)) {
    // Sums of few fractions lie halfway again and again: to the even number, as Round does.
    const int zeros = trailing_zeros(q);
    const int dropped = qir::has_param_input(out_.graph, q) ? 0 : std::min(zeros, t.shift);
    const AccRange sum = {acc.lo >> dropped, acc.hi >> dropped};
    if (t.shift - zeros <= kMostTieBits && t.shift > dropped && log_rows(sum.lo, sum.hi) < qir::kMaxTableBits) {
      for (std::int64_t& coef : q.coefs) coef >>= dropped;
      q.constant >>= dropped;
      const ir::Value& y = graph_.value(s.output);
      q.name = node(i).name;
      const QTensor x = append(std::move(q), y.name + ".sum", y.shape, rounded_out(sum), std::ldexp(unit, dropped));
      return lower_rounding(i, x, 1, x.scale);
    }
  }
  // The accumulators are given here, so a coarser argument means a larger shift.
  while (!fits_or_coarsens(exact, t)) ++t.shift;
  // A clamp alone, of what is only compared: a softmax and a maximum take the whole range for less than the clamp costs, and exactly.
  const std::size_t v = static_cast<std::size_t>(s.output);
  if (t.shift == 0 && s.chain.empty() && !t.whole && t.h_scale == t.y_scale && options_.activation_bits == 0 &&
      plan_.compared[v] && uses_.only_compared[v] && exact.within(kLargestCompared))
    return as_it_is();
  // Ranges that say little about the weights: see rounded_out.
  AccRange domain = {requantized(acc.lo, t.shift), requantized(acc.hi, t.shift)};
  if (log_rows(rounded_out(domain).lo, rounded_out(domain).hi) == log_rows(domain.lo, domain.hi))
    domain = rounded_out(domain);
  AccRange y = {t.lo, t.hi};
  std::size_t request = 0;
  const bool whole_clamp = t.whole || (s.chain.rounds_and_clamps() && t.h_scale == 1);
  if (whole_clamp) y = domain;
  q.requant.shift = static_cast<std::uint8_t>(t.shift);
  if (whole_clamp || (s.chain.is_clamp() && t.h_scale == t.y_scale)) {
    const double least = s.chain.clamp_lo() / t.y_scale;
    const double most = s.chain.clamp_hi() / t.y_scale;
    if (least > static_cast<double>(y.lo)) y.lo = std::min(y.hi, static_cast<std::int64_t>(std::nearbyint(least)));
    if (most < static_cast<double>(y.hi)) y.hi = std::max(y.lo, static_cast<std::int64_t>(std::nearbyint(most)));
    // Without a parameter the declared range follows from the reach alone, and a clamp that never acts needs no y of its
    // own: one committed value less for each element, for one more table.
    const bool clamps = domain.lo < y.lo || domain.hi > y.hi;
    const std::int64_t num_elements = graph_.value(s.output).shape.num_elements();
    // Of scores that a softmax reads, a range of all is cheaper than a clamp, and exact.
    const bool scores = plan_.softmax[v] >= 0 && s.chain.empty() && options_.activation_bits == 0 &&
                        domain.hi - domain.lo < kLargestCompared;
    const bool many = !clamps && num_elements >= std::int64_t{1} << log_rows(domain.lo, domain.hi);
    if ((scores || many) && !qir::has_param_input(out_.graph, q)) {
      y = {requantized(acc.lo, t.shift), requantized(acc.hi, t.shift)};
      request = pool_.want_range(domain.lo, domain.hi);
    } else {
      request = pool_.want_clamp(y.lo, y.hi, domain.lo, domain.hi);
    }
  } else {
    ZKI_ASSIGN_OR_RETURN(
        request, s.chain.is_homogeneous() ? want_two_pieces(i, t, domain, y, q) : want_function(i, t, domain, y, q));
    error_bound += t.y_scale * (s.chain.is_whole() ? 0.5 : kPieceError);
  }
  // Every chain has slopes of at most 1 (LeakyRelu with a larger alpha scales the bound).
  error_bound += t.h_scale / 2;
  wanted_tables_.emplace_back(out_.graph.nodes.size(), request);
  emit_plain(i, std::move(q), y, t.y_scale);
  LayerInfo& info = out_.layers.back();
  if (!s.chain.empty()) {
    info.op += "+";
    for (const char c : s.chain.name()) {
      if (c == '(') break;
      info.op += c;
    }
  }
  info.requantized = true;
  info.shift = t.shift;
  info.reach = requantized(acc.hi, t.shift) - requantized(acc.lo, t.shift) + 1;
  info.acc_bits = acc_bits;
  info.weight_bits = weight_bits;
  info.error_bound = error_bound;
  return ok_status();
}

}  // namespace zkinfer::quant
