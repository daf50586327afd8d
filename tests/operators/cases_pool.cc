// SPDX-License-Identifier: Apache-2.0
#include "operators/cases.h"

namespace zkinfer::operators {

namespace {

using Names = std::vector<std::string>;

Names pool(Draft& d, const char* op, Draft::Dims input, Draft::Attrs attributes) {
  return {d.op(op, {d.x(input)}, attributes)};
}
Names pool_relu(Draft& d, const char* op, Draft::Dims input, Draft::Attrs attributes) {
  return {d.op("Relu", {d.op(op, {d.x(input)}, attributes)})};
}

constexpr Case kCases[] = {
    {"max_pool",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 6, 6}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
     }},
    {"max_pool_1d",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 9}, {{"kernel_shape", {3}}, {"strides", {2}}});
     }},
    {"max_pool_overlapping",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 7, 6}, {{"kernel_shape", {3, 2}}});
     }},
    {"max_pool_pads",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 5, 6}, {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"pads", {1, 1, 1, 1}}});
     }},
    {"max_pool_asymmetric_pads",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 5, 5}, {{"kernel_shape", {3, 2}}, {"strides", {2, 2}}, {"pads", {2, 0, 0, 1}}});
     }},
    {"max_pool_ceil",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 6, 7}, {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"ceil_mode", 1}});
     }},
    {"max_pool_dilations",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 7, 8}, {{"kernel_shape", {2, 3}}, {"dilations", {2, 2}}, {"strides", {1, 2}}});
     }},
    {"max_pool_dilations_pads_overlapping",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 1, 7, 7},
                   {{"kernel_shape", {3, 3}}, {"dilations", {2, 2}}, {"pads", {2, 2, 2, 2}}});
     }},
    {"max_pool_same_upper",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 5, 6},
                   {{"kernel_shape", {2, 3}}, {"strides", {2, 2}}, {"auto_pad", "SAME_UPPER"}});
     }},
    {"max_pool_stride_beyond_kernel",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 8, 8}, {{"kernel_shape", {2, 2}}, {"strides", {3, 3}}});
     }},
    {"max_pool_unit_kernel",
     [](Draft& d) {
       return pool(d, "MaxPool", {1, 2, 4, 4}, {{"kernel_shape", {1, 1}}, {"strides", {2, 2}}});
     }},
    {"max_pool_of_negative_values",
     [](Draft& d) -> Names {
       const std::string y =
           d.op("Sub", {d.x({1, 2, 5, 5}), d.number(1)});  // below zero everywhere: padding cells must not win
       return {d.op("MaxPool", {y}, {{"kernel_shape", {3, 3}}, {"pads", {1, 1, 1, 1}}, {"strides", {2, 2}}})};
     }},
    {"max_pool_of_conv_relu",
     [](Draft& d) -> Names {
       const std::string y = d.op("Relu", {d.op("Conv", {d.x({1, 2, 7, 7}), d.w({3, 2, 2, 2}, 0.4)})});
       return {d.op("MaxPool", {y}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}})};
     }},
    {"global_max_pool",
     [](Draft& d) {
       return pool(d, "GlobalMaxPool", {1, 3, 5, 4}, {});
     }},
    {"global_max_pool_batch",
     [](Draft& d) {
       return pool(d, "GlobalMaxPool", {2, 3, 3, 3}, {});
     }},
    {"average_pool",
     [](Draft& d) {
       return pool(d, "AveragePool", {1, 2, 6, 6}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
     }},
    {"average_pool_table",
     [](Draft& d) {
       return pool_relu(d, "AveragePool", {1, 2, 6, 6}, {{"kernel_shape", {3, 3}}});
     }},
    {"average_pool_1d",
     [](Draft& d) {
       return pool_relu(d, "AveragePool", {1, 2, 9}, {{"kernel_shape", {3}}, {"strides", {2}}});
     }},
    {"average_pool_pads_excluded",
     [](Draft& d) {
       return pool_relu(d, "AveragePool", {1, 2, 5, 6},
                        {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"pads", {1, 1, 1, 1}}});
     }},
    {"average_pool_pads_included",
     [](Draft& d) {
       return pool_relu(
           d, "AveragePool", {1, 2, 5, 6},
           {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"pads", {1, 1, 1, 1}}, {"count_include_pad", 1}});
     }},
    {"average_pool_asymmetric_pads",
     [](Draft& d) {
       return pool_relu(d, "AveragePool", {1, 1, 5, 5}, {{"kernel_shape", {2, 3}}, {"pads", {0, 2, 1, 0}}});
     }},
    {"average_pool_ceil",
     [](Draft& d) {
       return pool_relu(d, "AveragePool", {1, 2, 6, 7},
                        {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}, {"ceil_mode", 1}});
     }},
    {"average_pool_same_lower",
     [](Draft& d) {
       return pool_relu(d, "AveragePool", {1, 2, 5, 6},
                        {{"kernel_shape", {2, 3}}, {"strides", {2, 2}}, {"auto_pad", "SAME_LOWER"}});
     }},
    {"global_average_pool",
     [](Draft& d) {
       return pool(d, "GlobalAveragePool", {1, 3, 5, 4}, {});
     }},
    {"global_average_pool_table",
     [](Draft& d) {
       return pool_relu(d, "GlobalAveragePool", {2, 3, 5, 4}, {});
     }},
    {"global_average_pool_into_gemm",
     [](Draft& d) -> Names {
       const std::string y = d.op("Flatten", {d.op("GlobalAveragePool", {d.x({1, 6, 3, 3})})});
       return {d.op("Gemm", {y, d.w({6, 4}, 0.5)})};
     }},
};

}  // namespace

std::span<const Case> pool_cases() { return kCases; }

}  // namespace zkinfer::operators
