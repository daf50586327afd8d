// SPDX-License-Identifier: Apache-2.0
#include "proved_file.h"

#include "machine.h"
#include "stopwatch.h"
#include "text.h"

namespace zkinfer::cli {

namespace {

// What is left to do when the proof is there.
Status check_and_write(const Committed& committed, OutputFiles& files, OutputFiles::Id output,
                       const std::string& output_path, const std::function<Verdict(const VerifyResult&)>& also,
                       const std::vector<CommitmentPaths>& openings, ProvedFile& proved) {
  const Stopwatch watch;
  proved.check = verify(committed.key(), proved.result.proof, proved.result.statement);
  // They are here, and in their ranges: no certificate has to say so.
  if (proved.check.weights == WeightEvidence::kUncertified) proved.check.weights = WeightEvidence::kRederived;
  const Verdict verdict = proved.check.verdict.accepted() && also ? also(proved.check) : proved.check.verdict;
  proved.verify_seconds = watch.seconds();
  if (!verdict.accepted()) return internal_error("the new proof fails its own check: " + verdict.to_string());
  std::vector<NewSecret> secrets;
  if (!openings.empty()) {
    Result<std::vector<NewSecret>> saved = save_openings(proved.result.committed_outputs, openings);
    if (!saved.ok()) return saved.status();
    for (NewSecret& secret : *saved) secrets.push_back(std::move(secret));
  }
  ZKI_RETURN_IF_ERROR(files.write(output, proved.result.proof));
  // The path before the proof, as `prove` does.
  if (!committed.path().empty()) {
    ZKI_ASSIGN_OR_RETURN(proved.path_file, write_path_beside(output_path, committed));
    proved.path_bytes = committed.path().size();
  }
  return publish_with(files, secrets);
}

}  // namespace

Result<ProvedFile> prove_to_file(Committed& committed, const ProveRequest& request, OutputFiles& files,
                                 OutputFiles::Id output, const std::string& output_path,
                                 const std::function<Verdict(const VerifyResult&)>& also,
                                 const std::vector<CommitmentPaths>& openings) {
  ProvedFile proved;
  ZKI_ASSIGN_OR_RETURN(proved.result, committed.prove(request));
  const Status status = check_and_write(committed, files, output, output_path, also, openings, proved);
  if (!status.ok()) return committed.after_proof(status);
  return proved;
}

std::string proved_text(const ProvedFile& proved, double restore_seconds) {
  return "proved and checked in " + human_seconds(process_seconds()) + ", of which " +
         human_seconds(proved.result.stats.total_seconds) + " the proof itself, " +
         human_seconds(proved.verify_seconds) + " its check, " + human_seconds(restore_seconds) +
         " restoring the commitment; proof " + human_bytes(proved.result.proof.size()) + ", peak memory " +
         human_bytes(peak_memory_bytes()) + "\n";
}

void add_proved(nlohmann::ordered_json& json, const ProvedFile& proved, const std::string& output_path,
                double restore_seconds) {
  json["proof"] = output_path;
  json["proof_bytes"] = proved.result.proof.size();
  json["prove_seconds"] = proved.result.stats.total_seconds;
  json["verify_seconds"] = proved.verify_seconds;
  json["restore_seconds"] = restore_seconds;
  if (!proved.path_file.empty()) json["path"] = proved.path_file;
  json["peak_memory_bytes"] = peak_memory_bytes();
}

}  // namespace zkinfer::cli
