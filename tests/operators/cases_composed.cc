// SPDX-License-Identifier: Apache-2.0
// Blocks of real networks.
#include "operators/cases.h"

namespace zkinfer::operators {

namespace {

using Names = std::vector<std::string>;

std::string conv(Draft& d, const std::string& x, Draft::Dims weights, Draft::Attrs attributes = {}) {
  return d.op("Conv", {x, d.w(weights, 0.2), d.w({*weights.begin()}, 0.2)}, attributes);
}
std::string linear(Draft& d, const std::string& x, Draft::Dims weights) {
  return d.op("MatMul", {x, d.w(weights, 0.4)});
}

Names self_attention(Draft& d) {
  const std::string x = d.x({4, 6});
  const std::string q = linear(d, x, {6, 6});
  const std::string k = d.op("Transpose", {linear(d, x, {6, 6})});
  const std::string v = linear(d, x, {6, 6});
  const std::string scores = d.op("Mul", {d.op("MatMul", {q, k}), d.number(0.4)});
  return {d.op("MatMul", {d.op("Softmax", {scores}), v})};
}

// Input [steps 3, batch 1, 4 features], 2 hidden units, weights and biases of `gates` gates.
Names recurrent(Draft& d, const char* op, std::int64_t gates, Draft::Attrs attributes) {
  return {d.op(op, {d.x({3, 1, 4}), d.w({1, 2 * gates, 4}, 0.5), d.w({1, 2 * gates, 2}, 0.5), d.w({1, 4 * gates}, 0.3)},
               attributes)};
}

constexpr Case kCases[] = {
    {"rnn",
     [](Draft& d) {
       return recurrent(d, "RNN", 1, {{"hidden_size", 2}});
     },
     4},
    {"gru",
     [](Draft& d) {
       return recurrent(d, "GRU", 3, {{"hidden_size", 2}});
     },
     6},
    {"gru_linear_before_reset",
     [](Draft& d) {
       return recurrent(d, "GRU", 3, {{"hidden_size", 2}, {"linear_before_reset", 1}});
     },
     6},
    {"lstm",
     [](Draft& d) {
       return recurrent(d, "LSTM", 4, {{"hidden_size", 2}});
     },
     6},
    {"lstm_reverse",
     [](Draft& d) {
       return recurrent(d, "LSTM", 4, {{"hidden_size", 2}, {"direction", "reverse"}});
     },
     6},
    {"residual_block",
     [](Draft& d) -> Names {
       const std::string a = d.op("Relu", {conv(d, d.x({1, 2, 5, 5}), {3, 2, 3, 3}, {{"pads", {1, 1, 1, 1}}})});
       const std::string b = conv(d, a, {3, 3, 3, 3}, {{"pads", {1, 1, 1, 1}}});
       return {d.op("Relu", {d.op("Add", {b, a})})};
     },
     8},
    {"residual_block_projection",
     [](Draft& d) -> Names {
       const std::string x = d.x({1, 2, 6, 6});
       const std::string a = d.op("Relu", {conv(d, x, {4, 2, 3, 3}, {{"pads", {1, 1, 1, 1}}, {"strides", {2, 2}}})});
       const std::string b = conv(d, a, {4, 4, 3, 3}, {{"pads", {1, 1, 1, 1}}});
       return {d.op("Relu", {d.op("Add", {b, conv(d, x, {4, 2, 1, 1}, {{"strides", {2, 2}}})})})};
     },
     8},
    {"inverted_residual",
     [](Draft& d) -> Names {
       const std::string x = d.x({1, 2, 5, 5});
       const std::string a = d.op("Clip", {conv(d, x, {4, 2, 1, 1}), d.number(0), d.number(6)});
       const std::string b =
           d.op("Clip", {conv(d, a, {4, 1, 3, 3}, {{"group", 4}, {"pads", {1, 1, 1, 1}}}), d.number(0), d.number(6)});
       return {d.op("Add", {x, conv(d, b, {2, 4, 1, 1})})};
     },
     4},
    {"squeeze_and_excite",
     [](Draft& d) -> Names {
       const std::string x = d.op("Relu", {conv(d, d.x({1, 2, 4, 4}), {3, 2, 1, 1})});
       const std::string gate = d.op("Sigmoid", {conv(d, d.op("GlobalAveragePool", {x}), {3, 3, 1, 1})});
       return {d.op("Relu", {d.op("Mul", {x, gate})})};
     },
     3},
    {"lenet",
     [](Draft& d) -> Names {
       std::string y = d.op("MaxPool", {d.op("Relu", {conv(d, d.x({1, 1, 10, 10}), {3, 1, 3, 3})})},
                            {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}});
       y = d.op("Relu", {d.op("Gemm", {d.op("Flatten", {y}), d.w({48, 6}, 0.2), d.w({6}, 0.2)})});
       return {d.op("Softmax", {d.op("Gemm", {y, d.w({6, 4}, 0.4)})})};
     },
     8},
    {"perceptron_with_arg_max",
     [](Draft& d) -> Names {
       const std::string y = d.op("Relu", {linear(d, d.x({1, 8}), {8, 6})});
       return {d.op("ArgMax", {linear(d, y, {6, 4})}, {{"axis", 1}})};
     },
     1, true},
    {"self_attention", self_attention, 4},
    {"two_outputs_of_one_value",
     [](Draft& d) -> Names {
       const std::string y = d.op("Relu", {linear(d, d.x({2, 5}), {5, 4})});
       return {y, d.op("ReduceSum", {y, d.ints({1})})};
     },
     6},
    {"unused_input",
     [](Draft& d) -> Names {
       d.x({3});
       return {d.op("Relu", {d.x({2, 2})})};
     }},
    {"layer_without_reader_is_dropped",
     [](Draft& d) -> Names {
       const std::string x = d.x({2, 5});
       linear(d, x, {5, 4});
       return {d.op("Relu", {x})};
     }},
};

}  // namespace

std::span<const Case> composed_cases() { return kCases; }

}  // namespace zkinfer::operators
