// SPDX-License-Identifier: Apache-2.0
// Operators that have no IR operator of their own and are written with several at import.
#include <array>
#include <cmath>

#include "frontend/onnx/build.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

Result<ValueId> reshape(NodeContext& context, ValueId x, Dims dims, std::string_view step) {
  ZKI_ASSIGN_OR_RETURN(Shape shape, Shape::make(std::move(dims)));
  return context.add(OpKind::kReshape, {x}, ir::ReshapeAttributes{std::move(shape)}, step);
}

// Reshape, permute, reshape.
Result<Outputs> shuffle(NodeContext& context, Dims split, Dims perm, Dims joined) {
  ZKI_ASSIGN_OR_RETURN(const ValueId blocks, reshape(context, context.input(0), std::move(split), "blocks"));
  ZKI_ASSIGN_OR_RETURN(const ValueId moved,
                       context.add(OpKind::kTranspose, {blocks}, ir::TransposeAttributes{std::move(perm)}, "moved"));
  return one_output(reshape(context, moved, std::move(joined), ""));
}

Result<int64_t> block_size(const NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  ZKI_ASSIGN_OR_RETURN(const int64_t block, context.int_attribute("blocksize", 0));
  const Shape& x = context.shape(0);
  if (block < 1 || block > 65536 || x.rank() != 4)
    return invalid_argument("blocksize " + std::to_string(block) + " for an input of shape " + x.to_string());
  return block;
}

Status check_block_mode(const NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "DCR"));
  return mode == "DCR" || mode == "CRD" ? ok_status() : corrupt("mode " + in_quotes(mode));
}

Result<Outputs> import_depth_to_space(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t block, block_size(context));
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "DCR"));
  const Shape x = context.shape(0);
  const int64_t depth = x[1] / (block * block);
  if (depth * block * block != x[1])
    return invalid_argument("blocksize " + std::to_string(block) + " for " + std::to_string(x[1]) + " channels");
  const Dims joined{x[0], depth, x[2] * block, x[3] * block};
  if (mode == "DCR") return shuffle(context, {x[0], block, block, depth, x[2], x[3]}, {0, 3, 4, 1, 5, 2}, joined);
  return shuffle(context, {x[0], depth, block, block, x[2], x[3]}, {0, 1, 4, 2, 5, 3}, joined);
}

Result<Outputs> import_space_to_depth(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t block, block_size(context));
  ZKI_ASSIGN_OR_RETURN(const std::string mode, context.string_attribute("mode", "DCR"));
  const Shape x = context.shape(0);
  if (x[2] % block != 0 || x[3] % block != 0)
    return invalid_argument("blocksize " + std::to_string(block) + " for shape " + x.to_string());
  const Dims perm = mode == "DCR" ? Dims{0, 3, 5, 1, 2, 4} : Dims{0, 1, 3, 5, 2, 4};
  return shuffle(context, {x[0], x[1], x[2] / block, block, x[3] / block, block}, perm,
                 {x[0], x[1] * block * block, x[2] / block, x[3] / block});
}

// ---- Smaller ones.

Result<Outputs> import_mean(NodeContext& context) {
  const size_t count = std::max<size_t>(context.num_inputs(), 1);
  ZKI_RETURN_IF_ERROR(context.require_inputs(count));
  ValueId sum = context.input(0);
  for (size_t i = 1; i < count; ++i) {
    ZKI_ASSIGN_OR_RETURN(sum, context.add(OpKind::kAdd, {sum, context.input(i)}, {}, "sum" + std::to_string(i)));
  }
  const ValueId factor =
      context.add_literal(FloatTensor(Shape{}, {1.0F / static_cast<float>(count)}), ir::DataType::kFloat, "factor");
  return one_output(context.add(OpKind::kMul, {sum, factor}));
}

// Keeps the upper or lower triangle of the last two axes: a selection by a constant mask.
Result<Outputs> import_trilu(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(1));
  const Shape x = context.shape(0);
  if (x.rank() < 2) return invalid_argument("input of shape " + x.to_string());
  ZKI_ASSIGN_OR_RETURN(const int64_t upper, context.int_attribute("upper", 1));
  Dims diagonal{0};
  if (context.has_input(1)) {
    ZKI_ASSIGN_OR_RETURN(diagonal, context.constant_ints(1, "k"));
  }
  if (diagonal.size() != 1) return corrupt("input 1 (k) needs one element");
  const int64_t k = std::clamp<int64_t>(diagonal[0], -kMaxElements, kMaxElements);
  const int64_t rows = x[x.rank() - 2];
  const int64_t columns = x[x.rank() - 1];
  IntTensor mask(Shape{rows, columns});
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      mask[static_cast<size_t>(i * columns + j)] = (upper != 0 ? j - i >= k : j - i <= k) ? 1 : 0;
  const ir::DataType dtype = context.graph().value(context.input(0)).dtype;
  const ValueId condition = context.add_literal(std::move(mask), ir::DataType::kBool, "mask");
  const AnyTensor nothing =
      dtype == ir::DataType::kFloat ? AnyTensor(FloatTensor(Shape{})) : AnyTensor(IntTensor(Shape{}));
  const ValueId zero = context.add_literal(nothing, dtype, "zero");
  return one_output(context.add(OpKind::kWhere, {condition, context.input(0), zero}));
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"DepthToSpace", "blocksize mode", check_block_mode, import_depth_to_space},
    {"SpaceToDepth", "blocksize mode", check_block_mode, import_space_to_depth},
    {"Mean", "", no_check, import_mean},
    {"Trilu", "upper", no_check, import_trilu},
});

}  // namespace

std::span<const Handler> composed_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
