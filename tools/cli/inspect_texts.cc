// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "ezkl/settings.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "inspect.h"
#include "new_secret.h"
#include "outputs.h"
#include "project_texts.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kMaxTextBytes = std::uint64_t{1} << 26;

// A text of a kind that says nothing more of itself.
Description plain(const char* what, const char* kind, const char* use) { return {what, {{"use", use}}, "", {}, kind}; }

std::optional<Description> describe_lock(const std::string& path) {
  std::error_code error;
  if (!path.ends_with(".lock") || !fs::is_regular_file(path, error) || fs::file_size(path, error) != 0) return {};
  Description out = plain("lock file", "lock", "processes take turns by it; empty, holds nothing and may stay");
  const std::string of = path.substr(0, path.size() - 5);
  if (fs::exists(of, error)) {
    out.facts.insert(out.facts.begin(), {"of", of});
    out.json["of"] = of;
  }
  return out;
}

std::optional<Description> describe_mark(const std::string& text) {
  const std::optional<std::string> identity = NewSecret::marked_identity(text);
  if (!identity.has_value()) return {};
  Description out{"mark of an unfinished secret", {}, "", {}, "unfinished_mark"};
  if (!identity->empty()) {
    out.facts.emplace_back("identity", *identity);
    out.json["identity"] = *identity;
  }
  out.facts.emplace_back("use", "its command is at work or was stopped; the same command again begins anew");
  return out;
}

std::optional<Description> describe_page(const std::string& text) {
  const auto has_title = [&](const char* title) { return text.find(title) != std::string::npos; };
  if (!text.starts_with("<!doctype html>")) return {};
  if (has_title("<title>zkinfer: model report</title>"))
    return plain("report of a model (page)", "report",
                 "for a browser; it shows the weights' ranges: keep it as secret");
  if (has_title("<title>zkinfer: evaluation</title>"))
    return plain("report of evaluations (page)", "report", "for a browser; it shows what was counted and proven");
  if (has_title("<title>zkinfer: proof report</title>"))
    return plain("report of a proof (page)", "report", "for a browser; it shows what went in and what came out");
  return {};
}

std::optional<Description> describe_project(const std::string& text) {
  const std::string_view ignore(kProjectGitignore);
  if (text.starts_with("# Model card: ") && text.find(kCardBegin) != std::string::npos)
    return plain("model card", "project", "of `zkinfer init`; `zkinfer init --card` fills what is measured into it");
  const std::string line = text.substr(0, text.find('\n'));
  if (line.starts_with("# ") && line.find(": from a network to a proof. `make`") != std::string::npos)
    return plain("Makefile of a project", "project", "of `zkinfer init`; `make` does what is not done");
  if (text.starts_with(ignore.substr(0, ignore.find('\n'))))
    return plain("list of secret files", "project", "of `zkinfer init`; keeps them out of git");
  return {};
}

std::optional<Description> describe_api_key(const std::string& text) {
  if (!text.starts_with("zki_")) return {};
  return plain("API key of a service (secret)", "api_key",
               "whoever has it asks in its owner's name: `zkinfer-server keys create` wrote it, `keys revoke` ends it");
}

// Numbers as they stand there, "-" where there is none.
std::string number_in(const Json& json, const char* key, double factor = 1, const char* unit = "") {
  const auto found = json.find(key);
  return found == json.end() || !found->is_number() ? "-" : significant(factor * found->get<double>(), 6) + unit;
}

// A text as it stands there, and "-" where there is none.
std::string text_in(const Json& json, const char* key) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_string()) return "-";
  return printable(json[key].get<std::string>());
}

// What `keys` of a file hold, as it holds them.
void copy(const Json& from, std::initializer_list<const char*> keys, Json& to) {
  for (const char* key : keys) to[key] = from.value(key, Json());
}

Description describe_fidelity(const Json& json) {
  Description out{"fidelity of a model (JSON)", {}, "", {}, "fidelity"};
  out.facts = {{"inputs measured", number_in(json, "num_inputs")},
               {"cosine", number_in(json, "cosine")},
               {"same top class", number_in(json, "agreement", 100, " %")},
               {"largest error, of the largest value", number_in(json, "error_of_largest", 100, " %")},
               {"use", "how close the integer model is to the network: `zkinfer compile --fidelity-json` wrote it"}};
  copy(json, {"num_inputs", "cosine", "agreement", "error_of_largest"}, out.json);
  return out;
}

Description describe_benchmark(const Json& json) {
  const Json model = json.value("model", Json::object());
  Description out{"benchmark (JSON)", {}, "", {}, "benchmark"};
  out.facts = {{"model", text_in(model, "name")},
               {"label", text_in(json, "label")},
               {"runs", number_in(json, "runs")},
               {"prove", number_in(json, "prove_seconds", 1, " s")},
               {"verify", number_in(json, "verify_seconds", 1, " s")},
               {"proof", number_in(json, "proof_bytes", 1, " bytes")},
               {"use", "what `zkinfer bench` measured"}};
  copy(json, {"label", "runs", "prove_seconds", "verify_seconds", "proof_bytes"}, out.json);
  return out;
}

Description describe_evm(const Json& json) {
  Description out{"data for contracts (JSON)", {}, "", {}, "evm"};
  out.facts = {{"model on chain", text_in(json, "model_id")},
               {"serving key", text_in(json, "identity")},
               {"use", "what to register and to send: `zkinfer evm export` wrote it"}};
  copy(json, {"model_id", "identity"}, out.json);
  return out;
}

Description describe_deployment(const Json& json) {
  Description out{"deployment (JSON)", {{"chain", number_in(json, "chain_id")}}, "", {}, "deployment"};
  for (const char* contract : {"verifier", "registry", "receipts", "session", "functionals", "outer"})
    out.facts.emplace_back(contract, text_in(json, contract));
  out.facts.emplace_back("use", "where the contracts are: `zkinfer evm deploy --json` wrote it, --deployment reads it");
  copy(json, {"chain_id", "verifier", "registry", "receipts"}, out.json);
  return out;
}

Description describe_contracts(const Json& json) {
  Description out{"compiled contracts (JSON)", {{"contracts", std::to_string(json.size())}}, "", {}, "contracts"};
  out.facts.emplace_back("use", "`make evm` built them; `zkinfer evm deploy` puts them on a chain");
  out.json["num_contracts"] = json.size();
  return out;
}

// What the service signs (docs/formats/receipt.md); nothing is checked here.
Description describe_receipt(const Json& json) {
  const Json payload = json["payload"], none = Json::object();
  const Json& model = payload.contains("model") ? payload["model"] : none;
  const Json& proof = payload.contains("proof") ? payload["proof"] : none;
  Description out{"receipt of a service (JSON)", {}, "", {}, "receipt"};
  out.facts = {
      {"receipt", text_in(payload, "id")},
      {"of", text_in(payload, "iss") + ", " + text_in(payload, "iat")},
      {"model", text_in(model, "revision") + ", root key " + text_in(model, "root")},
      {"outcome", text_in(payload, "outcome")},
      {"proof", text_in(proof, "mode") + ", promised by " + text_in(proof, "by")},
      {"signed with", text_in(payload, "kid")},
      {"use", "shows that the service answered so; `zkinfer-server receipt verify` checks it, which nothing here did"}};
  copy(payload, {"id", "iss", "iat", "outcome", "kid"}, out.json);
  out.json["root_identity"] = model.is_object() ? model.value("root", Json()) : Json();
  return out;
}

Description describe_proof_state(const Json& json) {
  const Json& payload = json["payload"];
  Description out{"signed state of a proof (JSON)", {}, "", {}, "proof_state"};
  out.facts = {
      {"proof", text_in(payload, "id")},
      {"state", text_in(payload, "state") + " at " + text_in(payload, "at")},
      {"use",
       "what the service said of a proof that it promised; `zkinfer-server receipt audit` asks for it and checks it"}};
  copy(payload, {"id", "state", "at"}, out.json);
  return out;
}

Description describe_signing_keys(const Json& json) {
  Description out{"signing keys of a service (JSON)", {}, "", {}, "signing_keys"};
  out.json["kids"] = Json::array();
  for (const Json& key : json["keys"]) {
    out.facts.emplace_back("key", text_in(key, "kid") + (key.contains("retired") ? ", no longer used" : ""));
    out.json["kids"].push_back(key.value("kid", Json()));
  }
  out.facts.emplace_back(
      "use", "public; clients pin them, and check receipts with them: `zkinfer-server signing show` wrote it");
  return out;
}

bool is_signing_keys(const Json& json) {
  return json.contains("keys") && json["keys"].is_array() && std::ranges::all_of(json["keys"], [](const Json& key) {
           return key.is_object() && key.contains("kid") && key.contains("crv");
         });
}

Result<Description> describe_settings(const Json& json) {
  Description out{"settings.json of EZKL's flow", {}, "", {}, "ezkl_settings"};
  Result<EzklSettings> settings = ezkl_settings(json);
  if (!settings.ok() && settings.status().code() != StatusCode::kUnsupported) return settings.status();
  // What has no meaning here is still what the file is.
  if (!settings.ok()) {
    out.facts = {{"asks for", settings.status().message()}};
    out.json["inputs"] = out.json["outputs"] = nullptr;
  } else {
    out.facts = {{"inputs", settings->inputs}, {"outputs", settings->outputs}};
    out.json = {{"inputs", settings->inputs}, {"outputs", settings->outputs}};
    for (const auto& [name, length] : settings->variables)
      out.facts.emplace_back("axis '" + name + "'", std::to_string(length));
    for (const std::string& text : settings->notes) out.rest += "note: " + printable(text) + "\n";
  }
  out.facts.emplace_back("use", "`zkinfer ezkl` verbs read it: who sees what, in EZKL's words");
  return out;
}

Result<std::optional<Description>> describe_json(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxTextBytes, Content::kAny));
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!json.is_object()) return std::optional<Description>();
  const auto has = [&](std::initializer_list<const char*> keys) {
    return std::ranges::all_of(keys, [&](const char* key) { return json.contains(key); });
  };
  if (has({"input_data"})) return std::optional<Description>();
  if (has({"run_args"})) {
    ZKI_ASSIGN_OR_RETURN(Description out, describe_settings(json));
    return std::optional(std::move(out));
  }
  if (has({"num_inputs", "outputs", "layers"})) return std::optional(describe_fidelity(json));
  if (has({"model_id", "identity", "program", "calldata"})) return std::optional(describe_evm(json));
  if (has({"label", "runs", "prove_seconds"})) return std::optional(describe_benchmark(json));
  if (has({"chain_id", "verifier", "registry", "receipts"})) return std::optional(describe_deployment(json));
  if (has({"ZkInferVerifier", "ZkInferRegistry"})) return std::optional(describe_contracts(json));
  if (has({"payload", "signature"}) && json["payload"].is_object()) {
    const bool is_state = json["payload"].contains("state");
    return std::optional(is_state ? describe_proof_state(json) : describe_receipt(json));
  }
  if (is_signing_keys(json)) return std::optional(describe_signing_keys(json));
  return std::optional<Description>();
}

}  // namespace

Result<std::optional<Description>> describe_folder(const std::string& path) {
  std::error_code error;
  std::uint64_t secrets = 0, paths = 0, code_files = 0;
  bool is_ours = fs::path(path).lexically_normal().string().find(".zkserving") != std::string::npos;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    const std::string extension = entry.path().extension().string();
    secrets += extension == ".zksecret" ? 1 : 0;
    paths += extension == ".zkpath" ? 1 : 0;
    code_files += extension == ".zkcode" ? 1 : 0;
    is_ours |= entry.path().filename() == "rotating.lock";
  }
  if (error) return io_error("cannot look into the folder " + in_quotes(path) + ": " + error.message());
  if (!is_ours) return std::optional<Description>();
  Description out{"serving folder (secret)", {}, "", {}, "serving_folder"};
  out.facts = {
      {"commitments that serve or served", std::to_string(secrets)},
      {"published by paths", std::to_string(paths)},
      {"code files", std::to_string(code_files)},
      {"use",
       "of the root secret beside it: `zkinfer commitment status` says how many proofs are left. Never copy it: "
       "back up with `zkinfer commitment backup`"}};
  out.json = {{"secrets", secrets}, {"paths", paths}, {"code_files", code_files}};
  return std::optional(std::move(out));
}

Result<std::optional<Description>> describe_text(const std::string& path) {
  if (std::optional<Description> lock = describe_lock(path)) return lock;
  ZKI_ASSIGN_OR_RETURN(const std::string opened, opened_path(path));
  std::ifstream file(opened, std::ios::binary);
  std::string head(1 << 14, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  for (const auto& describe : {describe_mark, describe_page, describe_project, describe_api_key})
    if (std::optional<Description> out = describe(head)) return out;
  const std::size_t first = head.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || head[first] != '{') return std::optional<Description>();
  return describe_json(path);
}

}  // namespace zkinfer::cli
