// SPDX-License-Identifier: Apache-2.0
// What the readers of Hugging Face's architectures share: config.json with bounds, and where tensors are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/json/json.h"
#include "frontend/language/network.h"
#include "frontend/language/tensors.h"

namespace zkinfer::frontend_language {

// config.json; the first fault stays.
class HfConfig {
 public:
  explicit HfConfig(const frontend_json::Json& json) : json_(json) {}

  const frontend_json::Json& operator[](std::string_view key) const { return json_[key]; }
  bool has(std::string_view key) const { return !json_[key].is_null(); }
  // 1 to most; missing ones are the fallback, and a fault where that is 0.
  std::int64_t size(std::string_view key, std::int64_t fallback = 0, std::int64_t most = std::int64_t{1} << 24);
  // Finite and above zero.
  double positive(std::string_view key, double fallback);
  bool flag(std::string_view key, bool fallback) const { return json_[key].boolean(fallback); }
  std::string text(std::string_view key, std::string_view fallback) const;
  Activation activation(std::string_view key, std::string_view fallback);
  // unsupported, unless the value is null, false, zero or `expected`.
  void only(std::string_view key, std::string_view expected = {});

  void fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }
  const Status& status() const { return status_; }

 private:
  const frontend_json::Json& json_;
  Status status_;
};

struct HfModel {
  HfConfig config;
  Tensors tensors;
  Network net;

  // "model." or "" where tensors have no such beginning: bare models and those with heads differ in it.
  std::string prefix(std::string_view wanted) const;
  void layers(std::int64_t count) { net.layers.resize(static_cast<std::size_t>(count)); }
};

// An architecture of transformers.
struct HfFamily {
  std::string_view architecture, shown;
  Status (*read)(HfModel& model);
  bool (*means_nothing)(std::string_view tensor);  // buffers, and heads that the graph has not
};
std::vector<HfFamily> hf_decoders();
std::vector<HfFamily> hf_encoders();

}  // namespace zkinfer::frontend_language
