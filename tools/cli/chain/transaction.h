// SPDX-License-Identifier: Apache-2.0
// Transactions: from an account that the node holds, or signed here (EIP-1559, EIP-2718) and sent raw.
#pragma once

#include <optional>
#include <string>

#include "chain/node.h"
#include "chain/signature.h"

namespace zkinfer::cli {

struct SenderOptions {
  std::string from, key_path;
  bool given() const { return !from.empty() || !key_path.empty(); }
};

struct Receipt {
  std::string transaction;  // its hash
  std::uint64_t gas = 0;
  std::string contract;  // of a deployment
};

class Sender {
 public:
  static Result<Sender> make(const Node& node, const SenderOptions& options);
  const std::string& address() const { return address_; }

  // Waits until a block holds it, and says its hash before. An error where it fails, before anything is sent where that can be known.
  // to: empty for a deployment. what: for messages.
  Result<Receipt> send(const std::string& what, const std::string& to, ByteView data) const;

 private:
  explicit Sender(const Node& node) : node_(&node) {}
  Result<std::string> submit(const std::string& to, ByteView data, std::uint64_t gas) const;
  Result<Bytes> signed_transaction(const std::string& to, ByteView data, std::uint64_t gas) const;
  Result<Receipt> wait(const std::string& what, const std::string& hash) const;

  const Node* node_;
  std::string address_;
  std::optional<SigningKey> key_;
};

}  // namespace zkinfer::cli
