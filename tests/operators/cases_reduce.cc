// SPDX-License-Identifier: Apache-2.0
#include "operators/cases.h"

namespace zkinfer::operators {

namespace {

using Names = std::vector<std::string>;

Names relu(Draft& d, const std::string& y) { return {d.op("Relu", {y})}; }

constexpr Case kCases[] = {
    {"reduce_mean_spatial",
     [](Draft& d) {
       return relu(d, d.op("ReduceMean", {d.x({2, 3, 4, 5})}, {{"axes", {2, 3}}, {"keepdims", 0}}));
     }},
    {"reduce_mean_keep_negative_axis",
     [](Draft& d) {
       return relu(d, d.op("ReduceMean", {d.x({3, 4, 5})}, {{"axes", {-2}}}));
     }},
    {"reduce_mean_all",
     [](Draft& d) -> Names {
       return {d.op("ReduceMean", {d.x({3, 4})})};
     }},
    {"reduce_mean_axes_input",
     [](Draft& d) {
       return relu(d, d.op("ReduceMean", {d.x({3, 4, 5}), d.ints({0, 2})}));
     },
     1, false, 18},
    {"reduce_sum",
     [](Draft& d) {
       return relu(d, d.op("ReduceSum", {d.x({2, 3, 4}), d.ints({1})}, {{"keepdims", 0}}));
     }},
    {"reduce_sum_without_table",
     [](Draft& d) -> Names {
       return {d.op("ReduceSum", {d.x({2, 3, 4}), d.ints({1, 2})})};
     }},
    {"reduce_sum_attribute_axes",
     [](Draft& d) {
       return relu(d, d.op("ReduceSum", {d.x({2, 3, 4})}, {{"axes", {0, 2}}}));
     },
     1, false, 11},
    {"reduce_sum_all",
     [](Draft& d) -> Names {
       return {d.op("ReduceSum", {d.x({3, 4})}, {{"keepdims", 0}})};
     }},
    {"reduce_max",
     [](Draft& d) -> Names {
       return {d.op("ReduceMax", {d.x({2, 3, 5})}, {{"axes", {1}}, {"keepdims", 0}})};
     }},
    {"reduce_max_two_axes",
     [](Draft& d) -> Names {
       return {d.op("ReduceMax", {d.x({2, 3, 5})}, {{"axes", {0, 2}}})};
     }},
    {"reduce_min",
     [](Draft& d) -> Names {
       return {d.op("ReduceMin", {d.x({2, 3, 5})}, {{"axes", {2}}})};
     }},
    {"reduce_l1",
     [](Draft& d) -> Names {
       return {d.op("ReduceL1", {d.x({2, 3, 5})}, {{"axes", {2}}})};
     }},
    {"arg_max_last",
     [](Draft& d) -> Names {
       return {d.op("ArgMax", {d.op("MatMul", {d.x({3, 6}), d.w({6, 5}, 1)})}, {{"axis", 1}, {"keepdims", 0}})};
     },
     1, true},
    {"arg_max_first_axis",
     [](Draft& d) -> Names {
       return {d.op("ArgMax", {d.x({7, 3})}, {{"axis", 0}})};
     },
     1, true},
    {"arg_max_negative_axis",
     [](Draft& d) -> Names {
       return {d.op("ArgMax", {d.x({2, 3, 4})}, {{"axis", -2}, {"keepdims", 1}})};
     },
     1, true},
    {"arg_max_two_choices",
     [](Draft& d) -> Names {
       return {d.op("ArgMax", {d.x({5, 2})}, {{"axis", 1}})};
     },
     1, true},
    {"softmax",
     [](Draft& d) -> Names {
       return {d.op("Softmax", {d.op("MatMul", {d.x({2, 6}), d.w({6, 5}, 1)})}, {{"axis", 1}})};
     },
     2},
    {"softmax_of_input",
     [](Draft& d) -> Names {
       return {d.op("Softmax", {d.x({3, 7})})};
     },
     2},
    {"softmax_middle_axis",
     [](Draft& d) -> Names {
       return {d.op("Softmax", {d.x({2, 4, 3})}, {{"axis", 1}})};
     },
     2},
    {"softmax_two_classes",
     [](Draft& d) -> Names {
       return {d.op("Softmax", {d.x({3, 2})})};
     },
     2},
    {"softmax_opset_11_flattens",
     [](Draft& d) -> Names {
       return {d.op("Softmax", {d.x({2, 3, 2})}, {{"axis", 1}})};
     },
     2, false, 11},
};

}  // namespace

std::span<const Case> reduce_cases() { return kCases; }

}  // namespace zkinfer::operators
