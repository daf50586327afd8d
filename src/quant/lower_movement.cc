// SPDX-License-Identifier: Apache-2.0
// Operators that move integers without changing them: same scale, same range.
#include <algorithm>
#include <cmath>

#include "quant/lowering.h"

namespace zkinfer::quant {

using ir::OpKind;

Status Lowering::lower_movement(std::size_t i) {
  const ir::Node& n = node(i);
  const QTensor x = tensor(n.inputs[0]);
  AccRange range = {qvalue(x).lo, qvalue(x).hi};
  double scale = x.scale;
  qir::Node q;
  q.inputs = {x.id};
  switch (n.op) {
    case OpKind::kReshape: q.op = qir::Op::kReshape; break;
    case OpKind::kTranspose:
      q.op = qir::Op::kTranspose;
      q.perm = n.as<ir::TransposeAttributes>().perm;
      break;
    case OpKind::kSlice:
      q.op = qir::Op::kSlice;
      q.starts = n.as<ir::SliceAttributes>().starts;
      q.steps = n.as<ir::SliceAttributes>().steps;
      break;
    case OpKind::kPad: {
      const ir::PadAttributes& pad = n.as<ir::PadAttributes>();
      if (pad.value != 0)
        return fail(i, "pads with " + std::to_string(pad.value) +
                           "; only 0 has an integer form, pad inside the next layer instead");
      q.op = qir::Op::kPad;
      q.pads_begin = pad.begin;
      range = {std::min<std::int64_t>(range.lo, 0), std::max<std::int64_t>(range.hi, 0)};
      break;
    }
    case OpKind::kMaxPool: {
      const ir::PoolAttributes& pool = n.as<ir::PoolAttributes>();
      q.op = qir::Op::kMaxPool;
      q.kernel = pool.kernel;
      q.strides = pool.strides;
      q.dilations = pool.dilations;
      q.pads_begin = pool.pads_begin;
      break;
    }
    case OpKind::kReduceMax:
      q.op = qir::Op::kReduceMax;
      q.axes = n.as<ir::ReduceAttributes>().axes;
      break;
    case OpKind::kArgMax: {
      q.op = qir::Op::kArgMax;
      q.axes = {n.as<ir::ArgMaxAttributes>().axis};
      range = {0, qvalue(x).shape[static_cast<std::size_t>(q.axes[0])] - 1};
      scale = 1;
      break;
    }
    default: return fail(i, "is no movement");
  }
  emit_plain(i, std::move(q), range, scale);
  return ok_status();
}

Result<QTensor> Lowering::rescaled(std::size_t i, const QTensor& x, double scale, double least_factor) {
  const qir::Value value = qvalue(x);
  // A fine operand loses more bits, so that its factor stays exact enough.
  int shift = choice_.shift;
  while (shift < 40 && std::ldexp(x.scale / scale, shift) < least_factor) ++shift;
  const std::int64_t factor =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(std::nearbyint(std::ldexp(x.scale / scale, shift))));
  const std::int64_t round = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
  const qir::Interval acc = qir::scale(qir::range_of(value), factor);
  if (!acc.within(qir::kMaxMagnitude)) {
    return fail(i, "bringing '" + value.name + "' to the scale of the other inputs takes integers up to " +
                       qir::to_string(acc) + "; use fewer activation bits or a smaller shift");
  }
  const AccRange domain = {static_cast<std::int64_t>((acc.lo + round) >> shift),
                           static_cast<std::int64_t>((acc.hi + round) >> shift)};
  return append_looked_up(linear(i, {x}, {factor}, 0, shift), pool_.want_range(domain.lo, domain.hi),
                          value.name + ".rescaled", value.shape, domain, scale);
}

Status Lowering::lower_concat(std::size_t i) {
  const ir::Node& n = node(i);
  double scale = common_scale(i, n.inputs);
  // What is shown may be a large number (a Pad by one), but for those that only stand for "far away".
  if (std::find(graph_.outputs.begin(), graph_.outputs.end(), n.output) != graph_.outputs.end()) {
    for (const ir::ValueId id : n.inputs) {
      if (!is_const(id)) continue;
      for (const double x : numbers(graph_.value(id)))
        if (std::abs(x) <= kLargestShown) scale = std::max(scale, std::abs(x) / kFill);
    }
  }
  qir::Node q;
  q.op = qir::Op::kConcat;
  q.axes = {n.as<ir::ConcatAttributes>().axis};
  AccRange range;
  for (const ir::ValueId id : n.inputs) {
    ZKI_ASSIGN_OR_RETURN(const QTensor x, operand(i, id, scale));
    const AccRange own = {qvalue(x).lo, qvalue(x).hi};
    range = q.inputs.empty() ? own : AccRange{std::min(range.lo, own.lo), std::max(range.hi, own.hi)};
    q.inputs.push_back(x.id);
  }
  emit_plain(i, std::move(q), range, scale);
  return ok_status();
}

}  // namespace zkinfer::quant
