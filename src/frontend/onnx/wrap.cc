// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/wrap.h"

#include <algorithm>
#include <array>

#include "frontend/onnx/build.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::IntegerRange;
using std::int64_t;

constexpr int64_t kWidest = 65535;  // of types that wrap here: 16 bits

constexpr auto kArithmetic = std::to_array<std::string_view>({
    "Abs",
    "Add",
    "CumProd",
    "CumSum",
    "Div",
    "Einsum",
    "Gemm",
    "MatMul",
    "Mul",
    "Neg",
    "Pow",
    "ReduceL1",
    "ReduceLogSum",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Sub",
    "Sum",
});

// What an operand may be.
IntegerRange range_of(const ir::Value& value, const IntegerRange& type) {
  const IntTensor* ints = value.ints();
  if (ints == nullptr || ints->data().empty()) return type;
  const auto [lo, hi] = std::ranges::minmax(ints->data());
  return {lo, hi};
}

// Whether two operands' sum, difference or product stays in the type; of anything else nothing is known.
bool stays(const NodeContext& context, const IntegerRange& type) {
  const std::string& op = context.proto().op_type();
  const IntegerRange a = range_of(context.value(0), type);
  IntegerRange y{0, -1};
  if (op == "Neg") y = {-a.hi, -a.lo};
  if (op == "Abs") y = {0, std::max(a.hi, -a.lo)};
  if (context.num_inputs() == 2 && context.has_input(1)) {
    const IntegerRange b = range_of(context.value(1), type);
    if (op == "Add" || op == "Sum") y = {a.lo + b.lo, a.hi + b.hi};
    if (op == "Sub") y = {a.lo - b.hi, a.hi - b.lo};
    if (op == "Mul") {
      const auto ends = std::to_array<int64_t>({a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi});
      y = {std::ranges::min(ends), std::ranges::max(ends)};
    }
    if (op == "Div" && !(b.lo <= -1 && b.hi >= -1)) return true;
  }
  return y.lo <= y.hi && y.lo >= type.lo && y.hi <= type.hi;
}

}  // namespace

Status wrap_integers(NodeContext& context, Outputs& outputs) {
  if (outputs.empty() || outputs[0] == ir::kNoValue || !context.has_input(0)) return ok_status();
  if (std::ranges::find(kArithmetic, context.proto().op_type()) == kArithmetic.end()) return ok_status();
  const ir::Value& exact = context.graph().value(outputs[0]);
  const std::optional<IntegerRange> type = context.value(0).declared;
  if (exact.dtype != ir::DataType::kInt64 || !type || type->hi - type->lo > kWidest || stays(context, *type))
    return ok_status();
  Build b(context);
  const ir::ValueId count = b.number(static_cast<double>(type->hi - type->lo + 1), ir::DataType::kInt64);
  ir::ValueId y = outputs[0];
  if (type->lo != 0) y = b.sub(y, b.number(static_cast<double>(type->lo), ir::DataType::kInt64));
  y = b.op(ir::OpKind::kMod, {y, count}, ir::ModAttributes{});
  if (type->lo != 0) y = b.add(y, b.number(static_cast<double>(type->lo), ir::DataType::kInt64));
  ZKI_ASSIGN_OR_RETURN(outputs, b.output(y));
  context.graph().value(outputs[0]).declared = type;
  return ok_status();
}

}  // namespace zkinfer::frontend_onnx
