// SPDX-License-Identifier: Apache-2.0
// zkinfer evm deploy, register, verify, gas, calldata: contracts on a node, by JSON-RPC.
#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"
#include "chain/evm_files.h"
#include "chain/node.h"
#include "chain/transaction.h"
#include "cmd_evm.h"
#include "hash/keccak.h"
#include "inputs/input_bytes.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint64_t kMaxArtifacts = std::uint64_t{1} << 26;

struct Arguments {
  std::string exported_path, artifacts_path, deployment_path, url, card;
  SenderOptions sender;
  bool submits = false;
};

// The contracts in the order of their deployment, and those before them that a constructor takes.
struct Contract {
  const char *name, *key;
  std::array<int, 3> arguments;
};
constexpr std::array<Contract, 6> kContracts = {{{"ZkInferOuter", "outer", {-1, -1, -1}},
                                                 {"ZkInferFunctionals", "functionals", {-1, -1, -1}},
                                                 {"ZkInferRegistry", "registry", {-1, -1, -1}},
                                                 {"ZkInferVerifier", "verifier", {0, 1, 2}},
                                                 {"ZkInferReceipts", "receipts", {3, -1, -1}},
                                                 {"ZkInferSession", "session", {4, -1, -1}}}};

void append_word(Bytes& out, ByteView bytes) {
  out.insert(out.end(), 32 - bytes.size(), 0);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_word(Bytes& out, std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[7 - i] = static_cast<std::uint8_t>(number >> 8 * i);
  append_word(out, bytes);
}

// Length, bytes, and zeros up to a whole word.
void append_padded(Bytes& out, ByteView bytes) {
  append_word(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
  out.insert(out.end(), (32 - bytes.size() % 32) % 32, 0);
}

Result<Node> connect(const Arguments& arguments, const Deployment& deployment) {
  ZKI_ASSIGN_OR_RETURN(Node node, Node::connect(arguments.url));
  if (node.chain_id() != deployment.chain_id) {
    return invalid_argument(in_quotes(arguments.deployment_path) + " is of chain " +
                            std::to_string(deployment.chain_id) + ", " + in_quotes(arguments.url) +
                            " is a node of chain " + std::to_string(node.chain_id()));
  }
  return node;
}

CommandResult deploy(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, read_bytes(arguments.artifacts_path, kMaxArtifacts, Content::kAny));
  const Json artifacts = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  std::array<Bytes, kContracts.size()> codes;
  for (std::size_t i = 0; i < kContracts.size(); ++i) {
    const char* name = kContracts[i].name;
    const bool is_there = artifacts.is_object() && artifacts.contains(name) && artifacts[name].is_object() &&
                          artifacts[name].contains("bytecode") && artifacts[name]["bytecode"].is_string();
    if (!is_there)
      return invalid_argument(in_quotes(arguments.artifacts_path) + " has no bytecode of " + name +
                              "; `make evm` writes build/evm/artifacts.json");
    ZKI_ASSIGN_OR_RETURN(codes[i], hex_bytes(in_quotes(arguments.artifacts_path) + ": " + name,
                                             artifacts[name]["bytecode"].get<std::string>()));
  }
  ZKI_ASSIGN_OR_RETURN(const Node node, Node::connect(arguments.url));
  ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
  Json result;
  std::array<Bytes, kContracts.size()> addresses;
  std::uint64_t gas = 0;
  for (std::size_t i = 0; i < kContracts.size(); ++i) {
    for (const int argument : kContracts[i].arguments)
      if (argument >= 0) append_word(codes[i], addresses[static_cast<std::size_t>(argument)]);
    ZKI_ASSIGN_OR_RETURN(const Receipt receipt, sender.send(kContracts[i].name, "", codes[i]));
    ZKI_ASSIGN_OR_RETURN(const std::string address, parse_address("contractAddress", receipt.contract));
    ZKI_ASSIGN_OR_RETURN(addresses[i], hex_bytes("contractAddress", address, 20));
    gas += receipt.gas;
    result[kContracts[i].key] = address;
    if (!session.json && !session.quiet) print("{} {}\n", address, kContracts[i].name);
  }
  result["chain_id"] = node.chain_id();
  result["gas"] = gas;
  if (session.json) {
    print_result(session, result);
  } else if (!session.quiet) {
    print("{} gas; --json prints what --deployment reads\n", gas);
  }
  return ExitCode::kDone;
}

CommandResult register_model(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Exported file, read_exported(arguments.exported_path));
  ZKI_ASSIGN_OR_RETURN(const Deployment deployment, read_deployment(arguments.deployment_path));
  ZKI_ASSIGN_OR_RETURN(const Node node, connect(arguments, deployment));
  Bytes question = selector("programOf(bytes32)");
  append_word(question, file.model_id);
  ZKI_ASSIGN_OR_RETURN(const Node::Answer known, node.call(deployment.registry, question));
  if (!known.revert.empty() || known.data.size() != 32)
    return invalid_argument("no registry at " + deployment.registry + ": it does not answer programOf");
  const bool is_registered = std::ranges::any_of(known.data, [](std::uint8_t byte) { return byte != 0; });
  Json result = {
      {"model_id", hex_text(file.model_id)}, {"was_registered", is_registered}, {"transaction", nullptr}, {"gas", 0}};
  if (!is_registered) {
    ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
    Bytes data = selector("register(bytes,string)"), tail;
    append_padded(tail, file.program);
    append_word(data, std::uint64_t{64});
    append_word(data, std::uint64_t{64} + tail.size());
    append_padded(tail, {reinterpret_cast<const std::uint8_t*>(arguments.card.data()), arguments.card.size()});
    data.insert(data.end(), tail.begin(), tail.end());
    ZKI_ASSIGN_OR_RETURN(const Receipt receipt, sender.send("register", deployment.registry, data));
    result["transaction"] = receipt.transaction;
    result["gas"] = receipt.gas;
    if (!session.json && !session.quiet) print("registered with {} gas\n", receipt.gas);
  } else if (!session.json && !session.quiet) {
    print("registered already, nothing was sent\n");
  }
  if (session.json) {
    print_result(session, result);
  } else {
    print("{}\n", hex_text(file.model_id));
  }
  return ExitCode::kDone;
}

CommandResult verify(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Exported file, read_exported(arguments.exported_path));
  ZKI_ASSIGN_OR_RETURN(const Deployment deployment, read_deployment(arguments.deployment_path));
  ZKI_ASSIGN_OR_RETURN(const Node node, connect(arguments, deployment));
  ZKI_ASSIGN_OR_RETURN(const Node::Answer answer, node.call(deployment.verifier, file.calldata));
  if (!answer.revert.empty()) return invalid_argument("verify at " + deployment.verifier + ": " + revert_text(answer));
  const bool is_word = answer.data.size() == 32 && std::all_of(answer.data.begin(), answer.data.end() - 1,
                                                               [](std::uint8_t byte) { return byte == 0; });
  if (!is_word) {
    return invalid_argument("no verifier at " + deployment.verifier + ": expected a reason of 32 bytes, got " +
                            std::to_string(answer.data.size()));
  }
  const std::uint8_t reason = answer.data.back();
  Json result = {{"accepted", reason == 0}, {"reason", reason == 0 ? Json(nullptr) : Json(reason_text(reason))}};
  if (reason != 0) {
    if (session.json)
      print_result(session, result);
    else
      print("REJECTED by the contract: {}\n", reason_text(reason));
    return ExitCode::kRejected;
  }
  if (!session.json) print("accepted by the contract\n");
  if (arguments.sender.given()) {
    ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
    ZKI_ASSIGN_OR_RETURN(const Receipt receipt, sender.send("submit", deployment.receipts, file.submission()));
    result["transaction"] = receipt.transaction;
    result["gas"] = receipt.gas;
    if (!session.json) print("a receipt for it is stored: {} gas\n", receipt.gas);
  }
  if (session.json) print_result(session, result);
  return ExitCode::kDone;
}

CommandResult gas(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Exported file, read_exported(arguments.exported_path));
  ZKI_ASSIGN_OR_RETURN(const Deployment deployment, read_deployment(arguments.deployment_path));
  ZKI_ASSIGN_OR_RETURN(const Node node, connect(arguments, deployment));
  std::string from;
  if (arguments.sender.given()) {
    ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
    from = sender.address();
  }
  const Bytes data = file.submission();
  ZKI_ASSIGN_OR_RETURN(const Node::Gas needed, node.estimate(from, deployment.receipts, data));
  if (!needed.failure.revert.empty()) return invalid_argument("submit: " + revert_text(needed.failure));
  const DataGas of_data = data_gas(data);
  const bool fits = data.size() + kTransactionHead <= kMaxTransactionBytes && needed.gas <= kMaxTransactionGas;
  if (session.json) {
    print_result(session, {{"gas", needed.gas},
                           {"calldata_bytes", data.size()},
                           {"calldata_gas", of_data.data},
                           {"floor_gas", 21000 + of_data.floor},
                           {"fits_transaction", fits}});
  } else {
    print_lines(pairs_text(
        {{"transaction", std::to_string(needed.gas) + " gas, of at most " + std::to_string(kMaxTransactionGas)},
         {"its data", human_bytes(data.size()) + ", " + std::to_string(of_data.data) + " gas of it"},
         {"fits", fits ? "yes" : "no"}}));
  }
  return ExitCode::kDone;
}

CommandResult calldata(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Exported file, read_exported(arguments.exported_path));
  const Bytes data = arguments.submits ? file.submission() : file.calldata;
  if (session.json) {
    print_result(session, {{"calldata", hex_text(data)}});
  } else {
    print("{}\n", hex_text(data));
  }
  return ExitCode::kDone;
}

void add_node_options(CLI::App& command, Arguments& arguments) {
  command.add_option("--rpc", arguments.url, "the node, as in http://127.0.0.1:8545")->required()->type_name("URL");
}
void add_sender_options(CLI::App& command, Arguments& arguments, const char* what) {
  command.add_option("--from", arguments.sender.from, std::string(what) + ", from this account, which the node holds")
      ->type_name("ADDRESS");
  command
      .add_option("--key-file", arguments.sender.key_path,
                  std::string(what) + ", signed here with the private key in this file (64 hexadecimal digits)")
      ->type_name(kReadsFile);
}
void add_deployment_option(CLI::App& command, Arguments& arguments) {
  command
      .add_option("--deployment", arguments.deployment_path,
                  "where the contracts are: what `evm deploy --json` printed")
      ->required()
      ->type_name(kReadsFile);
}

constexpr char kKeys[] = "A private key is read from a file that its owner alone can read; it is never shown.";

}  // namespace

void add_evm_chain(CLI::App& app, Session& session) {
  const auto add = [&](const char* name, const char* about, CommandResult (*run)(Session&, const Arguments&)) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app.add_subcommand(name, about);
    command->callback([arguments, &session, run] { session.run([&] { return run(session, *arguments); }); });
    add_json_flag(*command, session);
    return std::pair(command, arguments);
  };
  {
    const auto [command, arguments] = add("deploy", "the contracts on a chain, once for all models", &deploy);
    command->add_option("artifacts", arguments->artifacts_path, "build/evm/artifacts.json, by `make evm`")
        ->required()
        ->type_name(kReadsFile);
    add_node_options(*command, *arguments);
    add_sender_options(*command, *arguments, "send transactions");
    command->footer(std::string("Examples:\n"
                                "  zkinfer evm deploy build/evm/artifacts.json --rpc http://127.0.0.1:8545 --key-file "
                                "account.key --json > deployment.json\n") +
                    kKeys);
  }
  {
    const auto [command, arguments] =
        add("register", "the program of a model to the registry, once per key", &register_model);
    add_exported(*command, arguments->exported_path);
    add_node_options(*command, *arguments);
    add_deployment_option(*command, *arguments);
    add_sender_options(*command, *arguments, "send the transaction");
    command->add_option("--card-uri", arguments->card, "where the model card is, for people")->type_name("URI");
    command->footer(std::string("Examples:\n"
                                "  zkinfer evm register input.evm.json --rpc http://127.0.0.1:8545 --deployment "
                                "deployment.json --key-file account.key\n") +
                    kKeys);
  }
  {
    const auto [command, arguments] =
        add("verify", "asks the contract for its verdict; with an account, stores a receipt in a transaction", &verify);
    add_exported(*command, arguments->exported_path);
    add_node_options(*command, *arguments);
    add_deployment_option(*command, *arguments);
    add_sender_options(*command, *arguments, "store a receipt");
    command->footer(
        std::string("Examples:\n"
                    "  zkinfer evm verify input.evm.json --rpc http://127.0.0.1:8545 --deployment deployment.json\n"
                    "  zkinfer evm verify input.evm.json --rpc http://127.0.0.1:8545 --deployment deployment.json "
                    "--key-file account.key\n"
                    "The node is believed: who has the key trusts `zkinfer verify`. ") +
        kKeys);
  }
  {
    const auto [command, arguments] =
        add("gas", "what the transaction of `verify` would cost, by the node's estimate", &gas);
    add_exported(*command, arguments->exported_path);
    add_node_options(*command, *arguments);
    add_deployment_option(*command, *arguments);
    add_sender_options(*command, *arguments, "estimate");
    command->footer(
        "Examples:\n  zkinfer evm gas input.evm.json --rpc http://127.0.0.1:8545 --deployment deployment.json");
  }
  {
    const auto [command, arguments] =
        add("calldata", "the data of the call, for wallets and other programs", &calldata);
    add_exported(*command, arguments->exported_path);
    command->add_flag("--submit", arguments->submits,
                      "of the transaction to ZkInferReceipts, not of the call to ZkInferVerifier");
    command->footer(
        "Examples:\n  zkinfer evm calldata input.evm.json > call.hex\n  zkinfer evm calldata input.evm.json --submit "
        "--json");
  }
}

}  // namespace zkinfer::cli
