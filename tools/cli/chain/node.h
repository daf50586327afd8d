// SPDX-License-Identifier: Apache-2.0
// A node of an EVM chain, by JSON-RPC. Every error says its URL, the method and what it answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "zkinfer/status.h"

namespace zkinfer::cli {

using Json = nlohmann::ordered_json;

// "0x" and an even number of digits, of num_bytes where that is not 0. what: for the message.
Result<Bytes> hex_bytes(const std::string& what, const std::string& text, std::size_t num_bytes = 0);
std::string hex_text(ByteView bytes);
std::string quantity_text(std::uint64_t number);
// An address as JSON-RPC writes it: "0x" and 40 digits in lower case.
Result<std::string> parse_address(const std::string& what, const std::string& text);

class Node {
 public:
  // Asks for the chain's number.
  static Result<Node> connect(const std::string& url);
  std::uint64_t chain_id() const { return chain_id_; }
  const std::string& url() const { return url_; }

  // What a call returned, or that it reverted.
  struct Answer {
    Bytes data;          // returned, or what it reverted with, as far as the node says that
    std::string revert;  // the node's words; empty: it returned
  };
  // A call that changes nothing. from: empty, or the caller.
  Result<Answer> call(const std::string& to, ByteView data, const std::string& from = "") const;
  // The gas of a transaction. to: empty for a deployment.
  struct Gas {
    std::uint64_t gas = 0;
    Answer failure;  // where it would fail
  };
  Result<Gas> estimate(const std::string& from, const std::string& to, ByteView data) const;

  Result<std::uint64_t> quantity(const std::string& method, Json parameters) const;
  Result<Bytes> bytes(const std::string& method, Json parameters, std::size_t num_bytes = 0) const;
  // The result as it is; an error of the node is one.
  Result<Json> ask(const std::string& method, Json parameters) const;
  Status unexpected(const std::string& method, const std::string& expected, const Json& got) const;

 private:
  explicit Node(std::string url) : url_(std::move(url)) {}
  // The whole answer: an object with "result" or "error".
  Result<Json> exchange(const std::string& method, Json parameters) const;

  std::string url_;
  std::uint64_t chain_id_ = 0;
};

// "it reverted: .." of a call that did.
std::string revert_text(const Node::Answer& answer);

}  // namespace zkinfer::cli
