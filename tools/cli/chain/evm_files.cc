// SPDX-License-Identifier: Apache-2.0
#include "chain/evm_files.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "chain/node.h"
#include "command.h"
#include "inputs/input_bytes.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 26;

Result<Json> read_json(const std::string& path, const std::string& noun) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(path, kMaxFile, Content::kAny));
  Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!json.is_object()) return invalid_argument(in_quotes(path) + " is not " + noun + ": it is no JSON object");
  return json;
}

Result<std::string> text_of(const Json& json, const std::string& path, const char* key, const std::string& noun) {
  if (!json.contains(key) || !json[key].is_string())
    return invalid_argument(in_quotes(path) + " is not " + noun + ": it has no text \"" + key + "\"");
  return json[key].get<std::string>();
}

}  // namespace

Result<EvmExport> read_exported(const std::string& path) {
  const std::string noun = "what `zkinfer evm export` writes";
  ZKI_ASSIGN_OR_RETURN(const Json json, read_json(path, noun));
  EvmExport out;
  const auto read = [&](const char* key, std::size_t size) -> Result<Bytes> {
    ZKI_ASSIGN_OR_RETURN(const std::string text, text_of(json, path, key, noun));
    return hex_bytes(in_quotes(path) + ": \"" + key + "\"", text, size);
  };
  for (const auto& [key, digest] : {std::pair("model_id", &out.model_id), std::pair("identity", &out.identity)}) {
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read(key, sizeof(Digest)));
    std::ranges::copy(bytes, digest->begin());
  }
  ZKI_ASSIGN_OR_RETURN(out.program, read("program", 0));
  ZKI_ASSIGN_OR_RETURN(out.calldata, read("calldata", 0));
  if (const Status status = check_evm_export(out); !status.ok()) return status.with_context(in_quotes(path));
  return out;
}

void add_exported(CLI::App& command, std::string& path) {
  command.add_option("exported", path, "what `zkinfer evm export` wrote")->required()->type_name(kReadsFile);
}

Result<Deployment> read_deployment(const std::string& path) {
  const std::string noun = "what `zkinfer evm deploy --json` prints";
  ZKI_ASSIGN_OR_RETURN(const Json json, read_json(path, noun));
  Deployment out;
  const auto read = [&](const char* key, std::string& to) -> Status {
    ZKI_ASSIGN_OR_RETURN(const std::string text, text_of(json, path, key, noun));
    ZKI_ASSIGN_OR_RETURN(to, parse_address(in_quotes(path) + ": \"" + key + "\"", text));
    return ok_status();
  };
  ZKI_RETURN_IF_ERROR(read("registry", out.registry));
  ZKI_RETURN_IF_ERROR(read("verifier", out.verifier));
  ZKI_RETURN_IF_ERROR(read("receipts", out.receipts));
  if (!json.contains("chain_id") || !json["chain_id"].is_number_unsigned())
    return invalid_argument(in_quotes(path) + " is not " + noun + ": it has no number \"chain_id\"");
  out.chain_id = json["chain_id"].get<std::uint64_t>();
  return out;
}

}  // namespace zkinfer::cli
