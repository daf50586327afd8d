// SPDX-License-Identifier: Apache-2.0
// Writes small TFLite files for tests: what an object refers to comes after it.
#pragma once

#include <cstring>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "frontend/tflite/file.h"

namespace zkinfer::frontend_tflite {

// A FlatBuffers object: a table of fields, or a vector of numbers, characters or tables.
class Flat {
 public:
  struct Field {
    Bytes number;                        // or
    std::shared_ptr<const Flat> object;  // what is referred to
  };

  static Flat table(std::map<int, Field> fields) {
    Flat flat;
    flat.fields_ = std::move(fields);
    flat.is_table_ = true;
    return flat;
  }
  template <class T>
  static Flat vector(const std::vector<T>& numbers) {
    Flat flat;
    flat.count_ = numbers.size();
    flat.data_.resize(numbers.size() * sizeof(T));
    if (!numbers.empty()) std::memcpy(flat.data_.data(), numbers.data(), flat.data_.size());
    return flat;
  }
  static Flat text(const std::string& text) { return vector(std::vector<char>(text.begin(), text.end())); }
  static Flat tables(std::vector<Flat> list) {
    Flat flat;
    flat.count_ = list.size();
    for (Flat& one : list) flat.list_.push_back(std::make_shared<const Flat>(std::move(one)));
    return flat;
  }
  template <class T>
  static Field number(T x) {
    Bytes bytes(sizeof(T));
    std::memcpy(bytes.data(), &x, sizeof(T));
    return {std::move(bytes), nullptr};
  }
  static Field refer(Flat object) { return {{}, std::make_shared<const Flat>(std::move(object))}; }

  Bytes file(std::string_view identifier) const {
    Bytes out(4);
    out.insert(out.end(), identifier.begin(), identifier.end());
    const std::size_t at = write(out);
    patch(out, 0, at);
    return out;
  }

 private:
  static void patch(Bytes& out, std::size_t from, std::size_t to) {
    const auto distance = static_cast<std::uint32_t>(to - from);
    std::memcpy(out.data() + from, &distance, sizeof distance);
  }
  template <class T>
  static void append(Bytes& out, T x) {
    out.resize(out.size() + sizeof(T));
    std::memcpy(out.data() + out.size() - sizeof(T), &x, sizeof(T));
  }
  // Where it begins.
  std::size_t write(Bytes& out) const {
    std::vector<std::pair<std::size_t, const Flat*>> later;
    std::size_t at = 0;
    if (is_table_) {
      const int num_fields = fields_.empty() ? 0 : fields_.rbegin()->first + 1;
      std::vector<std::uint16_t> vtable(2 + static_cast<std::size_t>(num_fields), 0);
      std::size_t size = 4;
      for (const auto& [id, field] : fields_) {
        vtable[2 + static_cast<std::size_t>(id)] = static_cast<std::uint16_t>(size);
        size += field.object ? 4 : field.number.size();
      }
      vtable[0] = static_cast<std::uint16_t>(vtable.size() * 2);
      vtable[1] = static_cast<std::uint16_t>(size);
      for (const std::uint16_t entry : vtable) append(out, entry);
      at = out.size();
      append(out, static_cast<std::int32_t>(vtable.size() * 2));
      for (const auto& [id, field] : fields_) {
        if (field.object) later.emplace_back(out.size(), field.object.get());
        out.insert(out.end(), field.number.begin(), field.number.end());
        if (field.object) append(out, std::uint32_t{0});
      }
    } else {
      at = out.size();
      append(out, static_cast<std::uint32_t>(count_));
      out.insert(out.end(), data_.begin(), data_.end());
      for (const auto& one : list_) {
        later.emplace_back(out.size(), one.get());
        append(out, std::uint32_t{0});
      }
    }
    for (const auto& [from, object] : later) patch(out, from, object->write(out));
    return at;
  }

  bool is_table_ = false;
  std::map<int, Field> fields_;
  std::size_t count_ = 0;
  Bytes data_;
  std::vector<std::shared_ptr<const Flat>> list_;
};

class TestFile {
 public:
  struct Grid {
    float scale;
    std::int64_t zero;
  };

  TestFile() { buffers_.push_back(Flat::table({})); }

  // A negative length is open; scales: empty for none.
  int tensor(const std::string& name, std::vector<std::int32_t> dims, Type type = Type::kFloat32,
             std::vector<Grid> grids = {}, Bytes data = {}, int axis = 0) {
    std::map<int, Flat::Field> fields;
    std::vector<std::int32_t> shape = dims;
    for (std::int32_t& dim : shape) dim = dim < 0 ? 1 : dim;
    fields[0] = Flat::refer(Flat::vector(shape));
    fields[1] = Flat::number(static_cast<std::int8_t>(type));
    fields[2] = Flat::number(static_cast<std::uint32_t>(data.empty() ? 0 : buffers_.size()));
    fields[3] = Flat::refer(Flat::text(name));
    if (!grids.empty()) {
      std::vector<float> scales;
      std::vector<std::int64_t> zeros;
      for (const Grid& grid : grids) {
        scales.push_back(grid.scale);
        zeros.push_back(grid.zero);
      }
      fields[4] = Flat::refer(Flat::table({{2, Flat::refer(Flat::vector(scales))},
                                           {3, Flat::refer(Flat::vector(zeros))},
                                           {6, Flat::number(std::int32_t{axis})}}));
    }
    if (dims != shape) fields[7] = Flat::refer(Flat::vector(dims));
    if (!data.empty()) buffers_.push_back(Flat::table({{0, Flat::refer(Flat::vector(data))}}));
    tensors_.push_back(Flat::table(std::move(fields)));
    return static_cast<int>(tensors_.size()) - 1;
  }
  template <class T>
  int constant(const std::string& name, std::vector<std::int32_t> dims, Type type, const std::vector<T>& numbers,
               std::vector<Grid> grids = {}, int axis = 0) {
    Bytes data(numbers.size() * sizeof(T));
    std::memcpy(data.data(), numbers.data(), data.size());
    return tensor(name, std::move(dims), type, std::move(grids), std::move(data), axis);
  }
  int floats(const std::string& name, std::vector<std::int32_t> dims, const std::vector<float>& numbers) {
    return constant(name, std::move(dims), Type::kFloat32, numbers);
  }
  int ints(const std::string& name, const std::vector<std::int32_t>& numbers) {
    return constant(name, {static_cast<std::int32_t>(numbers.size())}, Type::kInt32, numbers);
  }

  // By the operator's name; one that has no number is custom.
  void op(const std::string& name, std::vector<std::int32_t> inputs, std::vector<std::int32_t> outputs,
          std::map<int, Flat::Field> options = {}) {
    std::int32_t code = kCustom;
    for (std::int32_t i = 0; i < 162; ++i)
      if (operator_name(i) == name) code = i;
    codes_.push_back(Flat::table({{0, Flat::number(static_cast<std::int8_t>(std::min(code, 127)))},
                                  {1, Flat::refer(Flat::text(name))},
                                  {3, Flat::number(code)}}));
    operators_.push_back(Flat::table({{0, Flat::number(static_cast<std::uint32_t>(codes_.size() - 1))},
                                      {1, Flat::refer(Flat::vector(inputs))},
                                      {2, Flat::refer(Flat::vector(outputs))},
                                      {4, Flat::refer(Flat::table(std::move(options)))}}));
  }
  void ends(std::vector<std::int32_t> inputs, std::vector<std::int32_t> outputs) {
    inputs_ = std::move(inputs);
    outputs_ = std::move(outputs);
  }
  Bytes bytes() const {
    const Flat graph = Flat::table({{0, Flat::refer(Flat::tables(tensors_))},
                                    {1, Flat::refer(Flat::vector(inputs_))},
                                    {2, Flat::refer(Flat::vector(outputs_))},
                                    {3, Flat::refer(Flat::tables(operators_))}});
    return Flat::table({{0, Flat::number(std::uint32_t{3})},
                        {1, Flat::refer(Flat::tables(codes_))},
                        {2, Flat::refer(Flat::tables({graph}))},
                        {4, Flat::refer(Flat::tables(buffers_))}})
        .file("TFL3");
  }

 private:
  std::vector<Flat> tensors_, operators_, codes_, buffers_;
  std::vector<std::int32_t> inputs_, outputs_;
};

}  // namespace zkinfer::frontend_tflite
