// SPDX-License-Identifier: Apache-2.0
#include "frontend/keras/importer.h"

#include <algorithm>

#include "archive/zip.h"
#include "base/text.h"
#include "frontend/hdf5/hdf5.h"
#include "frontend/keras/network.h"
#include "frontend/keras/weights.h"

namespace zkinfer::frontend_keras {

namespace {

constexpr archive::ZipWords kWords{".keras", "save it again with model.save", "save it again with model.save"};
constexpr std::size_t kMostConfig = std::size_t{8} << 20;

// Elements are read once per call of a layer, as float32 and raw.
std::uint64_t max_plain_bytes(std::size_t num_bytes) {
  return (std::uint64_t{64} << 20) + 64 * static_cast<std::uint64_t>(num_bytes);
}

// "3.4.1" -> 3
int major_version(const std::string& version, int fallback) {
  if (version.empty() || version[0] < '1' || version[0] > '9') return fallback;
  return version[0] - '0';
}

Result<std::string> text_attribute(hdf5::File& file, const hdf5::Object& object, const std::string& name) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> texts, attribute_texts(file, object, name));
  std::string all;
  for (const std::string& text : texts) all += text;
  return all;
}

}  // namespace

Result<ir::Graph> import_model(ByteView config, int keras, WeightFile& file,
                               const frontend_onnx::ImportOptions& options) {
  if (config.size() > kMostConfig) return resource_limit("the configuration has more than 8 MiB");
  Result<Json> json = Json::parse(config, {.keras_tuples = true});
  if (!json.ok()) return json.status().with_context("the model's configuration");
  std::size_t left = kMostLayers;
  ZKI_ASSIGN_OR_RETURN(const Model model, read_model(*json, keras, left));
  ZKI_ASSIGN_OR_RETURN(const frontend_onnx::ForeignModel foreign, write_network(model, file, options));
  return frontend_onnx::import_foreign(foreign, options);
}

Result<bool> is_keras_archive(ByteView bytes) {
  const auto entries = archive::zip_directory(bytes, UINT64_MAX, kWords);
  if (!entries.ok()) return entries.status();
  return std::any_of(entries->begin(), entries->end(),
                     [](const archive::ZipEntry& entry) { return entry.name == "config.json"; }) &&
         std::any_of(entries->begin(), entries->end(),
                     [](const archive::ZipEntry& entry) { return entry.name.starts_with("model.weights."); });
}

Result<std::vector<KerasPart>> keras_parts(ByteView bytes) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<archive::ZipEntry> entries,
                       archive::zip_directory(bytes, max_plain_bytes(bytes.size()), kWords));
  std::vector<KerasPart> parts{{"config.json", {}}, {"model.weights.h5", {}}, {"metadata.json", {}}};
  for (KerasPart& part : parts) {
    const auto entry =
        std::find_if(entries.begin(), entries.end(), [&](const archive::ZipEntry& e) { return e.name == part.name; });
    if (entry == entries.end())
      return corrupt("the .keras archive has no entry " + in_quotes(part.name) + "; save it again with model.save");
    Result<Bytes> plain = archive::zip_content(bytes, *entry, kWords);
    if (!plain.ok()) return plain.status().with_context(".keras entry " + in_quotes(part.name));
    part.bytes = std::move(*plain);
  }
  return parts;
}

Result<ir::Graph> import_keras(ByteView bytes, const frontend_onnx::ImportOptions& options) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<KerasPart> parts, keras_parts(bytes));
  Result<Json> metadata = Json::parse(parts[2].bytes, {.keras_tuples = true});
  if (!metadata.ok()) return metadata.status().with_context(".keras entry 'metadata.json'");
  return import_keras_parts(parts[0].bytes, parts[1].bytes, major_version((*metadata)["keras_version"].text(), 3),
                            options);
}

Result<ir::Graph> import_keras_parts(ByteView config, ByteView weights, int keras,
                                     const frontend_onnx::ImportOptions& options) {
  Result<hdf5::File> file = hdf5::File::open(weights, max_plain_bytes(weights.size()));
  if (!file.ok()) return file.status().with_context(".keras entry 'model.weights.h5'");
  Hdf5Weights of(*file, true);
  return import_model(config, keras, of, options);
}

Result<ir::Graph> import_keras_h5(ByteView bytes, const frontend_onnx::ImportOptions& options) {
  ZKI_ASSIGN_OR_RETURN(hdf5::File file, hdf5::File::open(bytes, max_plain_bytes(bytes.size())));
  ZKI_ASSIGN_OR_RETURN(const hdf5::Object* root, file.find(""));
  if (root->attributes.count("model_config") == 0 && root->attributes.count("model_config0") == 0)
    return unsupported(
        "an HDF5 file with weights only, or no Keras model (it has no attribute model_config); save the whole model "
        "with model.save, not its "
        "weights");
  ZKI_ASSIGN_OR_RETURN(const std::string config, text_attribute(file, *root, "model_config"));
  ZKI_ASSIGN_OR_RETURN(const std::string version, text_attribute(file, *root, "keras_version"));
  // Files without a version are of the time before it was written.
  Hdf5Weights of(file, false);
  return import_model({reinterpret_cast<const std::uint8_t*>(config.data()), config.size()}, major_version(version, 1),
                      of, options);
}

}  // namespace zkinfer::frontend_keras
