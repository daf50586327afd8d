// SPDX-License-Identifier: Apache-2.0
// Reductions over axes, normalizations, places of extremes, running sums.
#include <algorithm>
#include <array>

#include <onnx/onnx_pb.h>

#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

// Input 1: the axes. Of an image that lies with channels first, its height and width are reduced there.
Status read_reduction(Operation& op) {
  constexpr int kKeepDims = 0;
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(Dims axes, op.g.integers(op.input(1), "the axes"));
  const std::size_t rank = op.tensor(0).shape.size();
  for (std::int64_t& axis : axes) {
    ZKI_ASSIGN_OR_RETURN(axis, resolved_axis(axis, rank));
  }
  std::sort(axes.begin(), axes.end());
  axes.erase(std::unique(axes.begin(), axes.end()), axes.end());
  const bool keeps = op.options().flag(kKeepDims);
  const bool image =
      rank == 4 && axes == Dims{1, 2} && op.g.is_real(op.input(0)) && op.g.layout_of(op.input(0)) == Layout::kFirst;
  if (axes.empty()) {  // nothing is reduced
    op.g.set_any(op.output(), op.any(0), Layout::kLast, false);
    return op.g.status();
  }
  const std::string x = op.g.any(op.input(0), image ? Layout::kFirst : Layout::kLast);
  const std::string y = op.node(op.onnx(), {x, op.list(image ? Dims{2, 3} : axes)}, {{"keepdims", keeps ? 1 : 0}});
  const bool on_grid =
      (op.name() == "REDUCE_MAX" || op.name() == "REDUCE_MIN") && op.g.same_grid(op.input(0), op.output());
  op.g.set_any(op.output(), y, image && keeps ? Layout::kFirst : Layout::kLast, on_grid);
  return op.g.status();
}

// Of booleans: the largest, the smallest.
Status read_logic(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const Dims axes, op.g.integers(op.input(1), "the axes"));
  const std::string numbers = op.node("Cast", {op.raw(0)}, {{"to", onnx::TensorProto::INT32}});
  const std::string y = op.node(op.onnx(), {numbers, op.list(axes)}, {{"keepdims", op.options().flag(0) ? 1 : 0}});
  op.g.set_raw(op.output(), op.node("Cast", {y}, {{"to", onnx::TensorProto::BOOL}}));
  return op.g.status();
}

Status read_place(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  ZKI_ASSIGN_OR_RETURN(const Dims axis, op.g.integers(op.input(1), "the axis"));
  if (axis.size() != 1) return corrupt("an axis of " + std::to_string(axis.size()) + " numbers");
  const std::string y = op.node(op.onnx(), {op.any(0)}, {{"axis", axis[0]}, {"keepdims", 0}});
  const int to = op.g.tensor(op.output()).type == Type::kInt64 ? onnx::TensorProto::INT64 : onnx::TensorProto::INT32;
  op.g.set_raw(op.output(), op.node("Cast", {y}, {{"to", to}}));
  return op.g.status();
}

// The k largest of the last axis and where they are.
Status read_top_k(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2, 2));
  ZKI_ASSIGN_OR_RETURN(const Dims count, op.g.integers(op.input(1), "the count"));
  if (count.size() != 1) return corrupt("a count of " + std::to_string(count.size()) + " numbers");
  frontend_onnx::ModelBuilder& builder = op.g.builder();
  const std::string values = builder.fresh(op.part());
  const std::string places = builder.fresh(op.part());
  builder.node("TopK", {op.any(0), op.list(count)}, {values, places}, {{"axis", -1}});
  op.g.set_any(op.output(0), values, Layout::kLast, op.g.same_grid(op.input(0), op.output(0)));
  op.g.set_raw(op.output(1), op.node("Cast", {places}, {{"to", onnx::TensorProto::INT32}}));
  return op.g.status();
}

Status read_cumsum(Operation& op) {
  enum Field { kExclusive, kReverse };
  ZKI_RETURN_IF_ERROR(op.require(2));
  const std::string y =
      op.node("CumSum", {op.any(0), op.raw(1)},
              {{"exclusive", op.options().flag(kExclusive) ? 1 : 0}, {"reverse", op.options().flag(kReverse) ? 1 : 0}});
  op.g.set_any(op.output(), y, Layout::kLast, false);
  return op.g.status();
}

// By the length of the last axis, which is at least 1e-6.
Status read_l2_normalization(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(1));
  const std::string x = op.real(0);
  const std::string sum = op.node("ReduceSum", {op.node("Mul", {x, x}), op.list({-1})}, {{"keepdims", 1}});
  const std::string length = op.node("Sqrt", {op.node("Max", {sum, op.number(1e-12F)})});
  return op.finish(op.node("Div", {x, length}));
}

// By the squares of the neighbours among the channels.
Status read_local_response_normalization(Operation& op) {
  enum Field { kRadius, kBias, kAlpha, kBeta };
  ZKI_RETURN_IF_ERROR(op.require(1));
  if (op.tensor(0).shape.size() != 4) return corrupt("an input of rank " + std::to_string(op.tensor(0).shape.size()));
  const std::int64_t radius = op.options().number<std::int32_t>(kRadius);
  if (radius < 0 || radius > 1 << 16) return corrupt("a radius of " + std::to_string(radius));
  const std::int64_t size = 2 * radius + 1;
  const float alpha = op.options().number<float>(kAlpha) * static_cast<float>(size);  // ONNX divides by the size
  const std::string y = op.node("LRN", {op.real(0, Layout::kFirst)},
                                {{"size", size},
                                 {"alpha", alpha},
                                 {"beta", op.options().number<float>(kBeta)},
                                 {"bias", op.options().number<float>(kBias)}});
  return op.finish(y, Layout::kFirst);
}

constexpr auto kRows = std::to_array<Row>({
    {"MEAN", read_reduction, "ReduceMean"},
    {"SUM", read_reduction, "ReduceSum"},
    {"REDUCE_MAX", read_reduction, "ReduceMax"},
    {"REDUCE_MIN", read_reduction, "ReduceMin"},
    {"REDUCE_PROD", read_reduction, "ReduceProd"},
    {"REDUCE_ANY", read_logic, "ReduceMax"},
    {"REDUCE_ALL", read_logic, "ReduceMin"},
    {"ARG_MAX", read_place, "ArgMax"},
    {"ARG_MIN", read_place, "ArgMin"},
    {"TOPK_V2", read_top_k},
    {"CUMSUM", read_cumsum},
    {"L2_NORMALIZATION", read_l2_normalization},
    {"LOCAL_RESPONSE_NORMALIZATION", read_local_response_normalization},
});

}  // namespace

std::span<const Row> reduce_rows() { return kRows; }

}  // namespace zkinfer::frontend_tflite
