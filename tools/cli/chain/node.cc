// SPDX-License-Identifier: Apache-2.0
#include "chain/node.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "chain/http.h"
#include "zkinfer/evm_calls.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

Json call_json(const std::string& from, const std::string& to, ByteView data) {
  Json out = {{"data", hex_text(data)}};
  if (!from.empty()) out["from"] = from;
  if (!to.empty()) out["to"] = to;
  return out;
}

std::string text_of(const Json& json, const char* key) {
  return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
}

// Nodes say reverts as errors, the code 3 or those words, with the data beside them.
std::optional<Node::Answer> revert_of(const Json& error) {
  const std::string message = text_of(error, "message");
  std::string data = text_of(error, "data");
  if (data.empty() && error.is_object() && error.contains("data")) data = text_of(error["data"], "data");
  const bool is_revert = message.find("revert") != std::string::npos ||
                         (error.is_object() && error.contains("code") && error["code"] == 3);
  if (!is_revert) return {};
  const Result<Bytes> bytes = hex_bytes("", data);
  return Node::Answer{bytes.ok() ? *bytes : Bytes(), message.empty() ? "reverted" : message};
}

}  // namespace

Result<Bytes> hex_bytes(const std::string& what, const std::string& text, std::size_t num_bytes) {
  const std::string expected =
      what + ": expected 0x and " +
      (num_bytes == 0 ? "pairs of hexadecimal digits" : std::to_string(2 * num_bytes) + " hexadecimal digits");
  if (!text.starts_with("0x")) return invalid_argument(expected + ", got " + in_quotes(text));
  Result<Bytes> bytes = from_hex(std::string_view(text).substr(2));
  if (!bytes.ok() || (num_bytes != 0 && bytes->size() != num_bytes))
    return invalid_argument(expected + ", got " + in_quotes(text));
  return bytes;
}

std::string hex_text(ByteView bytes) { return "0x" + to_hex(bytes); }

std::string quantity_text(std::uint64_t number) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
  return "0x" + std::string(digits, end);
}

Result<std::string> parse_address(const std::string& what, const std::string& text) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, hex_bytes(what, text, 20));
  return hex_text(bytes);
}

Result<Node> Node::connect(const std::string& url) {
  Node node(url);
  ZKI_ASSIGN_OR_RETURN(node.chain_id_, node.quantity("eth_chainId", Json::array()));
  return node;
}

Status Node::unexpected(const std::string& method, const std::string& expected, const Json& got) const {
  return invalid_argument(
      in_quotes(url_) + ": " + method + ": expected " + expected + ", got " +
      in_quotes(got.is_string() ? got.get<std::string>() : got.dump(-1, ' ', true, Json::error_handler_t::replace)) +
      "; is it a node of an EVM chain?");
}

Result<Json> Node::exchange(const std::string& method, Json parameters) const {
  const Json request = {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(parameters)}};
  Result<std::string> answer = post_json(url_, request.dump());
  if (!answer.ok()) return answer.status().with_context(in_quotes(url_) + ": " + method);
  const Json json = Json::parse(*answer, nullptr, false);
  if (!json.is_object() || json.contains("result") == json.contains("error"))
    return unexpected(method, "JSON-RPC's object with a result or an error", *answer);
  return json;
}

Result<Json> Node::ask(const std::string& method, Json parameters) const {
  ZKI_ASSIGN_OR_RETURN(Json json, exchange(method, std::move(parameters)));
  if (json.contains("result")) return std::move(json["result"]);
  const std::string message = text_of(json["error"], "message");
  return invalid_argument(in_quotes(url_) + ": " + method +
                          ": the node refuses: " + in_quotes(message.empty() ? json["error"].dump() : message));
}

Result<std::uint64_t> Node::quantity(const std::string& method, Json parameters) const {
  ZKI_ASSIGN_OR_RETURN(const Json json, ask(method, std::move(parameters)));
  std::uint64_t number = 0;
  const std::string text = json.is_string() ? json.get<std::string>() : "";
  if (text.starts_with("0x")) {
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number, 16);
    if (error == std::errc() && end == text.data() + text.size()) return number;
  }
  return unexpected(method, "a number of up to 64 bits (0x..)", json);
}

Result<Bytes> Node::bytes(const std::string& method, Json parameters, std::size_t num_bytes) const {
  ZKI_ASSIGN_OR_RETURN(const Json json, ask(method, std::move(parameters)));
  if (json.is_string()) {
    Result<Bytes> bytes = hex_bytes("", json.get<std::string>(), num_bytes);
    if (bytes.ok()) return bytes;
  }
  return unexpected(method, num_bytes == 0 ? "bytes (0x..)" : std::to_string(num_bytes) + " bytes (0x..)", json);
}

Result<Node::Answer> Node::call(const std::string& to, ByteView data, const std::string& from) const {
  const std::string method = "eth_call";
  ZKI_ASSIGN_OR_RETURN(const Json json, exchange(method, Json::array({call_json(from, to, data), "latest"})));
  if (json.contains("error")) {
    if (std::optional<Answer> answer = revert_of(json["error"])) return *std::move(answer);
    return invalid_argument(in_quotes(url_) + ": " + method +
                            ": the node refuses: " + in_quotes(text_of(json["error"], "message")));
  }
  if (json["result"].is_string()) {
    Result<Bytes> bytes = hex_bytes("", json["result"].get<std::string>());
    if (bytes.ok()) return Answer{*bytes, ""};
  }
  return unexpected(method, "bytes (0x..)", json["result"]);
}

Result<Node::Gas> Node::estimate(const std::string& from, const std::string& to, ByteView data) const {
  const std::string method = "eth_estimateGas";
  ZKI_ASSIGN_OR_RETURN(const Json json, exchange(method, Json::array({call_json(from, to, data)})));
  if (json.contains("error")) {
    if (std::optional<Answer> answer = revert_of(json["error"])) return Gas{0, *std::move(answer)};
    return invalid_argument(in_quotes(url_) + ": " + method +
                            ": the node refuses: " + in_quotes(text_of(json["error"], "message")));
  }
  const std::string text = json["result"].is_string() ? json["result"].get<std::string>() : "";
  std::uint64_t gas = 0;
  if (text.starts_with("0x")) {
    const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), gas, 16);
    if (error == std::errc() && end == text.data() + text.size()) return Gas{gas, {}};
  }
  return unexpected(method, "an amount of gas (0x..)", json["result"]);
}

std::string revert_text(const Node::Answer& answer) {
  const std::string ours = evm_error_text(answer.data);
  return "it reverts: " + (ours.empty() ? in_quotes(answer.revert) : ours);
}

}  // namespace zkinfer::cli
