// SPDX-License-Identifier: Apache-2.0
#include "chain/transaction.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "base/text.h"
#include "hash/keccak.h"
#include "print.h"
#include "zkinfer/evm_calls.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint8_t kDynamicFee = 2;  // EIP-1559's type of a transaction
constexpr std::uint64_t kUsualTip = 1'000'000'000;
constexpr auto kPoll = std::chrono::milliseconds(200);
constexpr int kPolls = 3000;

void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

Bytes big_endian(std::uint64_t number) {
  Bytes out;
  for (int shift = 56; shift >= 0; shift -= 8) {
    const auto byte = static_cast<std::uint8_t>(number >> shift);
    if (byte != 0 || !out.empty()) out.push_back(byte);
  }
  return out;
}

// RLP: lengths below 56 in the first byte, else their bytes behind it.
void append_head(Bytes& out, std::size_t size, std::uint8_t base) {
  if (size < 56) {
    out.push_back(static_cast<std::uint8_t>(base + size));
    return;
  }
  const Bytes length = big_endian(size);
  out.push_back(static_cast<std::uint8_t>(base + 55 + length.size()));
  append(out, length);
}

void append_string(Bytes& out, ByteView bytes) {
  if (bytes.size() != 1 || bytes[0] >= 0x80) append_head(out, bytes.size(), 0x80);
  append(out, bytes);
}

void append_number(Bytes& out, ByteView big_endian) {
  while (!big_endian.empty() && big_endian[0] == 0) big_endian = big_endian.subspan(1);
  append_string(out, big_endian);
}

Bytes typed(ByteView fields) {
  Bytes out = {kDynamicFee};
  append_head(out, fields.size(), 0xc0);
  append(out, fields);
  return out;
}

}  // namespace

Result<Sender> Sender::make(const Node& node, const SenderOptions& options) {
  Sender sender(node);
  if (options.from.empty() == options.key_path.empty())
    return invalid_argument(
        "a transaction needs --from ADDRESS, an account that the node holds, or --key-file FILE, and not both");
  if (!options.key_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(SigningKey key, SigningKey::read(options.key_path));
    ZKI_ASSIGN_OR_RETURN(const Bytes address, key.address());
    sender.key_.emplace(std::move(key));
    sender.address_ = hex_text(address);
  } else {
    ZKI_ASSIGN_OR_RETURN(sender.address_, parse_address("--from", options.from));
  }
  return sender;
}

Result<Bytes> Sender::signed_transaction(const std::string& to, ByteView data, std::uint64_t gas) const {
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t nonce,
                       node_->quantity("eth_getTransactionCount", Json::array({address_, "pending"})));
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t price, node_->quantity("eth_gasPrice", Json::array()));
  const Result<std::uint64_t> asked = node_->quantity("eth_maxPriorityFeePerGas", Json::array());
  const std::uint64_t tip = asked.ok() ? *asked : kUsualTip;
  if (price > UINT64_MAX / 4 || tip > UINT64_MAX / 4)
    return node_->unexpected("eth_gasPrice", "a price below 4 ether a unit of gas", price);
  Bytes fields;
  append_number(fields, big_endian(node_->chain_id()));
  append_number(fields, big_endian(nonce));
  append_number(fields, big_endian(tip));
  append_number(fields, big_endian(2 * price + tip));
  append_number(fields, big_endian(gas));
  if (to.empty()) {
    append_string(fields, {});
  } else {
    ZKI_ASSIGN_OR_RETURN(const Bytes address, hex_bytes("to", to, 20));
    append_string(fields, address);
  }
  append_string(fields, {});  // value
  append_string(fields, data);
  append_head(fields, 0, 0xc0);  // access list
  ZKI_ASSIGN_OR_RETURN(const SigningKey::Signature signature, key_->sign(keccak256(typed(fields))));
  append_number(fields, ByteView(&signature.parity, 1));
  append_number(fields, signature.r);
  append_number(fields, signature.s);
  return typed(fields);
}

Result<std::string> Sender::submit(const std::string& to, ByteView data, std::uint64_t gas) const {
  Json parameters;
  const char* method = key_.has_value() ? "eth_sendRawTransaction" : "eth_sendTransaction";
  if (key_.has_value()) {
    ZKI_ASSIGN_OR_RETURN(const Bytes raw, signed_transaction(to, data, gas));
    if (raw.size() > kMaxEvmTransactionBytes)
      return resource_limit("a transaction of " + std::to_string(raw.size()) + " bytes; nodes take " +
                            std::to_string(kMaxEvmTransactionBytes));
    parameters = Json::array({hex_text(raw)});
  } else {
    Json transaction = {{"from", address_}, {"gas", quantity_text(gas)}, {"data", hex_text(data)}};
    if (!to.empty()) transaction["to"] = to;
    parameters = Json::array({transaction});
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes hash, node_->bytes(method, std::move(parameters), 32));
  return hex_text(hash);
}

Result<Receipt> Sender::wait(const std::string& what, const std::string& hash) const {
  const std::string method = "eth_getTransactionReceipt";
  for (int i = 0; i < kPolls; ++i) {
    ZKI_ASSIGN_OR_RETURN(const Json json, node_->ask(method, Json::array({hash})));
    if (json.is_null()) {
      std::this_thread::sleep_for(kPoll);
      continue;
    }
    const auto text = [&](const char* key) {
      return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
    };
    Receipt receipt{hash, 0, text("contractAddress")};
    const std::string gas = text("gasUsed");
    receipt.gas = std::strtoull(gas.c_str(), nullptr, 16);
    if (gas.empty() || text("status").empty()) return node_->unexpected(method, "a receipt", json);
    if (text("status") != "0x1")
      return invalid_argument(what + ": the transaction " + hash + " failed, with " + std::to_string(receipt.gas) +
                              " gas; nothing has changed but the fee");
    return receipt;
  }
  return resource_limit(what + ": no block holds the transaction " + hash +
                        " after 10 minutes; it may still come: look it up before sending another");
}

Result<Receipt> Sender::send(const std::string& what, const std::string& to, ByteView data) const {
  ZKI_ASSIGN_OR_RETURN(const Node::Gas needed, node_->estimate(address_, to, data));
  if (!needed.failure.revert.empty())
    return invalid_argument(what + ": nothing was sent, " + revert_text(needed.failure));
  if (needed.gas > kMaxEvmTransactionGas)
    return resource_limit(what + ": needs " + std::to_string(needed.gas) + " gas, one transaction takes " +
                          std::to_string(kMaxEvmTransactionGas) + " (EIP-7825)");
  // What is asked of the chain's state may change until the block.
  const std::uint64_t gas = std::min(needed.gas + needed.gas / 16, kMaxEvmTransactionGas);
  ZKI_ASSIGN_OR_RETURN(const std::string hash, submit(to, data, gas));
  note("{}: sent {}\n", what, hash);
  return wait(what, hash);
}

}  // namespace zkinfer::cli
