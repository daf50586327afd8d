// SPDX-License-Identifier: Apache-2.0
// Movement is views, not constraints: each case ends in an operator that reads the view.
#include <cmath>

#include "operators/cases.h"

namespace zkinfer::operators {

namespace {

using Names = std::vector<std::string>;

Names relu(Draft& d, const std::string& y) { return {d.op("Relu", {y})}; }
Names reshape_relu(Draft& d, Draft::Dims from, Draft::Dims to) {
  return relu(d, d.op("Reshape", {d.x(from), d.ints(to)}));
}
std::string scaled(Draft& d, Draft::Dims dims, double factor) {
  return d.op("Relu", {d.op("Mul", {d.x(dims), d.number(factor)})});
}

constexpr Case kCases[] = {
    {"flatten",
     [](Draft& d) {
       return relu(d, d.op("Flatten", {d.x({2, 3, 4})}));
     }},
    {"flatten_axis_0",
     [](Draft& d) {
       return relu(d, d.op("Flatten", {d.x({2, 3, 4})}, {{"axis", 0}}));
     }},
    {"flatten_negative_axis",
     [](Draft& d) {
       return relu(d, d.op("Flatten", {d.x({2, 3, 4})}, {{"axis", -1}}));
     }},
    {"flatten_conv_into_gemm",
     [](Draft& d) -> Names {
       const std::string y = d.op("Relu", {d.op("Conv", {d.x({1, 2, 5, 5}), d.w({3, 2, 3, 3}, 0.3)})});
       return {d.op("Gemm", {d.op("Flatten", {y}), d.w({27, 4}, 0.2)})};
     },
     6},
    {"reshape",
     [](Draft& d) {
       return reshape_relu(d, {2, 6}, {3, 4});
     }},
    {"reshape_uneven_cut",
     [](Draft& d) {
       return reshape_relu(d, {6, 4}, {8, 3});
     }},
    {"reshape_uneven_cut_of_three",
     [](Draft& d) {
       return reshape_relu(d, {6, 10}, {4, 3, 5});
     }},
    {"reshape_zero_and_minus_one",
     [](Draft& d) {
       return reshape_relu(d, {2, 3, 4}, {0, -1});
     }},
    {"reshape_only",
     [](Draft& d) -> Names {
       return {d.op("Reshape", {d.x({6, 4}), d.ints({8, 3})})};
     }},
    {"reshape_then_sum",
     [](Draft& d) {
       return relu(d, d.op("ReduceSum", {d.op("Reshape", {d.x({6, 4}), d.ints({8, 3})}), d.ints({0})}));
     }},
    {"reshape_then_matmul",
     [](Draft& d) {
       return relu(d, d.op("MatMul", {d.op("Reshape", {d.x({6, 4}), d.ints({3, 8})}), d.w({8, 3}, 0.4)}));
     }},
    {"reshape_then_conv",
     [](Draft& d) {
       return relu(d, d.op("Conv", {d.op("Reshape", {d.x({50}), d.ints({1, 2, 5, 5})}), d.w({2, 2, 3, 3}, 0.3)}));
     }},
    // A padded vector read as an image, and a window that leaves it above and to the right: padding, not the vector again.
    {"reshape_of_padded_into_window",
     [](Draft& d) -> Names {
       const std::string grid =
           d.op("Reshape", {d.op("Pad", {d.x({1, 2}), d.ints({0, 0, 0, 14})}), d.ints({1, 1, 4, 4})});
       return relu(d, d.op("Conv", {grid, d.w({2, 1, 2, 2}, 0.5)}, {{"pads", {1, 0, 0, 1}}}));
     }},
    {"reshape_of_padded_into_pad",
     [](Draft& d) -> Names {
       const std::string grid = d.op("Reshape", {d.op("Pad", {d.x({2}), d.ints({0, 14})}), d.ints({4, 4})});
       return relu(d, d.op("Pad", {grid, d.ints({1, 0, 0, 4})}));
     }},
    {"reshape_then_max",
     [](Draft& d) -> Names {
       return {d.op("ReduceMax", {d.op("Reshape", {d.x({6, 4}), d.ints({3, 8})})}, {{"axes", {0}}})};
     }},
    {"reshape_both_operands",
     [](Draft& d) -> Names {
       return {d.op("Add",
                    {d.op("Reshape", {d.x({6, 4}), d.ints({8, 3})}), d.op("Reshape", {d.x({2, 12}), d.ints({8, 3})})})};
     },
     2},
    {"reshape_of_product_of_reshapes",
     [](Draft& d) -> Names {
       const std::string y = d.op("Mul", {d.op("Reshape", {d.x({6, 4}), d.ints({8, 3})}), d.x({8, 3})});
       return {d.op("Relu", {d.op("Reshape", {y, d.ints({4, 6})})})};
     }},
    {"transpose",
     [](Draft& d) {
       return relu(d, d.op("Transpose", {d.x({3, 4})}));
     }},
    {"transpose_perm",
     [](Draft& d) {
       return relu(d, d.op("Transpose", {d.x({2, 3, 4, 5})}, {{"perm", {0, 2, 3, 1}}}));
     }},
    {"transpose_then_reshape",
     [](Draft& d) {
       return relu(d, d.op("Reshape", {d.op("Transpose", {d.x({3, 4})}), d.ints({2, 6})}));
     }},
    {"transpose_then_conv",
     [](Draft& d) {
       return relu(
           d, d.op("Conv", {d.op("Transpose", {d.x({1, 5, 5, 2})}, {{"perm", {0, 3, 1, 2}}}), d.w({2, 2, 3, 3}, 0.3)}));
     }},
    {"squeeze",
     [](Draft& d) {
       return relu(d, d.op("Squeeze", {d.x({1, 3, 1, 4}), d.ints({0, 2})}));
     }},
    {"squeeze_attribute",
     [](Draft& d) {
       return relu(d, d.op("Squeeze", {d.x({1, 3, 1, 4})}, {{"axes", {2}}}));
     },
     1, false, 11},
    {"squeeze_all",
     [](Draft& d) {
       return relu(d, d.op("Squeeze", {d.x({1, 3, 1, 4})}));
     }},
    {"unsqueeze",
     [](Draft& d) {
       return relu(d, d.op("Unsqueeze", {d.x({3, 4}), d.ints({0, -1})}));
     }},
    {"unsqueeze_broadcast",
     [](Draft& d) {
       return relu(d, d.op("Add", {d.op("Unsqueeze", {d.x({4}), d.ints({1})}), d.x({4, 3})}));
     },
     2},
    {"concat",
     [](Draft& d) -> Names {
       return {d.op("Concat", {d.x({2, 3}), d.x({2, 4})}, {{"axis", 1}})};
     },
     2},
    {"concat_different_scales",
     [](Draft& d) -> Names {
       return {d.op("Concat", {scaled(d, {2, 3}, 2), scaled(d, {2, 3}, 0.3)}, {{"axis", 0}})};
     },
     3},
    {"concat_negative_axis_of_three",
     [](Draft& d) {
       return relu(d, d.op("Concat", {d.x({2, 1, 3}), d.x({2, 1, 2}), d.w({2, 1, 2}, 0.5)}, {{"axis", -1}}));
     },
     3},
    {"concat_into_conv",
     [](Draft& d) {
       return relu(d, d.op("Conv", {d.op("Concat", {scaled(d, {1, 2, 4, 4}, 1.5), d.x({1, 1, 4, 4})}, {{"axis", 1}}),
                                    d.w({2, 3, 3, 3}, 0.3)}));
     },
     8},
    {"slice",
     [](Draft& d) {
       return relu(d, d.op("Slice", {d.x({5, 6}), d.ints({1, 2}), d.ints({4, 6})}));
     }},
    {"slice_steps",
     [](Draft& d) {
       return relu(d, d.op("Slice", {d.x({7, 8}), d.ints({0, 1}), d.ints({7, 8}), d.ints({0, 1}), d.ints({2, 3})}));
     }},
    {"slice_negative_ends",
     [](Draft& d) {
       return relu(d, d.op("Slice", {d.x({5, 6}), d.ints({-4}), d.ints({-1}), d.ints({1})}));
     }},
    {"slice_attributes",
     [](Draft& d) {
       return relu(d, d.op("Slice", {d.x({5, 6})}, {{"starts", {1}}, {"ends", {3}}, {"axes", {0}}}));
     },
     1, false, 9},
    {"slice_then_conv",
     [](Draft& d) {
       return relu(
           d, d.op("Conv",
                   {d.op("Slice", {d.x({1, 2, 9, 9}), d.ints({1, 1}), d.ints({9, 9}), d.ints({2, 3}), d.ints({2, 2})}),
                    d.w({2, 2, 3, 3}, 0.3)},
                   {{"pads", {1, 1, 1, 1}}}));
     }},
    {"split",
     [](Draft& d) -> Names {
       const std::string y = d.op("Split", {d.x({2, 6})}, {{"axis", 1}}, 2);
       return {d.op("Relu", {d.op("Sub", {y, y + "_1"})})};
     },
     2},
    {"pad",
     [](Draft& d) {
       return relu(d, d.op("Pad", {d.x({2, 3}), d.ints({0, 1, 2, 0})}));
     }},
    {"pad_before_conv",
     [](Draft& d) {
       return relu(d, d.op("Conv", {d.op("Pad", {d.x({1, 2, 4, 4}), d.ints({0, 0, 1, 2, 0, 0, 1, 0})}),
                                    d.w({2, 2, 3, 3}, 0.3)}));
     }},
    {"pad_before_max_pool",
     [](Draft& d) -> Names {
       return {d.op("MaxPool", {d.op("Pad", {d.x({1, 1, 4, 4}), d.ints({0, 0, 1, 1, 0, 0, 1, 1})})},
                    {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}})};
     }},
    {"expand",
     [](Draft& d) {
       return relu(d, d.op("Expand", {d.x({3, 1}), d.ints({2, 3, 4})}));
     }},
    {"tile",
     [](Draft& d) {
       return relu(d, d.op("Tile", {d.x({2, 3}), d.ints({2, 2})}));
     }},
    // A view that repeats, into every kind of reader.
    {"expand_of_a_scalar",
     [](Draft& d) {
       return relu(d, d.op("Expand", {d.x({}), d.ints({3, 4})}));
     }},
    {"expand_then_conv",
     [](Draft& d) {
       return relu(d, d.op("Conv", {d.op("Expand", {d.x({1, 1, 1, 5}), d.ints({1, 2, 4, 5})}), d.w({2, 2, 3, 3}, 0.3)},
                           {{"pads", {1, 1, 1, 1}}}));
     }},
    {"expand_then_matmul",
     [](Draft& d) {
       return relu(d, d.op("MatMul", {d.op("Expand", {d.x({3, 1}), d.ints({3, 6})}), d.w({6, 2}, 0.3)}));
     }},
    {"expand_then_reduce_max",
     [](Draft& d) -> Names {
       const std::string wide = d.op("Expand", {d.x({1, 4}), d.ints({3, 4})});
       return {d.op("ReduceMax", {d.op("Add", {wide, d.x({3, 4})})}, {{"axes", {0}}})};
     },
     2},
    {"expand_only",
     [](Draft& d) -> Names {
       return {d.op("Expand", {d.x({3, 1}), d.ints({3, 5})})};
     }},
    {"tile_then_concat_and_max_pool",
     [](Draft& d) -> Names {
       const std::string tiled = d.op("Tile", {d.x({1, 1, 2, 3}), d.ints({1, 1, 2, 2})});
       const std::string joined = d.op("Concat", {tiled, d.x({1, 1, 4, 6})}, {{"axis", 1}});
       return {d.op("MaxPool", {joined}, {{"kernel_shape", {3, 3}}, {"pads", {1, 1, 1, 1}}})};
     },
     2},
    {"slice_backwards",
     [](Draft& d) {
       return relu(
           d, d.op("Slice", {d.x({3, 7}), d.ints({-1, -1}), d.ints({-100, -100}), d.ints({0, 1}), d.ints({-1, -2})}));
     }},
    {"slice_backwards_then_conv",
     [](Draft& d) {
       const std::string flipped =
           d.op("Slice", {d.x({1, 2, 5, 5}), d.ints({-1}), d.ints({-100}), d.ints({3}), d.ints({-1})});
       return relu(d, d.op("Conv", {flipped, d.w({2, 2, 3, 3}, 0.3)}, {{"pads", {1, 1, 0, 1}}}));
     }},
    {"slice_backwards_twice",
     [](Draft& d) -> Names {
       const auto flip = [&](const std::string& x) {
         return d.op("Slice", {x, d.ints({-1}), d.ints({-100}), d.ints({1}), d.ints({-1})});
       };
       return {flip(d.op("Relu", {flip(d.x({2, 5}))}))};
     }},
    {"slice_backwards_then_pad_and_reshape",
     [](Draft& d) {
       const std::string flipped =
           d.op("Slice", {d.x({2, 5}), d.ints({-1}), d.ints({-100}), d.ints({1}), d.ints({-1})});
       return relu(d, d.op("Reshape", {d.op("Pad", {flipped, d.ints({0, 1, 0, 2})}), d.ints({4, 4})}));
     }},
    {"pad_reflect",
     [](Draft& d) {
       return relu(d, d.op("Pad", {d.x({1, 1, 3, 4}), d.ints({0, 0, 2, 1, 0, 0, 1, 3})}, {{"mode", "reflect"}}));
     }},
    {"pad_edge_then_conv",
     [](Draft& d) {
       const std::string padded =
           d.op("Pad", {d.x({1, 2, 4, 4}), d.ints({0, 0, 1, 1, 0, 0, 1, 1})}, {{"mode", "edge"}});
       return relu(d, d.op("Conv", {padded, d.w({2, 2, 3, 3}, 0.3)}));
     }},
    {"pad_wrap",
     [](Draft& d) {
       return relu(d, d.op("Pad", {d.x({2, 3}), d.ints({1, 2, 0, 4})}, {{"mode", "wrap"}}));
     }},
    {"pad_with_a_number",
     [](Draft& d) {
       return relu(d, d.op("Pad", {d.x({2, 3}), d.ints({1, 0, 1, 2}), d.number(0.4)}));
     }},
    {"pad_with_the_lowest_before_max_pool",
     [](Draft& d) -> Names {
       const std::string padded =
           d.op("Pad", {d.x({1, 2, 6, 6}), d.ints({0, 0, 0, 0, 0, 0, 1, 1}), d.number(-INFINITY)});
       return {d.op("MaxPool", {padded}, {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}})};
     }},
    {"center_crop_pad",
     [](Draft& d) {
       return relu(d, d.op("CenterCropPad", {d.x({5, 3}), d.ints({2, 6})}));
     },
     1, false, 18},
    {"reverse_sequence",
     [](Draft& d) {
       return relu(d, d.op("ReverseSequence", {d.x({4, 3}), d.ints({2, 4, 1})}));
     }},
    {"scatter_elements",
     [](Draft& d) {
       return relu(d, d.op("ScatterElements", {d.x({6}), d.ints({4, 1}), d.x({2})}));
     },
     2},
    {"compress",
     [](Draft& d) {
       return relu(d, d.op("Compress", {d.x({3, 4}), d.ints({0, 1, 1, 0})}, {{"axis", 1}}));
     }},
    {"split_with_an_empty_part",
     [](Draft& d) -> Names {
       const std::string y = d.op("Split", {d.x({2, 6}), d.ints({0, 6})}, {{"axis", 1}}, 2);
       return {d.op("Relu", {d.op("Concat", {y, y + "_1"}, {{"axis", 1}})})};
     }},
    {"gather_one",
     [](Draft& d) {
       return relu(d, d.op("Gather", {d.x({3, 4}), d.ints({2})}, {{"axis", 1}}));
     }},
    {"resize_nearest",
     [](Draft& d) {
       return relu(
           d, d.op("Resize", {d.x({1, 2, 3, 3}), "", d.given({4}, {1, 1, 2, 2})},
                   {{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"}}));
     }},
    {"upsample",
     [](Draft& d) {
       return relu(d, d.op("Upsample", {d.x({1, 2, 2, 3}), d.given({4}, {1, 1, 2, 3})}));
     },
     1, false, 9},
    {"depth_to_space",
     [](Draft& d) {
       return relu(d, d.op("DepthToSpace", {d.x({1, 8, 2, 3})}, {{"blocksize", 2}}));
     }},
    {"space_to_depth",
     [](Draft& d) {
       return relu(d, d.op("SpaceToDepth", {d.x({1, 2, 4, 6})}, {{"blocksize", 2}}));
     }},
};

}  // namespace

std::span<const Case> movement_cases() { return kCases; }

}  // namespace zkinfer::operators
