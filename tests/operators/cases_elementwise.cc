// SPDX-License-Identifier: Apache-2.0
#include "operators/cases.h"

namespace zkinfer::operators {

namespace {

using Names = std::vector<std::string>;

std::string linear(Draft& d) { return d.op("MatMul", {d.x({2, 6}), d.w({6, 5}, 0.6)}); }
// The function on an input itself, and behind a matrix product that it is fused into.
Names function(Draft& d, const char* op, Draft::Attrs attributes = {}) {
  return {d.op(op, {d.x({3, 5})}, attributes), d.op(op, {linear(d)}, attributes)};
}
Names binary(Draft& d, const char* op, const std::string& a, const std::string& b) { return {d.op(op, {a, b})}; }
// The same with a table behind it.
Names binary_relu(Draft& d, const char* op, const std::string& a, const std::string& b) {
  return {d.op("Relu", {d.op(op, {a, b})})};
}

constexpr Case kCases[] = {
    {"relu", [](Draft& d) { return function(d, "Relu"); }},
    {"leaky_relu",
     [](Draft& d) {
       return function(d, "LeakyRelu", {{"alpha", 0.1}});
     }},
    {"sigmoid", [](Draft& d) { return function(d, "Sigmoid"); }},
    {"tanh", [](Draft& d) { return function(d, "Tanh"); }},
    {"hard_sigmoid",
     [](Draft& d) {
       return function(d, "HardSigmoid", {{"alpha", 0.4}, {"beta", 0.5}});
     }},
    {"hard_swish", [](Draft& d) { return function(d, "HardSwish"); }, 3, false, 14},
    {"neg", [](Draft& d) { return function(d, "Neg"); }},
    {"prelu",
     [](Draft& d) -> Names {
       return {d.op("PRelu", {d.x({3, 5}), d.constant({1}, 0.1, 0.4)})};
     }},
    {"clip_inputs",
     [](Draft& d) -> Names {
       return {d.op("Clip", {linear(d), d.number(-0.2), d.number(0.4)})};
     }},
    {"clip_relu6",
     [](Draft& d) -> Names {
       return {d.op("Clip", {d.op("Mul", {linear(d), d.number(8)}), d.number(0), d.number(6)})};
     },
     8},
    {"clip_only_above",
     [](Draft& d) -> Names {
       return {d.op("Clip", {linear(d), "", d.number(0.3)})};
     }},
    {"clip_attributes",
     [](Draft& d) -> Names {
       return {d.op("Clip", {linear(d)}, {{"min", -0.1}, {"max", 0.25}})};
     },
     1, false, 7},
    {"chain_of_functions",
     [](Draft& d) -> Names {
       return {d.op("Tanh", {d.op("LeakyRelu", {linear(d)}, {{"alpha", 0.25}})})};
     }},
    {"add_activations",
     [](Draft& d) {
       return binary(d, "Add", d.x({3, 5}), d.x({3, 5}));
     }},
    {"add_broadcast_activations",
     [](Draft& d) {
       return binary_relu(d, "Add", d.x({2, 3, 5}), d.x({3, 1}));
     },
     2},
    {"add_broadcast_both_ways",
     [](Draft& d) {
       return binary_relu(d, "Add", d.x({3, 1}), d.x({1, 4}));
     },
     2},
    {"add_scalar",
     [](Draft& d) {
       return binary_relu(d, "Add", d.x({3, 5}), d.number(0.3));
     }},
    {"add_vector",
     [](Draft& d) {
       return binary_relu(d, "Add", d.x({3, 5}), d.w({5}, 0.5));
     },
     2},
    {"add_itself",
     [](Draft& d) -> Names {
       const std::string x = d.x({3, 5});
       return {d.op("Add", {x, x})};
     }},
    {"sub_activations",
     [](Draft& d) {
       return binary(d, "Sub", d.x({3, 5}), d.x({3, 5}));
     }},
    {"sub_from_constant",
     [](Draft& d) {
       return binary_relu(d, "Sub", d.w({3, 1}, 0.7), d.x({3, 5}));
     },
     2},
    {"sub_constant",
     [](Draft& d) {
       return binary_relu(d, "Sub", d.x({3, 5}), d.w({3, 5}, 0.7));
     },
     2},
    {"mul_activations",
     [](Draft& d) {
       return binary(d, "Mul", d.x({3, 5}), d.x({3, 5}));
     }},
    {"mul_activations_table",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({3, 5}), d.x({3, 5}));
     }},
    {"mul_activations_broadcast",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({2, 3, 5}), d.x({3, 1}));
     }},
    {"mul_activations_broadcast_both_ways",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({3, 1}), d.x({1, 4}));
     }},
    {"mul_activations_odd_box",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({1, 3, 5, 7}), d.x({1, 3, 5, 7}));
     }},
    {"mul_square",
     [](Draft& d) -> Names {
       const std::string x = d.x({4, 3});
       return {d.op("Mul", {x, x})};
     }},
    {"mul_scalar",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({3, 5}), d.number(0.7));
     }},
    {"mul_negative_scalar",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({3, 5}), d.number(-0.7));
     }},
    {"mul_vector",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({3, 5}), d.w({5}, 1.5));
     }},
    {"mul_channels",
     [](Draft& d) {
       return binary_relu(d, "Mul", d.x({1, 3, 4, 4}), d.w({3, 1, 1}, 1.5));
     }},
    {"mul_gate",
     [](Draft& d) -> Names {
       const std::string y = linear(d);
       return {d.op("Mul", {y, d.op("Sigmoid", {y})})};
     },
     3},
    {"div_by_constant",
     [](Draft& d) {
       return binary_relu(d, "Div", d.x({3, 5}), d.constant({5}, 0.8, 2));
     }},
    {"pow_2",
     [](Draft& d) {
       return binary(d, "Pow", d.x({3, 5}), d.number(2));
     }},
    {"square_plus_scaled",
     [](Draft& d) -> Names {  // x^2 + n x
       const std::string x = d.x({3, 5});
       return {d.op("Add", {d.op("Mul", {x, x}), d.op("Mul", {d.number(0.6), x})})};
     },
     2},
    {"square_plus_scaled_of_product",
     [](Draft& d) -> Names {
       const std::string y = linear(d);
       return {d.op("Relu", {d.op("Add", {d.op("Mul", {y, y}), d.op("Mul", {d.number(3), y})})})};
     },
     6},
    {"sum_of_three",
     [](Draft& d) -> Names {
       return {d.op("Sum", {d.x({3, 4}), d.x({3, 4}), d.x({4})})};
     },
     2},
    {"mean_of_two",
     [](Draft& d) -> Names {
       return {d.op("Mean", {d.x({3, 4}), d.x({3, 4})})};
     },
     2},
    {"max_of_two",
     [](Draft& d) -> Names {
       return {d.op("Max", {d.x({3, 4}), d.x({3, 4})})};
     },
     2},
    {"min_of_two",
     [](Draft& d) -> Names {
       return {d.op("Min", {d.x({3, 4}), d.x({3, 4})})};
     },
     2},
    {"max_with_constant",
     [](Draft& d) {
       return binary(d, "Max", d.x({3, 4}), d.number(0.1));
     }},
    {"identity",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Identity", {d.x({3, 5})})})};
     }},
    {"identity_only",
     [](Draft& d) -> Names {
       return {d.op("Identity", {d.x({3, 5})})};
     }},
    {"dropout",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Dropout", {d.x({3, 5})})})};
     }},
    {"dropout_with_mask",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Dropout", {d.x({3, 5})}, {{"ratio", 0.3}}, 2)})};
     },
     1, false, 7},
    {"cast_to_float",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("Cast", {d.x({3, 5})}, {{"to", onnx::TensorProto::FLOAT}})})};
     }},
    {"constant_node",
     [](Draft& d) -> Names {
       const std::string half = d.op("Constant", {}, {{"value_float", 0.5}});
       return {d.op("Relu", {d.op("Sub", {d.x({3, 5}), half})})};
     }},
    {"abs",
     [](Draft& d) -> Names {
       return {d.op("Abs", {d.x({3, 5})})};
     }},
    {"batch_normalization",
     [](Draft& d) -> Names {
       return {d.op("Relu", {d.op("BatchNormalization", {d.x({1, 3, 4, 4}), d.constant({3}, 0.5, 1.5), d.w({3}, 0.4),
                                                         d.w({3}, 0.3), d.constant({3}, 0.4, 1.5)})})};
     },
     2},
    {"batch_normalization_after_conv",
     [](Draft& d) -> Names {
       const std::string y = d.op("Conv", {d.x({1, 2, 6, 6}), d.w({3, 2, 3, 3}, 0.3)});
       return {
           d.op("Relu", {d.op("BatchNormalization",
                              {y, d.constant({3}, 0.5, 1.5), d.w({3}, 0.4), d.w({3}, 0.3), d.constant({3}, 0.4, 1.5)},
                              {{"epsilon", 1e-3}})})};
     }},
    {"batch_normalization_before_conv",
     [](Draft& d) -> Names {
       const std::string y = d.op("BatchNormalization", {d.x({1, 2, 6, 6}), d.constant({2}, 0.5, 1.5), d.w({2}, 0.4),
                                                         d.w({2}, 0.3), d.constant({2}, 0.4, 1.5)});
       return {d.op("Relu", {d.op("Conv", {y, d.w({3, 2, 3, 3}, 0.2)}, {{"pads", {1, 1, 1, 1}}})})};
     },
     6},
    {"batch_normalization_of_matrix",
     [](Draft& d) -> Names {
       return {d.op("BatchNormalization",
                    {linear(d), d.constant({5}, 0.5, 1.5), d.w({5}, 0.4), d.w({5}, 0.3), d.constant({5}, 0.4, 1.5)})};
     }},
};

}  // namespace

std::span<const Case> elementwise_cases() { return kCases; }

}  // namespace zkinfer::operators
