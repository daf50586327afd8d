// SPDX-License-Identifier: Apache-2.0
// A layer's trained numbers, by the two ways in which Keras keeps them: Keras 3 at paths made of classes and attributes
// ("layers/dense_1/vars/0"), older files as a list per layer of the outermost model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "frontend/hdf5/hdf5.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_keras {

struct NamedWeight {
  std::string path;  // in the file
  std::string name;  // as Keras named it, "dense/kernel:0": says which part of a nested model it belongs to
};

// Where the numbers are.
class WeightFile {
 public:
  virtual ~WeightFile() = default;
  virtual bool by_path() const = 0;
  virtual Result<AnyTensor> tensor(const std::string& path) = 0;
  // By path: whether something is there, and how many tensors are below it.
  virtual Result<bool> has(const std::string& path) = 0;
  virtual Result<std::size_t> count(const std::string& path) = 0;
  // Otherwise: the weights of a layer of the outermost model, in Keras' order.
  virtual Result<std::vector<NamedWeight>> of_layer(const std::string& layer) = 0;
};

// The HDF5 files of both ways.
class Hdf5Weights : public WeightFile {
 public:
  Hdf5Weights(hdf5::File& file, bool by_path) : file_(file), by_path_(by_path) {}
  bool by_path() const override { return by_path_; }
  Result<AnyTensor> tensor(const std::string& path) override;
  Result<bool> has(const std::string& path) override;
  Result<std::size_t> count(const std::string& path) override;
  Result<std::vector<NamedWeight>> of_layer(const std::string& layer) override;

 private:
  hdf5::File& file_;
  bool by_path_;
};

class Weights {
 public:
  Weights() = default;
  // What lies below a path.
  static Weights at_path(WeightFile& file, std::string path);
  static Result<Weights> of_layer(WeightFile& file, const std::string& layer);

  // Those of a part: by its path (the first that is there), else the weights whose names have `name` between slashes.
  Result<Weights> part(const std::vector<std::string>& paths, const std::string& name) const;
  // Of a list: by every name that stands between slashes in one of its weights' names.
  std::unordered_map<std::string, Weights> parts() const;
  Weights no_part(const std::string& name) const;
  // In lists those with a name between slashes that is `mark`, or begins with it where it ends in an underscore; by position where no weight
  // has one. Keras lists what is trained first, so that a frozen part changes the positions.
  Result<Weights> part(const std::vector<std::string>& paths, std::string_view mark, std::size_t begin,
                       std::size_t count) const;
  // All of them in lists.
  Result<Weights> part(const std::vector<std::string>& paths) const { return part(paths, "", 0, SIZE_MAX / 2); }
  // Exactly so many.
  Result<std::vector<FloatTensor>> take(std::size_t count) const;
  Result<std::size_t> count() const;
  // Where they are, so that a layer's are written once however often it is called.
  const std::string& key() const { return key_; }

 private:
  Result<std::vector<std::string>> paths() const;

  WeightFile* file_ = nullptr;
  std::string key_;
  std::vector<NamedWeight> list_;
};

// "BatchNormalization" -> "batch_normalization", as Keras 3 names folders of weights.
std::string snake_case(const std::string& class_name);

// The texts of an attribute that Keras cuts into name0, name1 .. when it is long. Empty: there is none.
Result<std::vector<std::string>> attribute_texts(hdf5::File& file, const hdf5::Object& object, const std::string& name);

}  // namespace zkinfer::frontend_keras
