// SPDX-License-Identifier: Apache-2.0
// zkinfer join: the parts of a proof, one of each segment -> the proof.
#include <memory>

#include "base/text.h"
#include "command.h"
#include "files.h"
#include "inputs/input_bytes.h"
#include "output_files.h"
#include "outputs.h"
#include "print.h"
#include "result_json.h"
#include "text.h"
#include "zkinfer/hex.h"
#include "zkinfer/proof_parts.h"

namespace zkinfer::cli {
namespace {

struct Arguments {
  std::vector<std::string> parts;
  std::string output_path;
  bool force = false;
};

// "answer.3.zkpart" -> "answer.zkproof"
std::string proof_name(const std::string& part) {
  std::string stem = with_extension(part, "");
  const std::size_t dot = stem.find_last_of('.');
  const bool is_number = dot != std::string::npos && dot + 1 < stem.size() &&
                         stem.find_first_not_of("0123456789", dot + 1) == std::string::npos;
  return (is_number ? stem.substr(0, dot) : stem) + ".zkproof";
}

CommandResult join(const Session& session, const Arguments& arguments) {
  OutputFiles files(arguments.force);
  files.reads(arguments.parts);
  if (session.json) files.keep_standard_output();
  const OutputFiles::Id file = files.add("--output", arguments.output_path, FileKind::kProof);
  ZKI_RETURN_IF_ERROR(files.prepare());
  std::vector<Bytes> parts;
  for (const std::string& path : arguments.parts) {
    ZKI_ASSIGN_OR_RETURN(Bytes part, read_kind(path, FileKind::kProofPart));
    if (const auto outline = outline_of_part(part); !outline.ok())
      return outline.status().with_context(in_quotes(path));
    parts.push_back(std::move(part));
  }
  ZKI_ASSIGN_OR_RETURN(const Bytes proof, join_parts(parts));
  ZKI_ASSIGN_OR_RETURN(const PartOutline outline, outline_of_part(parts.front()));
  ZKI_RETURN_IF_ERROR(files.write(file, proof));
  ZKI_RETURN_IF_ERROR(files.publish());
  if (session.json) {
    print_result(session, {{"proof", arguments.output_path},
                           {"proof_bytes", proof.size()},
                           {"segments", outline.num_segments},
                           {"slot", outline.slot},
                           {"serving_identity", to_hex(outline.identity)}});
  } else if (!session.quiet) {
    print("wrote {}, {}, of {} parts; check with: zkinfer verify {} --key KEY\n", output_name(arguments.output_path),
          human_bytes(proof.size()), human_count(parts.size()), shell_word(arguments.output_path));
  }
  return ExitCode::kDone;
}

}  // namespace

void add_join(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("join", "put the parts of a proof together, one of each segment");
  command->add_option("parts", arguments->parts, "parts (.zkpart) that `zkinfer prove --plan` made, in any order")
      ->type_name(kReadsFile)
      ->required()
      ->expected(1, 1 << 20);
  command->add_option("-o,--output", arguments->output_path, "proof to write (default: the parts' name with .zkproof)")
      ->type_name(kWritesFile);
  add_force_flag(*command, arguments->force);
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer prove network.zkmodel --input input.npy --write-plan answer.zkplan\n"
      "  zkinfer prove network.zkmodel --plan answer.zkplan --segment 1/2      and 2/2, elsewhere or at the same time\n"
      "  zkinfer join answer.1.zkpart answer.2.zkpart\n"
      "  zkinfer verify answer.zkproof --key network.zkkey");
  command->callback([arguments, &session] {
    if (arguments->output_path.empty()) arguments->output_path = proof_name(arguments->parts.front());
    session.run([&] { return join(session, *arguments); });
  });
}

}  // namespace zkinfer::cli
