// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/tensors.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace zkinfer::frontend_language {

namespace {

std::uint64_t num_elements(const Dims& dims) {
  std::uint64_t count = 1;
  for (const std::int64_t dim : dims) count *= static_cast<std::uint64_t>(dim);
  return count;
}

bool within(std::int64_t from, std::int64_t count, std::int64_t length) {
  return from >= 0 && count >= 0 && from <= length && count <= length - from;
}

// One tensor of a file is several parameters then.
std::string part_name(std::int64_t from, std::int64_t count) {
  return "[" + std::to_string(from) + ":" + std::to_string(from + count) + "]";
}

}  // namespace

Status Tensors::add(const std::string& name, StoredTensor tensor) {
  if (!tensors_.emplace(name, std::move(tensor)).second) return corrupt("two tensors are called " + in_quotes(name));
  return ok_status();
}

const StoredTensor* Tensors::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Weight Tensors::take(const std::string& name) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    if (status_.ok()) status_ = corrupt("there is no tensor " + in_quotes(name));
    return {};
  }
  StoredTensor& tensor = found->second;
  tensor.taken = true;
  if (tensor.packing == nullptr) {
    if (status_.ok())
      status_ = unsupported("tensor " + in_quotes(name) + " holds numbers of type " + tensor.type +
                            ", which is not read; convert the model to F32, F16 or BF16");
    return {};
  }
  return {name, tensor.dims,
          [source = tensor.source, offset = tensor.offset, count = num_elements(tensor.dims),
           packing = tensor.packing] { return read_elements(*source, offset, count, *packing); }};
}

Status Tensors::check_all_taken(const std::function<bool(std::string_view)>& means_nothing) const {
  std::string names;
  std::size_t count = 0;
  constexpr std::size_t kMostShown = 5;
  for (const auto& [name, tensor] : tensors_) {
    if (tensor.taken || means_nothing(name)) continue;
    if (++count <= kMostShown) names += (names.empty() ? "" : ", ") + in_quotes(name);
  }
  if (count == 0) return ok_status();
  if (count > kMostShown) names += " and " + std::to_string(count - kMostShown) + " more";
  return unsupported("tensors without a place in a model of this family, as it is read here: " + names +
                     "; export the model to ONNX");
}

Weight some_rows(const Weight& weight, std::int64_t from, std::int64_t count) {
  if (!weight || weight.dims.empty() || !within(from, count, weight.dims[0])) return weight;  // refused by its shape
  Weight part = weight;
  part.name += part_name(from, count);
  part.dims[0] = count;
  const auto row = static_cast<std::ptrdiff_t>(
      weight.dims[0] == 0 ? 0 : num_elements(weight.dims) / static_cast<std::uint64_t>(weight.dims[0]));
  part.read = [all = weight.read, begin = from * row, end = (from + count) * row]() -> Result<std::vector<float>> {
    ZKI_ASSIGN_OR_RETURN(const std::vector<float> numbers, all());
    return std::vector<float>(numbers.begin() + begin, numbers.begin() + end);
  };
  return part;
}

Weight some_columns(const Weight& weight, std::int64_t from, std::int64_t count) {
  if (!weight || weight.dims.size() != 2 || !within(from, count, weight.dims[1])) return weight;
  Weight part = weight;
  part.name += part_name(from, count);
  part.dims[1] = count;
  part.read = [all = weight.read, from, count, width = weight.dims[1]]() -> Result<std::vector<float>> {
    ZKI_ASSIGN_OR_RETURN(const std::vector<float> numbers, all());
    std::vector<float> out;
    const auto rows = static_cast<std::int64_t>(numbers.size()) / std::max<std::int64_t>(width, 1);
    out.reserve(static_cast<std::size_t>(rows * count));
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto begin = numbers.begin() + i * width + from;
      out.insert(out.end(), begin, begin + count);
    }
    return out;
  };
  return part;
}

Matrix some_outputs(const Matrix& matrix, std::int64_t from, std::int64_t count) {
  Matrix part = matrix;
  part.weight = matrix.inputs_first ? some_columns(matrix.weight, from, count) : some_rows(matrix.weight, from, count);
  part.bias = some_rows(matrix.bias, from, count);
  return part;
}

Weight plus_one(const Weight& weight) {
  if (!weight) return weight;
  Weight sum = weight;
  sum.read = [all = weight.read]() -> Result<std::vector<float>> {
    ZKI_ASSIGN_OR_RETURN(std::vector<float> numbers, all());
    for (float& x : numbers) x += 1;
    return numbers;
  };
  return sum;
}

}  // namespace zkinfer::frontend_language
