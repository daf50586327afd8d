// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/losses.h"

#include <algorithm>

#include "base/text.h"
#include "frontend/onnx/proto_text.h"

namespace zkinfer::frontend_onnx {

namespace {

// "'setosa' is 0, 'versicolor' is 1, .."
std::string numbered(const onnx::AttributeProto& words) {
  constexpr int kMostShown = 20;
  std::string text;
  for (int i = 0; i < std::min(words.strings_size(), kMostShown); ++i)
    text += (i == 0 ? "" : ", ") + in_quotes(printable(words.strings(i))) + " is " + std::to_string(i);
  if (words.strings_size() > kMostShown) text += ", .. (" + std::to_string(words.strings_size()) + " words)";
  return text;
}

}  // namespace

void note_losses(const std::string& where, const onnx::NodeProto& node, std::vector<std::string>& notes) {
  const bool is_ml = node.domain() == "ai.onnx.ml";
  if (is_ml && node.op_type() == "ZipMap")
    notes.push_back(
        where +
        ": maps from labels to scores have no meaning here; its output is the scores in the order of the labels");
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    if (!is_ml || attribute.strings_size() == 0) continue;
    if (attribute.name() == "classlabels_strings" || attribute.name() == "values_strings")
      notes.push_back(where + ": words became their positions: " + numbered(attribute));
  }
}

void note_losses(const onnx::ValueInfoProto& output, std::vector<std::string>& notes) {
  const onnx::TypeProto& type = output.type();
  const std::string where = "output " + in_quotes(output.name()) + ": ";
  if (type.has_tensor_type() && type.tensor_type().elem_type() == onnx::TensorProto::STRING)
    notes.push_back(where + "it has words in the file, and numbers here that stand for them");
  if (type.has_sequence_type()) notes.push_back(where + "it is a sequence in the file, and a tensor here");
  if (type.has_map_type()) notes.push_back(where + "it is a map in the file, and a tensor here");
  if (type.has_optional_type()) notes.push_back(where + "it is optional in the file, and always there here");
}

}  // namespace zkinfer::frontend_onnx
