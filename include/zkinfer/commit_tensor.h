// SPDX-License-Identifier: Apache-2.0
// Commit to an input, so that proofs, other models and other parties can refer to it without seeing it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zkinfer/model.h"
#include "zkinfer/security.h"
#include "zkinfer/slots.h"
#include "zkinfer/tensor_commitment.h"
#include "zkinfer/verify.h"

namespace zkinfer {

namespace api {
struct Access;  // the implementation's way to what is private here
}

// The .zktsecret of a tensor commitment (docs/formats/tensor.md); its payload is CommittedTensor::secret().
inline constexpr SlotFileKind kTensorSecretFile = {FileKind::kTensorSecret, "CommittedTensor::save",
                                                   "commit to the data again (CommittedTensor::create), under a key "
                                                   "with a larger CommitOptions::tensor_budget if need be",
                                                   "bring it back; or commit to the data again "
                                                   "(CommittedTensor::create), which is another commitment"};

// Of commitments that are made without a key. Keys that were made with the same numbers take them.
struct TensorCommitOptions {
  Security security;
  std::uint64_t budget = 0;  // proofs that the commitment may serve; 0: a default
  // Tests and benchmarks only: a commitment that hides nothing from whoever knows it.
  std::optional<Digest> insecure_seed;
};

// A tensor with its commitment: holds the integers and the commitment's randomness, both secret. Every proof that opens
// it takes one of its slots. Copies share one count. Threads may share it as they may share a Prover (prove.h).
class CommittedTensor {
 public:
  // To an input of a key whose inputs are committed. Errors: the key does not commit to inputs, integers of another number or
  // outside of the input's range.
  static Result<CommittedTensor> create(const VerificationKey& key, std::size_t input_index,
                                        std::vector<std::int64_t> integers,
                                        const std::optional<Digest>& insecure_seed = {});
  // Rounded as Model::run does.
  static Result<CommittedTensor> create(const VerificationKey& key, std::size_t input_index, const TensorView& values,
                                        const std::optional<Digest>& insecure_seed = {});
  // To any tensor, for models that will be made to take it (CompileOptions::input_formats).
  static Result<CommittedTensor> create(const TensorInfo& tensor, std::vector<std::int64_t> integers,
                                        const TensorCommitOptions& options = {});
  // The same commitment again, from the file that save() wrote; makes the code word again.
  static Result<CommittedTensor> open(const std::string& opening_path);
  // From secret(), for programs that keep secret and count elsewhere: `slots` must be the one count of this commitment.
  static Result<CommittedTensor> restore(ByteView secret, std::shared_ptr<SlotStore> slots);

  // The public side, for verifiers and for others who want to refer to the tensor.
  const TensorCommitment& commitment() const;
  const std::vector<std::int64_t>& integers() const;
  // Writes the secret and the count to a file, where later slots are taken from; before that they are counted in memory only.
  // kInvalidArgument if the slots are counted elsewhere already, or the file exists: it may be all that opens another one.
  Status save(const std::string& opening_path);
  // Secret: integers and seed (docs/formats/tensor.md).
  Bytes secret() const;
  // The slots of this commitment, none of them used.
  SlotRange all_slots() const;

 private:
  friend struct api::Access;
  struct Impl;
  explicit CommittedTensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace zkinfer
