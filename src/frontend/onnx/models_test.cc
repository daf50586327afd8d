// SPDX-License-Identifier: Apache-2.0
// Every real ONNX model of the shared data folder: imports with a clear verdict, and where it does, the legalized graph
// computes the same function as the imported one.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "exec/float/float_executor.h"
#include "frontend/onnx/importer.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {
namespace {

namespace fs = std::filesystem;

fs::path data_folder() {
  const char* set = std::getenv("ZKINFER_TEST_DATA");
  return set != nullptr ? fs::path(set) : fs::path(ZKINFER_SOURCE_DIR) / ".." / "shared" / "data";
}

TensorMap random_inputs(const ir::Graph& graph) {
  std::mt19937 generator(1);
  std::uniform_real_distribution<float> uniform(0, 1);
  TensorMap inputs;
  for (const ir::ValueId id : graph.inputs) {
    FloatTensor tensor(graph.value(id).shape);
    for (float& x : tensor.data()) x = uniform(generator);
    inputs[graph.value(id).name] = std::move(tensor);
  }
  return inputs;
}

// Largest difference of two outputs relative to the largest magnitude.
float relative_difference(const FloatTensor& a, const FloatTensor& b) {
  float largest = 1e-6F;
  float difference = 0;
  for (std::size_t i = 0; i < a.data().size(); ++i) {
    largest = std::max(largest, std::abs(a[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  return difference / largest;
}

void expect_same_function(const ir::Graph& imported, const ir::Graph& legal, const std::string& name) {
  const TensorMap inputs = random_inputs(imported);
  const Result<TensorMap> expected = exec_float::run_float(imported, inputs);
  const Result<TensorMap> got = exec_float::run_float(legal, inputs);
  ASSERT_TRUE(expected.ok()) << name << ": " << expected.status().to_string();
  ASSERT_TRUE(got.ok()) << name << ": " << got.status().to_string();
  ASSERT_EQ(expected->size(), got->size()) << name;
  for (const auto& [output, tensor] : *expected) {
    ASSERT_TRUE(got->count(output) == 1 && got->at(output).shape() == tensor.shape()) << name << " output " << output;
    EXPECT_LT(relative_difference(tensor, got->at(output)), 1e-3F) << name << " output " << output;
  }
}

TEST(RealModels, ImportWithAClearVerdictAndLegalizeToTheSameFunction) {
  const fs::path folder = data_folder() / "models";
  if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder << ": set ZKINFER_TEST_DATA to the data folder";
  int num_ok = 0;
  int num_refused = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") continue;
    const std::string name = fs::relative(entry.path(), folder).string();
    const Result<ir::Graph> imported = import_onnx_file(entry.path().string());
    if (!imported.ok()) {
      const StatusCode code = imported.status().code();
      EXPECT_TRUE(code == StatusCode::kUnsupported || code == StatusCode::kInvalidArgument ||
                  code == StatusCode::kCorrupt)
          << imported.status().to_string();
      std::printf("refused %s\n", imported.status().to_string().c_str());
      ++num_refused;
      continue;
    }
    const Result<ir::Graph> legal = passes::legalize(*imported);
    ASSERT_TRUE(legal.ok()) << name << ": " << legal.status().to_string();
    expect_same_function(*imported, *legal, name);
    std::printf("imported %s: %zu nodes, %zu core nodes\n", name.c_str(), imported->nodes.size(), legal->nodes.size());
    ++num_ok;
  }
  std::printf("real models: %d imported, %d refused with a reason\n", num_ok, num_refused);
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
