// SPDX-License-Identifier: Apache-2.0
// A proof of one inference that is checked before it leaves the house, and written with the path that leads to it.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "committed.h"
#include "data_files.h"
#include "output_files.h"

namespace zkinfer::cli {

struct ProvedFile {
  ProofResult result;
  VerifyResult check;  // of weights that are here, and so known
  double verify_seconds = 0;
  std::string path_file;
  std::size_t path_bytes = 0;
};

// also: what else must hold of the proof. openings: of committed outputs, one each. Publishes the files.
Result<ProvedFile> prove_to_file(Committed& committed, const ProveRequest& request, OutputFiles& files,
                                 OutputFiles::Id output, const std::string& output_path,
                                 const std::function<Verdict(const VerifyResult&)>& also = {},
                                 const std::vector<CommitmentPaths>& openings = {});

// "proved and checked in ..", and the same for programs.
std::string proved_text(const ProvedFile& proved, double restore_seconds);
void add_proved(nlohmann::ordered_json& json, const ProvedFile& proved, const std::string& output_path,
                double restore_seconds);

}  // namespace zkinfer::cli
