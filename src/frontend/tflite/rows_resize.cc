// SPDX-License-Identifier: Apache-2.0
// Images of another size.
#include <array>

#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

Status read_resize(Operation& op) {
  ZKI_RETURN_IF_ERROR(op.require(2));
  const bool nearest = op.name() == "RESIZE_NEAREST_NEIGHBOR";
  // Options of the older one begin with two that are no more.
  const int first = nearest ? 0 : 2;
  const bool aligned = op.options().flag(first);
  const bool half_pixels = op.options().flag(first + 1);
  if (op.tensor(0).shape.size() != 4) return corrupt("an input of rank " + std::to_string(op.tensor(0).shape.size()));
  ZKI_ASSIGN_OR_RETURN(const Dims size, op.g.integers(op.input(1), "the size"));
  if (size.size() != 2) return corrupt("a size of " + std::to_string(size.size()) + " numbers");
  const std::string transform = aligned                  ? "align_corners"
                                : half_pixels && nearest ? "tf_half_pixel_for_nn"
                                : half_pixels            ? "half_pixel"
                                                         : "asymmetric";
  Attributes attributes{
      {"mode", nearest ? "nearest" : "linear"}, {"coordinate_transformation_mode", transform}, {"axes", {2, 3}}};
  if (nearest) attributes.push_back({"nearest_mode", aligned ? "round_prefer_ceil" : "floor"});
  const std::string y = op.node("Resize", {op.real(0, Layout::kFirst), "", "", op.list(size)}, attributes);
  op.g.set_real(op.output(), y, Layout::kFirst, nearest && op.g.same_grid(op.input(0), op.output()));
  return op.g.status();
}

constexpr auto kRows = std::to_array<Row>({
    {"RESIZE_BILINEAR", read_resize},
    {"RESIZE_NEAREST_NEIGHBOR", read_resize},
});

}  // namespace

std::span<const Row> resize_rows() { return kRows; }

}  // namespace zkinfer::frontend_tflite
