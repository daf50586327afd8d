// SPDX-License-Identifier: Apache-2.0
#include "proof_paths.h"

#include <filesystem>

#include "base/text.h"
#include "files.h"
#include "text.h"

namespace zkinfer::cli {

namespace {

// Where no option says it, the opening lies beside its proof.
void name_opening(bool committed, ProofPaths& paths) {
  if (committed && paths.committed.empty()) paths.committed = with_extension(paths.proof, "");
}

}  // namespace

ProofPaths proof_paths_after(const std::string& given, const ProofPaths& asked, bool committed) {
  ProofPaths paths = asked;
  name_after(given, ".zkproof", "--output", paths.proof);
  name_opening(committed, paths);
  return paths;
}

Result<std::vector<ProofPaths>> proof_paths(const Samples& samples, const ProofPaths& asked, bool committed) {
  std::vector<ProofPaths> all(samples.items().size());
  const auto choose = [&](const char* option, const std::string& name, const char* extension, auto field) -> Status {
    ZKI_ASSIGN_OR_RETURN(const std::vector<std::string> names, output_paths(samples, option, name, extension));
    for (std::size_t i = 0; i < all.size(); ++i) all[i].*field = names[i];
    return {};
  };
  ZKI_RETURN_IF_ERROR(choose("--output", asked.proof, ".zkproof", &ProofPaths::proof));
  if (!asked.input_data.empty()) {
    ZKI_RETURN_IF_ERROR(choose("--write-input-data", asked.input_data, ".bin", &ProofPaths::input_data));
  }
  if (!asked.output_data.empty()) {
    ZKI_RETURN_IF_ERROR(choose("--write-output-data", asked.output_data, ".bin", &ProofPaths::output_data));
  }
  if (committed && !asked.committed.empty()) {
    ZKI_RETURN_IF_ERROR(choose("--committed-output", asked.committed, "", &ProofPaths::committed));
  }
  if (!asked.report.empty()) ZKI_RETURN_IF_ERROR(choose("--report", asked.report, ".html", &ProofPaths::report));
  for (ProofPaths& paths : all) name_opening(committed, paths);
  return all;
}

Status refuse_existing(const Samples& samples, const std::vector<ProofPaths>& paths, bool force) {
  if (!samples.many() || force) return {};
  std::size_t count = 0;
  const std::string* first = nullptr;
  for (const ProofPaths& one : paths) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(one.proof, error)) continue;
    ++count;
    if (first == nullptr) first = &one.proof;
  }
  if (count == 0) return {};
  const std::string what =
      in_quotes(*first) + (count == 1 ? " is" : " and " + std::to_string(count - 1) + " more of the proofs are");
  return invalid_argument(what + " there already; name others with --output, or replace them with --force");
}

}  // namespace zkinfer::cli
