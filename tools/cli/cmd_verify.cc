// SPDX-License-Identifier: Apache-2.0
// zkinfer verify: key and proof -> accepted with the outputs, or rejected with reason and place.
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "command.h"
#include "evaluation_output.h"
#include "files.h"
#include "generation.h"
#include "known_tensors.h"
#include "option_words.h"
#include "outputs.h"
#include "print.h"
#include "progress.h"
#include "proof_list.h"
#include "result_json.h"
#include "seat.h"
#include "stopwatch.h"
#include "tensor_policy_text.h"
#include "text.h"
#include "trust.h"
#include "verified_lines.h"
#include "verify_report.h"
#include "zkinfer/hex.h"
#include "zkinfer/seats.h"
#include "zkinfer/structure.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::vector<std::string> proof_paths;  // files, and folders of them
  std::string key_path, data_path, seat_path, report_path, context, identity, tokenizer_path;
  TrustArguments trust;
  KnownArguments inputs, outputs;
  SamplingOptions rule;  // that an answer must have been drawn by
  DemandArguments demands;
  double min_security_bits = kDefaultMinSecurityBits;
  VerifyLimits limits;
};

// Whether --identity names this model; without the option any will do.
Result<bool> is_identity(const std::string& text, const Digest& identity) {
  if (text.empty()) return true;
  ZKI_ASSIGN_OR_RETURN(const Digest expected, parse_digest("--identity", text));
  return expected == identity;
}

// One key, whose weights are looked at once, and any number of proofs.
class VerifyCommand {
 public:
  VerifyCommand(Session& session, const Arguments& arguments)
      : session_(session), arguments_(arguments), report_(arguments.report_path) {}
  CommandResult run();

 private:
  struct Checked {
    VerifySummary result;
    std::vector<VerifiedRow> rows;  // of a proof one
    bool is_batch = false;
    std::uint64_t depth = 0;  // below the root
    double seconds = 0;
    std::size_t proof_bytes = 0;
    std::string hint;                            // of a rejection
    std::optional<GenerationResult> generation;  // where the proof says that it is one
    std::optional<EvaluationResult> evaluation;  // where it is one
    std::optional<VerifyJointResult> joint;      // its data moved to rows
    // The verifier's own: of a generation its part of the proof's.
    Bytes context() const {
      return generation.has_value() ? Bytes(generation->context.begin(), generation->context.end()) : result.context;
    }
  };
  VerifyResult verify_one(const VerificationKey& key, ByteView proof, const VerifyRequest& request, Checked& out);
  Result<Checked> check(const std::string& path);
  Status check_options(const std::string& path, bool is_evaluation, bool is_seated) const;
  Result<EvaluationResult> evaluate(const std::string& path, const VerificationKey& key, ByteView proof,
                                    const VerifyRequest& request) const;
  Result<CheckedTrust> trust_for(const ProofFile& file);
  nlohmann::ordered_json key_part() const;
  nlohmann::ordered_json proof_part(const Checked& checked) const;
  Status write_report(nlohmann::ordered_json& json);
  CommandResult one(const std::string& path);
  CommandResult many(const std::vector<std::string>& paths);

  Session& session_;
  const Arguments& arguments_;
  VerifyReport report_;
  bool is_one_ = true;  // and no list
  std::optional<VerificationKey> key_;
  std::optional<DataSet> data_;
  bool expected_model_ = true;
  std::optional<CheckedTrust> trust_;  // of the key, once it was asked for
  VerifyRequest request_;
  std::optional<SamplingRule> rule_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<Result<CausalModel>> causal_;  // of the key, once it was asked for
  std::optional<VerifyResult> turn_before_;    // of the conversation that the last proof belongs to
};

// A bundle may bring its own certificate; otherwise the key's is looked at once.
Result<CheckedTrust> VerifyCommand::trust_for(const ProofFile& file) {
  if (!file.content.certificate.empty()) return check_weights(*key_, arguments_.key_path, arguments_.trust, file);
  if (!trust_) {
    // A key is derived from a public model again: as long as committing to it takes.
    std::unique_ptr<WaitingLine> waiting;
    if (!arguments_.trust.model_path.empty())
      waiting = std::make_unique<WaitingLine>(session_, "verify", "deriving the key from the model");
    ZKI_ASSIGN_OR_RETURN(trust_, check_weights(*key_, arguments_.key_path, arguments_.trust));
  }
  return *trust_;
}

// Where a rule is demanded, of what draws nothing.
Verdict no_answer() {
  return Verdict::reject(RejectReason::kWrongStatement, "generation: the proof is of no answer of a language model");
}

// A proof, and where it says that it is one of a generation, that the answer is the model's. The verifier's own context is a part of a
// generation's.
VerifyResult VerifyCommand::verify_one(const VerificationKey& key, ByteView proof, const VerifyRequest& request,
                                       Checked& out) {
  // Once, of whatever context; then that is compared.
  VerifyRequest any_context = request;
  any_context.context.reset();
  VerifyResult result = verify(key, proof, any_context);
  if (result.verdict.accepted() && request.context.has_value()) {
    const std::optional<GenerationClaim> claim = read_generation_context(result.context);
    const Bytes own = claim.has_value() ? Bytes(claim->context.begin(), claim->context.end()) : result.context;
    const auto is_asked_for = [&](const Bytes& context) {
      Bytes padded(request.context->begin(), request.context->end());
      padded.resize(std::max(padded.size(), context.size()));
      return padded == context;
    };
    if (!is_asked_for(own) && !is_asked_for(result.context)) {
      VerifyResult rejected;
      rejected.verdict = Verdict::reject(RejectReason::kWrongStatement,
                                         "context: the proof is bound to another one, " + context_text(own));
      return rejected;
    }
  }
  if (!result.verdict.accepted()) return result;
  if (!read_generation_context(result.context).has_value()) {
    if (!rule_.has_value()) return result;
    VerifyResult rejected;
    rejected.verdict = no_answer();
    return rejected;
  }
  if (!causal_.has_value()) causal_ = CausalModel::of(*key_);
  if (causal_->ok()) {
    // A turn goes on from the one that was checked before it.
    const bool goes_on = (*causal_)->conversation() > 0 && claimed_before(result) > 0 && turn_before_.has_value();
    out.generation = check_turn(**causal_, result, goes_on ? &*turn_before_ : nullptr, rule_);
    turn_before_.reset();
    if (out.generation->verdict.accepted()) {
      if ((*causal_)->conversation() > 0) turn_before_ = result;
      return result;
    }
  } else {
    out.generation.emplace();
    out.generation->verdict =
        Verdict::reject(RejectReason::kWrongStatement, "generation: " + causal_->status().message());
  }
  VerifyResult rejected;
  rejected.verdict = out.generation->verdict;
  return rejected;
}

// Against the data set that was given.
Result<EvaluationResult> VerifyCommand::evaluate(const std::string& path, const VerificationKey& key, ByteView proof,
                                                 const VerifyRequest& request) const {
  if (!data_.has_value())
    return invalid_argument(in_quotes(path) +
                            " is an evaluation: give the data set that it is about (.zkset) with --data");
  ZKI_ASSIGN_OR_RETURN(const EvaluationDemands demands, read_demands(arguments_.demands));
  ZKI_ASSIGN_OR_RETURN(EvaluationResult result, check_evaluation(key, proof, *data_, request, demands));
  ZKI_ASSIGN_OR_RETURN(result.verdict, within_limits(path, std::move(result.verdict)));
  return result;
}

// Options that this proof has no use for.
Status VerifyCommand::check_options(const std::string& path, bool is_evaluation, bool is_seated) const {
  if (!is_evaluation && arguments_.demands.is_any())
    return invalid_argument(in_quotes(path) +
                            " is no evaluation (--metric, --of-output, --at-least, --at-most, --nonce, --sample)");
  if (!is_seated && !arguments_.seat_path.empty())
    return invalid_argument("--seat: " + in_quotes(path) + " is no joint proof (.zkjoint)");
  if (!is_evaluation && report_.is_asked_for())
    return invalid_argument("--report: " + in_quotes(path) + " is no evaluation (.zkeval)");
  if (is_seated && !is_one_)
    return invalid_argument(in_quotes(path) + " is a joint proof: check it by itself, with your seat and your data");
  return ok_status();
}

Result<VerifyCommand::Checked> VerifyCommand::check(const std::string& path) {
  Checked out;
  ZKI_ASSIGN_OR_RETURN(const ProofFile file, load_proof_file(path));
  const Bytes& proof = file.content.proof;
  out.proof_bytes = proof.size();
  ZKI_ASSIGN_OR_RETURN(const CheckedTrust trust, trust_for(file));
  VerifyRequest request = request_;
  request.weights = trust.weights;
  const Stopwatch watch;
  out.is_batch = claimed_rows(proof).has_value();
  out.result.verdict = trust.verdict;
  if (!expected_model_) {
    out.result.verdict = Verdict::reject(RejectReason::kWrongStatement, "model identity: the key is that of " +
                                                                            to_hex(key_->info().model_identity) +
                                                                            ", expected " + arguments_.identity);
  }
  KeyForProof found;
  if (out.result.verdict.accepted()) {
    ZKI_ASSIGN_OR_RETURN(found, key_to_verify(*key_, arguments_.key_path, file, arguments_.trust.paths));
    out.result.verdict = found.verdict;
  }
  const bool is_evaluation = claimed_evaluation(proof).has_value(), is_seated = is_joint(proof);
  ZKI_RETURN_IF_ERROR(check_options(path, is_evaluation, is_seated));
  if (out.result.verdict.accepted() && (out.is_batch || is_evaluation || is_seated) && rule_.has_value())
    out.result.verdict = no_answer();
  if (out.result.verdict.accepted() && out.is_batch) {
    VerifyBatchResult result = verify_batch(found.key(*key_), proof, request);
    out.rows = std::move(result.rows);
    ZKI_ASSIGN_OR_RETURN(result.verdict, within_limits(path, result.verdict));
    out.result = std::move(result);
  } else if (out.result.verdict.accepted() && is_evaluation) {
    ZKI_ASSIGN_OR_RETURN(out.evaluation, evaluate(path, found.key(*key_), proof, request));
    out.result = *out.evaluation;
  } else if (out.result.verdict.accepted() && is_seated) {
    ZKI_ASSIGN_OR_RETURN(out.joint, verify_seat(path, arguments_.seat_path, found.key(*key_), proof, arguments_.inputs,
                                                arguments_.outputs, request));
    out.result = *out.joint;
    out.rows.push_back({std::move(out.joint->outputs), std::move(out.joint->inputs)});
  } else if (out.result.verdict.accepted()) {
    VerifyResult result = verify_one(found.key(*key_), proof, request, out);
    out.rows.push_back({std::move(result.outputs), std::move(result.inputs)});
    out.result = std::move(result);
  }
  out.hint = found.hint.empty() ? std::string(rejection_hint(out.result.verdict.reason)) : found.hint;
  out.depth = found.serving.has_value() ? found.serving->info().depth : 0;
  out.seconds = watch.seconds();
  if (out.evaluation.has_value() && out.result.verdict.accepted())
    report_.add({path, out.proof_bytes, out.seconds, *out.evaluation});
  return out;
}

nlohmann::ordered_json VerifyCommand::key_part() const {
  return {{"model", key_->info().model_name},
          {"model_identity", to_hex(key_->info().model_identity)},
          {"security_bits", key_->info().security_bits},
          {"zero_knowledge", key_->info().zero_knowledge}};
}

nlohmann::ordered_json VerifyCommand::proof_part(const Checked& checked) const {
  const VerifySummary& result = checked.result;
  nlohmann::ordered_json json = {{"accepted", result.verdict.accepted()},
                                 {"verify_seconds", checked.seconds},
                                 {"proof_bytes", checked.proof_bytes}};
  if (result.verdict.accepted()) {
    if (checked.evaluation.has_value()) {
      json.update(parsed(summary_json(result)));
      json.update(parsed(evaluation_json(*checked.evaluation, *data_, arguments_.demands.demands.confidence)));
      return json;
    }
    json.update(parsed(checked.joint.has_value()
                           ? joint_json(result, checked.rows.front(), checked.joint->seat, checked.joint->num_seats)
                           : accepted_json(result, checked.rows, checked.is_batch)));
    if (checked.generation.has_value())
      json["generation"] = generation_with_text_json(*checked.generation, tokenizer_);
    else if (tokenizer_.has_value() && !checked.is_batch)
      json["read"] = read_text_json(checked.rows.front().inputs, *tokenizer_);
  } else {
    json["reason"] = std::string(reject_reason_name(result.verdict.reason));
    json["where"] = result.verdict.where;
    json["hint"] = checked.hint;
  }
  return json;
}

// What was accepted, as a page; "report" of the JSON.
Status VerifyCommand::write_report(nlohmann::ordered_json& json) {
  if (!report_.is_asked_for()) return ok_status();
  std::string command = "zkinfer verify";
  for (const std::string& path : arguments_.proof_paths) command += " " + shell_word(path);
  command += " --key " + shell_word(arguments_.key_path) + " --data " + shell_word(arguments_.data_path);
  if (!arguments_.demands.nonce.empty()) command += " --nonce " + arguments_.demands.nonce;
  if (const auto& sampled = arguments_.demands.demands.sampled) command += " --sample " + std::to_string(*sampled);
  ZKI_RETURN_IF_ERROR(report_.write(key_->info(), *data_, arguments_.demands.demands.confidence, command, json));
  json["report"] = report_.path();
  return ok_status();
}

CommandResult VerifyCommand::one(const std::string& path) {
  ZKI_ASSIGN_OR_RETURN(const Checked checked, check(path));
  const VerifySummary& result = checked.result;
  const KeyInfo& info = key_->info();
  nlohmann::ordered_json json = {{"accepted", result.verdict.accepted()}};
  if (session_.json || report_.is_asked_for()) {
    json.update(key_part());
    json.update(proof_part(checked));
  }
  if (result.verdict.accepted()) ZKI_RETURN_IF_ERROR(write_report(json));
  if (session_.json) {
    print_result(session_, std::move(json));
  } else if (!result.verdict.accepted()) {
    print("REJECTED: {}\n", verdict_text(result.verdict));
    if (!session_.quiet) print("{}\n", checked.hint);
  } else if (!session_.quiet) {
    print("ACCEPTED in {}\n", human_seconds(checked.seconds));
    std::vector<std::pair<std::string, std::string>> facts = {
        {"identity", to_hex(info.model_identity)},
        {"model", info.model_name},
        {"serving key", checked.depth > 0
                            ? to_hex(result.serving_identity) + ", " + std::to_string(checked.depth) + " below the root"
                            : "the same"},
        {"security", decimal(result.security_bits, 1) + " bits"},
        {"inputs", tensor_policy_text(info.inputs)},
        {"outputs", tensor_policy_text(info.outputs)},
        {"weights", weights_text(info, result.weights)},
        {"context", context_text(checked.context())}};
    // Who sees inputs and outputs of proofs.
    if (checked.evaluation.has_value() || checked.joint.has_value()) facts.erase(facts.begin() + 4, facts.begin() + 6);
    if (checked.evaluation.has_value()) {
      print_lines(pairs_text(facts));
      print_lines(evaluation_text(*checked.evaluation, *data_, arguments_.demands.demands.confidence));
      return ExitCode::kDone;
    }
    if (checked.is_batch) facts.emplace_back("rows", std::to_string(checked.rows.size()));
    if (checked.joint.has_value()) facts.emplace_back("seat", seat_text(*checked.joint));
    print_lines(pairs_text(facts));
    if (checked.generation.has_value()) {
      print_lines(generation_text(*checked.generation, tokenizer_));
      return ExitCode::kDone;
    }
    for (std::size_t row = 0; row < checked.rows.size() && row < kRowsShown; ++row) {
      const auto& [outputs, inputs] = checked.rows[row];
      const std::string line = checked.is_batch ? row_line(inputs, outputs) : std::string();
      if (checked.is_batch) print("row {}{}\n", row, line.empty() ? "" : "  " + line);
      if (!line.empty()) continue;
      // What is made of a text has no classes.
      const bool is_text = reads_text(info.input_tensors);
      print_lines(verified_text("input", inputs));
      if (is_text) print_lines(read_text(inputs, tokenizer_));
      print_lines(verified_text("output", outputs, true, is_text ? Shown::kFirst : Shown::kLargest));
    }
    if (checked.rows.size() > kRowsShown) print(".. {} rows in all; --json shows them\n", checked.rows.size());
  }
  return result.verdict.accepted() ? ExitCode::kDone : ExitCode::kRejected;
}

CommandResult VerifyCommand::many(const std::vector<std::string>& paths) {
  std::size_t num_accepted = 0, num_rejected = 0;
  auto items = nlohmann::ordered_json::array();
  ProgressLine line(session_, "verify");
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string stage = std::to_string(i + 1) + " of " + std::to_string(paths.size());
    line.update(stage.c_str(), static_cast<double>(i) / static_cast<double>(paths.size()));
    nlohmann::ordered_json item = {{"proof", paths[i]}};
    const Result<Checked> checked = check(paths[i]);
    if (!checked.ok()) {
      item["error"] = error_json(checked.status());
      line.clear();
      note("zkinfer: {}: ", paths[i]);
      note_lines(error_words(checked.status()) + "\n");
    } else {
      const Verdict& verdict = checked->result.verdict;
      verdict.accepted() ? ++num_accepted : ++num_rejected;
      item.update(proof_part(*checked));
      if (!session_.json && (!verdict.accepted() || !session_.quiet)) {
        line.clear();
        std::vector<OutputTensor> outputs;
        if (!checked->is_batch && !checked->rows.empty()) outputs = seen_tensors(checked->rows.front().outputs);
        print("{}  {}", verdict.accepted() ? "ACCEPTED" : "REJECTED", paths[i]);
        if (verdict.accepted() && checked->is_batch) print("  {} rows", checked->rows.size());
        // Whoever asked for none is told which it is.
        const std::string context = context_text(checked->context());
        if (verdict.accepted() && !request_.context.has_value() && context != kNoContext)
          print("  context {}", context);
        // What is rejected has no figures.
        const std::string said = !verdict.accepted()               ? std::string()
                                 : checked->evaluation.has_value() ? evaluation_line(*checked->evaluation)
                                 : checked->generation.has_value()
                                     ? "an answer of " + counted(checked->generation->num_answer, "token")
                                     : outputs_line(outputs);
        print_lines(verdict.accepted() ? "  " + said + "\n" : "");
        if (verdict.accepted() && checked->generation.has_value())
          print_lines(said_text(*checked->generation, tokenizer_));
        if (!verdict.accepted()) print("  {}\n", verdict_text(verdict));
        if (!verdict.accepted() && !session_.quiet) print("  {}\n", checked->hint);
      }
    }
    items.push_back(std::move(item));
  }
  line.clear();
  const std::size_t num_failed = paths.size() - num_accepted - num_rejected;
  nlohmann::ordered_json json = {{"accepted", num_accepted == paths.size()}};
  json.update(key_part());
  json["num_items"] = paths.size();
  json["num_accepted"] = num_accepted;
  json["num_rejected"] = num_rejected;
  json["num_failed"] = num_failed;
  json["total_seconds"] = process_seconds();
  json["items"] = std::move(items);
  if (num_accepted == paths.size()) ZKI_RETURN_IF_ERROR(write_report(json));
  if (session_.json) {
    print_result(session_, std::move(json));
  } else if (!session_.quiet) {
    print("accepted {} of {}, rejected {}, not read {}, in {}; model {}, identity {}\n", num_accepted, paths.size(),
          num_rejected, num_failed, human_seconds(process_seconds()), key_->info().model_name,
          to_hex(key_->info().model_identity));
  }
  if (num_rejected > 0) return ExitCode::kRejected;
  return num_failed > 0 ? ExitCode::kBadInput : ExitCode::kDone;
}

CommandResult VerifyCommand::run() {
  ZKI_ASSIGN_OR_RETURN(const Bytes context, parse_context(arguments_.context));
  ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> paths, list_proofs(arguments_.proof_paths, session_));
  ZKI_ASSIGN_OR_RETURN(key_, load_key(arguments_.key_path, arguments_.min_security_bits, arguments_.limits));
  // What an accepted proof says depends on what was computed.
  for (const std::string& warning : structure_warnings(*key_)) session_.warn(warning);
  ZKI_ASSIGN_OR_RETURN(expected_model_, is_identity(arguments_.identity, key_->info().model_identity));
  if (!arguments_.context.empty()) request_.context = context;
  ZKI_ASSIGN_OR_RETURN(rule_, SamplingRule::of(arguments_.rule));
  if (!arguments_.data_path.empty()) {
    ZKI_ASSIGN_OR_RETURN(data_, load_data_set(arguments_.data_path));
  }
  ZKI_ASSIGN_OR_RETURN(tokenizer_, load_tokenizer(arguments_.tokenizer_path));
  if (tokenizer_.has_value())
    ZKI_RETURN_IF_ERROR(
        check_vocabulary(session_, *tokenizer_, arguments_.tokenizer_path, key_->info().input_tensors.front()));
  std::vector<std::string> reads = paths;
  for (const std::string& path : {arguments_.key_path, arguments_.data_path, arguments_.seat_path,
                                  arguments_.trust.certificate_path, arguments_.trust.model_path})
    reads.push_back(path);
  reads.insert(reads.end(), arguments_.trust.paths.begin(), arguments_.trust.paths.end());
  ZKI_RETURN_IF_ERROR(report_.prepare(reads, session_.json));
  const FileKind kind = kind_of_all(paths);
  ZKI_ASSIGN_OR_RETURN(request_.inputs, load_known(arguments_.inputs, key_->info(), kind));
  ZKI_ASSIGN_OR_RETURN(request_.outputs, load_known(arguments_.outputs, key_->info(), kind));
  is_one_ = arguments_.proof_paths.size() == 1 && paths == arguments_.proof_paths;
  return is_one_ ? one(paths.front()) : many(paths);
}

}  // namespace

void add_verify(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("verify", "check proofs; exit code 0 all accepted, 1 one was rejected");
  command
      ->add_option(
          "proof", arguments->proof_paths,
          "proofs (.zkproof, .zkbatch, .zkeval, .zkjoint, or .zkbundle with what belongs to one), or folders of "
          "them")
      ->type_name(kReadsFile)
      ->required()
      ->expected(1, 1 << 20);
  command->add_option("-k,--key", arguments->key_path, "verification key (.zkkey) of the model you expect")
      ->type_name(kReadsFile)
      ->required();
  command->add_option("--data", arguments->data_path, "the data set (.zkset) that evaluations (.zkeval) are about")
      ->type_name(kReadsFile);
  command->add_option("--context", arguments->context, "the proof must be bound to this: text, or hex:00ff..");
  add_tokenizer_option(*command, arguments->tokenizer_path);
  add_demanded_rule(*command, arguments->rule);
  add_demand_options(*command, arguments->demands);
  add_seat_option(*command, arguments->seat_path);
  add_known_options(*command, arguments->inputs, "input");
  add_known_options(*command, arguments->outputs, "output");
  command->add_option("--identity", arguments->identity,
                      "the key must be that of the model with this identity (64 hexadecimal digits)");
  add_trust_options(*command, arguments->trust);
  add_min_security(*command, arguments->min_security_bits);
  add_verify_limits(*command, arguments->limits);
  command
      ->add_option("--report", arguments->report_path,
                   "of evaluations: write a page (HTML) of what they show, when all are accepted")
      ->type_name(kWritesFile);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer verify digit_7.zkproof --key digits.zkkey\n"
      "  zkinfer verify proofs/ --key digits.zkkey\n"
      "  zkinfer verify x.zkproof -k network.zkkey --certificate network.zkcert --path 3f2a91c04d5e6f70.zkpath\n"
      "  zkinfer verify third.zkproof -k network.zkkey --context order-4711 --json\n"
      "  zkinfer verify p.zkproof -k network.zkkey --input-digest bafkrei.. --output-commitment y.zktensor\n"
      "  zkinfer verify p.zkproof -k network.zkkey --input-data picture.bin   (the key's inputs are public:sha256)\n"
      "  zkinfer verify test.zkeval -k network.zkkey --data test.zkset --metric accuracy --at-least 0.97\n"
      "  zkinfer verify test.zkeval -k network.zkkey --data test.zkset --report test.html\n"
      "  zkinfer verify answer.zkjoint -k network.zkkey --seat answer.zkseat --input-data x.bin --output-data y.bin\n"
      "  zkinfer verify story.zkproof -k llama.zkkey --tokenizer tokenizer.json --temperature 0   (the most likely "
      "tokens, not drawn)\n"
      "The certificate is found beside the key, the path beside the proof. Without --context any context is accepted "
      "and printed.");
  command->callback([arguments, &session] { session.run([&] { return VerifyCommand(session, *arguments).run(); }); });
}

}  // namespace zkinfer::cli
