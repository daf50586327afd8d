// SPDX-License-Identifier: Apache-2.0
// Runs small TFLite files in tests; options that many of their operators have.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "exec/float/float_executor.h"
#include "frontend/tflite/reader.h"
#include "frontend/tflite/test_file.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_tflite {

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The only output for the only input, after all passes.
inline std::vector<float> run(const TestFile& file, const FloatTensor& x, Shape* shape = nullptr) {
  Result<ir::Graph> graph = import_tflite(file.bytes());
  EXPECT_TRUE(graph.ok()) << graph.status().to_string();
  if (!graph.ok()) return {};
  graph = passes::legalize(std::move(*graph));
  EXPECT_TRUE(graph.ok()) << graph.status().to_string();
  if (!graph.ok()) return {};
  const std::string input = graph->value(graph->inputs[0]).name;
  const std::string output = graph->value(graph->outputs[0]).name;
  const auto outputs = exec_float::run_float(*graph, {{input, x}});
  EXPECT_TRUE(outputs.ok()) << outputs.status().to_string();
  if (!outputs.ok()) return {};
  if (shape != nullptr) *shape = outputs->at(output).shape();
  return {outputs->at(output).data().begin(), outputs->at(output).data().end()};
}

inline void expect_near(const std::vector<float>& got, const std::vector<float>& want, float bound = 1e-5F) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], bound) << i;
}

inline const Flat::Field kSame = Flat::number(std::int8_t{0});
inline const Flat::Field kValid = Flat::number(std::int8_t{1});
inline const Flat::Field kRelu = Flat::number(std::int8_t{1});
inline const Flat::Field kRelu6 = Flat::number(std::int8_t{3});
inline Flat::Field integer(std::int32_t x) { return Flat::number(x); }

}  // namespace zkinfer::frontend_tflite
