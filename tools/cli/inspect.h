// SPDX-License-Identifier: Apache-2.0
// What `zkinfer inspect` says of a file, by what the file is.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "network_options.h"
#include "trust.h"
#include "zkinfer/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

struct InspectArguments {
  VerifyLimits limits;
  std::string path, key_path, format = "text";
  std::string graph;  // "", "text" or "dot"
  bool legalized = false, tables = false;
  NetworkOptions network;
  std::string onnx_option, structure_option;  // given of those that only some files take
};

// What a file is, what can be said of it, and text that has a form of its own.
struct Description {
  std::string what;  // "proof, 92 KiB"
  std::vector<std::pair<std::string, std::string>> facts = {};
  std::string rest = {};
  std::vector<std::string> warnings = {};
  std::string kind = {};                                           // for programs (docs/cli.md)
  nlohmann::ordered_json json = nlohmann::ordered_json::object();  // what else programs are told
};

// What language models come with: tokenizers, and files that say all but how many tokens an inference reads. Null: neither; the error of a file
// that is a tokenizer and cannot be read. inspect_language.cc
Result<std::optional<Description>> describe_tokenizer(const std::string& path);
std::optional<Description> describe_language_model(const std::string& path, const Status& open);

// What is checked against a key: of a proof or a batch, a certificate, a path, a bundle; and what names one: an audit key, a proof's plan and parts.
// inspect_proofs.cc
Result<Description> describe_evaluation(ByteView bytes);
Result<Description> describe_joint(ByteView bytes);
Result<Description> describe_seat(ByteView bytes);
Result<Description> describe_encryption(ByteView bytes);
Result<Description> describe_data_set(const std::string& path);
Result<Description> describe_proof(ByteView bytes, const InspectArguments& arguments);
Result<Description> describe_certificate(ByteView bytes, const InspectArguments& arguments);
Result<Description> describe_path(ByteView bytes, const InspectArguments& arguments);
Result<Description> describe_bundle(ByteView bytes, const InspectArguments& arguments);
Result<Description> describe_audit_key(ByteView bytes);
Result<Description> describe_plan(ByteView bytes);
Result<Description> describe_part(ByteView bytes);

// What lies beside those and has no magic: locks, marks, the folder of what serves, and texts that commands write. None: it is
// none of them. inspect_texts.cc
Result<std::optional<Description>> describe_folder(const std::string& path);
Result<std::optional<Description>> describe_text(const std::string& path);

}  // namespace zkinfer::cli
