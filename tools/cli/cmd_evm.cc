// SPDX-License-Identifier: Apache-2.0
// zkinfer evm export, check: what contracts on a chain need to check a proof. The other verbs: cmd_evm_chain.cc.
#include <memory>

#include "base/text.h"
#include "chain/evm_files.h"
#include "chain/node.h"
#include "cmd_evm.h"
#include "files.h"
#include "known_tensors.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "trust.h"
#include "zkinfer/evm_calls.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string proof_path, key_path, output_path;
  std::vector<std::string> paths;
  VerifyLimits limits;
  KnownArguments inputs, outputs;  // their data alone
  bool force = false;
};

CommandResult export_proof(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const ProofFile file, load_proof_file(arguments.proof_path));
  OutputFiles outputs(arguments.force);
  outputs.reads({arguments.proof_path, arguments.key_path});
  outputs.reads(arguments.paths);
  for (const KnownArguments& known : {arguments.inputs, arguments.outputs})
    for (const std::string& text : known.data) outputs.reads(file_part(text));
  outputs.reads(usual_path_files(file, arguments.key_path));
  if (session.json) outputs.keep_standard_output();
  const OutputFiles::Id output = outputs.add_json("--output", arguments.output_path, "model_id", "data for contracts");
  ZKI_RETURN_IF_ERROR(outputs.prepare());
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found, require_key_for_proof(root, arguments.key_path, file, arguments.paths));
  const VerificationKey& key = found.key(root);
  ZKI_ASSIGN_OR_RETURN(const std::vector<KnownTensor> inputs, load_known(arguments.inputs, key.info()));
  ZKI_ASSIGN_OR_RETURN(const std::vector<KnownTensor> outputs_known, load_known(arguments.outputs, key.info()));
  ZKI_ASSIGN_OR_RETURN(const EvmExport exported, evm_export(key, file.content.proof, inputs, outputs_known));
  const Bytes& calldata = exported.calldata;
  const EvmDataGas gas = evm_data_gas(calldata);
  const bool fits = evm_fits_transaction(calldata);
  if (!fits) {
    session.warn("the calldata has " + std::to_string(calldata.size()) +
                 " bytes, and nodes take transactions of up to " + std::to_string(kMaxEvmTransactionBytes) +
                 "; --profile small and a small --budget of `zkinfer commit` make proofs smaller");
  }
  const nlohmann::ordered_json content = {{"model_id", hex_text(exported.model_id)},
                                          {"identity", hex_text(exported.identity)},
                                          {"program", hex_text(exported.program)},
                                          {"calldata", hex_text(calldata)}};
  const std::string text = content.dump(1) + "\n";
  ZKI_RETURN_IF_ERROR(outputs.write(output, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
  ZKI_RETURN_IF_ERROR(outputs.publish());
  if (session.json) {
    print_result(session, {{"output", arguments.output_path},
                           {"model_id", content["model_id"]},
                           {"identity", to_hex(exported.identity)},
                           {"root_identity", to_hex(root.info().model_identity)},
                           {"program_bytes", exported.program.size()},
                           {"calldata_bytes", calldata.size()},
                           {"fits_transaction", fits},
                           {"calldata_gas", gas.data},
                           {"floor_gas", gas.floor}});
  } else if (!session.quiet) {
    print("wrote {}\n", output_name(arguments.output_path));
    print_lines(pairs_text(
        {{"model on chain", content["model_id"].get<std::string>()},
         {"serving key", to_hex(exported.identity)},
         {"program", human_bytes(exported.program.size()) + ", registered once"},
         {"calldata", human_bytes(calldata.size()) + ", " + std::to_string(gas.data) +
                          " gas besides execution, at least " + std::to_string(gas.floor) + " in all (EIP-7623)"}}));
  }
  return ExitCode::kDone;
}

void add_export(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "export", "the program of a proof's key, its name on chain, and the data of the call that checks the proof");
  add_proof_and_root(*command, arguments->proof_path, arguments->key_path, arguments->paths);
  command->add_option("-o,--output", arguments->output_path, "JSON to write (default: the proof's name with .evm.json)")
      ->type_name(kWritesFile);
  add_data_option(*command, arguments->inputs, "input");
  add_data_option(*command, arguments->outputs, "output");
  add_verify_limits(*command, arguments->limits);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer commit network.zkmodel --profile small --budget 16\n"
      "  zkinfer evm export input.zkproof --key network.zkkey\n"
      "A name on chain holds the digest of the program, so whoever pins it makes it from the key by this command.");
  command->callback([arguments, &session] {
    name_after(arguments->proof_path, ".evm.json", "--output", arguments->output_path);
    session.run([&] { return export_proof(session, *arguments); });
  });
}

CommandResult check(Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const EvmExport exported, read_exported(arguments.proof_path));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
  ProofFile file;
  file.name = arguments.proof_path;
  file.content.proof = evm_proof(exported);
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found, key_for_proof(root, arguments.key_path, file, arguments.paths));
  const auto say = [&](bool matches, const std::string& why) -> CommandResult {
    if (session.json) {
      print_result(session, {{"matches", matches},
                             {"where", matches ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(why)},
                             {"model_id", hex_text(exported.model_id)},
                             {"root_identity", to_hex(root.info().model_identity)}});
    } else {
      print("{}: {}\n", matches ? "match" : "NO MATCH", why);
    }
    return matches ? ExitCode::kDone : ExitCode::kRejected;
  };
  if (!found.verdict.accepted())
    return say(false, verdict_text(found.verdict) + (found.hint.empty() ? "" : "; " + found.hint));
  ZKI_ASSIGN_OR_RETURN(const std::string why, evm_mismatch(found.key(root), exported));
  if (!why.empty()) return say(false, why);
  return say(true, "the program of " + hex_text(exported.model_id) + " is that of the key");
}

void add_check(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("check", "whether a model's name on chain is that of a key you have");
  add_exported(*command, arguments->proof_path);
  add_root(*command, arguments->key_path, arguments->paths);
  add_verify_limits(*command, arguments->limits);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer evm check input.evm.json --key network.zkkey --path 3f2a91c04d5e6f70.zkpath\n"
      "Another version of zkinfer may make another program of the same key, which has another name on chain.");
  command->callback([arguments, &session] { session.run([&] { return check(session, *arguments); }); });
}

}  // namespace

void add_evm(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("evm", "proofs and contracts on EVM chains");
  command->require_subcommand(1);
  add_export(*command, session);
  add_check(*command, session);
  add_evm_chain(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer evm export input.zkproof --key network.zkkey\n"
      "  zkinfer evm verify input.evm.json --rpc http://127.0.0.1:8545 --deployment deployment.json");
}

}  // namespace zkinfer::cli
