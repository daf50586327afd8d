// SPDX-License-Identifier: Apache-2.0
// ONNX file (opset 1 to 28) -> verified ir::Graph with static shapes. Total on arbitrary bytes.
// Everything that depends on constants only is folded on the way, so shape arithmetic never reaches the graph. Branches are
// chosen, loops unrolled and functions written out where they are called; nodes may come in any order.
// Errors: corrupt (no ONNX protobuf, or one that breaks ONNX' own rules), unsupported (also an opset outside 1..28),
// invalid_argument (shapes that do not fit, an unresolved dynamic axis, weights that are not finite), resource_limit, io. One message
// lists every node and initializer that is refused, for whatever cause, with name, operator, reason and remedy; its code is that
// of the gravest cause.
// Numbers: float16 and double tensors become float32; all integer types become int64 (uint64 above 2^63-1 is refused).
// Source: onnx/onnx IR.md and Operators.md, IR version up to 14.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "ir/graph.h"
#include "tensor/tensor.h"
#include "zkinfer/language_head.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_onnx {

// Before 7, operators that changed since are refused by the attributes they had.
inline constexpr int kFirstOpset = 1;
inline constexpr int kLastOpset = 28;

// A part of a model that cannot be proved.
struct Refusal {
  std::string node, op;        // of a node; empty: the message says what it is
  std::string reason, remedy;  // the second is empty where there is none
};

struct ImportOptions {
  // Shapes of graph inputs by name, instead of those in the file (`--shape name=1,3,32,32`), or the length of a symbolic axis
  // by its name (`--shape sequence=128`). Without one, a dynamic first axis becomes 1 and any other dynamic axis is an error.
  std::map<std::string, Dims> input_shapes;
  // Of a language model's file: how many tokens one inference reads, and what it gives (the choice, or what there is).
  std::optional<std::int64_t> tokens;
  // Of one that continues conversations: how many tokens all turns may have; `tokens` is what one turn may have.
  std::optional<std::int64_t> conversation;
  std::optional<LanguageHead> head;
  // Only the graph's inputs are asked for: what comes may have nothing else, where that spares reading weights.
  bool inputs_only = false;
  // Graph inputs that become constants with these values.
  std::map<std::string, AnyTensor> constant_inputs;
  // Folder that external tensor data is read from; import_onnx_file sets it. Empty: external data is refused.
  std::string external_data_folder;
  std::uint64_t max_file_bytes = std::uint64_t{2} << 30;       // protobuf reads no more
  std::uint64_t max_external_bytes = std::uint64_t{64} << 30;  // in all
  // Elements made by constant folding, in total; besides, no more than 2^22 and four for each that the model itself holds.
  std::int64_t max_folded_elements = std::int64_t{1} << 28;
  std::size_t max_nodes = 200000;
  // Called with each file beside the network's own that is read.
  std::function<void(const std::string& path)> reads;
  // Called with sentences for people: what the graph does not give as the file says, and what was assumed.
  std::function<void(std::string)> note;
  // Called with the token that fills up texts shorter than `tokens`, where the model knows one.
  std::function<void(std::int64_t)> pads_with;
  // Called for each part that is refused, before the error that lists them for people.
  std::function<void(const Refusal&)> refused;
  // Of an input or of anything computed from one: some bytes of Tile or Expand must not make gigabytes.
  std::int64_t max_value_elements = std::int64_t{1} << 23;
};

Result<ir::Graph> import_onnx(ByteView bytes, const ImportOptions& options = {});
Result<ir::Graph> import_onnx_file(const std::string& path, ImportOptions options = {});

// What the reader of another format made of its file (model_builder.h). Messages, notes and names are in that file's words.
struct ForeignModel;
Result<ir::Graph> import_foreign(const ForeignModel& foreign, const ImportOptions& options = {});

// resource_limit unless a file of so many bytes may be read.
Status check_file_size(std::uint64_t num_bytes, const ImportOptions& options);

// An ONNX TensorProto file (as in test data sets: input_0.pb) and its tensor's name.
struct NamedTensor {
  std::string name;
  AnyTensor tensor;
};
Result<NamedTensor> read_tensor_proto(ByteView bytes);

}  // namespace zkinfer::frontend_onnx
