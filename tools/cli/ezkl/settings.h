// SPDX-License-Identifier: Apache-2.0
// EZKL's settings.json, as far as it says something here: who sees what, and the lengths of open axes. docs/guides/coming_from_ezkl.md
// has the mapping word by word. A key of our own, "zkinfer", holds what the later verbs need.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "zkinfer/status.h"

namespace zkinfer::cli {

struct EzklSettings {
  nlohmann::ordered_json json;                                   // the whole file
  std::string inputs, outputs;                                   // words of `zkinfer commit --inputs`, --outputs
  std::vector<std::string> notes;                                // where a word means something else here than there
  std::vector<std::pair<std::string, std::uint64_t>> variables;  // lengths of axes by name
  std::vector<nlohmann::ordered_json>
      calibration;        // names of files, or the JSON itself, as `calibrate-settings` got it
  bool accuracy = false;  // --target accuracy
  std::string circuit;    // SHA-256 of the package that compile-circuit wrote, hexadecimal
};

// EZKL's word for who sees an input, output or the weights ("private", "hashed/public", ..) as it stands in its JSON.
// invalid_argument: it knows no such word.
Result<nlohmann::ordered_json> ezkl_visibility(const std::string& option, const std::string& word);

// unsupported: something is asked for that has no meaning here, with the reason and what to do instead.
Result<EzklSettings> read_ezkl_settings(const std::string& path);
Result<EzklSettings> ezkl_settings(const nlohmann::ordered_json& json);

}  // namespace zkinfer::cli
