// SPDX-License-Identifier: Apache-2.0
// What the tests of the importer share.
#pragma once

#include <string>
#include <string_view>

#include "frontend/onnx/importer.h"
#include "frontend/onnx/test_model.h"

namespace zkinfer::frontend_onnx {

inline std::string error_of(const Result<ir::Graph>& graph) { return graph.ok() ? "ok" : graph.status().to_string(); }
inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

inline TestModel small_cnn() {
  TestModel model;
  model.input("x", {1, 1, 4, 4}).output("y");
  model.floats("w", {2, 1, 3, 3}, std::vector<float>(18, 0.5F)).floats("b", {2}, {1, -1});
  model.floats("fc", {2, 3}, {1, 2, 3, 4, 5, 6});
  auto& conv = model.node("Conv", {"x", "w", "b"}, {"c"});
  set_ints(conv, "pads", {1, 1, 1, 1});
  model.node("Relu", {"c"}, {"r"});
  model.node("GlobalAveragePool", {"r"}, {"p"});
  model.node("Flatten", {"p"}, {"f"});
  model.node("Gemm", {"f", "fc"}, {"y"});
  return model;
}

}  // namespace zkinfer::frontend_onnx
