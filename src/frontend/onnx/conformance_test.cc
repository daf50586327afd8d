// SPDX-License-Identifier: Apache-2.0
// The node tests of the ONNX project (data sets of libonnx-testdata): import, legalize, run in float, compare.
// A test passes in one of three ways, tried in this order and fixed by the table in conformance_names.h:
//   r  every input is given at run time
//   w  input 0 at run time, the others bound as constants (weights, axes, shapes)
//   c  all inputs bound as constants: the importer folds the whole model
// Tests of operators without a handler must end in `unsupported`; every other test that does not pass is in kSkipped
// with its reason. Nothing is skipped silently.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <onnx/onnx_pb.h>

#include "base/files.h"
#include "exec/float/float_executor.h"
#include "frontend/onnx/conformance_names.h"
#include "frontend/onnx/handlers.h"
#include "frontend/onnx/importer.h"
#include "passes/legalize.h"

namespace zkinfer::frontend_onnx {
namespace {

namespace fs = std::filesystem;

const fs::path kNodeTests = "/usr/share/libonnx-testdata/data/node";

Bytes bytes_of(const fs::path& path) {
  Result<Bytes> bytes = read_file(path.string(), std::uint64_t{1} << 30);
  return bytes.ok() ? *bytes : Bytes();
}

FloatTensor as_float(const AnyTensor& tensor) {
  if (const auto* floats = std::get_if<FloatTensor>(&tensor)) return *floats;
  const auto& ints = *std::get_if<IntTensor>(&tensor);
  FloatTensor out(ints.shape());
  for (std::size_t i = 0; i < out.data().size(); ++i) out[i] = static_cast<float>(ints[i]);
  return out;
}

// Empty when equal within the tolerance of the ONNX project; else what differs.
std::string difference(const FloatTensor& got, const FloatTensor& expected) {
  if (got.shape() != expected.shape())
    return "shape " + got.shape().to_string() + ", expected " + expected.shape().to_string();
  for (std::size_t i = 0; i < got.data().size(); ++i) {
    const bool both_nan = std::isnan(got[i]) && std::isnan(expected[i]);
    const bool close = got[i] == expected[i] || std::abs(got[i] - expected[i]) <= 1e-5F + 1e-3F * std::abs(expected[i]);
    if (!both_nan && !close)
      return "element " + std::to_string(i) + ": " + std::to_string(got[i]) + ", expected " +
             std::to_string(expected[i]);
  }
  return {};
}

struct NodeTest {
  onnx::ModelProto model;
  Bytes model_bytes;
  std::vector<AnyTensor> inputs, outputs;
  bool readable = true;
};

NodeTest load(const fs::path& folder) {
  NodeTest test;
  test.model_bytes = bytes_of(folder / "model.onnx");
  test.readable = test.model.ParseFromArray(test.model_bytes.data(), static_cast<int>(test.model_bytes.size()));
  const auto load_all = [&](const std::string& kind, int count, std::vector<AnyTensor>& into) {
    for (int i = 0; i < count; ++i) {
      const Bytes bytes = bytes_of(folder / "test_data_set_0" / (kind + "_" + std::to_string(i) + ".pb"));
      Result<NamedTensor> tensor = read_tensor_proto(bytes);
      if (tensor.ok())
        into.push_back(std::move(tensor->tensor));
      else
        test.readable = false;
    }
  };
  load_all("input", test.model.graph().input_size(), test.inputs);
  load_all("output", test.model.graph().output_size(), test.outputs);
  return test;
}

Status compare_outputs(const NodeTest& test, const TensorMap& outputs) {
  for (int i = 0; i < test.model.graph().output_size(); ++i) {
    const std::string& name = test.model.graph().output(i).name();
    const auto found = outputs.find(name);
    if (found == outputs.end()) return internal_error("no output " + name);
    const std::string what = difference(found->second, as_float(test.outputs[static_cast<std::size_t>(i)]));
    if (!what.empty()) return internal_error("output " + name + ": " + what);
  }
  return ok_status();
}

// mode: 'r', 'w' or 'c' as above. Runs the model as imported and after legalize.
Status run_test(const NodeTest& test, char mode) {
  ImportOptions options;
  TensorMap inputs;
  for (int i = 0; i < test.model.graph().input_size(); ++i) {
    const std::string& name = test.model.graph().input(i).name();
    const AnyTensor& tensor = test.inputs[static_cast<std::size_t>(i)];
    if (mode == 'c' || (mode == 'w' && i > 0))
      options.constant_inputs[name] = tensor;
    else {
      inputs[name] = as_float(tensor);
      options.input_shapes[name] = shape_of(tensor).dims();
    }
  }
  Result<ir::Graph> graph = import_onnx(test.model_bytes, options);
  if (!graph.ok()) return graph.status();
  ZKI_ASSIGN_OR_RETURN(const TensorMap raw_outputs, exec_float::run_float(*graph, inputs));
  ZKI_RETURN_IF_ERROR(compare_outputs(test, raw_outputs).with_context("as imported"));
  ZKI_ASSIGN_OR_RETURN(const ir::Graph legal, passes::legalize(std::move(*graph)));
  ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec_float::run_float(legal, inputs));
  return compare_outputs(test, outputs).with_context("legalized");
}

bool all_handled(const NodeTest& test) {
  return std::all_of(
      test.model.graph().node().begin(), test.model.graph().node().end(),
      [](const onnx::NodeProto& node) { return find_handler(node.domain(), node.op_type()) != nullptr; });
}

// The first mode in which the test passes, or '-' and the status of the first failure that is no "unsupported" (or the
// last failure).
char first_passing_mode(const NodeTest& test, Status& failure) {
  for (const char mode : {'r', 'w', 'c'}) {
    const Status status = run_test(test, mode);
    if (status.ok()) return mode;
    if (failure.ok() || failure.code() == StatusCode::kUnsupported) failure = status;
  }
  return '-';
}

TEST(OnnxConformance, NodeTests) {
  if (!fs::exists(kNodeTests)) GTEST_SKIP() << "no " << kNodeTests << ": install libonnx-testdata";
  std::map<std::string_view, char> expected;
  for (const ExpectedPass& row : kExpectedPasses) expected.emplace(row.name, row.mode);
  std::map<std::string_view, std::string_view> skipped;
  for (const SkippedTest& row : kSkipped) skipped.emplace(row.name, row.reason);

  std::map<char, int> passed;
  int num_skipped = 0;
  int num_unsupported = 0;
  for (const auto& entry : fs::directory_iterator(kNodeTests)) {
    const std::string name = entry.path().filename().string();
    const NodeTest test = load(entry.path());
    if (!all_handled(test)) {
      const Result<ir::Graph> graph = import_onnx(test.model_bytes);
      EXPECT_FALSE(graph.ok()) << name;
      ++num_unsupported;
      continue;
    }
    if (const auto skip = skipped.find(name); skip != skipped.end()) {
      std::printf("skipped %s: %s\n", name.c_str(), std::string(skip->second).c_str());
      ++num_skipped;
      skipped.erase(skip);
      continue;
    }
    EXPECT_TRUE(test.readable) << name << ": its data cannot be read";
    if (!test.readable) continue;
    Status failure;
    const char mode = first_passing_mode(test, failure);
    const auto row = expected.find(name);
    EXPECT_NE(mode, '-') << name << ": " << failure.to_string();
    EXPECT_TRUE(mode == '-' || (row != expected.end() && row->second == mode))
        << "{\"" << name << "\", '" << mode << "'},";
    if (row != expected.end()) expected.erase(row);
    ++passed[mode];
  }
  for (const auto& [name, mode] : expected) ADD_FAILURE() << "the expected test " << name << " is not there";
  for (const auto& [name, reason] : skipped) ADD_FAILURE() << "the skipped test " << name << " is not there";
  std::printf(
      "ONNX node tests: %d passed at run time, %d with constant weights, %d folded; %d skipped with a reason; "
      "%d of operators without handler\n",
      passed['r'], passed['w'], passed['c'], num_skipped, num_unsupported);
}

}  // namespace
}  // namespace zkinfer::frontend_onnx
