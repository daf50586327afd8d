// SPDX-License-Identifier: Apache-2.0
// Small models run on drawn numbers, for tests against plain loops.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {

// Sixteenths from -1 to 1.
inline std::vector<float> random_list(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> list(count);
  for (float& x : list) x = static_cast<float>(static_cast<int>(random() % 33) - 16) / 16;
  return list;
}

// In floats, of the network as it is read and as it is made legal, which give the same.
inline TensorMap run(const TestModel& model, const TensorMap& inputs) {
  Result<ir::Graph> graph = import_onnx(model.bytes());
  EXPECT_TRUE(graph.ok()) << (graph.ok() ? std::string() : graph.status().to_string());
  if (!graph.ok()) return {};
  const TensorMap outputs = exec_float::run_float(*graph, inputs).value();
  const Result<ir::Graph> legal = passes::legalize(std::move(*graph));
  EXPECT_TRUE(legal.ok()) << (legal.ok() ? std::string() : legal.status().to_string());
  if (!legal.ok()) return {};
  const TensorMap again = exec_float::run_float(*legal, inputs).value();
  for (const auto& [name, tensor] : outputs)
    for (std::size_t i = 0; i < tensor.data().size(); ++i) EXPECT_NEAR(again.at(name)[i], tensor[i], 1e-5F) << name;
  return outputs;
}

}  // namespace zkinfer::frontend_onnx
