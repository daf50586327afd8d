// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>

#include "frontend/onnx/normalize.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;

struct Reduction {
  Dims axes;
  bool keepdims = true;
  bool nothing = false;  // noop_with_empty_axes, and no axes are given
};

Result<Reduction> read_reduction(const NodeContext& context) {
  const std::size_t rank = context.shape(0).rank();
  ZKI_ASSIGN_OR_RETURN(const std::int64_t keepdims, context.int_attribute("keepdims", 1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t keep_if_empty, context.int_attribute("noop_with_empty_axes", 0));
  ZKI_ASSIGN_OR_RETURN(const std::optional<Dims> listed, context.ints_attribute_or_input("axes", 1));
  Reduction reduction;
  reduction.keepdims = keepdims != 0;
  if (listed && !listed->empty()) {
    ZKI_ASSIGN_OR_RETURN(reduction.axes, resolve_axes(*listed, rank));
  } else if (keep_if_empty != 0) {
    reduction.nothing = true;
  } else {
    for (std::size_t axis = 0; axis < rank; ++axis) reduction.axes.push_back(static_cast<std::int64_t>(axis));
  }
  return reduction;
}

// What a reduction of nothing gives.
double identity_of(OpKind op) {
  const double infinity = std::numeric_limits<double>::infinity();
  return op == OpKind::kReduceProd ? 1 : op == OpKind::kReduceMax ? -infinity : op == OpKind::kReduceMin ? infinity : 0;
}

ir::ValueId apply(Build& b, OpKind op, ir::ValueId x, const Reduction& reduction) {
  if (!b.ok()) return x;
  bool empty = false;
  Dims dims = b.shape(x).dims();
  for (std::size_t i = reduction.axes.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(reduction.axes[i]);
    empty |= dims[axis] == 0;
    dims[axis] = 1;
    if (!reduction.keepdims) dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  if (empty && op != OpKind::kReduceMean) {
    Result<Shape> shape = Shape::make(std::move(dims));
    if (!shape.ok()) {
      b.fail(shape.status());
      return x;
    }
    const bool bounded = b.dtype(x) != ir::DataType::kFloat;
    return b.expand(b.number_like(x, bounded ? std::clamp(identity_of(op), 0.0, 1.0) : identity_of(op)),
                    std::move(*shape));
  }
  return reduction.nothing ? x : b.reduce(op, x, reduction.axes, reduction.keepdims);
}

// Booleans count as 0 and 1, for the largest and smallest.
template <OpKind op>
Result<Outputs> import_reduce(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const Reduction reduction, read_reduction(context));
  Build b(context);
  const ir::DataType dtype = b.dtype(context.input(0));
  if (dtype == ir::DataType::kBool && (op == OpKind::kReduceMax || op == OpKind::kReduceMin))
    return b.output(b.cast(apply(b, op, b.cast(context.input(0), ir::DataType::kInt64), reduction), dtype));
  if (dtype != ir::DataType::kFloat && op == OpKind::kReduceMean && !reduction.nothing) {
    double count = 1;
    for (const std::int64_t axis : reduction.axes)
      count *= static_cast<double>(context.shape(0)[static_cast<std::size_t>(axis)]);
    return b.output(b.div(apply(b, OpKind::kReduceSum, context.input(0), reduction), b.number(count, dtype)));
  }
  return b.output(apply(b, op, context.input(0), reduction));
}

// after(sum of before(x))
enum class Norm : std::uint8_t { kL1, kL2, kLogSum, kSumSquare };
template <Norm norm>
Result<Outputs> import_norm(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const Reduction reduction, read_reduction(context));
  Build b(context);
  ir::ValueId x = context.input(0);
  const ir::DataType dtype = b.dtype(x);
  if (norm == Norm::kL1) x = b.op(OpKind::kAbs, {x});
  if (norm == Norm::kL2 || norm == Norm::kSumSquare) x = b.square(x);
  x = apply(b, OpKind::kReduceSum, x, reduction);
  if (norm == Norm::kL2 || norm == Norm::kLogSum)
    x = b.cast(
        b.function(norm == Norm::kL2 ? ir::function("Sqrt") : ir::function("Log"), b.cast(x, ir::DataType::kFloat)),
        dtype);
  return b.output(x);
}

// The largest is taken out first, so that exponentials stay within 0 and 1.
Result<Outputs> import_log_sum_exp(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const Reduction reduction, read_reduction(context));
  Build b(context);
  const ir::ValueId x = b.cast(context.input(0), ir::DataType::kFloat);
  if (reduction.nothing) return b.output(x);
  const Reduction kept{reduction.axes};
  const ir::ValueId largest = apply(b, OpKind::kReduceMax, x, kept);
  const ir::ValueId sum = apply(b, OpKind::kReduceSum, b.function(ir::function("Exp"), b.sub(x, largest)), kept);
  ir::ValueId y = b.add(b.function(ir::function("Log"), sum), largest);
  if (!reduction.keepdims) {
    Dims dims;
    for (std::size_t i = 0; i < context.shape(0).rank(); ++i)
      if (!std::binary_search(reduction.axes.begin(), reduction.axes.end(), static_cast<std::int64_t>(i)))
        dims.push_back(context.shape(0)[i]);
    y = b.reshape(y, std::move(dims));
  }
  return b.output(b.cast(y, b.dtype(context.input(0))));
}

// The last of equal extrema is the first of the reversed axis.
template <bool smallest>
Result<Outputs> import_arg_max(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ir::ArgMaxAttributes arg_max;
  ZKI_ASSIGN_OR_RETURN(const std::int64_t keepdims, context.int_attribute("keepdims", 1));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t last, context.int_attribute("select_last_index", 0));
  arg_max.keepdims = keepdims != 0;
  ZKI_ASSIGN_OR_RETURN(arg_max.axis, context.int_attribute("axis", 0));
  ZKI_ASSIGN_OR_RETURN(arg_max.axis, resolve_axis(arg_max.axis, context.shape(0).rank()));
  const std::int64_t length = context.shape(0)[static_cast<std::size_t>(arg_max.axis)];
  Build b(context);
  ir::ValueId x = context.input(0);
  if (smallest) x = b.negate(x);
  if (last != 0) x = b.slice(x, static_cast<std::size_t>(arg_max.axis), length - 1, length, -1);
  x = b.op(OpKind::kArgMax, {x}, arg_max);
  if (last != 0) x = b.sub(b.number(static_cast<double>(length - 1), ir::DataType::kInt64), x);
  return b.output(x);
}

Result<Outputs> import_softmax(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const RowsView view, rows_view(context));
  if (view.dims == context.shape(0).dims())
    return one_output(context.add(OpKind::kSoftmax, {context.input(0)}, ir::SoftmaxAttributes{view.axis}));
  Build b(context);
  const ir::ValueId rows = b.reshape(context.input(0), view.dims);
  return b.output(b.reshape(b.op(OpKind::kSoftmax, {rows}, ir::SoftmaxAttributes{view.axis}), context.shape(0).dims()));
}

struct Scan {
  std::size_t axis = 0;
  bool exclusive = false, reverse = false;
};

Result<Scan> read_scan(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(2));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t exclusive, context.int_attribute("exclusive", 0));
  ZKI_ASSIGN_OR_RETURN(const std::int64_t reverse, context.int_attribute("reverse", 0));
  ZKI_ASSIGN_OR_RETURN(const Dims axis, context.constant_ints(1, "axis"));
  if (axis.size() != 1) return corrupt("input 1 (axis) needs one element");
  ZKI_ASSIGN_OR_RETURN(const std::int64_t resolved, resolve_axis(axis[0], context.shape(0).rank()));
  return Scan{static_cast<std::size_t>(resolved), exclusive != 0, reverse != 0};
}

// A product with a triangle of ones. Integers go through floats, which hold them as long as the quantizer does.
Result<Outputs> import_cum_sum(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Scan scan, read_scan(context));
  const Shape x = context.shape(0);
  const std::int64_t length = x[scan.axis];
  if (length > 4096) return unsupported("a cumulative sum of " + std::to_string(length) + " elements | at most 4096");
  FloatTensor triangle(Shape{length, length});
  for (std::int64_t from = 0; from < length; ++from)
    for (std::int64_t to = 0; to < length; ++to) {
      const std::int64_t distance = scan.reverse ? from - to : to - from;
      triangle[static_cast<std::size_t>(from * length + to)] = distance >= (scan.exclusive ? 1 : 0) ? 1.0F : 0.0F;
    }
  Build b(context);
  Dims perm;
  for (std::size_t i = 0; i < x.rank(); ++i) perm.push_back(static_cast<std::int64_t>(i));
  std::swap(perm[scan.axis], perm[x.rank() - 1]);  // its own inverse
  ir::ValueId y = b.transpose(b.cast(context.input(0), ir::DataType::kFloat), perm);
  const Dims moved = b.shape(y).dims();
  y = b.reshape(y, {x.num_elements() / std::max<std::int64_t>(length, 1), length});
  y = b.matmul(y, b.literal(std::move(triangle), ir::DataType::kFloat));
  return b.output(b.cast(b.transpose(b.reshape(y, moved), perm), b.dtype(context.input(0))));
}

// Each step multiplies by what is 1, 2, 4, .. places before.
Result<Outputs> import_cum_prod(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const Scan scan, read_scan(context));
  const std::size_t axis = scan.axis;
  const std::int64_t length = context.shape(0)[axis];
  Build b(context);
  ir::ValueId x = context.input(0);
  // The places from..: `forwards` keeps the first `count` where they are.
  const auto shifted = [&](ir::ValueId part, ir::ValueId fixed) {
    return scan.reverse ? b.concat({part, fixed}, static_cast<std::int64_t>(axis))
                        : b.concat({fixed, part}, static_cast<std::int64_t>(axis));
  };
  if (scan.exclusive) {
    const ir::ValueId rest = b.slice(x, axis, scan.reverse ? 1 : 0, length - 1);
    Dims dims = context.shape(0).dims();
    dims[axis] = 1;
    x = shifted(rest, b.expand(b.number_like(x, 1), Shape(dims)));
  }
  for (std::int64_t step = 1; step < length; step *= 2) {
    const ir::ValueId behind = b.slice(x, axis, scan.reverse ? 0 : step, length - step);
    const ir::ValueId before = b.slice(x, axis, scan.reverse ? step : 0, length - step);
    const ir::ValueId fixed = b.slice(x, axis, scan.reverse ? length - step : 0, step);
    x = shifted(b.mul(behind, before), fixed);
  }
  return b.output(x);
}

constexpr std::string_view kReduceAttributes = "axes keepdims noop_with_empty_axes";

constexpr auto kHandlers = std::to_array<Handler>({
    {"ReduceMean", kReduceAttributes, no_check, import_reduce<OpKind::kReduceMean>},
    {"ReduceSum", kReduceAttributes, no_check, import_reduce<OpKind::kReduceSum>},
    {"ReduceMax", kReduceAttributes, no_check, import_reduce<OpKind::kReduceMax>},
    {"ReduceMin", kReduceAttributes, no_check, import_reduce<OpKind::kReduceMin>},
    {"ReduceProd", kReduceAttributes, no_check, import_reduce<OpKind::kReduceProd>},
    {"ReduceSumSquare", kReduceAttributes, no_check, import_norm<Norm::kSumSquare>},
    {"ReduceL1", kReduceAttributes, no_check, import_norm<Norm::kL1>},
    {"ReduceL2", kReduceAttributes, no_check, import_norm<Norm::kL2>},
    {"ReduceLogSum", kReduceAttributes, no_check, import_norm<Norm::kLogSum>},
    {"ReduceLogSumExp", kReduceAttributes, no_check, import_log_sum_exp},
    {"CumSum", "exclusive reverse", no_check, import_cum_sum},
    {"CumProd", "exclusive reverse", no_check, import_cum_prod},
    {"ArgMax", "axis keepdims select_last_index", no_check, import_arg_max<false>},
    {"ArgMin", "axis keepdims select_last_index", no_check, import_arg_max<true>},
    {"Softmax", "axis", no_check, import_softmax},
});

}  // namespace

std::span<const Handler> reduce_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
