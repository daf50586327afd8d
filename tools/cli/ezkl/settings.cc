// SPDX-License-Identifier: Apache-2.0
#include "ezkl/settings.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "inputs/input_bytes.h"

namespace zkinfer::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxSettingsBytes = std::uint64_t{1} << 24;
constexpr char kGuide[] = "docs/guides/coming_from_ezkl.md";

// What EZKL's kinds are called here; nothing: there is none. The order is that of its own list.
struct Kind {
  const char* word;    // lower case
  const char* json;    // as EZKL writes it; of the hashes an object
  const char* tensor;  // of inputs and outputs
};
constexpr Kind kKinds[] = {
    {"private", "Private", "private"},        {"public", "Public", "public"}, {"hashed", "Hashed", "private:sha256"},
    {"polycommit", "KZGCommit", "committed"}, {"fixed", "Fixed", nullptr},
};

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

Status no_word(const std::string& where, const std::string& got) {
  return invalid_argument(
      where + ": " + in_quotes(got) +
      " is none of EZKL's private, public, fixed, hashed, hashed/public, hashed/private/.., polycommit");
}

// "private", "Private", "KZGCommit", "hashed/public", {"Hashed": {"hash_is_public": true, ..}}
Result<const Kind*> kind_of(const std::string& where, const Json& value) {
  std::string word;
  bool public_hash = true;
  if (value.is_string()) {
    word = lower(value.get<std::string>());
    if (word.starts_with("hashed/private")) public_hash = false;
    if (word == "hashed/public" || !public_hash) word = "hashed";
    if (word == "kzgcommit") word = "polycommit";
  } else if (value.is_object() && value.size() == 1 && value.begin().key() == "Hashed" && value.begin()->is_object()) {
    word = "hashed";
    public_hash = value.begin()->value("hash_is_public", Json(true)) != Json(false);
  } else {
    return no_word(where, value.dump(-1, ' ', true, Json::error_handler_t::replace).substr(0, 200));
  }
  if (word.starts_with("encrypted")) {
    return unsupported(
        where +
        ": EZKL had encrypted tensors until December 2023, and nothing here encrypts; `committed` (polycommit) hides "
        "a tensor that others refer to");
  }
  if (!public_hash) {
    return unsupported(
        where +
        ": hashed/private hands the hash to the network as a value, and there is no field hash in networks here; "
        "hashed/public proves the SHA-256 of the hidden tensor");
  }
  for (const Kind& kind : kKinds)
    if (word == kind.word) return &kind;
  return no_word(where, word);
}

Result<std::string> tensor_word(const std::string& key, const Json& run_args, const char* fallback,
                                std::vector<std::string>& notes) {
  const std::string where = "run_args." + key;
  ZKI_ASSIGN_OR_RETURN(const Kind* kind, kind_of(where, run_args.contains(key) ? run_args[key] : Json(fallback)));
  if (kind->tensor == nullptr) {
    return unsupported(
        where +
        ": a fixed tensor is a constant of EZKL's circuit; here constants stand in the ONNX file, and what a key "
        "speaks of is private, public, hashed or committed");
  }
  if (std::string_view(kind->word) == "hashed")
    notes.push_back(where + ": the hash is SHA-256 of the canonical bytes (`zkinfer digest`), not EZKL's Poseidon");
  if (std::string_view(kind->word) == "polycommit")
    notes.push_back(where +
                    ": the commitment is a hash tree that hides (`zkinfer commit-tensor`), not EZKL's KZG point");
  return std::string(kind->tensor);
}

Status check_weights(const Json& run_args, std::vector<std::string>& notes) {
  const std::string where = "run_args.param_visibility";
  ZKI_ASSIGN_OR_RETURN(
      const Kind* kind,
      kind_of(where, run_args.contains("param_visibility") ? run_args["param_visibility"] : Json("private")));
  const std::string_view word = kind->word;
  if (word == "public") {
    return unsupported(
        where +
        ": EZKL has no public weights either; for a model that verifiers have, `zkinfer commit --public-model`");
  }
  if (word == "hashed") {
    return unsupported(
        where +
        ": the weights have a name that hides them, the key's identity, and no plain hash; use private, or show an "
        "auditor the model with `zkinfer commitment open`");
  }
  if (word == "private")
    notes.push_back(where +
                    " private: more than in EZKL, the key is committed to the weights: no others can be used under it");
  if (word == "fixed")
    notes.push_back(where + " fixed: more than in EZKL, the weights that the key is committed to stay hidden");
  return {};
}

Status read_variables(const Json& run_args, EzklSettings& settings) {
  if (!run_args.contains("variables")) return {};
  const Json& list = run_args["variables"];
  const Status bad = invalid_argument("run_args.variables: expected [[name, length], ..]");
  if (!list.is_array() || list.size() > 64) return bad;
  for (const Json& item : list) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number_unsigned()) return bad;
    settings.variables.emplace_back(item[0].get<std::string>(), item[1].get<std::uint64_t>());
  }
  return {};
}

}  // namespace

Result<Json> ezkl_visibility(const std::string& option, const std::string& word) {
  ZKI_ASSIGN_OR_RETURN(const Kind* kind, kind_of(option, Json(word)));
  if (std::string_view(kind->word) != "hashed") return Json(kind->json);
  return Json{{"Hashed", {{"hash_is_public", true}, {"outlets", Json::array()}}}};
}

Result<EzklSettings> ezkl_settings(const Json& json) {
  EzklSettings settings;
  settings.json = json;
  if (!json.is_object() || !json.contains("run_args") || !json["run_args"].is_object())
    return invalid_argument(
        std::string("no key \"run_args\": this is no settings.json of EZKL's; `zkinfer gen-settings` writes one (") +
        kGuide + ")");
  const Json& run_args = json["run_args"];
  ZKI_ASSIGN_OR_RETURN(settings.inputs, tensor_word("input_visibility", run_args, "private", settings.notes));
  ZKI_ASSIGN_OR_RETURN(settings.outputs, tensor_word("output_visibility", run_args, "public", settings.notes));
  ZKI_RETURN_IF_ERROR(check_weights(run_args, settings.notes));
  ZKI_RETURN_IF_ERROR(read_variables(run_args, settings));
  if (!json.contains("zkinfer")) return settings;
  const Json& ours = json["zkinfer"];
  const Status bad = invalid_argument("\"zkinfer\": not what `zkinfer calibrate-settings` wrote; make the file again");
  if (!ours.is_object()) return bad;
  if (ours.contains("calibration")) {
    if (!ours["calibration"].is_array()) return bad;
    for (const Json& file : ours["calibration"]) {
      if (!file.is_string() && !file.is_object()) return bad;
      settings.calibration.push_back(file);
    }
  }
  settings.accuracy = ours.contains("target") && ours["target"] == "accuracy";
  if (ours.contains("circuit")) {
    if (!ours["circuit"].is_string()) return bad;
    settings.circuit = ours["circuit"].get<std::string>();
  }
  return settings;
}

Result<EzklSettings> read_ezkl_settings(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxSettingsBytes, Content::kAny));
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  Result<EzklSettings> settings =
      json.is_discarded() ? Result<EzklSettings>(corrupt("no valid JSON")) : ezkl_settings(json);
  if (!settings.ok()) return settings.status().with_context("--settings-path " + in_quotes(path));
  return settings;
}

}  // namespace zkinfer::cli
