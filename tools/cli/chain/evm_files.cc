// SPDX-License-Identifier: Apache-2.0
#include "chain/evm_files.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "chain/node.h"
#include "command.h"
#include "inputs/input_bytes.h"
#include "zkinfer/evm.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 26;
constexpr std::string_view kVerify = "verify(bytes32,bytes,bytes,bytes,bytes32)";
constexpr std::string_view kSubmit = "submit(bytes32,bytes,bytes,bytes,bytes32)";

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

Bytes Exported::submission() const {
  Bytes out = selector(kSubmit);
  out.insert(out.end(), calldata.begin() + 4, calldata.end());
  return out;
}

Bytes Exported::proof() const {
  const ByteView arguments = ByteView(calldata).subspan(4);
  // A word below 2^32.
  const auto word_at = [&](std::uint64_t at) -> std::optional<std::uint64_t> {
    if (at + 32 > arguments.size()) return {};
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      if (i < 28 && arguments[at + i] != 0) return {};
      number = number << 8 | arguments[at + i];
    }
    return number;
  };
  const std::optional<std::uint64_t> offset = word_at(96);
  const std::optional<std::uint64_t> size = offset.has_value() ? word_at(*offset) : std::nullopt;
  if (!size.has_value() || *offset + 32 + *size > arguments.size()) return {};
  const ByteView bytes = arguments.subspan(*offset + 32, *size);
  return {bytes.begin(), bytes.end()};
}

Result<Exported> read_exported(const std::string& path) {
  const std::string noun = "what `zkinfer evm export` writes";
  ZKI_ASSIGN_OR_RETURN(const Json json, read_json(path, noun));
  Exported out;
  const auto read = [&](const char* key, std::size_t size, Bytes& to) -> Status {
    ZKI_ASSIGN_OR_RETURN(const std::string text, text_of(json, path, key, noun));
    ZKI_ASSIGN_OR_RETURN(to, hex_bytes(in_quotes(path) + ": \"" + key + "\"", text, size));
    return ok_status();
  };
  ZKI_RETURN_IF_ERROR(read("model_id", 32, out.model_id));
  ZKI_RETURN_IF_ERROR(read("identity", 32, out.identity));
  ZKI_RETURN_IF_ERROR(read("program", 0, out.program));
  ZKI_RETURN_IF_ERROR(read("calldata", 0, out.calldata));
  const Bytes verify = selector(kVerify);
  if (out.calldata.size() < 36 || !std::ranges::equal(ByteView(out.calldata).first(4), verify))
    return invalid_argument(in_quotes(path) + ": \"calldata\" is no call of " + std::string(kVerify));
  if (!std::ranges::equal(evm_model_id(out.identity, out.program), out.model_id))
    return invalid_argument(in_quotes(path) + ": \"model_id\" is not that of identity and program; export it again");
  if (!std::ranges::equal(ByteView(out.calldata).subspan(4, 32), out.model_id))
    return invalid_argument(in_quotes(path) + ": \"calldata\" is of another model than \"model_id\"; export it again");
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

DataGas data_gas(ByteView calldata) {
  DataGas gas;
  for (const std::uint8_t byte : calldata) {
    gas.data += byte == 0 ? 4 : 16;
    gas.floor += byte == 0 ? 10 : 40;
  }
  return gas;
}

}  // namespace zkinfer::cli
