// SPDX-License-Identifier: Apache-2.0
// The single-operator models of the ONNX project (libonnx-testdata) that become an integer graph: quantized with their own
// input as calibration, the relations must hold on the executor's values and bind them. What a model computes is judged in
// tests/nodes; models that cannot be quantized must say so with a Status.
#include <filesystem>

#include "base/files.h"
#include "frontend/onnx/importer.h"
#include "operators/harness.h"
#include "passes/legalize.h"
#include "relations/recipes.h"

#include <onnx/onnx_pb.h>

namespace zkinfer::operators {
namespace {

namespace fs = std::filesystem;

const fs::path kNodeTests = "/usr/share/libonnx-testdata/data/node";

struct NodeModel {
  ir::Graph legal;
  TensorMap input;
};

// Input 0 at run time, the others bound as constants when `bind`.
Result<NodeModel> load(const fs::path& folder, bool bind) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_file((folder / "model.onnx").string(), std::uint64_t{1} << 26));
  onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return corrupt("no model");
  frontend_onnx::ImportOptions options;
  NodeModel out;
  for (int i = 0; i < model.graph().input_size(); ++i) {
    const fs::path path = folder / "test_data_set_0" / ("input_" + std::to_string(i) + ".pb");
    ZKI_ASSIGN_OR_RETURN(const Bytes data, read_file(path.string(), std::uint64_t{1} << 26));
    ZKI_ASSIGN_OR_RETURN(frontend_onnx::NamedTensor named, frontend_onnx::read_tensor_proto(data));
    const std::string& name = model.graph().input(i).name();
    if (bind && i > 0) {
      options.constant_inputs[name] = std::move(named.tensor);
      continue;
    }
    const auto* floats = std::get_if<FloatTensor>(&named.tensor);
    if (floats == nullptr) return unsupported("an integer input");
    out.input[name] = *floats;
    options.input_shapes[name] = floats->shape().dims();
  }
  ZKI_ASSIGN_OR_RETURN(ir::Graph graph, frontend_onnx::import_onnx(bytes, options));
  ZKI_ASSIGN_OR_RETURN(out.legal, passes::legalize(std::move(graph)));
  return out;
}

// True when the model went all the way.
bool check_model(const fs::path& folder, bool bind) {
  const Result<NodeModel> model = load(folder, bind);
  if (!model.ok()) return false;
  const auto quantized = quant::quantize(model->legal, std::vector<TensorMap>{model->input}, fixed_options());
  if (!quantized.ok()) return false;
  if (quantized->num_requantized > 20000) return false;  // seconds each
  const auto compiled = relations::compile(quantized->graph, true);
  if (!compiled.ok()) return false;
  std::mt19937_64 random(3);
  expect_complete(quantized->graph, quantized->params, *compiled, integer_inputs(quantized->graph, 2, random));
  expect_binding(quantized->graph, quantized->params, *compiled, integer_inputs(quantized->graph, 3, random), 2);
  return true;
}

TEST(NodeModels, RelationsHoldAndBind) {
  if (!fs::exists(kNodeTests)) GTEST_SKIP() << "no " << kNodeTests << ": install libonnx-testdata";
  int num_checked = 0;
  int num_other = 0;
  for (const auto& entry : fs::directory_iterator(kNodeTests)) {
    SCOPED_TRACE(entry.path().filename().string());
    const bool checked = check_model(entry.path(), false) || check_model(entry.path(), true);
    ++(checked ? num_checked : num_other);
  }
  std::printf("ONNX node models: %d proved relation by relation, %d have no integer form\n", num_checked, num_other);
  EXPECT_GE(num_checked, 200);
}

}  // namespace
}  // namespace zkinfer::operators
