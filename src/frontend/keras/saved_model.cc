// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/saved_model.h"

#include <filesystem>
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "base/wire.h"
#include "frontend/keras/checkpoint.h"
#include "frontend/keras/network.h"

namespace zkinfer::frontend_keras {

namespace {

constexpr char kNoKeras[] =
    "a SavedModel without the configuration of a Keras model, whose TensorFlow graph is not read; save the model with "
    "model.save(\"net.keras\"), or convert "
    "it to ONNX with tf2onnx";

// What Keras says of an object of the model.
struct Described {
  std::size_t node = 0;  // in the graph of objects
  std::string kind;      // "_tf_keras_network", "_tf_keras_layer" ..
  std::string json;
};

Status damaged(const char* file) { return corrupt(std::string(file) + " is damaged"); }

// keras_metadata.pb: nodes (1) of {number 2, path 3, kind 4, text 5}.
Result<std::vector<Described>> read_metadata(ByteView bytes) {
  std::vector<Described> out;
  Wire file(bytes);
  while (file.next()) {
    if (file.field() != 1) continue;
    Described& made = out.emplace_back();
    Wire node(file.bytes());
    while (node.next()) {
      if (node.field() == 2) made.node = static_cast<std::size_t>(node.number());
      if (node.field() == 4) made.kind = node.text();
      if (node.field() == 5) made.json = node.text();
    }
    if (!node.ok()) return damaged("keras_metadata.pb");
  }
  if (!file.ok()) return damaged("keras_metadata.pb");
  return out;
}

// saved_model.pb: graphs (2), each with a graph of objects (7) of nodes (1), whose user objects (4) have a kind (1) and a text (3).
Result<std::vector<Described>> read_graph(ByteView bytes) {
  std::vector<Described> out;
  Wire file(bytes);
  while (file.next()) {
    if (file.field() != 2) continue;
    Wire graph(file.bytes());
    while (graph.next()) {
      if (graph.field() != 7) continue;
      Wire objects(graph.bytes());
      for (std::size_t node = 0; objects.next();) {
        if (objects.field() != 1) continue;
        Wire object(objects.bytes());
        while (object.next()) {
          if (object.field() != 4) continue;
          Described made;
          made.node = node;
          Wire user(object.bytes());
          while (user.next()) {
            if (user.field() == 1) made.kind = user.text();
            if (user.field() == 3) made.json = user.text();
          }
          if (!user.ok()) return damaged("saved_model.pb");
          if (made.kind.starts_with("_tf_keras")) out.push_back(std::move(made));
        }
        if (!object.ok()) return damaged("saved_model.pb");
        ++node;
      }
      if (!objects.ok()) return damaged("saved_model.pb");
    }
    if (!graph.ok()) return damaged("saved_model.pb");
  }
  if (!file.ok()) return damaged("saved_model.pb");
  return out;
}

// Weights by the objects of the layers: each has a list of its variables in Keras' order.
class CheckpointWeights : public WeightFile {
 public:
  CheckpointWeights(const Checkpoint& checkpoint, std::map<std::string, std::size_t> layers)
      : checkpoint_(checkpoint), layers_(std::move(layers)) {}
  bool by_path() const override { return false; }
  Result<AnyTensor> tensor(const std::string& path) override { return checkpoint_.tensor(path); }
  Result<bool> has(const std::string&) override { return false; }
  Result<std::size_t> count(const std::string&) override { return std::size_t{0}; }
  Result<std::vector<NamedWeight>> of_layer(const std::string& layer) override {
    std::vector<NamedWeight> out;
    const std::vector<Checkpoint::Node>& nodes = checkpoint_.nodes();
    const auto found = layers_.find(layer);
    if (found == layers_.end() || found->second >= nodes.size()) return out;
    const auto list = nodes[found->second].children.find("variables");
    if (list == nodes[found->second].children.end()) return out;
    const Checkpoint::Node& variables = nodes[list->second];
    for (std::size_t i = 0;; ++i) {
      const auto variable = variables.children.find(std::to_string(i));
      if (variable == variables.children.end()) return out;
      const Checkpoint::Node& node = nodes[variable->second];
      out.push_back({node.key, node.full_name});
    }
  }

 private:
  const Checkpoint& checkpoint_;
  std::map<std::string, std::size_t> layers_;  // nodes by names
};

}  // namespace

Result<ir::Graph> import_saved_model(const SavedModelFiles& files, const frontend_onnx::ImportOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<Described> described,
                       files.metadata.empty() ? read_graph(files.graph) : read_metadata(files.metadata));
  const Described* root = nullptr;
  for (const Described& object : described)
    if (object.node == 0) root = &object;
  if (root == nullptr || root->json.empty()) return unsupported(kNoKeras);
  ZKI_ASSIGN_OR_RETURN(const Checkpoint checkpoint, Checkpoint::open(files.index, files.data));
  if (checkpoint.nodes().empty()) return unsupported(kNoKeras);
  // The layers of the outermost model, by their names in the descriptions.
  constexpr std::size_t kMostText = std::size_t{8} << 20;
  std::size_t total = 0;
  const auto parse = [&](const Described& object) -> Result<Json> {
    if ((total += object.json.size()) > kMostText)
      return resource_limit("the descriptions of the layers have more than 8 MiB");
    return Json::parse({reinterpret_cast<const std::uint8_t*>(object.json.data()), object.json.size()},
                       {.keras_tuples = true});
  };
  std::map<std::string, std::size_t> layers;
  std::map<std::size_t, bool> is_layer;
  for (const auto& [attribute, node] : checkpoint.nodes()[0].children)
    if (attribute.starts_with("layer-") || attribute.starts_with("layer_with_weights-")) is_layer[node] = true;
  for (const Described& object : described) {
    if (is_layer.count(object.node) == 0) continue;
    ZKI_ASSIGN_OR_RETURN(const Json json, parse(object));
    layers[json["name"].text()] = object.node;
  }
  CheckpointWeights weights(checkpoint, std::move(layers));
  return import_model({reinterpret_cast<const std::uint8_t*>(root->json.data()), root->json.size()}, 2, weights,
                      options);
}

Result<ir::Graph> import_saved_model_folder(const std::string& path, const frontend_onnx::ImportOptions& options) {
  const std::filesystem::path folder(path);
  SavedModelFiles files;
  ZKI_ASSIGN_OR_RETURN(files.graph, read_regular_file((folder / "saved_model.pb").string(), options.max_file_bytes));
  std::error_code error;
  if (std::filesystem::exists(folder / "keras_metadata.pb", error)) {
    ZKI_ASSIGN_OR_RETURN(files.metadata,
                         read_regular_file((folder / "keras_metadata.pb").string(), options.max_file_bytes));
  }
  const std::filesystem::path variables = folder / "variables";
  if (!std::filesystem::exists(variables / "variables.index", error)) return unsupported(kNoKeras);
  ZKI_ASSIGN_OR_RETURN(files.index,
                       read_regular_file((variables / "variables.index").string(), options.max_file_bytes));
  const std::filesystem::path data = variables / "variables.data-00000-of-00001";
  if (!std::filesystem::exists(data, error))
    return unsupported(
        "its variables are in several files or missing (no variables.data-00000-of-00001); save it in one");
  ZKI_ASSIGN_OR_RETURN(files.data, read_regular_file(data.string(), options.max_file_bytes));
  return import_saved_model(files, options);
}

}  // namespace zkinfer::frontend_keras
