// SPDX-License-Identifier: Apache-2.0
// The tensors of a file (or of several) by name. Readers take what their description needs; what is left over has a meaning that they
// do not know.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "frontend/language/elements.h"
#include "frontend/language/network.h"
#include "frontend/language/source.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_language {

struct StoredTensor {
  Dims dims;  // row-major
  std::string type;
  const Packing* packing = nullptr;  // null: a type that is not read
  std::uint64_t offset = 0;
  std::shared_ptr<const Source> source;
  bool taken = false;
};

class Tensors {
 public:
  // corrupt: there is one of this name.
  Status add(const std::string& name, StoredTensor tensor);
  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  bool has_prefix(std::string_view prefix) const {
    const auto first = tensors_.lower_bound(std::string(prefix));
    return first != tensors_.end() && first->first.starts_with(prefix);
  }
  const StoredTensor* find(const std::string& name) const;
  std::size_t size() const { return tensors_.size(); }

  // Missing ones, and those of types that are not read, become status().
  Weight take(const std::string& name);
  // No weight where there is none.
  Weight take_if(const std::string& name) { return has(name) ? take(name) : Weight{}; }
  // "name.weight", and "name.bias" where there is one.
  Matrix matrix(const std::string& name) { return {take(name + ".weight"), take_if(name + ".bias")}; }
  Norm norm(const std::string& name) { return {take(name + ".weight"), take_if(name + ".bias")}; }
  Norm norm_if(const std::string& name) { return has(name + ".weight") ? norm(name) : Norm{}; }

  const Status& status() const { return status_; }
  // unsupported: a tensor was not taken, and means something nevertheless.
  Status check_all_taken(const std::function<bool(std::string_view)>& means_nothing) const;

 private:
  std::map<std::string, StoredTensor> tensors_;
  Status status_;
};

// Some rows of a tensor's first axis; the same of a matrix stored with inputs first, and of a vector.
Weight some_rows(const Weight& weight, std::int64_t from, std::int64_t count);
Weight some_columns(const Weight& weight, std::int64_t from, std::int64_t count);
Matrix some_outputs(const Matrix& matrix, std::int64_t from, std::int64_t count);
// Of a norm whose scale is stored less one.
Weight plus_one(const Weight& weight);

}  // namespace zkinfer::frontend_language
