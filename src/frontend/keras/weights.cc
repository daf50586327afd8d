// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/weights.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.h"

namespace zkinfer::frontend_keras {

namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// Whether one of the names between the slashes is `name`.
bool has_part(std::string_view path, std::string_view name) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (path.substr(0, slash) == name) return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

// Whether one of them is `mark`, or begins with it where it ends in an underscore.
bool has_mark(std::string_view path, std::string_view mark) {
  if (!mark.ends_with('_')) return has_part(path, mark);
  return path.starts_with(mark) || path.find("/" + std::string(mark)) != std::string_view::npos;
}

}  // namespace

std::string snake_case(const std::string& class_name) {
  // An underscore before a capital with small letters behind it, which nothing before has used up; then between small and capital.
  std::string first;
  for (std::size_t i = 0; i < class_name.size();) {
    const bool word = i + 2 < class_name.size() && is_upper(class_name[i + 1]) && is_lower(class_name[i + 2]);
    first += class_name[i++];
    if (!word) continue;
    first += '_';
    first += class_name[i++];
    while (i < class_name.size() && is_lower(class_name[i])) first += class_name[i++];
  }
  std::string out;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (i > 0 && is_upper(first[i]) && is_lower(first[i - 1])) out += '_';
    out += is_upper(first[i]) ? static_cast<char>(first[i] - 'A' + 'a') : first[i];
  }
  return out;
}

Result<std::vector<std::string>> attribute_texts(hdf5::File& file, const hdf5::Object& object,
                                                 const std::string& name) {
  if (const auto whole = object.attributes.find(name); whole != object.attributes.end())
    return whole->second.num_elements == 0 ? std::vector<std::string>() : file.texts(whole->second);
  std::vector<std::string> all;
  for (int i = 0;; ++i) {
    const auto piece = object.attributes.find(name + std::to_string(i));
    if (piece == object.attributes.end()) return all;
    if (piece->second.num_elements == 0) continue;
    ZKI_ASSIGN_OR_RETURN(std::vector<std::string> texts, file.texts(piece->second));
    all.insert(all.end(), texts.begin(), texts.end());
  }
}

Result<AnyTensor> Hdf5Weights::tensor(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const hdf5::Object* object, file_.find(path));
  if (object == nullptr || !object->dataset)
    return corrupt("its weight " + in_quotes(path) +
                   " is not in the file | save the whole model again with model.save");
  hdf5::Dataset dataset = *object->dataset;
  // bfloat16 as bytes of no type, or as integers.
  if (object->attributes.count("dtype") != 0 && dataset.type.num_bytes == 2 &&
      dataset.type.kind != hdf5::TypeClass::kFloat)
    dataset.type.kind = hdf5::TypeClass::kOpaque;
  return file_.tensor(dataset);
}

Result<bool> Hdf5Weights::has(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const hdf5::Object* object, file_.find(path));
  return object != nullptr;
}

Result<std::size_t> Hdf5Weights::count(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const hdf5::Object* object, file_.find(path));
  return object == nullptr ? 0 : object->members.size();
}

Result<std::vector<NamedWeight>> Hdf5Weights::of_layer(const std::string& layer) {
  ZKI_ASSIGN_OR_RETURN(const hdf5::Object* root, file_.find(""));
  const std::string group = (root->members.count("model_weights") != 0 ? "model_weights/" : "") + layer;
  ZKI_ASSIGN_OR_RETURN(const hdf5::Object* object, file_.find(group));
  std::vector<NamedWeight> out;
  if (object == nullptr) return out;
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> names, attribute_texts(file_, *object, "weight_names"));
  for (const std::string& name : names) out.push_back({group + "/" + name, name});
  return out;
}

Weights Weights::at_path(WeightFile& file, std::string path) {
  Weights made;
  made.file_ = &file;
  made.key_ = std::move(path);
  return made;
}

Result<Weights> Weights::of_layer(WeightFile& file, const std::string& layer) {
  Weights made = at_path(file, layer);
  ZKI_ASSIGN_OR_RETURN(made.list_, file.of_layer(layer));
  return made;
}

Result<Weights> Weights::part(const std::vector<std::string>& paths, const std::string& name) const {
  Weights made;
  made.file_ = file_;
  if (file_ == nullptr) return made;
  const auto below = [&](const std::string& path) { return key_.empty() ? path : key_ + "/" + path; };
  made.key_ = below(name);
  if (!file_->by_path()) {
    for (const NamedWeight& weight : list_)
      if (has_part(weight.name, name)) made.list_.push_back(weight);
    return made;
  }
  for (const std::string& path : paths) {
    made.key_ = below(path);
    ZKI_ASSIGN_OR_RETURN(const bool there, file_->has(made.key_));
    if (there) break;
  }
  return made;
}

Weights Weights::no_part(const std::string& name) const {
  Weights made;
  made.file_ = file_;
  made.key_ = key_.empty() ? name : key_ + "/" + name;
  return made;
}

std::unordered_map<std::string, Weights> Weights::parts() const {
  std::unordered_map<std::string, Weights> out;
  for (const NamedWeight& weight : list_) {
    std::set<std::string> names;
    for (std::size_t begin = 0; begin <= weight.name.size();) {
      const std::size_t end = std::min(weight.name.find('/', begin), weight.name.size());
      names.insert(weight.name.substr(begin, end - begin));
      begin = end + 1;
    }
    for (const std::string& name : names) out.try_emplace(name, no_part(name)).first->second.list_.push_back(weight);
  }
  return out;
}

Result<Weights> Weights::part(const std::vector<std::string>& paths, std::string_view mark, std::size_t begin,
                              std::size_t count) const {
  if (file_ == nullptr || file_->by_path()) return part(paths, paths[0]);
  Weights made = at_path(*file_, key_ + "/" + paths[0]);
  for (const NamedWeight& weight : list_)
    if (!mark.empty() && has_mark(weight.name, mark)) made.list_.push_back(weight);
  if (!made.list_.empty()) return made;
  for (std::size_t i = begin; i < list_.size() && i - begin < count; ++i) made.list_.push_back(list_[i]);
  return made;
}

Result<std::vector<std::string>> Weights::paths() const {
  std::vector<std::string> out;
  for (const NamedWeight& weight : list_) out.push_back(weight.path);
  if (file_ == nullptr || !file_->by_path()) return out;
  ZKI_ASSIGN_OR_RETURN(const std::size_t count, file_->count(key_ + "/vars"));
  for (std::size_t i = 0; i < count; ++i) out.push_back(key_ + "/vars/" + std::to_string(i));
  return out;
}

Result<std::size_t> Weights::count() const {
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> all, paths());
  return all.size();
}

Result<std::vector<FloatTensor>> Weights::take(std::size_t count) const {
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> all, paths());
  if (all.size() != count)
    return corrupt("the file holds " + std::to_string(all.size()) + " weights for it, expected " +
                   std::to_string(count) + " | save the whole model again with model.save");
  std::vector<FloatTensor> out;
  for (const std::string& path : all) {
    ZKI_ASSIGN_OR_RETURN(AnyTensor tensor, file_->tensor(path));
    if (auto* floats = std::get_if<FloatTensor>(&tensor)) {
      out.push_back(std::move(*floats));
      continue;
    }
    const IntTensor& integers = std::get<IntTensor>(tensor);
    FloatTensor made(integers.shape());
    for (std::size_t i = 0; i < made.data().size(); ++i) made[i] = static_cast<float>(integers[i]);
    out.push_back(std::move(made));
  }
  return out;
}

}  // namespace zkinfer::frontend_keras
