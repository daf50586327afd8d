// SPDX-License-Identifier: Apache-2.0
// Inputs of prove and commit-tensor that are no real numbers, and the files of tensor commitments: NAME.zktensor is public,
// NAME.zktsecret is secret and counts slots.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "new_secret.h"
#include "output_files.h"
#include "zkinfer/commit_tensor.h"

namespace zkinfer::cli {

// Files with canonical bytes, [NAME=]FILE each; one list of integers per tensor.
Result<std::vector<std::vector<std::int64_t>>> load_canonical(const std::string& option,
                                                              const std::vector<std::string>& values,
                                                              const std::vector<TensorInfo>& tensors);
// Openings (.zktsecret), [NAME=]FILE each; one per tensor.
Result<std::vector<CommittedTensor>> load_openings(const std::string& option, const std::vector<std::string>& values,
                                                   const std::vector<TensorInfo>& tensors);
// Bytes of the tensor's canonical bytes.
std::uint64_t canonical_size(const TensorInfo& tensor);
// Declares the files of every tensor's canonical bytes, numbered if there are several.
std::vector<OutputFiles::Id> declare_canonical(OutputFiles& files, const std::string& option, const std::string& path,
                                               const std::vector<TensorInfo>& tensors);
// Names of the files of `count` commitments; refuses openings that exist and are finished.
struct CommitmentPaths {
  std::string data, opening;
};
Result<std::vector<CommitmentPaths>> commitment_paths(const std::string& option, const std::string& name,
                                                      std::size_t count);
// Writes the openings, which go again unless publish_with() makes the rest appear.
Result<std::vector<NewSecret>> save_openings(std::vector<CommittedTensor>& tensors,
                                             const std::vector<CommitmentPaths>& paths);

}  // namespace zkinfer::cli
