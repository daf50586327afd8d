// SPDX-License-Identifier: Apache-2.0
#include "qir/ops/rules.h"

#include <algorithm>

#include "base/check.h"
#include "base/op_table.h"

namespace zkinfer::qir {

namespace {

constexpr Wide kLargestBound = Wide{1} << 63;
// Of unbounded intervals; widths stay representable.
constexpr Wide kBeyond = Wide{1} << 100;

constexpr base::OpTable<Op, kNumOps, OpRule> kRules({
    {Op::kConv, {"Conv", 2, 3, kWindow | kGroups, RequantRule::kOptional, infer_conv}},
    {Op::kMatMul, {"MatMul", 2, 3, kNoAttribute, RequantRule::kOptional, infer_matmul}},
    {Op::kMul, {"Mul", 2, 2, kCoefs, RequantRule::kOptional, infer_mul}},
    {Op::kLinear, {"Linear", 1, kMaxNodeInputs, kCoefs | kConstant, RequantRule::kOptional, infer_linear}},
    {Op::kReduceSum, {"ReduceSum", 1, 1, kCoefs | kAxes, RequantRule::kOptional, infer_reduce_sum}},
    {Op::kSumPool, {"SumPool", 1, 1, kCoefs | kWindow, RequantRule::kOptional, infer_sum_pool}},
    {Op::kMaxPool, {"MaxPool", 1, 1, kWindow, RequantRule::kForbidden, infer_max_pool}},
    {Op::kReduceMax, {"ReduceMax", 1, 1, kAxes, RequantRule::kForbidden, infer_reduce_max}},
    {Op::kArgMax, {"ArgMax", 1, 1, kAxes, RequantRule::kForbidden, infer_arg_max}},
    {Op::kSoftmax, {"Softmax", 1, 1, kAxes | kCoefs, RequantRule::kRequired, infer_softmax}},
    {Op::kReshape, {"Reshape", 1, 1, kNoAttribute, RequantRule::kForbidden, infer_reshape}},
    {Op::kTranspose, {"Transpose", 1, 1, kPerm, RequantRule::kForbidden, infer_transpose}},
    {Op::kSlice, {"Slice", 1, 1, kStartsSteps, RequantRule::kForbidden, infer_slice}},
    {Op::kPad, {"Pad", 1, 1, kPadsBegin, RequantRule::kForbidden, infer_pad}},
    {Op::kConcat, {"Concat", 1, kMaxNodeInputs, kAxes, RequantRule::kForbidden, infer_concat}},
    {Op::kSelect, {"Select", 3, 3, kNoAttribute, RequantRule::kForbidden, infer_select}},
    {Op::kGather, {"Gather", 2, 2, kAxes | kCoefs, RequantRule::kForbidden, infer_gather}},
    {Op::kSort, {"Sort", 1, 1, kAxes | kCoefs, RequantRule::kForbidden, infer_sort}},
    {Op::kDivide, {"Divide", 2, 2, kCoefs, RequantRule::kForbidden, infer_divide}},
    {Op::kSquareRoot, {"SquareRoot", 1, 1, kCoefs | kConstant, RequantRule::kForbidden, infer_square_root}},
});

std::string wide_to_string(Wide x) {
  if (x >= kLargestBound) return ">=2^63";
  if (x <= -kLargestBound) return "<=-2^63";
  return std::to_string(static_cast<std::int64_t>(x));
}

}  // namespace

bool Interval::is_unbounded() const { return lo < -kLargestBound || hi > kLargestBound; }

Interval unbounded() { return {-kBeyond, kBeyond}; }

Interval make_interval(Wide lo, Wide hi) {
  const Interval exact{lo, hi};
  return exact.is_unbounded() ? unbounded() : exact;
}

Interval range_of(const Value& value) { return make_interval(value.lo, value.hi); }

Interval hull(Interval a, Interval b) { return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)}; }

Interval add(Interval a, Interval b) {
  if (a.is_unbounded() || b.is_unbounded()) return unbounded();
  return make_interval(a.lo + b.lo, a.hi + b.hi);
}

Interval multiply(Interval a, Interval b) {
  if (a.is_unbounded() || b.is_unbounded()) return unbounded();
  // |bounds| <= 2^63, so products are at most 2^126.
  const Wide corners[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
  return make_interval(*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4));
}

Interval square(Interval a) {
  const Interval product = multiply(a, a);
  return product.is_unbounded() ? product : Interval{std::max<Wide>(product.lo, 0), product.hi};
}

Interval scale(Interval a, std::int64_t factor) { return multiply(a, make_interval(factor, factor)); }

std::string to_string(Interval a) { return "[" + wide_to_string(a.lo) + ", " + wide_to_string(a.hi) + "]"; }

const OpRule& rule_of(Op op) {
  ZKI_CHECK(static_cast<std::size_t>(op) < kNumOps, "op is checked before its rule is used");
  return kRules[op];
}

Result<std::size_t> only_axis(const Node& node, const Shape& shape) {
  if (node.axes.size() == 1 && node.axes[0] >= 0 && node.axes[0] < static_cast<std::int64_t>(shape.rank()))
    return static_cast<std::size_t>(node.axes[0]);
  return invalid_argument(std::string(rule_of(node.op).name) + " needs one axis below the rank of " +
                          shape.to_string());
}

Status check_comparable(const Interval& range) {
  if (range.width() < kMaxWidth) return ok_status();
  return out_of_range("compares values of " + to_string(range) + ", at most 2^62 wide; use fewer bits");
}

bool declares_freely(const QGraph& graph, const Node& node) {
  return node.requant.table_index == kNoTable && has_param_input(graph, node);
}

bool has_param_input(const QGraph& graph, const Node& node) {
  return std::any_of(node.inputs.begin(), node.inputs.end(),
                     [&](ValueId id) { return graph.value(id).kind == ValueKind::kParam; });
}

}  // namespace zkinfer::qir
