// SPDX-License-Identifier: Apache-2.0
// What a verifier holds of inputs and outputs, as options: --input-data, --input-digest, --input-commitment and the same for
// outputs. Each value is [NAME=]VALUE; without names the values go to the tensors in the model's order.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "zkinfer/formats.h"
#include "zkinfer/verify.h"

namespace zkinfer::cli {

struct KnownArguments {
  std::string kind;  // "input" or "output"
  std::vector<std::string> data, digests, commitments;
};

// kind as above. The first alone: their data.
void add_data_option(CLI::App& command, KnownArguments& arguments, const std::string& kind);
void add_known_options(CLI::App& command, KnownArguments& arguments, const std::string& kind);
// Of files to verify: that of evaluations, where they all are, of a batch alone, else a proof's.
FileKind kind_of_all(const std::vector<std::string>& paths);
// Errors by the option's name: files that are no bytes of the tensor, and data that no option gives where proofs hold only its hash.
// kind: of a batch data files hold the bytes of all rows, one after the other, and no option speaks of a digest or commitment; of evaluations none
// speaks of anything.
Result<std::vector<KnownTensor>> load_known(const KnownArguments& arguments, const KeyInfo& info,
                                            FileKind kind = FileKind::kProof);
Result<Bytes> load_known_data(const std::string& path, const TensorInfo& tensor);
Status check_data_given(const std::string& option, const std::vector<TensorInfo>& tensors, const TensorPolicy& group,
                        const std::vector<KnownTensor>& known);

// "name=value" or "value": which of `tensors`, and the value. position: of this value among those of the option.
struct NamedValue {
  std::size_t tensor = 0;
  std::string value;
};
Result<NamedValue> parse_named_value(const std::string& option, const std::string& text, std::size_t position,
                                     std::size_t num_values, const std::vector<TensorInfo>& tensors);
// The file of "NAME=FILE" or "FILE", for names of files to write.
std::string file_part(const std::string& text);

}  // namespace zkinfer::cli
