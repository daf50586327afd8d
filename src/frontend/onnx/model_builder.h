// SPDX-License-Identifier: Apache-2.0
// Writes ONNX models in memory: the readers of other formats say there what their files say, and the importer of ONNX does the rest
// (import_foreign). So every operator has one meaning here, whatever format it came in.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <onnx/onnx_pb.h>

#include "base/bytes.h"
#include "tensor/shape.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_onnx {

// {"strides", {2, 2}}, {"group", 2}, {"alpha", 0.1}, {"auto_pad", "SAME_UPPER"}
struct Attribute {
  std::string name;
  std::variant<std::int64_t, float, std::string, Dims, std::vector<float>> value;

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) Attribute(std::string_view n, T x)
      : name(n), value(static_cast<std::int64_t>(x)) {}
  template <std::floating_point T>
  Attribute(std::string_view n, T x) : name(n), value(static_cast<float>(x)) {}
  Attribute(std::string_view n, const char* text) : name(n), value(std::string(text)) {}
  Attribute(std::string_view n, std::string text) : name(n), value(std::move(text)) {}
  Attribute(std::string_view n, std::initializer_list<std::int64_t> list) : name(n), value(Dims(list)) {}
  Attribute(std::string_view n, Dims list) : name(n), value(std::move(list)) {}
  Attribute(std::string_view n, std::vector<float> list) : name(n), value(std::move(list)) {}
};
using Attributes = std::vector<Attribute>;

void set_attribute(onnx::NodeProto& node, const Attribute& attribute);

// A part of a foreign file that nodes stand for, in its own words: the tensor or layer 'conv1', a CONV_2D.
struct Origin {
  std::string name, op;
};

// A part that its format's reader refuses already. What it computes is unknown, and what is behind it is still judged.
struct RefusedOrigin {
  Origin origin;
  Status status;  // "a reason | a remedy"
  std::vector<std::string> outputs;
};

// The numbers of a parameter, read when the importer wants them: once, and never through protobuf.
using ReadFloats = std::function<Result<std::vector<float>>()>;

struct ForeignModel {
  onnx::ModelProto model;
  std::string noun;             // what the format calls a part: "operator", "layer"
  std::vector<Origin> origins;  // one per node
  std::vector<RefusedOrigin> refused;
  std::vector<std::string> unknown;                      // further values that only something refused would compute
  std::vector<std::string> notes;                        // for people, when the model is taken
  std::unordered_map<std::string, ReadFloats> deferred;  // of initializers without data, by name
};

// Names, and the number behind a stem that may be free: many values have one stem.
struct FreeNames {
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, int> next;
};

class ModelBuilder {
 public:
  using Names = std::vector<std::string>;
  explicit ModelBuilder(int opset);

  // A name that nothing has yet, as much like `wanted` as names may be (base/text.h).
  std::string fresh(std::string_view wanted);

  // Types are onnx::TensorProto's. A length of -1 is open.
  void input(const std::string& name, const Dims& dims, int type = onnx::TensorProto::FLOAT);
  void output(const std::string& name, int type = onnx::TensorProto::FLOAT);

  // Parameters: numbers that may be trained. All return the name, a fresh one when it is empty.
  std::string floats(std::string name, const Dims& dims, std::span<const float> data);
  std::string integers(std::string name, const Dims& dims, std::span<const std::int64_t> data,
                       int type = onnx::TensorProto::INT64);
  std::string raw(std::string name, const Dims& dims, int type, ByteView little_endian);
  // `read` gives as many numbers as dims say.
  std::string deferred(std::string name, const Dims& dims, ReadFloats read);
  // Numbers of the program text, which may become public: shapes, axes, bounds.
  std::string number(float x);
  std::string table(const Dims& dims, std::span<const float> data);
  std::string list(const Dims& list);            // rank 1
  std::string scalar(std::int64_t x, int type);  // rank 0

  // Nodes from here on stand for this part and bear its name.
  void begin(Origin origin);
  // Refuses that part; the values that it would have computed.
  void refuse(Status status, Names outputs);
  // A value that nothing computes; something must be refused.
  void unknown(const std::string& name) { unknown_.push_back(name); }
  void note(std::string text) { notes_.push_back(std::move(text)); }

  onnx::NodeProto& node(std::string_view op_type, const Names& inputs, const Names& outputs,
                        const Attributes& attributes = {}, std::string_view domain = {});
  // A node with one output, whose name it returns: a fresh one when it is empty.
  std::string op(std::string_view op_type, const Names& inputs, const Attributes& attributes = {},
                 std::string output = {});

  onnx::ModelProto& model() { return model_; }
  const onnx::ModelProto& model() const { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  ForeignModel take(std::string noun) &&;

 private:
  onnx::TensorProto& constant(std::string& name, const Dims& dims, int type);
  std::string literal(onnx::TensorProto tensor);

  onnx::ModelProto model_;
  FreeNames names_;       // of values
  FreeNames node_names_;  // of nodes
  Origin origin_;
  std::vector<Origin> origins_;
  std::vector<RefusedOrigin> refused_;
  Names unknown_;
  std::vector<std::string> notes_;
  std::unordered_map<std::string, ReadFloats> deferred_;
};

}  // namespace zkinfer::frontend_onnx
