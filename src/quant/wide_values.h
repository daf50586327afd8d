// SPDX-License-Identifier: Apache-2.0
// Small graphs for tests of what is not rounded to few bits: integer outputs against float outputs on inputs like calibration's.
#pragma once

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "exec/float/float_executor.h"
#include "exec/integer/executor.h"
#include "ir/functions.h"
#include "quant/quantize.h"

namespace zkinfer::quant {

using ir::OpKind;
using ir::ValueId;

class WideValues : public ::testing::Test {
 protected:
  ValueId input(Shape shape, ir::DataType type = ir::DataType::kFloat) {
    return graph_.add_input("x" + std::to_string(graph_.inputs.size()), type, std::move(shape));
  }
  ValueId constant(Shape shape, std::vector<float> data) {
    return graph_.add_constant("c", FloatTensor(std::move(shape), std::move(data)));
  }
  ValueId op(OpKind kind, std::vector<ValueId> inputs, ir::Attributes attributes = {}) {
    Result<ValueId> id =
        graph_.add_node(kind, "n" + std::to_string(graph_.nodes.size()), std::move(inputs), std::move(attributes));
    EXPECT_TRUE(id.ok()) << id.status().to_string();
    return id.ok() ? *id : 0;
  }
  ValueId function(std::string_view name, ValueId x) {
    const ir::FunctionId id = *ir::find_function(name);
    return op(OpKind::kFunction, {x}, ir::FunctionAttributes{id, ir::row_of(id).a.missing, ir::row_of(id).b.missing});
  }

  // Largest error relative to the largest output element, over 20 inputs of which the first 12 are calibration's.
  double error(ValueId y, double lo, double hi, bool whole = false,
               void (*change)(FloatTensor& input, bool calibrates) = nullptr) {
    graph_.outputs = {y};
    std::uniform_real_distribution<double> uniform(lo, hi);
    std::vector<TensorMap> all(20);
    for (std::size_t i = 0; i < all.size(); ++i) {
      TensorMap& map = all[i];
      for (const ValueId id : graph_.inputs) {
        FloatTensor tensor(graph_.value(id).shape);
        for (float& x : tensor.data()) x = static_cast<float>(whole ? std::floor(uniform(random_)) : uniform(random_));
        if (change != nullptr) change(tensor, i < 12);
        map.emplace(graph_.value(id).name, std::move(tensor));
      }
    }
    const Result<Quantized> quantized = quantize(graph_, std::span(all).first(12));
    EXPECT_TRUE(quantized.ok()) << quantized.status().to_string();
    if (!quantized.ok()) return 1;
    double largest = 0;
    double worst = 0;
    for (const TensorMap& map : all) {
      exec_integer::Inputs integers;
      for (const qir::ValueId id : quantized->graph.inputs) {
        const qir::Value& value = quantized->graph.value(id);
        integers.push_back(*quantize_input(value, map.at(value.name).data()));
      }
      const auto witness = exec_integer::run(quantized->graph, quantized->params, integers);
      EXPECT_TRUE(witness.ok()) << witness.status().to_string();
      if (!witness.ok()) return 1;
      const qir::ValueId out = quantized->graph.outputs[0];
      const std::vector<float> got = dequantize(quantized->graph.value(out), witness->values[out]);
      const TensorMap expected = *exec_float::run_float(graph_, map);
      const FloatTensor& real = expected.begin()->second;
      for (std::size_t k = 0; k < got.size(); ++k) {
        largest = std::max(largest, std::abs(static_cast<double>(real[k])));
        worst = std::max(worst, std::abs(static_cast<double>(real[k]) - static_cast<double>(got[k])));
      }
    }
    return largest > 0 ? worst / largest : worst;
  }

  ir::Graph graph_;
  std::mt19937_64 random_{7};
};

}  // namespace zkinfer::quant
