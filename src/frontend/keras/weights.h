// SPDX-License-Identifier: Apache-2.0
// A layer's trained numbers, by the two ways in which Keras keeps them: Keras 3 at paths made of classes and attributes
// ("layers/dense_1/vars/0"), the older whole-model files as a list per layer of the outermost model.
#pragma once

#include <string>
#include <vector>

#include "frontend/hdf5/hdf5.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::frontend_keras {

class Weights {
 public:
  Weights() = default;
  // Keras 3: what lies below a path.
  static Weights at_path(hdf5::File& file, std::string path);
  // The older files: the datasets of one layer, in the order of its weights.
  static Result<Weights> of_layer(hdf5::File& file, const std::string& layer);

  // Those of a part: by its path in files of Keras 3 (the first that is there), else the weights whose names have `name` as a part.
  Result<Weights> part(const std::vector<std::string>& paths, const std::string& name) const;
  // By position in the older files.
  Result<Weights> part(const std::string& path, std::size_t begin, std::size_t count) const;
  // Exactly so many.
  Result<std::vector<FloatTensor>> take(std::size_t count) const;
  Result<std::size_t> count() const;
  // Where they are, so that a layer's are written once however often it is called.
  const std::string& key() const { return key_; }

 private:
  Result<std::vector<std::string>> paths() const;

  hdf5::File* file_ = nullptr;
  bool by_path_ = false;
  std::string key_;
  std::vector<std::string> list_;
};

// "BatchNormalization" -> "batch_normalization", as Keras 3 names folders of weights.
std::string snake_case(const std::string& class_name);

// The texts of an attribute that Keras cuts into name0, name1 .. when it is long. Empty: there is none.
Result<std::vector<std::string>> attribute_texts(hdf5::File& file, const hdf5::Object& object, const std::string& name);

}  // namespace zkinfer::frontend_keras
