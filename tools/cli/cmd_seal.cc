// SPDX-License-Identifier: Apache-2.0
// zkinfer seal: model and commitment secret -> the weights encrypted, a proof of it, and the shares of the key.
#include <memory>

#include "command.h"
#include "committed.h"
#include "files.h"
#include "machine.h"
#include "option_words.h"
#include "output_files.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "signals.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, secret_path, output_path, proof_path, shares_path, sale;
  VerifyLimits limits;
  bool force = false;
};

CommandResult seal(Session& session, const Arguments& arguments) {
  ProgressLine line(session, "seal");
  SealRequest request;
  ZKI_ASSIGN_OR_RETURN(request.sale, parse_context(arguments.sale));
  request.limits = arguments.limits;
  OutputFiles files(arguments.force);
  files.reads({arguments.model_path, arguments.secret_path});
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id sealed = files.add("--output", arguments.output_path, FileKind::kSealedWeights);
  const OutputFiles::Id proof = files.add("--proof", arguments.proof_path, FileKind::kEncryption);
  const OutputFiles::Id shares = files.add("--shares", arguments.shares_path, FileKind::kKeyShares);
  ZKI_RETURN_IF_ERROR(files.prepare());
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ZKI_ASSIGN_OR_RETURN(Committed committed,
                       Committed::serve(model, arguments.secret_path, told(session, line, kServingShare)));
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t num_chunks, committed.prepare_sealing(request));
  ZKI_RETURN_IF_ERROR(files.reserve(proof, num_chunks * committed.proof_room()));
  if (!committed.path().empty()) ZKI_RETURN_IF_ERROR(check_path_beside(arguments.proof_path, committed));

  request.progress = line.callback(kServingShare, 1);
  const Stopwatch prove_watch;
  const Result<SealedModel> made = committed.seal(request, num_chunks);
  if (made.status().code() == StatusCode::kResourceLimit && !is_of_slots(made.status()))
    return resource_limit(made.status().message() + " (--verify-seconds, --verify-memory)");
  if (!made.ok()) return made.status();
  const double prove_seconds = prove_watch.seconds();
  const Stopwatch check_watch;
  const SealedResult check = verify_sealed(committed.key(), made->sealed, made->proof, made->statement);
  const double verify_seconds = check_watch.seconds();
  std::string path_file;
  const auto write_all = [&]() -> Status {
    if (!check.verdict.accepted())
      return internal_error("what was sealed fails its own check: " + check.verdict.to_string());
    ZKI_RETURN_IF_ERROR(files.write(sealed, made->sealed));
    ZKI_RETURN_IF_ERROR(files.write(proof, made->proof));
    ZKI_RETURN_IF_ERROR(files.write(shares, made->shares.to_bytes()));
    if (!committed.path().empty()) {
      ZKI_ASSIGN_OR_RETURN(path_file, write_path_beside(arguments.proof_path, committed));
    }
    return files.publish();
  };
  ZKI_RETURN_IF_ERROR(committed.after_proof(write_all()));
  line.clear();

  if (session.json) {
    nlohmann::ordered_json json = {{"sealed", arguments.output_path},
                                   {"sealed_bytes", made->sealed.size()},
                                   {"proof", arguments.proof_path},
                                   {"proof_bytes", made->proof.size()},
                                   {"shares", arguments.shares_path},
                                   {"c1", to_hex(check.info.c1)},
                                   {"c2", to_hex(check.info.c2)},
                                   {"ciphertext_root", to_hex(check.info.root)},
                                   {"sale", to_hex(check.info.sale)},
                                   {"slots", check.slots},
                                   {"root_identity", to_hex(check.root_identity)},
                                   {"serving_identity", to_hex(check.serving_identity)},
                                   {"prove_seconds", prove_seconds},
                                   {"verify_seconds", verify_seconds}};
    if (!path_file.empty()) {
      json["path"] = path_file;
      json["path_bytes"] = committed.path().size();
    }
    json["total_seconds"] = process_seconds();
    json["peak_memory_bytes"] = peak_memory_bytes();
    print_result(session, std::move(json));
  } else if (!session.quiet) {
    print("sealed {} in {}, of which {} the proofs, {} their check; {} of {}, peak memory {}\n",
          counted(committed.key().info().num_parameters, "weight"), human_seconds(process_seconds()),
          human_seconds(prove_seconds), human_seconds(verify_seconds), counted(num_chunks, "proof"),
          human_bytes(made->proof.size()), human_bytes(peak_memory_bytes()));
    print_lines(pairs_text({{"c1", to_hex(check.info.c1)},
                            {"c2", to_hex(check.info.c2)},
                            {"ciphertext root", to_hex(check.info.root)},
                            {"sale", context_text(check.context)}}));
    print("wrote {} (public: {} of ciphertext)\n", arguments.output_path, human_bytes(made->sealed.size()));
    print("wrote {} (public: its proof)\n", arguments.proof_path);
    print("wrote {} (secret: both shares of the key; whoever has them has the weights)\n", arguments.shares_path);
    if (!path_file.empty()) print_path_beside(path_file, committed.path().size());
    print("check with: zkinfer verify-sealed {} --key {}{}\n", shell_word(arguments.output_path),
          shell_word(with_extension(arguments.secret_path, ".zkkey")),
          arguments.sale.empty() ? std::string() : " --sale " + shell_word(arguments.sale));
  }
  if (StopSignals::stopped_by() == 0) {
    ZKI_RETURN_IF_ERROR(finish_output());
    committed.rotate_ahead();
  }
  return ExitCode::kDone;
}

}  // namespace

void add_seal(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("seal", "encrypt a committed model's weights and prove that it is these");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  add_secret_option(*command, arguments->secret_path);
  command
      ->add_option("-o,--output", arguments->output_path,
                   "sealed weights to write (default: the model's name with .zksealed)")
      ->type_name(kWritesFile);
  command
      ->add_option("--proof", arguments->proof_path,
                   "encryption proof to write (default: the sealed weights' name with .zkenc)")
      ->type_name(kWritesFile);
  command
      ->add_option("--shares", arguments->shares_path,
                   "key shares to write (default: the sealed weights' name with .zkshares)")
      ->type_name(kWritesFile);
  command->add_option(
      "--sale", arguments->sale,
      "up to 32 bytes that say which sale it is for, bound into ciphertext and proof: text, or hex:00ff..");
  add_verify_limits(*command, arguments->limits);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer seal network.zkmodel --sale order-4711\n"
      "  zkinfer verify-sealed network.zksealed --key network.zkkey\n"
      "  zkinfer unseal network.zksealed --key network.zkkey --shares network.zkshares -o bought.zkmodel\n"
      "The key is fresh each time, and in two shares: the buyer is given one, the other is released against payment. "
      "Takes a slot for each "
      "proof.");
  command->callback([arguments, &session] {
    call_options({{"--context", "--sale"}});
    session.run([&]() -> CommandResult {
      name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
      name_after(arguments->model_path, ".zksealed", "--output", arguments->output_path);
      name_after(arguments->output_path, ".zkenc", "--proof", arguments->proof_path);
      name_after(arguments->output_path, ".zkshares", "--shares", arguments->shares_path);
      return seal(session, *arguments);
    });
  });
}

}  // namespace zkinfer::cli
