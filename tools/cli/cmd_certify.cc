// SPDX-License-Identifier: Apache-2.0
// zkinfer certify: model and commitment secret -> certificate that every committed weight lies in its declared range.
#include <memory>

#include "base/files.h"
#include "command.h"
#include "committed.h"
#include "files.h"
#include "machine.h"
#include "output_files.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/hex.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string model_path, secret_path, output_path;
  bool force = false;
};

CommandResult certify(const Session& session, const Arguments& arguments) {
  OutputFiles files(arguments.force);
  files.reads({arguments.model_path, arguments.secret_path});
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id output = files.add("--output", arguments.output_path, FileKind::kCertificate);
  ZKI_RETURN_IF_ERROR(files.prepare());
  // As `commit` keeps it: verifiers may have it, and another commitment's would be lost.
  if (!arguments.force && is_kind(arguments.output_path, FileKind::kCertificate)) {
    return invalid_argument("--output " + in_quotes(arguments.output_path) +
                            " is a certificate already, which is good for as long as its key; name another file, or "
                            "replace it with --force");
  }
  ZKI_ASSIGN_OR_RETURN(const Model model, load_model(arguments.model_path));
  ProgressLine progress(session, "certify");
  ZKI_ASSIGN_OR_RETURN(Committed committed, Committed::open(model, arguments.secret_path, progress.callback(0, 0.5)));
  ZKI_RETURN_IF_ERROR(files.reserve(output, committed.proof_room()));
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const Bytes certificate, committed.prover().certify(progress.callback(0.5, 1)));
  const double seconds = watch.seconds();
  const Verdict check = verify_certificate(committed.key(), certificate);
  if (!check.accepted()) return internal_error("the new certificate fails its own check: " + check.to_string());
  ZKI_RETURN_IF_ERROR(committed.after_proof(files.write(output, certificate)));
  ZKI_RETURN_IF_ERROR(committed.after_proof(files.publish()));
  progress.clear();
  if (session.json) {
    print_result(session, {{"certificate", arguments.output_path},
                           {"certificate_bytes", certificate.size()},
                           {"identity", to_hex(committed.key().info().model_identity)},
                           {"parameters", committed.key().info().num_parameters},
                           {"certify_seconds", seconds},
                           {"total_seconds", process_seconds()},
                           {"peak_memory_bytes", peak_memory_bytes()}});
  } else if (!session.quiet) {
    print(
        "certified {} parameters in {}, certificate {}, peak memory {}\nwrote {} (public: give it to verifiers with "
        "the key)\n",
        human_count(committed.key().info().num_parameters), human_seconds(seconds), human_bytes(certificate.size()),
        human_bytes(peak_memory_bytes()), arguments.output_path);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_certify(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("certify", "prove once that every committed weight lies in its declared range");
  command->add_option("model", arguments->model_path, "model package (.zkmodel)")->type_name(kReadsFile)->required();
  add_secret_option(*command, arguments->secret_path);
  command
      ->add_option("-o,--output", arguments->output_path,
                   "certificate to write (default: the model's name with .zkcert)")
      ->type_name(kWritesFile);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer certify digits.zkmodel\n"
      "  zkinfer verify digit_7.zkproof --key digits.zkkey --certificate digits.zkcert\n"
      "For one that was lost: `commit` makes it. Takes one of the slots that the commitment has for proofs.");
  command->callback([arguments, &session] {
    name_after(arguments->model_path, ".zksecret", "--secret", arguments->secret_path);
    name_after(arguments->model_path, ".zkcert", "--output", arguments->output_path);
    session.run([&] { return certify(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
