// SPDX-License-Identifier: Apache-2.0
#include "frontend/language/huggingface.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/files.h"
#include "base/text.h"
#include "frontend/language/hf_config.h"
#include "frontend/language/safetensors.h"

namespace zkinfer::frontend_language {

using frontend_json::Json;
using std::int64_t;

namespace {

constexpr std::uint64_t kMostConfig = std::uint64_t{1} << 20;
constexpr std::size_t kMostValues = std::size_t{1} << 17;

std::string named(std::string_view key) { return std::string(kConfigName) + ": " + in_quotes(key); }

// modules.json of sentence-transformers: what follows the model. The mean or the first position, of length one, is what the graph can give.
Status read_sentence_modules(const std::string& folder, Network& network) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path path = fs::path(folder) / "modules.json";
  if (!fs::exists(path, error)) return ok_status();
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_regular_file(path.string(), kMostConfig));
  Result<Json> modules = Json::parse(bytes, {kMostValues});
  if (!modules.ok()) return modules.status().with_context("modules.json");
  for (const Json& module : modules->items()) {
    const std::string& type = module["type"].text();
    if (!type.ends_with("Pooling")) continue;
    const std::string& where = module["path"].text();
    if (where.empty() || where.find('/') != std::string::npos || where == "..") continue;
    ZKI_ASSIGN_OR_RETURN(const Bytes text,
                         read_regular_file((fs::path(folder) / where / kConfigName).string(), kMostConfig));
    Result<Json> pooling = Json::parse(text, {kMostValues});
    if (!pooling.ok()) return pooling.status().with_context(where + "/" + kConfigName);
    const bool mean = (*pooling)["pooling_mode_mean_tokens"].boolean();
    const bool first = (*pooling)["pooling_mode_cls_token"].boolean();
    if (mean != first)
      network.usual_head = mean ? LanguageHead::kMean : LanguageHead::kFirst;
    else
      network.notes.push_back(
          "modules.json asks for another pooling than the mean or the first position; the hidden states are the "
          "output");
  }
  return ok_status();
}

}  // namespace

int64_t HfConfig::size(std::string_view key, int64_t fallback, int64_t most) {
  const Json& value = json_[key];
  if (value.is_null() && fallback > 0) return fallback;
  const std::optional<int64_t> found = value.integer();
  if (found && *found >= 1 && *found <= most) return *found;
  fail(value.is_null() ? corrupt(named(key) + " is missing")
                       : corrupt(named(key) + " is " + value.shown() + ", expected 1 to " + std::to_string(most)));
  return 1;
}

double HfConfig::positive(std::string_view key, double fallback) {
  const Json& value = json_[key];
  if (value.is_null()) return fallback;
  if (value.is_number() && std::isfinite(value.number()) && value.number() > 0) return value.number();
  fail(corrupt(named(key) + " is " + value.shown() + ", expected a number above zero"));
  return fallback;
}

std::string HfConfig::text(std::string_view key, std::string_view fallback) const {
  return json_[key].is_text() ? json_[key].text() : std::string(fallback);
}

Activation HfConfig::activation(std::string_view key, std::string_view fallback) {
  const std::string name = text(key, fallback);
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu") return Activation::kGeluErf;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "relu") return Activation::kRelu;
  fail(unsupported(named(key) + " is " + in_quotes(name) + "; silu, gelu, gelu_new and relu are read"));
  return Activation::kSilu;
}

void HfConfig::only(std::string_view key, std::string_view expected) {
  const Json& value = json_[key];
  const bool nothing = value.is_null() || (value.kind() == Json::Kind::kBool && !value.boolean()) ||
                       (value.is_number() && value.number() == 0);
  if (nothing || (value.is_text() && value.text() == expected)) return;
  fail(unsupported(named(key) + " is " + value.shown() + ", which is not read; export the model to ONNX"));
}

std::string HfModel::prefix(std::string_view wanted) const {
  return tensors.has_prefix(wanted) ? std::string(wanted) : std::string();
}

Result<Network> read_huggingface(ByteView config, Tensors tensors) {
  Result<Json> json = Json::parse(config, {kMostValues});
  if (!json.ok()) return json.status().with_context(kConfigName);
  const std::string architecture = (*json)["architectures"].at(0).text();
  std::vector<HfFamily> families = hf_decoders();
  for (const HfFamily& family : hf_encoders()) families.push_back(family);
  const auto family = std::find_if(families.begin(), families.end(),
                                   [&](const HfFamily& known) { return known.architecture == architecture; });
  if (family == families.end()) {
    std::string names;
    for (const HfFamily& known : families) names += (names.empty() ? "" : ", ") + std::string(known.architecture);
    return unsupported(std::string(kConfigName) + ": architecture " + in_quotes(architecture) + "; read are " + names +
                       "; export the model to ONNX");
  }
  HfModel model{HfConfig(*json), std::move(tensors), {}};
  model.net.family = family->shown;
  ZKI_RETURN_IF_ERROR(family->read(model));
  ZKI_RETURN_IF_ERROR(model.config.status());
  ZKI_RETURN_IF_ERROR(model.tensors.status());
  ZKI_RETURN_IF_ERROR(model.tensors.check_all_taken(family->means_nothing));
  return std::move(model.net);
}

Result<Network> read_huggingface_folder(const std::string& folder) {
  ZKI_ASSIGN_OR_RETURN(const Bytes config,
                       read_regular_file((std::filesystem::path(folder) / kConfigName).string(), kMostConfig));
  ZKI_ASSIGN_OR_RETURN(Tensors tensors, read_safetensors_folder(folder));
  ZKI_ASSIGN_OR_RETURN(Network network, read_huggingface(config, std::move(tensors)));
  ZKI_RETURN_IF_ERROR(read_sentence_modules(folder, network));
  return network;
}

}  // namespace zkinfer::frontend_language
