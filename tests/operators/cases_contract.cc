// SPDX-License-Identifier: Apache-2.0
#include "operators/cases.h"

namespace zkinfer::operators {

namespace {

using Names = std::vector<std::string>;

// A convolution of a drawn input with drawn weights, with a ReLU behind it so that it is requantized.
Names conv(Draft& d, Draft::Dims input, Draft::Dims weights, Draft::Attrs attributes, bool bias = false) {
  Names operands = {d.x(input), d.w(weights, 0.3)};
  if (bias) operands.push_back(d.w({*weights.begin()}, 0.5));
  return {d.op("Relu", {d.op("Conv", operands, attributes)})};
}
Names matmul(Draft& d, const std::string& a, const std::string& b) { return {d.op("Relu", {d.op("MatMul", {a, b})})}; }

constexpr Case kCases[] = {
    {"conv_1d",
     [](Draft& d) {
       return conv(d, {1, 3, 9}, {4, 3, 3}, {});
     }},
    {"conv_1d_stride_pads_dilation",
     [](Draft& d) {
       return conv(d, {1, 2, 11}, {3, 2, 3}, {{"strides", {2}}, {"pads", {2, 1}}, {"dilations", {2}}}, true);
     }},
    {"conv_1d_depthwise",
     [](Draft& d) {
       return conv(d, {1, 4, 8}, {4, 1, 3}, {{"group", 4}, {"pads", {1, 1}}});
     }},
    {"conv_2d",
     [](Draft& d) {
       return conv(d, {1, 3, 7, 6}, {4, 3, 3, 3}, {}, true);
     }},
    {"conv_2d_without_table",
     [](Draft& d) -> Names {
       return {d.op("Conv", {d.x({1, 2, 5, 5}), d.w({3, 2, 3, 3}, 0.3), d.w({3}, 0.5)})};
     }},
    {"conv_2d_kernel_1x1",
     [](Draft& d) {
       return conv(d, {1, 5, 4, 3}, {3, 5, 1, 1}, {});
     }},
    {"conv_2d_kernel_of_whole_image",
     [](Draft& d) {
       return conv(d, {1, 2, 4, 5}, {3, 2, 4, 5}, {}, true);
     }},
    {"conv_2d_rectangular_kernel",
     [](Draft& d) {
       return conv(d, {1, 2, 6, 7}, {3, 2, 1, 4}, {{"kernel_shape", {1, 4}}});
     }},
    {"conv_2d_batch",
     [](Draft& d) {
       return conv(d, {3, 2, 4, 4}, {2, 2, 3, 3}, {{"pads", {1, 1, 1, 1}}});
     }},
    {"conv_2d_strides",
     [](Draft& d) {
       return conv(d, {1, 2, 9, 8}, {3, 2, 3, 2}, {{"strides", {2, 3}}});
     }},
    {"conv_2d_stride_beyond_kernel",
     [](Draft& d) {
       return conv(d, {1, 2, 8, 8}, {3, 2, 1, 1}, {{"strides", {3, 3}}});
     }},
    {"conv_2d_asymmetric_pads",
     [](Draft& d) {
       return conv(d, {1, 2, 5, 6}, {3, 2, 3, 3}, {{"pads", {2, 0, 1, 1}}});
     }},
    {"conv_2d_dilations",
     [](Draft& d) {
       return conv(d, {1, 2, 9, 9}, {3, 2, 3, 3}, {{"dilations", {2, 3}}, {"pads", {1, 2, 1, 2}}});
     }},
    {"conv_2d_groups",
     [](Draft& d) {
       return conv(d, {1, 6, 6, 5}, {4, 3, 3, 3}, {{"group", 2}, {"pads", {1, 1, 1, 1}}}, true);
     }},
    {"conv_2d_groups_stride_dilation",
     [](Draft& d) {
       return conv(d, {1, 6, 9, 9}, {6, 2, 3, 3},
                   {{"group", 3}, {"strides", {2, 2}}, {"dilations", {2, 2}}, {"pads", {2, 2, 2, 2}}});
     }},
    {"conv_2d_depthwise",
     [](Draft& d) {
       return conv(d, {1, 5, 6, 6}, {5, 1, 3, 3}, {{"group", 5}, {"pads", {1, 1, 1, 1}}}, true);
     }},
    {"conv_2d_depthwise_multiplier",
     [](Draft& d) {
       return conv(d, {1, 3, 6, 6}, {6, 1, 3, 3}, {{"group", 3}, {"strides", {2, 2}}});
     }},
    {"conv_2d_same_upper",
     [](Draft& d) {
       return conv(d, {1, 2, 7, 6}, {3, 2, 3, 2}, {{"auto_pad", "SAME_UPPER"}, {"strides", {2, 2}}});
     }},
    {"conv_2d_same_lower",
     [](Draft& d) {
       return conv(d, {1, 2, 7, 6}, {3, 2, 2, 4}, {{"auto_pad", "SAME_LOWER"}});
     }},
    {"conv_2d_valid",
     [](Draft& d) {
       return conv(d, {1, 2, 6, 6}, {3, 2, 3, 3}, {{"auto_pad", "VALID"}, {"strides", {2, 2}}});
     }},
    {"conv_of_conv",
     [](Draft& d) -> Names {
       const std::string y = conv(d, {1, 2, 7, 7}, {3, 2, 3, 3}, {{"pads", {1, 1, 1, 1}}})[0];
       return {d.op("Relu", {d.op("Conv", {y, d.w({2, 3, 3, 3}, 0.2)}, {{"strides", {2, 2}}})})};
     },
     8},
    {"conv_transpose",
     [](Draft& d) -> Names {
       return {
           d.op("Relu", {d.op("ConvTranspose", {d.x({1, 2, 4, 4}), d.w({2, 3, 3, 3}, 0.3)}, {{"strides", {2, 2}}})})};
     }},
    {"gemm",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Gemm", {d.x({2, 9}), d.w({9, 5}, 0.4), d.w({5}, 0.4)})})};
     }},
    {"gemm_transposed_weights",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Gemm", {d.x({3, 7}), d.w({5, 7}, 0.4), d.w({5}, 0.4)}, {{"transB", 1}})})};
     }},
    {"gemm_transposed_input",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Gemm", {d.x({7, 3}), d.w({7, 5}, 0.4)}, {{"transA", 1}})})};
     }},
    {"gemm_alpha_beta_matrix_bias",
     [](Draft& d) -> Names {
       return {d.op(
           "Relu", {d.op("Gemm", {d.x({3, 7}), d.w({7, 5}, 0.4), d.w({3, 5}, 0.4)}, {{"alpha", 0.5}, {"beta", 2.0}})})};
     },
     2},
    {"gemm_column_bias",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Gemm", {d.x({3, 7}), d.w({7, 5}, 0.4), d.w({3, 1}, 0.4)})})};
     },
     2},
    {"gemm_of_activations",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Gemm", {d.x({3, 7}), d.x({5, 7}), d.x({5})}, {{"transB", 1}})})};
     },
     2},
    {"gemm_without_table",
     [](Draft& d) -> Names {
       return {d.op("Gemm", {d.x({1, 9}), d.w({9, 3}, 0.4), d.w({3}, 0.4)})};
     }},
    {"matmul_constant_right",
     [](Draft& d) {
       return matmul(d, d.x({3, 8}), d.w({8, 5}, 0.4));
     }},
    {"matmul_constant_left",
     [](Draft& d) {
       return matmul(d, d.w({5, 8}, 0.4), d.x({8, 3}));
     }},
    {"matmul_batched_constant",
     [](Draft& d) {
       return matmul(d, d.x({2, 3, 8}), d.w({2, 8, 5}, 0.4));
     }},
    {"matmul_batch_broadcast_weights",
     [](Draft& d) {
       return matmul(d, d.x({2, 3, 4, 6}), d.w({6, 5}, 0.4));
     }},
    {"matmul_activations",
     [](Draft& d) {
       return matmul(d, d.x({5, 6}), d.x({6, 3}));
     }},
    {"matmul_activations_batched",
     [](Draft& d) {
       return matmul(d, d.x({2, 3, 4, 5}), d.x({2, 3, 5, 3}));
     }},
    {"matmul_activations_broadcast",
     [](Draft& d) {
       return matmul(d, d.x({2, 3, 4, 5}), d.x({3, 5, 2}));
     }},
    {"matmul_activations_broadcast_left",
     [](Draft& d) {
       return matmul(d, d.x({4, 5}), d.x({3, 5, 2}));
     }},
    {"matmul_of_itself_transposed",
     [](Draft& d) -> Names {
       const std::string x = d.x({4, 6});
       return matmul(d, x, d.op("Transpose", {x}));
     }},
    {"matmul_vector_left",
     [](Draft& d) {
       return matmul(d, d.x({6}), d.w({6, 4}, 0.5));
     }},
    {"matmul_vector_right",
     [](Draft& d) {
       return matmul(d, d.x({3, 6}), d.w({6}, 0.5));
     }},
};

}  // namespace

std::span<const Case> contract_cases() { return kCases; }

}  // namespace zkinfer::operators
