// SPDX-License-Identifier: Apache-2.0
#include "quant/lowering.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "base/op_table.h"
#include "ir/functions.h"
#include "ir/op_table.h"
#include "qir/ops/rules.h"
#include "quant/pieces.h"

namespace zkinfer::quant {

using ir::OpKind;

namespace {

std::size_t index_of(ir::ValueId id) { return static_cast<std::size_t>(id); }

constexpr int kMostShift = 40;
// Of accumulators before a function that jumps, and how much finer than usual their units are.
constexpr int kDecisiveBits = 38;
constexpr int kDecisiveRoom = 10;
// Fractions of so few bits lie halfway between whole numbers often enough to matter.
constexpr int kMostTieBits = 16;

double with_head_room(double clip) { return clip > 0 ? clip : 1; }

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

Lowering::Lowering(const ir::Graph& graph, const Calibration& calibration, const Choice& choice,
                   const QuantOptions& options, CurveTables* known)
    : graph_(graph),
      calibration_(calibration),
      choice_(choice),
      bits_(static_cast<int>(std::bit_width(static_cast<unsigned>(choice.levels)))),
      options_(options),
      pool_(known) {}

Status Lowering::fail(std::size_t index, const std::string& why) const {
  return unsupported("quantize: node '" + node(index).name + "' (" + std::string(ir::op_name(node(index).op)) +
                     "): " + why);
}

Result<Quantized> Lowering::run() {
  std::vector<bool> non_negative;
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const std::string& name = graph_.value(graph_.inputs[i]).name;
    const auto it = calibration_.by_name.find(name);
    if (it == calibration_.by_name.end())
      return invalid_argument("quantize: calibration has no data for input '" + name + "'");
    const InputFormat* given = given_format(i);
    non_negative.push_back(given != nullptr ? given->lo >= 0 : it->second.min() >= 0 && it->second.max_abs() > 0);
  }
  plan_ = make_plan(graph_, non_negative);
  uses_ = uses_of(graph_);
  unrounded_ = unrounded_values();
  tensors_.resize(graph_.values.size());
  out_.graph.name = graph_.name;
  out_.activation_bits = bits_;
  out_.levels = choice_.levels;
  out_.shift = choice_.shift;
  assign_targets();
  ZKI_RETURN_IF_ERROR(lower_inputs());
  ZKI_RETURN_IF_ERROR(lower_nodes());
  ZKI_RETURN_IF_ERROR(finish_graph());
  return std::move(out_);
}

Status Lowering::lower_nodes() {
  std::vector<Status> refusals;
  std::vector<bool> lost(graph_.values.size(), false);  // behind a refused node
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const std::vector<ir::ValueId>& inputs = node(i).inputs;
    const bool skipped = std::any_of(inputs.begin(), inputs.end(),
                                     [&](ir::ValueId id) { return id != ir::kNoValue && lost[index_of(id)]; });
    const Status status = skipped || plan_.fused[i] ? ok_status() : lower_node(i);
    if (!status.ok()) refusals.push_back(status);
    if (skipped || !status.ok()) lost[index_of(node(i).output)] = true;
  }
  if (refusals.size() <= 1) return refusals.empty() ? ok_status() : refusals.front();
  std::string message = std::to_string(refusals.size()) + " parts of the model have no integer form:";
  for (const Status& status : refusals) message += "\n  " + status.message();
  return {refusals.front().code(), std::move(message)};
}

void Lowering::assign_targets() {
  targets_.resize(graph_.values.size());
  std::vector<double> group_scale(graph_.values.size(), 0.0);
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Segment& s = segment(i);
    if (plan_.fused[i] || s.mode != Mode::kNarrow || !(is_accumulator(node(i)) || UnaryChain::is_unary(node(i))))
      continue;
    const std::size_t v = index_of(s.output);
    // Given bits are kept, without head room.
    const bool given = options_.activation_bits > 0;
    const bool compared = plan_.compared[v] && !given;
    const Fewer fewer = fewer_of(i);
    const int more = given ? 0 : more_bits(s.output);
    const std::int64_t narrow = std::max<std::int64_t>(((choice_.levels + 1) << more >> fewer.bits) - 1, kFewestLevels);
    const std::int64_t levels = compared ? ((narrow + 1) << kHeadRoomBits) - 1 : narrow;
    Target& t = targets_[v];
    t.shift = std::max(choice_.shift - fewer.shift, 1) + (given ? 0 : more_bits_read(i));
    t.hi = plan_.non_negative[v] ? levels : levels / 2;
    t.lo = plan_.non_negative[v] ? 0 : -t.hi - 1;
    const double steps = static_cast<double>(t.hi);
    if (s.chain.is_whole()) {
      t.y_scale = 1;  // lo and hi come with the table
      continue;
    }
    if (s.chain.has_fixed_range()) {
      t.y_scale = s.chain.fixed_range() / steps;
      continue;
    }
    const auto it = calibration_.by_name.find(graph_.value(s.output).name);
    double clip = 1;
    if (it != calibration_.by_name.end()) {
      const double without_room = static_cast<double>(std::int64_t{1} << kHeadRoomBits);
      clip = compared ? with_head_room(it->second.max_abs()) * without_room : clip_of(it->second, steps);
    }
    if (s.chain.is_clamp()) {
      // A bound the model itself has: exact when calibration nearly reaches it.
      const double bound =
          plan_.non_negative[v] ? s.chain.clamp_hi() : std::max(s.chain.clamp_hi(), -s.chain.clamp_lo());
      if (std::isfinite(bound) && bound > 0 && clip > 0.8 * bound) clip = bound;
    }
    t.y_scale = clip / steps;
    if (const std::int32_t softmax = plan_.softmax[v]; softmax >= 0 && !given) {
      // An exponential is as exact as its argument's unit is small: y moves by a quarter of that at most.
      const double fine = std::ldexp(2.0, -softmax_bits(static_cast<std::size_t>(softmax)));
      if (t.y_scale > fine) {
        t.y_scale = fine;
        t.hi = static_cast<std::int64_t>(std::ceil(clip / fine));
        if (t.lo < 0) t.lo = -t.hi - 1;
      }
    }
    double& group = group_scale[index_of(plan_.group[v])];
    group = std::max(group, t.y_scale);
  }
  for (std::size_t v = 0; v < targets_.size(); ++v) {
    const double group = group_scale[index_of(plan_.group[v])];
    // Values of fixed range (a Sigmoid beside a Concat) too: their table is made for the scale that their group has.
    if (targets_[v].y_scale > 0 && group > targets_[v].y_scale) targets_[v].y_scale = group;
  }
}

Fewer Lowering::fewer_of(std::size_t i) const {
  const auto own = choice_.fewer.find(i);
  return own != choice_.fewer.end() ? own->second : Fewer{};
}

int Lowering::softmax_bits(std::size_t i) const { return std::max(kLeastSoftmaxBits, bits_ - fewer_of(i).bits); }

int Lowering::more_bits(ir::ValueId id) const {
  const auto more = calibration_.more_bits.find(graph_.value(id).name);
  return more == calibration_.more_bits.end() ? 0 : std::clamp(more->second, 0, std::max(0, kMostUnevenBits - bits_));
}

int Lowering::more_bits_read(std::size_t i) const {
  const ir::Node& n = node(i);
  if (n.op != OpKind::kConv && n.op != OpKind::kMatMul) return 0;
  for (const std::size_t operand : {std::size_t{0}, std::size_t{1}})
    if (is_const(n.inputs[operand])) return more_bits(n.inputs[1 - operand]);
  return 0;
}

// Where the bits are given, what suits them best; else all that calibration saw and some room: bits are cheap.
double Lowering::clip_of(const Histogram& seen, double steps) const {
  if (options_.activation_bits > 0 || options_.method != CalibrationMethod::kMse || seen.max_abs() <= 0)
    return choose_clip(seen, steps, options_);
  return room() * seen.max_abs();
}

double Lowering::room() const {
  return std::min(kMostRoom, 1 + kRoomOfOne / std::sqrt(static_cast<double>(calibration_.num_inputs)));
}

Status Lowering::lower_node(std::size_t i) {
  const ir::Node& n = node(i);
  for (std::size_t j = 0; j < n.inputs.size(); ++j) {
    if (n.has_input(j) && !is_const(n.inputs[j]) && tensor(n.inputs[j]).scale == 0)
      return fail(i, "its input has no integer form");
  }
  if (static_cast<std::size_t>(n.op) >= ir::kNumCoreOps)
    return fail(i, "has no integer form; run passes::legalize first");
  static constexpr base::OpTable<OpKind, ir::kNumCoreOps, Status (Lowering::*)(std::size_t)> kLower({
      {OpKind::kConv, &Lowering::lower_contract},
      {OpKind::kMatMul, &Lowering::lower_matmul},
      {OpKind::kAdd, &Lowering::lower_sum},
      {OpKind::kSub, &Lowering::lower_sum},
      {OpKind::kMul, &Lowering::lower_mul},
      {OpKind::kAveragePool, &Lowering::lower_average},
      {OpKind::kReduceMean, &Lowering::lower_average},
      {OpKind::kReduceSum, &Lowering::lower_average},
      {OpKind::kSoftmax, &Lowering::lower_softmax},
      {OpKind::kConcat, &Lowering::lower_concat},
      {OpKind::kRelu, &Lowering::lower_unary},
      {OpKind::kLeakyRelu, &Lowering::lower_unary},
      {OpKind::kClip, &Lowering::lower_unary},
      {OpKind::kFunction, &Lowering::lower_unary},
      {OpKind::kDiv, &Lowering::lower_divide},
      {OpKind::kMod, &Lowering::lower_mod},
      {OpKind::kMax, &Lowering::lower_max},
      {OpKind::kLess, &Lowering::lower_less},
      {OpKind::kEqual, &Lowering::lower_equal},
      {OpKind::kWhere, &Lowering::lower_where},
      {OpKind::kCast, &Lowering::lower_cast},
      {OpKind::kReshape, &Lowering::lower_movement},
      {OpKind::kTranspose, &Lowering::lower_movement},
      {OpKind::kSlice, &Lowering::lower_movement},
      {OpKind::kPad, &Lowering::lower_movement},
      {OpKind::kMaxPool, &Lowering::lower_movement},
      {OpKind::kReduceMax, &Lowering::lower_movement},
      {OpKind::kArgMax, &Lowering::lower_movement},
      {OpKind::kGather, &Lowering::lower_gather},
      {OpKind::kSort, &Lowering::lower_sort},
  });
  return takes_exact(i) ? lower_exact(i) : (this->*kLower[n.op])(i);
}

Status Lowering::lower_matmul(std::size_t i) {
  const ir::Node& n = node(i);
  return is_const(n.inputs[0]) || is_const(n.inputs[1]) ? lower_contract(i) : lower_product(i);
}

Target Lowering::target(std::size_t i) const {
  const Segment& s = segment(i);
  Target t = targets_[index_of(s.output)];
  t.h_scale = t.y_scale;
  t.any_width = s.chain.is_clamp() || s.chain.is_homogeneous();
  // A steep piece makes steps of its argument larger.
  if (s.chain.is_homogeneous())
    t.h_scale /= std::exp2(std::ceil(std::log2(std::max(1.0, std::abs(s.chain.apply(-1))))));
  if (s.chain.rounds_and_clamps()) {
    // The requantization itself rounds to whole numbers.
    t.h_scale = t.y_scale = 1;
    t.shift = std::max(t.shift, kWholeShift);
    t.any_width = t.whole = true;
  } else if (!s.chain.is_clamp() && !s.chain.is_homogeneous()) {
    const RealRange x = argument_range(i, t.y_scale);
    t.h_scale = s.chain.argument_step(x.lo, x.hi, t.y_scale, kArgumentBits);
    t.any_width = true;
  }
  return t;
}

double Lowering::sum_unit(std::size_t i, double natural) {
  const auto known = sum_units_.find(i);
  if (known != sum_units_.end()) return known->second;
  double unit = natural;
  if (segment(i).mode == Mode::kNarrow) {
    const Target t = target(i);
    unit = std::ldexp(t.h_scale, -decisive_shift(i, t.h_scale, sum_shift(i, t), natural));
  }
  if (segment(i).mode == Mode::kWideTerm) unit = sum_unit(static_cast<std::size_t>(segment(i).term_of), natural);
  sum_units_[i] = unit;
  return unit;
}

// A larger shift where operands are so fine that their factors, rounded, would be wrong by more than half a unit of the result.
int Lowering::sum_shift(std::size_t i, const Target& t) const {
  int shift = t.shift;
  const auto loss = [&] {
    const double unit = std::ldexp(t.h_scale, -shift);
    double error = 0;
    for (const ir::ValueId id : node(i).inputs) {
      const QTensor& x = tensors_[index_of(id)];
      if (is_const(id) || x.scale == 0) continue;
      const double factor = std::max(1.0, std::nearbyint(x.scale / unit));
      error += std::abs(x.scale - factor * unit) * static_cast<double>(std::max(qvalue(x).hi, -qvalue(x).lo));
    }
    return error;
  };
  while (shift < kMostShift && loss() > t.h_scale / 2) ++shift;
  return shift;
}

// Before a function that jumps, constants count with more bits than in a sum that is rounded anyway. natural: the unit in which
// they have a dozen.
int Lowering::decisive_shift(std::size_t i, double h_scale, int shift, double natural) const {
  if (!segment(i).chain.is_whole()) return shift;
  const auto seen = calibration_.by_name.find(graph_.value(segment(i).output).name);
  const double reach = seen == calibration_.by_name.end() || seen->second.empty() ? 1 : seen->second.max_abs();
  const int room = kDecisiveBits - static_cast<int>(std::ceil(std::log2(std::max(1.0, reach / h_scale))));
  while (shift < std::min(kMostShift, room) && std::ldexp(h_scale, -shift) > std::ldexp(natural, -kDecisiveRoom))
    ++shift;
  return shift;
}

double Lowering::wanted_unit(std::size_t i, double natural) {
  const Segment& s = segment(i);
  if (s.mode == Mode::kNarrow) {
    const Target t = target(i);
    return std::ldexp(t.h_scale, -t.shift);
  }
  if (s.mode != Mode::kWideTerm) return natural;
  double unit = sum_unit(static_cast<std::size_t>(s.term_of), natural);
  // Fewer weight bits on request: a multiple of the sum's unit.
  while (options_.weight_bits > 0 && unit < natural) unit *= 2;
  return unit;
}

std::int64_t Lowering::fit_factor(double raw, Target& t) const {
  if (t.whole) {
    while (std::ldexp(raw, t.shift) < kExactFactor && t.shift < kMostShift) ++t.shift;
    return static_cast<std::int64_t>(
        std::clamp(std::nearbyint(std::ldexp(raw, t.shift)), 1.0, static_cast<double>(qir::kMaxCoefficient)));
  }
  // acc = factor * sum, real = raw * sum, so h = raw 2^shift / factor; at least the wanted h.
  double factor = std::floor(std::ldexp(raw, t.shift) / t.h_scale * (1 + 1e-9));
  // Without a factor of at least 4, h would be much coarser than wanted: drop more bits at this node.
  while (factor < 4 && t.shift < 30) {
    ++t.shift;
    factor = std::floor(std::ldexp(raw, t.shift) / t.h_scale * (1 + 1e-9));
  }
  factor = std::clamp(factor, 1.0, static_cast<double>(qir::kMaxCoefficient));
  const double exact = std::ldexp(raw, t.shift) / factor;
  if (t.follows()) t.y_scale = exact;
  t.h_scale = exact;
  return static_cast<std::int64_t>(factor);
}

Status Lowering::check_weight_bits(std::size_t i, const std::string& name, int bits) const {
  if (options_.weight_bits == 0 || bits <= options_.weight_bits) return ok_status();
  return fail(i, "its parameter '" + name + "' needs " + std::to_string(bits) +
                     " bits beside what it acts on, CompileOptions::weight_bits allows " +
                     std::to_string(options_.weight_bits) + "; allow more, or give fewer activation bits");
}

Status Lowering::too_large(const std::string& name) const {
  return out_of_range(
      "quantize: parameter '" + name +
      "' has a value that is not finite or too large beside the activations it acts on; check the weights and the "
      "calibration data");
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
  const ir::Value& y = graph_.value(segment(i).output);
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
  tensor(segment(i).output) = append(std::move(q), y.name, y.shape, range, scale);
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
  const Segment& s = segment(i);
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
  const std::size_t v = index_of(s.output);
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
    if (!clamps && !qir::has_param_input(out_.graph, q) &&
        num_elements >= std::int64_t{1} << log_rows(domain.lo, domain.hi)) {
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

// A parameter cannot be an output itself: nodes compute those.
Status Lowering::constant_output(ir::ValueId id) {
  constexpr int kBits = 24;  // of a float's fraction
  const ir::Value& value = graph_.value(id);
  const std::vector<double> real = numbers(value);
  double largest = 0;
  for (const double x : real) largest = std::max(largest, std::abs(x));
  if (real.empty() || !std::isfinite(largest)) {
    return unsupported("quantize: output '" + value.name + "' is a constant " +
                       (real.empty() ? "without elements" : "with infinite elements") + "; remove it from the model");
  }
  const bool whole = value.dtype != ir::DataType::kFloat;
  const double scale = whole || largest == 0 ? 1 : std::ldexp(1.0, std::ilogb(largest) + 1 - kBits);
  ZKI_ASSIGN_OR_RETURN(const qir::ValueId param,
                       add_param(value.name + "#constant", value.shape, real, scale, nullptr));
  qir::Node q;
  q.op = qir::Op::kLinear;
  q.name = value.name;
  q.inputs = {param};
  q.coefs = {1};
  const qir::Value& made = out_.graph.value(param);
  tensor(id) = append(std::move(q), value.name, value.shape, {made.lo, made.hi}, scale);
  return ok_status();
}

Status Lowering::finish_graph() {
  const std::vector<std::int32_t> tables = pool_.build(out_.graph.tables);
  for (const auto& [node_index, request] : wanted_tables_) {
    const qir::Table& table = out_.graph.tables[static_cast<std::size_t>(tables[request])];
    if (table.log_size > qir::kMaxTableBits || table.first < -(std::int64_t{1} << qir::kMaxTableBits)) {
      return unsupported("quantize: node '" + out_.graph.nodes[node_index].name + "' rounds or compares integers of " +
                         std::to_string(table.log_size) + " bits, at most " + std::to_string(qir::kMaxTableBits) +
                         " are possible; give inputs a smaller range, or use fewer activation bits");
    }
  }
  for (const auto& [node_index, request] : wanted_tables_)
    out_.graph.nodes[node_index].requant.table_index = tables[request];
  for (std::size_t i = 0; i < out_.layers.size(); ++i) {
    const qir::Node& q = out_.graph.nodes[layer_nodes_[i]];
    if (q.requant.table_index == qir::kNoTable) continue;
    out_.layers[i].log_table = out_.graph.tables[static_cast<std::size_t>(q.requant.table_index)].log_size;
    out_.num_requantized += out_.graph.value(q.output).shape.num_elements();
  }
  std::unordered_set<qir::ValueId> taken;
  const bool all_constant =
      std::all_of(graph_.outputs.begin(), graph_.outputs.end(), [&](ir::ValueId id) { return is_const(id); });
  for (const ir::ValueId id : graph_.outputs) {
    if (all_constant || (!is_const(id) && tensor(id).scale == 0)) {
      return unsupported("quantize: output '" + graph_.value(id).name +
                         "' does not depend on the inputs, and no other does: there is nothing to prove");
    }
    if (is_const(id) && tensor(id).scale == 0) ZKI_RETURN_IF_ERROR(constant_output(id));
    QTensor y = tensor(id);
    const std::string& name = graph_.value(id).name;
    const bool own = qvalue(y).kind == qir::ValueKind::kNode && taken.count(y.id) == 0;
    const bool same_scale = std::abs(scale_of(qvalue(y)) / y.scale - 1) <= 1e-12;
    if (own && same_scale) {
      // The last step of a chain has a name of its own.
      out_.graph.values[static_cast<std::size_t>(y.id)].name = name;
    } else if (!same_scale || qvalue(y).name != name) {
      // A factor that only changed the scale, an input, another output: the output needs a value that says so.
      qir::Node q;
      q.op = qir::Op::kReshape;
      q.name = name;
      q.inputs = {y.id};
      const AccRange range = {qvalue(y).lo, qvalue(y).hi};
      y = append(std::move(q), name, graph_.value(id).shape, range, y.scale);
    }
    taken.insert(y.id);
    out_.graph.outputs.push_back(y.id);
  }
  out_.params.resize(out_.graph.values.size());
  out_.table_rows = count_table_rows(out_.graph);
  if (Status status = qir::validate(out_.graph); !status.ok()) {
    // What the model's sizes and values reach is no bug of ours.
    if (status.code() == StatusCode::kOutOfRange || status.code() == StatusCode::kResourceLimit)
      return unsupported("quantize: the integers that it needs cannot be proved: " + status.message());
    return internal_error("quantize: the integer graph is not valid: " + status.message());
  }
  return ok_status();
}

}  // namespace zkinfer::quant
