// SPDX-License-Identifier: Apache-2.0
// zkinfer verify: key and proof -> accepted with the outputs, or rejected with reason and place.
#include <algorithm>
#include <memory>

#include "command.h"
#include "files.h"
#include "known_tensors.h"
#include "outputs.h"
#include "print.h"
#include "stopwatch.h"
#include "tensor_policy_text.h"
#include "text.h"
#include "trust.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string proof_path, key_path, context, identity;
  TrustArguments trust;
  KnownArguments inputs, outputs;
  double min_security_bits = kDefaultMinSecurityBits;
  VerifyLimits limits;
  bool json = false;
};

// Whether --identity names this model; without the option any will do.
Result<bool> is_identity(const std::string& text, const Digest& identity) {
  if (text.empty()) return true;
  const Result<Bytes> bytes = from_hex(text);
  if (!bytes.ok()) return bytes.status().with_context("--identity");
  if (bytes->size() != identity.size()) {
    return invalid_argument("--identity: expected 64 hexadecimal digits, got " + std::to_string(text.size()));
  }
  return std::ranges::equal(*bytes, identity);
}

CommandResult verify_proof(const Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const Bytes context, parse_context(arguments.context));
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key,
                       load_key(arguments.key_path, arguments.min_security_bits, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const Bytes proof, load_proof(arguments.proof_path));
  const std::string identity = to_hex(key.info().model_identity);
  ZKI_ASSIGN_OR_RETURN(const bool expected_model, is_identity(arguments.identity, key.info().model_identity));
  ZKI_ASSIGN_OR_RETURN(const CheckedTrust trust, check_weights(key, arguments.key_path, arguments.trust));
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found,
                       key_for_proof(key, arguments.key_path, proof, arguments.proof_path, arguments.trust.paths));
  VerifyRequest request;
  request.weights = trust.weights;
  if (!arguments.context.empty()) request.context = context;
  ZKI_ASSIGN_OR_RETURN(request.inputs, load_known(arguments.inputs, key.info()));
  ZKI_ASSIGN_OR_RETURN(request.outputs, load_known(arguments.outputs, key.info()));
  const Stopwatch watch;
  VerifyResult result;
  result.verdict = trust.verdict.accepted() ? found.verdict : trust.verdict;
  if (!expected_model) {
    result.verdict = Verdict::reject(RejectReason::kWrongStatement, "model identity: the key is that of " + identity +
                                                                        ", expected " + arguments.identity);
  }
  if (result.verdict.accepted()) result = verify(found.key(key), proof, request);
  const double seconds = watch.seconds();
  if (arguments.json) {
    nlohmann::ordered_json json = {{"accepted", result.verdict.accepted()},
                                   {"model", key.info().model_name},
                                   {"model_identity", identity},
                                   {"security_bits", key.info().security_bits},
                                   {"zero_knowledge", key.info().zero_knowledge},
                                   {"verify_seconds", seconds},
                                   {"proof_bytes", proof.size()}};
    if (result.verdict.accepted()) {
      json["security_bits"] = result.security_bits;
      json["weights"] = std::string(weight_evidence_name(result.weights));
      json["weights_certified"] = result.weights == WeightEvidence::kCertified;
      json["serving_identity"] = to_hex(result.serving_identity);
      json["slot"] = result.slot;
      json["context"] = "hex:" + to_hex(result.context);
      json["outputs"] = verified_json(result.outputs);
      json["inputs"] = verified_json(result.inputs);
    } else {
      json["reason"] = std::string(reject_reason_name(result.verdict.reason));
      json["where"] = result.verdict.where;
      json["hint"] = rejection_hint(result.verdict.reason);
    }
    print_json(json);
  } else if (!result.verdict.accepted()) {
    print("REJECTED: {}\n", verdict_text(result.verdict));
    if (!session.quiet) print("{}\n", rejection_hint(result.verdict.reason));
  } else if (!session.quiet) {
    print("ACCEPTED in {}\n", human_seconds(seconds));
    print_lines(pairs_text(
        {{"identity", identity},
         {"model", key.info().model_name},
         {"serving key", found.serving.has_value() ? to_hex(result.serving_identity) + ", " +
                                                         std::to_string(found.serving->info().depth) + " below the root"
                                                   : "the same"},
         {"security", decimal(result.security_bits, 1) + " bits"},
         {"inputs", tensor_policy_text(key.info().inputs)},
         {"outputs", tensor_policy_text(key.info().outputs)},
         {"weights", weights_text(key.info(), result.weights)},
         {"context", context_text(result.context)}}));
    print_lines(verified_text("input", result.inputs));
    print_lines(verified_text("output", result.outputs));
  }
  return result.verdict.accepted() ? ExitCode::kDone : ExitCode::kRejected;
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("verify", "check a proof; exit code 0 accepted, 1 rejected");
  command->add_option("proof", arguments->proof_path, "proof (.zkproof)")->required();
  command->add_option("-k,--key", arguments->key_path, "verification key (.zkkey) of the model you expect")->required();
  command->add_option("--context", arguments->context, "the proof must be bound to this: text, or hex:00ff..");
  add_known_options(*command, arguments->inputs, "input");
  add_known_options(*command, arguments->outputs, "output");
  command->add_option("--identity", arguments->identity,
                      "the key must be that of the model with this identity (64 hexadecimal digits)");
  add_trust_options(*command, arguments->trust);
  command->add_option("--min-security", arguments->min_security_bits, "refuse keys that prove fewer bits of security")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 128.0));
  add_verify_limits(*command, arguments->limits);
  command->add_flag("--json", arguments->json, "print the result as JSON");
  command->footer(
      "Examples:\n"
      "  zkinfer verify digit_7.zkproof --key digits.zkkey\n"
      "  zkinfer verify x.zkproof -k network.zkkey --certificate network.zkcert --path 3f2a91c04d5e6f70.zkpath\n"
      "  zkinfer verify third.zkproof -k network.zkkey --context order-4711 --json\n"
      "  zkinfer verify p.zkproof -k network.zkkey --input-digest bafkrei.. --output-commitment y.zktensor\n"
      "  zkinfer verify p.zkproof -k network.zkkey --input-data picture.bin   (the key's inputs are public:sha256)\n"
      "The certificate is found beside the key, the path beside the proof. Without --context any context is accepted "
      "and printed.");
  command->callback([arguments, &session] { session.run([&] { return verify_proof(session, *arguments); }); });
}

}  // namespace zkinfer::cli
