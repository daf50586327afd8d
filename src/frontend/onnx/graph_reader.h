// SPDX-License-Identifier: Apache-2.0
// Reads the nodes of a graph, of its subgraphs and of the model's functions into one ir::Graph: branches are chosen, loops
// unrolled, functions written out where they are called.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <onnx/onnx_pb.h>

#include "frontend/onnx/handlers.h"
#include "frontend/onnx/importer.h"
#include "frontend/onnx/model_builder.h"
#include "frontend/onnx/node_order.h"
#include "frontend/onnx/tensor_reader.h"

namespace zkinfer::frontend_onnx {

inline constexpr ir::ValueId kUnknown = -2;  // computed from an unsupported node: no shape

// The values that names stand for, in one graph and what is around it.
struct Scope {
  const Scope* outer = nullptr;
  int opset = 0;
  std::string prefix;  // of the names of nodes
  int depth = 0;
  std::unordered_map<std::string, ir::ValueId> values = {};

  std::optional<ir::ValueId> find(const std::string& name) const;
};

// What people know a node by, in the words of the file: node 'conv1' (Conv), layer 'conv1' (Conv2D).
struct Part {
  std::string noun, name, op;
  std::string where() const;
};

class GraphReader {
 public:
  // foreign: null for an ONNX file's model.
  GraphReader(const onnx::ModelProto& model, const ImportOptions& options, const ForeignModel* foreign = nullptr);

  ir::Graph& graph() { return graph_; }
  FoldBudget& budget() { return budget_; }
  // What is wrong with the model, or cannot be proved: all of it is found before the import ends.
  void refuse(Status status) { refuse(std::move(status), {}); }
  // The same of a part, which the message does not name yet.
  void refuse_part(const Part& part, const Status& status);
  const std::vector<Status>& refusals() const { return refusals_; }
  // What people should know of a model that can be.
  std::vector<std::string>& notes() { return notes_; }
  // Number of elements of all initializers read so far.
  std::int64_t held_elements() const { return held_elements_; }

  Status define(Scope& scope, const std::string& name, ir::ValueId id);
  Status read_initializers(Scope& scope, const onnx::GraphProto& proto);
  Status read_nodes(Scope& scope, const NodeList& nodes);

 private:
  // The message names the part itself.
  void refuse(Status status, const Part& part);
  // name: the node's own, with what is around it.
  Part part_of(const Scope& scope, const onnx::NodeProto& node, const std::string& name, int index) const;
  Result<std::vector<ir::ValueId>> resolve_inputs(const Scope& scope, const onnx::NodeProto& node, bool& unknown);
  ir::ValueId stand_in(const std::string& name);
  // An error if the import cannot go on.
  Status read_node(Scope& scope, const onnx::NodeProto& node, int index);
  // No outputs: the node is behind an unsupported one, or has just been reported.
  Result<Outputs> import_node(Scope& scope, const onnx::NodeProto& node, const std::string& name,
                              std::vector<ir::ValueId> inputs, bool unknown);
  Result<ReadTensor> read_initializer(const onnx::TensorProto& tensor);
  Result<Outputs> import_operator(const Scope& scope, const onnx::NodeProto& node, const std::string& name,
                                  std::vector<ir::ValueId> inputs, bool unknown);

  // Reads a subgraph whose inputs are bound; kUnknown stands for outputs behind an unsupported node.
  Result<Outputs> read_subgraph(const Scope& outer, const onnx::GraphProto& proto, const std::string& prefix,
                                const std::vector<ir::ValueId>& inputs);
  Result<Outputs> call_function(const Scope& scope, const onnx::FunctionProto& function, const onnx::NodeProto& node,
                                const std::string& name, const std::vector<ir::ValueId>& inputs);
  // control_flow.cc. `inputs` may hold kUnknown.
  Result<Outputs> import_if(NodeContext& context, const Scope& scope);
  Result<Outputs> import_loop(NodeContext& context, const Scope& scope);
  Result<Outputs> import_scan(NodeContext& context, const Scope& scope);
  // One value per list: its entries joined along a new axis.
  Result<ir::ValueId> stacked(NodeContext& context, std::vector<ir::ValueId> entries, std::int64_t axis, bool reversed,
                              std::size_t output);

  const onnx::ModelProto& model_;
  const ImportOptions& options_;
  const ForeignModel* foreign_;
  ExternalData external_;
  FoldBudget budget_;
  std::int64_t held_elements_ = 0;
  std::size_t nodes_read_ = 0;
  ir::Graph graph_;
  std::unordered_set<std::string> consumed_;
  std::vector<Status> refusals_;
  std::vector<std::string> notes_;
  std::unordered_map<std::string, const onnx::FunctionProto*> functions_;  // by "domain:name"
  std::unordered_map<const onnx::TensorProto*, ir::ValueId> tensors_;      // initializers of subgraphs, read once
  std::deque<onnx::NodeProto> instances_;  // nodes of functions with attributes of calls
};

}  // namespace zkinfer::frontend_onnx
