// SPDX-License-Identifier: Apache-2.0
// Graph inputs: scale and range from the calibration data, or as they are given.
#include <algorithm>
#include <bit>
#include <cmath>

#include "quant/columns.h"
#include "quant/lowering.h"

namespace zkinfer::quant {

namespace {

// Bits of an input that is on no known grid; input bits are nearly free.
constexpr int kFreeInputBits = 15;
// Columns whose range is less than 2^-kUsualSpread of the input's largest value get more bits, up to kMostSpread.
constexpr int kUsualSpread = 1;
constexpr int kMostSpread = 21;
// And so many more where columns are leveled: no weight meets the input itself.
constexpr int kLeveledBits = 3;
// Of one that is only compared: thresholds may lie close to each other.
constexpr int kComparedInputBits = 30;
// At most, to tell a constant from the float32 numbers beside it: the difference of two such must fit into a table.
constexpr int kMostComparedBits = qir::kMaxTableBits - 3;
// Of one that is rounded to whole numbers, maybe after it was scaled.
constexpr int kDecidingInputBits = 24;
// A given input of more bits, another model's exact sums for instance, is rounded first: the weights that meet it would
// have hardly any bits left.
constexpr int kMostInputBits = 12;
constexpr int kMostTableBits = 20;

}  // namespace

const InputFormat* Lowering::given_format(std::size_t i) const {
  const auto& formats = options_.input_formats;
  return i < formats.size() && formats[i].has_value() ? &*formats[i] : nullptr;
}

int Lowering::input_spread_bits(ir::ValueId id) const {
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    if (graph_.inputs[i] != id) continue;
    const double octaves = std::log2(calibration_.input_spreads[i]);
    const int finer = octaves > kMostReadOctaves ? kLeveledBits : 0;
    return std::clamp(static_cast<int>(std::floor(octaves)) - kUsualSpread + finer, 0, kMostSpread);
  }
  return 0;
}

// Integers and bits in units of one: what they index, or what calibration saw and as much again.
qir::Value Lowering::whole_input(std::size_t i) const {
  const ir::Value& input = graph_.value(graph_.inputs[i]);
  const Histogram& data = calibration_.by_name.at(input.name);
  qir::Value value;
  value.scale = make_scale(1);
  if (input.dtype == ir::DataType::kBool) {
    value.hi = 1;
    return value;
  }
  const auto id = static_cast<std::size_t>(graph_.inputs[i]);
  const std::int64_t length = uses_.only_indexes[id] ? uses_.indexed_length[id] : 0;
  if (length > 0) {
    value.hi = length - 1;
    value.lo = data.min() < 0 ? -length : 0;
    return value;
  }
  const auto most = static_cast<std::uint64_t>(std::min(data.max_abs(), std::ldexp(1.0, 40)));
  value.hi = (std::int64_t{2} << std::bit_width(most)) - 1;
  value.lo = data.min() >= 0 ? 0 : -value.hi - 1;
  if (input.declared) {
    value.lo = std::max(value.lo, input.declared->lo);
    value.hi = std::min(value.hi, input.declared->hi);
  }
  return value;
}

qir::Value Lowering::chosen_input(std::size_t i) const {
  if (graph_.value(graph_.inputs[i]).dtype != ir::DataType::kFloat) return whole_input(i);
  const Histogram& data = calibration_.by_name.at(graph_.value(graph_.inputs[i]).name);
  // Nothing but zeros says nothing of signs.
  const bool non_negative = data.min() >= 0 && data.max_abs() > 0;
  // Of nothing but zeros no step is known.
  double scale = data.max_abs() > 0 ? calibration_.input_steps[i] : 0;
  const auto v = static_cast<std::size_t>(graph_.inputs[i]);
  int bits = kFreeInputBits + input_spread_bits(graph_.inputs[i]);  // on a grid: see below
  bits = std::max(bits_, uses_.only_compared[v] ? kComparedInputBits : uses_.decides[v] ? kDecidingInputBits : bits);
  if (scale > 0) {
    bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::llround(data.max_abs() / scale)))) +
           (non_negative ? 0 : 1);
    bits = std::max(bits, 1);
  } else {
    const double steps = static_cast<double>((std::int64_t{1} << (bits - (non_negative ? 0 : 1))) - 1);
    const double above = options_.method == CalibrationMethod::kMse ? room() : 1;
    // A power of two: halves, where people round, are exact.
    const double reach = data.max_abs() > 0 ? above * data.max_abs() : 1.0;
    scale = std::exp2(std::ceil(std::log2(reach / steps)));
    // Or a power of two of the decimal that the data are written in, so that these are exact.
    const double decimal = data.max_abs() > 0 ? calibration_.input_decimals[i] : 0;
    if (decimal > 0 && !uses_.only_compared[v] && !uses_.decides[v]) {
      const double part = std::ldexp(decimal, static_cast<int>(std::ceil(std::log2(reach / steps / decimal))));
      if (part <= decimal) scale = part;
    }
    if (uses_.only_compared[v]) {
      // The finest gap that can be reached; numbers that are as good as 0 are left aside.
      const auto gap = uses_.compared_gaps[v].lower_bound(std::ilogb(scale) - (kMostComparedBits - bits));
      const int finer = gap == uses_.compared_gaps[v].end() ? 0 : std::max(0, std::ilogb(scale) - *gap);
      scale = std::ldexp(scale, -finer);
      bits += finer;
    }
  }
  qir::Value value;
  value.hi = (std::int64_t{1} << (bits - (non_negative ? 0 : 1))) - 1;
  value.lo = non_negative ? 0 : -value.hi - 1;
  value.scale = make_scale(scale);
  return value;
}

Result<QTensor> Lowering::narrowed(const ir::Value& input, const QTensor& x, bool compared) {
  const qir::Value wide = qvalue(x);
  const double seen = calibration_.by_name.at(input.name).max_abs();
  const double clip = std::ldexp(seen > 0 ? seen : 1, compared ? kHeadRoomBits : 0);
  // The finest unit of which 2^kFreeInputBits steps reach the clip, among the input's own unit times powers of two.
  const int sign_bits = wide.lo < 0 ? 1 : 0;
  const double wanted = std::ldexp(clip / x.scale, sign_bits - kFreeInputBits);
  int shift = 0;
  while (std::ldexp(1.0, shift) < wanted) ++shift;
  const auto domain = [&] {
    const std::int64_t round = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
    return AccRange{(wide.lo + round) >> shift, (wide.hi + round) >> shift};
  };
  const auto levels = [&] { return static_cast<std::int64_t>(std::ceil(std::ldexp(clip / x.scale, -shift))); };
  while (shift < 40 && log_rows(domain().lo, domain().hi) > choice_.max_log_table && levels() >= kFewestLevels) ++shift;
  const AccRange reach = domain();
  if (shift >= 40 || log_rows(reach.lo, reach.hi) > kMostTableBits) {
    return unsupported("quantize: input '" + input.name + "' is given as integers " + std::to_string(wide.lo) + ".." +
                       std::to_string(wide.hi) +
                       ", too many beside what the calibration data use of them for a table that rounds them; end the "
                       "model that makes them "
                       "with an activation (Relu, Clip, ..), or compile it with fewer CompileOptions::activation_bits");
  }
  const std::int64_t most = (std::int64_t{1} << std::bit_width(static_cast<std::uint64_t>(levels()))) - 1;
  const AccRange y = {std::max(reach.lo, sign_bits == 1 ? -most - 1 : 0), std::min(reach.hi, most)};
  qir::Node q;
  q.op = qir::Op::kLinear;
  q.name = input.name;
  q.inputs = {x.id};
  q.coefs = {1};
  q.requant.shift = static_cast<std::uint8_t>(shift);
  const bool clamps = y.lo > reach.lo || y.hi < reach.hi;
  wanted_tables_.emplace_back(out_.graph.nodes.size(), clamps ? pool_.want_clamp(y.lo, y.hi, reach.lo, reach.hi)
                                                              : pool_.want_range(reach.lo, reach.hi));
  LayerInfo info;
  info.name = input.name + ".rounded";
  info.op = "Linear";
  info.shape = input.shape;
  info.requantized = true;
  info.shift = shift;
  info.lo = y.lo;
  info.hi = y.hi;
  info.scale = std::ldexp(x.scale, shift);
  info.error_bound = info.scale / 2;
  out_.layers.push_back(info);
  layer_nodes_.push_back(out_.graph.nodes.size());
  return append(std::move(q), info.name, input.shape, y, info.scale);
}

bool Lowering::is_carried(ir::ValueId id) const {
  const auto first = graph_.inputs.end() - static_cast<std::ptrdiff_t>(options_.num_carried);
  return std::find(first, graph_.inputs.end(), id) != graph_.inputs.end();
}

Status Lowering::settle_carried(std::size_t i) {
  const ir::Node& n = node(i);
  if (n.op != ir::OpKind::kWhere || !is_carried(n.inputs[2])) return ok_status();
  QTensor& carried = tensor(n.inputs[2]);
  const QTensor beside = tensor(n.inputs[1]);
  if (carried.scale != 0 || beside.scale == 0) return fail(i, "what is carried is read twice, or beside a constant");
  qir::Value& value = out_.graph.values[carried.id];
  const AccRange own{qvalue(beside).lo, qvalue(beside).hi};
  const AccRange range = carried_range_.value_or(own);
  if (own.lo < range.lo || own.hi > range.hi) return fail(i, "what is carried has another range than expected");
  value.lo = range.lo;
  value.hi = range.hi;
  value.scale = qvalue(beside).scale;
  carried.scale = beside.scale;
  return ok_status();
}

Status Lowering::lower_inputs() {
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ir::Value& input = graph_.value(graph_.inputs[i]);
    const InputFormat* given = given_format(i);
    const bool carried = is_carried(graph_.inputs[i]);
    qir::Value value = given == nullptr && !carried ? chosen_input(i) : qir::Value{};
    if (given != nullptr) {
      value.lo = given->lo;
      value.hi = given->hi;
      value.scale = given->scale;
    }
    value.name = input.name;
    value.kind = qir::ValueKind::kInput;
    value.shape = input.shape;
    const qir::ValueId id = static_cast<qir::ValueId>(out_.graph.values.size());
    out_.graph.values.push_back(value);
    out_.graph.inputs.push_back(id);
    tensor(graph_.inputs[i]) = {id, carried ? 0 : scale_of(value)};  // carried: settled where it is read
  }
  for (std::size_t i = 0; i < graph_.inputs.size(); ++i) {
    QTensor& x = tensor(graph_.inputs[i]);
    if (is_carried(graph_.inputs[i]) || given_format(i) == nullptr ||
        log_rows(qvalue(x).lo, qvalue(x).hi) <= kMostInputBits)
      continue;
    ZKI_ASSIGN_OR_RETURN(
        x, narrowed(graph_.value(graph_.inputs[i]), x, plan_.compared[static_cast<std::size_t>(graph_.inputs[i])]));
  }
  return ok_status();
}

}  // namespace zkinfer::quant
