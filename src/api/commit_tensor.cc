// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/commit_tensor.h"

#include <algorithm>
#include <system_error>

#include "api/commit_tensor_impl.h"
#include "api/key_impl.h"
#include "api/tensor_commitment_impl.h"
#include "formats/frame.h"
#include "prover/commit_model.h"
#include "prover/prf.h"

namespace zkinfer {

namespace {

TensorCommitment public_side(const TensorInfo& tensor, const prover::CommittedValues& data) {
  using Impl = api::Access::Impl<TensorCommitment>;
  return api::Access::make<TensorCommitment>(std::make_shared<const Impl>(Impl{tensor, data.params, data.commitment}));
}

Result<CommittedTensor> commit(const TensorInfo& tensor, std::vector<std::int64_t> integers,
                               const pcs::TensorOracle& oracle, const std::optional<Digest>& insecure_seed) {
  // Also checks number and range.
  if (const Result<Bytes> bytes = canonical_bytes(tensor, integers); !bytes.ok()) return bytes.status();
  Digest seed{};
  if (insecure_seed.has_value()) {
    seed = *insecure_seed;
  } else {
    ZKI_ASSIGN_OR_RETURN(seed, prover::random_seed());
  }
  ZKI_ASSIGN_OR_RETURN(prover::CommittedValues data, prover::commit_tensor(std::move(integers), oracle, seed));
  const SlotRange slots = SlotRange::whole(oracle.budget, 0);
  return api::Access::make<CommittedTensor>(std::make_shared<api::Access::Impl<CommittedTensor>>(
      tensor, std::make_shared<prover::CommittedValues>(std::move(data)), slots));
}

}  // namespace

CommittedTensor::Impl::Impl(TensorInfo info, std::shared_ptr<const prover::CommittedValues> committed)
    : tensor(std::move(info)), data(std::move(committed)), commitment(public_side(tensor, *data)) {}

Result<CommittedTensor> CommittedTensor::create(const VerificationKey& key, std::size_t input_index,
                                                std::vector<std::int64_t> integers,
                                                const std::optional<Digest>& insecure_seed) {
  const KeyInfo& info = key.info();
  if (!info.inputs.is_committed() && !(info.carries && input_index + 1 == info.input_tensors.size())) {
    return invalid_argument(
        "the inputs of model '" + info.model_name +
        "' are not committed under this key; commit to the model with CommitOptions::inputs committed");
  }
  if (input_index >= info.input_tensors.size()) {
    return invalid_argument("input " + std::to_string(input_index) + ", the model has " +
                            std::to_string(info.input_tensors.size()) + ", counted from 0");
  }
  const std::vector<pcs::TensorOracle>& oracles = api::impl(key).prepared.key.params.data;
  // Outputs come first.
  return commit(info.input_tensors[input_index], std::move(integers),
                oracles[oracles.size() - (info.input_tensors.size() - input_index)], insecure_seed);
}

Result<CommittedTensor> CommittedTensor::create(const VerificationKey& key, std::size_t input_index,
                                                const TensorView& values, const std::optional<Digest>& insecure_seed) {
  std::vector<std::int64_t> integers;
  if (input_index < key.info().input_tensors.size()) {
    ZKI_ASSIGN_OR_RETURN(integers, to_integers(key.info().input_tensors[input_index], values));
  }
  return create(key, input_index, std::move(integers), insecure_seed);
}

Result<CommittedTensor> CommittedTensor::create(const TensorInfo& tensor, std::vector<std::int64_t> integers,
                                                const TensorCommitOptions& options) {
  ZKI_RETURN_IF_ERROR(api::check_tensor(tensor));
  ZKI_RETURN_IF_ERROR(options.security.validate());
  if (!options.security.zero_knowledge) {
    return invalid_argument("a tensor commitment without zero knowledge hides nothing; publish the tensor instead");
  }
  const std::uint64_t budget = options.budget != 0 ? options.budget : prover::kDefaultTensorBudget;
  ZKI_ASSIGN_OR_RETURN(const pcs::TensorOracle oracle,
                       prover::tensor_oracle_params(tensor.num_elements(), budget, options.security));
  return commit(tensor, std::move(integers), oracle, options.insecure_seed);
}

Bytes CommittedTensor::secret() const {
  ByteWriter writer;
  write_frame(writer, FileKind::kTensorPayload);
  writer.blob(impl_->commitment.to_bytes());
  writer.raw(impl_->data->seed);
  const Result<Bytes> integers = canonical_bytes(impl_->tensor, impl_->data->values);
  ZKI_CHECK(integers.ok(), "the integers were checked when they were committed to");
  writer.raw(*integers);
  return std::move(writer).take();
}

Result<CommittedTensor> CommittedTensor::restore(ByteView secret, std::shared_ptr<SlotStore> slots) {
  if (slots == nullptr)
    return invalid_argument(
        "a tensor secret is restored without its count of used slots; give the SlotStore that has it");
  ZKI_ASSIGN_OR_RETURN(ByteReader reader, open_frame(FileKind::kTensorPayload, secret));
  const ByteView commitment_bytes = reader.blob(kMaxTensorCommitmentBytes);
  Digest seed{};
  const ByteView seed_bytes = reader.raw(seed.size());
  if (!reader.ok()) return corrupt("tensor secret: truncated");
  std::copy(seed_bytes.begin(), seed_bytes.end(), seed.begin());
  Result<TensorCommitment> commitment = TensorCommitment::from_bytes(commitment_bytes);
  if (!commitment.ok()) return commitment.status().with_context("tensor secret");
  const auto& expected = api::impl(*commitment);
  Result<std::vector<std::int64_t>> integers = parse_canonical_bytes(expected.tensor, reader.raw(reader.remaining()));
  if (!integers.ok()) return corrupt("tensor secret: " + integers.status().message());
  Result<prover::CommittedValues> data = prover::commit_tensor(std::move(integers).value(), expected.oracle, seed);
  if (!data.ok()) return corrupt("tensor secret: " + data.status().message());
  if (data->commitment != expected.commitment) {
    return corrupt("tensor secret: integers and seed do not make the commitment that it names; the file was changed");
  }
  auto impl =
      std::make_shared<Impl>(expected.tensor, std::make_shared<prover::CommittedValues>(std::move(data).value()));
  impl->slots.begin(std::move(slots));
  return CommittedTensor(std::move(impl));
}

Result<CommittedTensor> CommittedTensor::open(const std::string& opening_path) {
  ZKI_ASSIGN_OR_RETURN(SlotFile opened, SlotFile::open(opening_path, kTensorSecretFile));
  auto file = std::make_shared<SlotFile>(std::move(opened));
  const Bytes secret = file->payload();
  Result<CommittedTensor> tensor = restore(secret, file);
  if (!tensor.ok()) return tensor.status().with_context("'" + opening_path + "'");
  if (file->slots().total != tensor->all_slots().total || file->slots().num_kept != 0) {
    return corrupt("'" + opening_path + "': it counts slots of another budget than its commitment has");
  }
  return tensor;
}

Status CommittedTensor::save(const std::string& opening_path) {
  return impl_->slots.move_to([&](const SlotRange& slots) -> Result<std::shared_ptr<SlotStore>> {
    ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::create(opening_path, kTensorSecretFile, secret(), slots));
    return std::shared_ptr<SlotStore>(std::make_shared<SlotFile>(std::move(file)));
  });
}

const TensorCommitment& CommittedTensor::commitment() const { return impl_->commitment; }
const std::vector<std::int64_t>& CommittedTensor::integers() const { return impl_->data->values; }
SlotRange CommittedTensor::all_slots() const { return SlotRange::whole(impl_->commitment.budget(), 0); }

}  // namespace zkinfer
