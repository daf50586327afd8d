// SPDX-License-Identifier: Apache-2.0
#include "mini_network.h"

#include <bit>
#include <initializer_list>
#include <string>

namespace zkinfer::cli {
namespace {

// Protocol Buffers, as far as this file needs them: numbers, and what has a length. Field numbers are those of onnx.proto.
class Message {
 public:
  Message& number(int field, std::uint64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(value);
    return *this;
  }
  Message& text(int field, const std::string& value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return text(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value | 128);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

Message node(const char* op, std::initializer_list<const char*> inputs, const char* output) {
  Message out;
  for (const char* input : inputs) out.text(1, input);
  return out.text(2, output).text(3, output).text(4, op);
}

Message value_info(const char* name, std::int64_t width) {
  Message shape;
  for (const std::int64_t size : {std::int64_t{1}, width})
    shape.message(1, Message().number(1, static_cast<std::uint64_t>(size)));
  const Message tensor_type = Message().number(1, 1).message(2, shape);
  return Message().text(1, name).message(2, Message().message(1, tensor_type));
}

// Floats in [-0.1, 0.1], little-endian.
Message weights(const char* name, std::int64_t width, std::uint64_t seed) {
  std::string raw;
  for (std::int64_t i = 0; i < width * width; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const float value = (static_cast<float>(seed >> 40) / static_cast<float>(1 << 24) - 0.5F) / 5;
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int k = 0; k < 4; ++k) raw += static_cast<char>(bits >> (8 * k) & 255);
  }
  Message out;
  for (int k = 0; k < 2; ++k) out.number(1, static_cast<std::uint64_t>(width));
  return out.number(2, 1).text(8, name).text(9, raw);
}

}  // namespace

Bytes mini_network(std::int64_t width) {
  Message graph;
  graph.message(1, node("MatMul", {"input", "first"}, "sums"));
  graph.message(1, node("Relu", {"sums"}, "hidden"));
  graph.message(1, node("MatMul", {"hidden", "second"}, "output"));
  graph.text(2, "mini");
  graph.message(5, weights("first", width, 1)).message(5, weights("second", width, 2));
  graph.message(11, value_info("input", width)).message(12, value_info("output", width));
  const Message operators = Message().text(1, "").number(2, 13);
  const std::string bytes = Message().number(1, 8).message(7, graph).message(8, operators).bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace zkinfer::cli
