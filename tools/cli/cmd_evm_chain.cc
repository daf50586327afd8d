// SPDX-License-Identifier: Apache-2.0
// zkinfer evm deploy, register, verify, gas, calldata: contracts on a node, by JSON-RPC.
#include <algorithm>
#include <memory>
#include <span>

#include "base/text.h"
#include "chain/evm_files.h"
#include "chain/node.h"
#include "chain/transaction.h"
#include "cmd_evm.h"
#include "inputs/input_bytes.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/evm_calls.h"

namespace zkinfer::cli {
namespace {

constexpr std::uint64_t kMaxArtifacts = std::uint64_t{1} << 26;

struct Arguments {
  std::string exported_path, artifacts_path, deployment_path, url, card;
  SenderOptions sender;
  bool submits = false;
};

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
  ZKI_ASSIGN_OR_RETURN(const Bytes text, read_bytes(arguments.artifacts_path, kMaxArtifacts, Content::kAny));
  const Json artifacts = Json::parse(text.begin(), text.end(), nullptr, false);
  const std::span<const EvmContract> contracts = evm_contracts();
  std::vector<Bytes> codes;
  for (const EvmContract& contract : contracts) {
    const std::string name(contract.name);
    const bool is_there = artifacts.is_object() && artifacts.contains(name) && artifacts[name].is_object() &&
                          artifacts[name].contains("bytecode") && artifacts[name]["bytecode"].is_string();
    if (!is_there)
      return invalid_argument(in_quotes(arguments.artifacts_path) + " has no bytecode of " + name +
                              "; `make evm` writes build/evm/artifacts.json");
    ZKI_ASSIGN_OR_RETURN(codes.emplace_back(), hex_bytes(in_quotes(arguments.artifacts_path) + ": " + name,
                                                         artifacts[name]["bytecode"].get<std::string>()));
  }
  ZKI_ASSIGN_OR_RETURN(const Node node, Node::connect(arguments.url));
  ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
  Json result;
  std::vector<EvmAddress> addresses;
  std::uint64_t gas = 0;
  for (std::size_t i = 0; i < contracts.size(); ++i) {
    const std::string name(contracts[i].name);
    ZKI_ASSIGN_OR_RETURN(const Receipt receipt, sender.send(name, "", evm_creation(contracts[i], codes[i], addresses)));
    ZKI_ASSIGN_OR_RETURN(const std::string address, parse_address("contractAddress", receipt.contract));
    ZKI_ASSIGN_OR_RETURN(const Bytes bytes, hex_bytes("contractAddress", address, sizeof(EvmAddress)));
    std::ranges::copy(bytes, addresses.emplace_back().begin());
    gas += receipt.gas;
    result[std::string(contracts[i].key)] = address;
    if (!session.json && !session.quiet) print("{} {}\n", address, name);
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
  ZKI_ASSIGN_OR_RETURN(const EvmExport file, read_exported(arguments.exported_path));
  ZKI_ASSIGN_OR_RETURN(const Deployment deployment, read_deployment(arguments.deployment_path));
  ZKI_ASSIGN_OR_RETURN(const Node node, connect(arguments, deployment));
  ZKI_ASSIGN_OR_RETURN(const Node::Answer known, node.call(deployment.registry, evm_program_of_call(file.model_id)));
  const Result<bool> registered = evm_is_registered(known.data);
  if (!known.revert.empty() || !registered.ok())
    return invalid_argument("no registry at " + deployment.registry + ": it does not answer programOf");
  const bool is_registered = *registered;
  Json result = {
      {"model_id", hex_text(file.model_id)}, {"was_registered", is_registered}, {"transaction", nullptr}, {"gas", 0}};
  if (!is_registered) {
    ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
    const Bytes data = evm_register_call(file.program, arguments.card);
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
  ZKI_ASSIGN_OR_RETURN(const EvmExport file, read_exported(arguments.exported_path));
  ZKI_ASSIGN_OR_RETURN(const Deployment deployment, read_deployment(arguments.deployment_path));
  ZKI_ASSIGN_OR_RETURN(const Node node, connect(arguments, deployment));
  ZKI_ASSIGN_OR_RETURN(const Node::Answer answer, node.call(deployment.verifier, file.calldata));
  if (!answer.revert.empty()) return invalid_argument("verify at " + deployment.verifier + ": " + revert_text(answer));
  const Result<RejectReason> verdict = evm_verdict(answer.data);
  if (!verdict.ok()) return verdict.status().with_context("no verifier at " + deployment.verifier);
  const bool accepted = *verdict == RejectReason::kNone;
  const std::string reason(reject_reason_name(*verdict));
  Json result = {{"accepted", accepted}, {"reason", accepted ? Json(nullptr) : Json(reason)}};
  if (!accepted) {
    if (session.json)
      print_result(session, result);
    else
      print("REJECTED by the contract: {}\n", reason);
    return ExitCode::kRejected;
  }
  if (!session.json) print("accepted by the contract\n");
  if (arguments.sender.given()) {
    ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
    ZKI_ASSIGN_OR_RETURN(const Receipt receipt, sender.send("submit", deployment.receipts, evm_submit_call(file)));
    result["transaction"] = receipt.transaction;
    result["gas"] = receipt.gas;
    if (!session.json) print("a receipt for it is stored: {} gas\n", receipt.gas);
  }
  if (session.json) print_result(session, result);
  return ExitCode::kDone;
}

CommandResult gas(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const EvmExport file, read_exported(arguments.exported_path));
  ZKI_ASSIGN_OR_RETURN(const Deployment deployment, read_deployment(arguments.deployment_path));
  ZKI_ASSIGN_OR_RETURN(const Node node, connect(arguments, deployment));
  std::string from;
  if (arguments.sender.given()) {
    ZKI_ASSIGN_OR_RETURN(const Sender sender, Sender::make(node, arguments.sender));
    from = sender.address();
  }
  const Bytes data = evm_submit_call(file);
  ZKI_ASSIGN_OR_RETURN(const Node::Gas needed, node.estimate(from, deployment.receipts, data));
  if (!needed.failure.revert.empty()) return invalid_argument("submit: " + revert_text(needed.failure));
  const EvmDataGas of_data = evm_data_gas(data);
  const bool fits = evm_fits_transaction(data) && needed.gas <= kMaxEvmTransactionGas;
  if (session.json) {
    print_result(session, {{"gas", needed.gas},
                           {"calldata_bytes", data.size()},
                           {"calldata_gas", of_data.data},
                           {"floor_gas", kEvmTransactionGas + of_data.floor},
                           {"fits_transaction", fits}});
  } else {
    print_lines(pairs_text(
        {{"transaction", std::to_string(needed.gas) + " gas, of at most " + std::to_string(kMaxEvmTransactionGas)},
         {"its data", human_bytes(data.size()) + ", " + std::to_string(of_data.data) + " gas of it"},
         {"fits", fits ? "yes" : "no"}}));
  }
  return ExitCode::kDone;
}

CommandResult calldata(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const EvmExport file, read_exported(arguments.exported_path));
  const Bytes data = arguments.submits ? evm_submit_call(file) : file.calldata;
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
