// SPDX-License-Identifier: Apache-2.0
// Every TFLite model of the shared data folder: read, or refused for its custom operators; and the passes leave the function as it was.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "exec/float/float_executor.h"
#include "frontend/tflite/reader.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_tflite {
namespace {

namespace fs = std::filesystem;

// Whole numbers, as most of these take.
TensorMap drawn(const ir::Graph& graph) {
  std::mt19937 generator(1);
  TensorMap inputs;
  for (const ir::ValueId id : graph.inputs) {
    FloatTensor tensor(graph.value(id).shape);
    for (float& x : tensor.data()) x = static_cast<float>(generator() % 256) - 128;
    inputs[graph.value(id).name] = std::move(tensor);
  }
  return inputs;
}

TEST(TfliteModels, AreReadAndKeepTheirFunction) {
  const char* set = std::getenv("ZKINFER_TEST_DATA");
  const fs::path folder =
      (set != nullptr ? fs::path(set) : fs::path(ZKINFER_SOURCE_DIR) / ".." / "shared" / "data") / "models";
  if (!fs::exists(folder)) GTEST_SKIP() << "no " << folder << ": set ZKINFER_TEST_DATA to the data folder";
  int num_read = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".tflite") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const Result<Bytes> bytes = read_file(entry.path().string(), std::uint64_t{1} << 26);
    ASSERT_TRUE(bytes.ok()) << bytes.status().to_string();
    const Result<ir::Graph> read = import_tflite(*bytes);
    if (!read.ok()) {
      EXPECT_EQ(read.status().code(), StatusCode::kUnsupported) << read.status().to_string();
      EXPECT_NE(read.status().message().find("a custom operator"), std::string::npos) << read.status().to_string();
      continue;
    }
    ++num_read;
    const Result<ir::Graph> legal = passes::legalize(*read);
    ASSERT_TRUE(legal.ok()) << legal.status().to_string();
    const TensorMap inputs = drawn(*read);
    const Result<TensorMap> want = exec_float::run_float(*read, inputs);
    const Result<TensorMap> got = exec_float::run_float(*legal, inputs);
    ASSERT_TRUE(want.ok() && got.ok()) << want.status().to_string() << got.status().to_string();
    for (const auto& [name, tensor] : *want) {
      double largest = 1e-6, difference = 0;
      for (std::size_t i = 0; i < tensor.data().size(); ++i) {
        largest = std::max(largest, std::abs(static_cast<double>(tensor[i])));
        difference += std::abs(static_cast<double>(tensor[i]) - static_cast<double>(got->at(name)[i]));
      }
      // A step of one integer may lie between two roundings of the same number.
      EXPECT_LT(difference / static_cast<double>(tensor.data().size()), 1e-2 * largest) << name;
    }
  }
  std::printf("%d TFLite models are read\n", num_read);
}

}  // namespace
}  // namespace zkinfer::frontend_tflite
