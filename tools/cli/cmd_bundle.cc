// SPDX-License-Identifier: Apache-2.0
// zkinfer bundle: a proof, its path and its root's certificate -> one file.
#include <memory>

#include "base/text.h"
#include "command.h"
#include "files.h"
#include "formats/frame.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "trust.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::string proof_path, key_path, output_path;
  TrustArguments trust;
  VerifyLimits limits;
  bool force = false;
};

CommandResult bundle(const Session& session, const Arguments& arguments) {
  ZKI_ASSIGN_OR_RETURN(const ProofFile file, load_proof_file(arguments.proof_path));
  // What `verify` would reject for its head alone is not put into a file.
  const bool is_batch = claimed_rows(file.content.proof).has_value();
  if (const Status status = check_frame(is_batch ? FileKind::kBatch : FileKind::kProof, file.content.proof);
      !status.ok()) {
    return status.with_context(in_quotes(arguments.proof_path));
  }
  OutputFiles outputs(arguments.force);
  outputs.reads({arguments.proof_path, arguments.key_path, arguments.trust.certificate_path});
  outputs.reads(arguments.trust.paths);
  if (session.json) outputs.keep_standard_output();
  // What is found without being named is read as much.
  const std::string found_certificate = with_extension(arguments.key_path, ".zkcert");
  outputs.reads(found_certificate);
  outputs.reads(usual_path_files(file, arguments.key_path));
  const OutputFiles::Id output = outputs.add("--output", arguments.output_path, FileKind::kBundle);
  ZKI_RETURN_IF_ERROR(outputs.prepare());
  ZKI_ASSIGN_OR_RETURN(const VerificationKey root, load_key(arguments.key_path, 0, arguments.limits));
  ZKI_ASSIGN_OR_RETURN(const KeyForProof found,
                       require_key_for_proof(root, arguments.key_path, file, arguments.trust.paths));
  ProofBundle content = file.content;
  content.path = found.path;
  if (root.info().num_parameters > 0 && !arguments.trust.uncertified && !root.info().public_parameters &&
      content.certificate.empty()) {
    const std::string& given = arguments.trust.certificate_path;
    const std::string& name = given.empty() ? found_certificate : given;
    ZKI_ASSIGN_OR_RETURN(content.certificate,
                         load_checked(given.empty() ? "" : "--certificate", name, FileKind::kCertificate));
    ZKI_ASSIGN_OR_RETURN(const Verdict verdict, within_limits(name, verify_certificate(root, content.certificate)));
    if (!verdict.accepted()) return invalid_argument("the certificate is rejected: " + verdict_text(verdict));
  }
  const Bytes bytes = content.to_bytes();
  ZKI_RETURN_IF_ERROR(outputs.write(output, bytes));
  ZKI_RETURN_IF_ERROR(outputs.publish());
  if (session.json) {
    print_result(session, {{"bundle", arguments.output_path},
                           {"bundle_bytes", bytes.size()},
                           {"proof_bytes", content.proof.size()},
                           {"path_bytes", content.path.size()},
                           {"certificate_bytes", content.certificate.size()}});
  } else if (!session.quiet) {
    print("wrote {}, {}: proof {}, path {}, certificate {}\n", output_name(arguments.output_path),
          human_bytes(bytes.size()), human_bytes(content.proof.size()), human_bytes(content.path.size()),
          human_bytes(content.certificate.size()));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_bundle(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("bundle", "put a proof and all that verifiers need beside the root key into one file");
  add_proof_and_root(*command, arguments->proof_path, arguments->key_path, arguments->trust.paths);
  command
      ->add_option("-o,--output", arguments->output_path, "bundle to write (default: the proof's name with .zkbundle)")
      ->type_name(kWritesFile);
  command
      ->add_option("--certificate", arguments->trust.certificate_path,
                   "certificate (.zkcert) of the root (default: found beside the key)")
      ->type_name(kReadsFile);
  command->add_flag("--uncertified", arguments->trust.uncertified, "leave the certificate out");
  add_verify_limits(*command, arguments->limits);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer bundle input.zkproof --key network.zkkey\n"
      "  zkinfer verify input.zkbundle --key network.zkkey");
  command->callback([arguments, &session] {
    name_after(arguments->proof_path, ".zkbundle", "--output", arguments->output_path);
    session.run([&] { return bundle(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
