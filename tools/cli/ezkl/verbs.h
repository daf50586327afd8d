// SPDX-License-Identifier: Apache-2.0
// What the verbs of EZKL share: their options, and the files that only EZKL's flow has.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "command.h"
#include "ezkl/settings.h"

namespace zkinfer::cli::ezkl {

using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;
using Names = std::vector<std::pair<std::string, std::string>>;

// Every option of EZKL's verbs; each verb declares those that it has.
struct Arguments {
  std::string model = "network.onnx", circuit = "model.compiled", settings = "settings.json", data,
              witness = "witness.json";
  std::string pk = "pk.key", vk = "vk.key", proof = "proof.json", target = "resources", variables;
  std::string input_visibility = "private", output_visibility = "public", param_visibility = "private";
  Json kept = Json::object();  // run args that decide nothing here, kept in settings.json
  Names unused;                // options that were given and decide nothing here, and why
};
using Shared = std::shared_ptr<Arguments>;

struct VerbOf {
  CLI::App* command;
  Shared arguments;
};
VerbOf add_verb(CLI::App& group, Session& session, const char* name, const char* about, const char* footer,
                CommandResult (*run)(Session&, const Arguments&));
void add_file(CLI::App& command, const char* names, std::string& value, const char* type, const char* about);
// Taken, so that scripts run, and said to decide nothing.
void add_unused(CLI::App& command, const Shared& arguments, const char* names, const char* about);
void add_unused_flag(CLI::App& command, const Shared& arguments, const char* name, const char* about);
inline constexpr char kNoSetup[] = "there is no trusted setup";

// A name that no parser takes for an option.
std::string as_file(const std::string& path);
// A path, "@path", or the JSON itself: where it can be read.
Result<std::string> data_path(const std::string& data);
// With its notes said.
Result<EzklSettings> load_settings(Session& session, const Arguments& arguments);
// SHA-256 of a model package, as settings name the circuit that they were compiled into.
Result<std::string> digest_of_file(const std::string& path);

// The verbs up to the circuit, and those after it.
void add_settings_verbs(CLI::App& group, Session& session);
void add_proof_verbs(CLI::App& group, Session& session);

}  // namespace zkinfer::cli::ezkl
