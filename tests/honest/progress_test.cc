// SPDX-License-Identifier: Apache-2.0
// Long operations that are told to stop, and models from memory.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "base/files.h"
#include "qir/test_graphs.h"
#include "support/owner.h"
#include "support/small_graphs.h"
#include "zkinfer/compile.h"

namespace zkinfer::data_test {
namespace {

const std::string kMlp = std::string(ZKINFER_SOURCE_DIR) + "/examples/mlp/mlp.onnx";

// Stops at the first stage that is not before `from`.
Progress stop_from(double from, std::vector<double>& told) {
  return [from, &told](const char*, double fraction) {
    told.push_back(fraction);
    return fraction < from;
  };
}

// Whatever stage is the last: an error and a used slot, never a proof by halves.
TEST(Progress, StopsAProofAtEveryStage) {
  const Owner owner(e2e::mlp_graph(), kPrivate, kPublic);
  std::vector<double> stages;
  BatchRequest request;
  request.integers = {owner.draw(1), owner.draw(2)};
  request.progress = stop_from(2, stages);
  ASSERT_TRUE(owner.prover.prove_batch(request).ok());
  ASSERT_GE(stages.size(), 4u);
  EXPECT_EQ(stages.back(), 1.0);
  std::uint64_t used = owner.prover.proofs_made();
  for (const double stage : stages) {
    std::vector<double> told;
    request.progress = stop_from(stage, told);
    const Result<BatchResult> result = owner.prover.prove_batch(request);
    EXPECT_EQ(owner.prover.proofs_made(), ++used);
    EXPECT_EQ(told.back(), stage);
    // When all is done it is too late.
    EXPECT_EQ(result.ok(), stage == 1.0) << stage;
    if (!result.ok()) EXPECT_EQ(result.status().code(), StatusCode::kCancelled) << result.status().to_string();
  }
}

TEST(Progress, FunctionsWithoutAnAnswerGoOn) {
  int calls = 0;
  const Progress counts([&](const char*, double) { ++calls; });
  EXPECT_TRUE(counts("a", 0).ok());
  EXPECT_EQ(calls, 1);
  const Progress none, empty = std::function<void(const char*, double)>();
  EXPECT_FALSE(none);
  EXPECT_FALSE(empty);
  EXPECT_TRUE(none("a", 0).ok());
}

TEST(Progress, StopsCompiling) {
  for (const double from : {0.0, 0.2, 0.95}) {
    std::vector<double> told;
    CompileOptions options;
    options.progress = stop_from(from, told);
    EXPECT_EQ(compile_network(kMlp, std::vector<RealInputs>(), options).status().code(), StatusCode::kCancelled)
        << from;
  }
}

// The longest stage moves too: each program that is tried is told, and none goes back.
TEST(Progress, OfCompilingGoesOn) {
  std::vector<double> told;
  CompileOptions options;
  options.progress = [&](const char* stage, double fraction) {
    if (stage == std::string_view("calibrate and quantize")) told.push_back(fraction);
  };
  must(compile_network(kMlp, std::vector<RealInputs>(), options));
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_LE(told.back(), 0.95);
  EXPECT_GT(told.back(), 0.6);
  EXPECT_GT(std::set<double>(told.begin(), told.end()).size(), 20U);
}

TEST(NetworkSource, BytesAreTheFile) {
  const Bytes bytes = must(read_file(kMlp, 1 << 20));
  CompileOptions options;
  options.name = "same";
  EXPECT_EQ(must(compile_network(kMlp, std::vector<RealInputs>(), options)).to_bytes(),
            must(compile_network(bytes, std::vector<RealInputs>(), options)).to_bytes());
  // No bytes are no path.
  EXPECT_EQ(network_inputs(ByteView()).status().code(), StatusCode::kCorrupt);
}

}  // namespace
}  // namespace zkinfer::data_test
