// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/seal.h"

#include <algorithm>

#include "api/key_impl.h"
#include "api/model_impl.h"
#include "api/prove_request.h"
#include "api/prover_impl.h"
#include "hash/byte_tree.h"
#include "hash/sha256.h"
#include "prover/encrypt.h"
#include "prover/prf.h"
#include "prover/write.h"
#include "verifier/cost.h"

namespace zkinfer {

namespace {

// Of a key with a fixed seed, which hides nothing, always the same for a sale.
Result<prover::KeyShares> new_shares(const prover::CommittedModel& model, const Digest& sale) {
  prover::KeyShares out;
  for (std::uint8_t i = 0; i < out.size(); ++i) {
    Digest seed{};
    if (model.prepared.key.insecure_seed) {
      seed = prover::derive_key("zkinfer insecure key share v1", {model.seed, sale, ByteView(&i, 1)});
    } else {
      ZKI_ASSIGN_OR_RETURN(seed, prover::random_seed());
    }
    std::copy_n(seed.begin(), out[i].size(), out[i].begin());
  }
  return out;
}

}  // namespace

Result<SealedModel> Prover::seal(const SealRequest& request) const {
  Digest sale{};
  ZKI_RETURN_IF_ERROR(api::check_context(request.sale));
  std::ranges::copy(request.sale, sale.begin());
  const prover::CommittedModel& model = impl_->model;
  ZKI_RETURN_IF_ERROR(prover::can_encrypt(model.prepared.key));
  const qir::QGraph& graph = model.prepared.key.graph;
  ZKI_ASSIGN_OR_RETURN(const prover::KeyShares shares, new_shares(model, sale));
  verifier::EncryptionHead head;
  head.identity = model.prepared.identity;
  head.sale = sale;
  for (std::size_t i = 0; i < shares.size(); ++i) head.share_digests[i] = sha256(shares[i]);
  ZKI_RETURN_IF_ERROR(request.progress("encrypt", 0.0));
  const Bytes numbers = prover::encrypt(graph, model.weights, shares, head.nonce());
  head.root = byte_tree_root(numbers, verifier::kSealedLeafBytes);
  const std::uint64_t num_numbers = numbers.size() / sizeof(std::uint64_t);
  const std::uint64_t chunk_blocks = request.chunk_blocks > 0 ? request.chunk_blocks : prover::usual_chunk(num_numbers);
  // All that is wrong is found before the first slot is taken; that verifiers would not check it, too.
  std::vector<prover::EncryptionPlan> plans;
  VerifyCost cost = verifier::number_cost(num_numbers);
  for (const relations::EncryptionChunk& chunk : verifier::encryption_chunks(num_numbers, chunk_blocks, head.nonce())) {
    ZKI_ASSIGN_OR_RETURN(prover::EncryptionPlan plan, prover::plan_encryption(model, chunk));
    cost.nanoseconds += plan.prepared.cost.nanoseconds;
    cost.memory_bytes += plan.prepared.cost.memory_bytes;
    plans.push_back(std::move(plan));
  }
  if (const Status status = verifier::check_cost(cost, request.limits); !status.ok())
    return status.with_context("an encryption in " + std::to_string(plans.size()) + " chunks");
  SealedModel out;
  out.proof = prover::encryption_head_bytes(head, chunk_blocks);
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t first_slot, impl_->take_slots(SlotUse::kProof, plans.size()));
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const std::string name = "chunk " + std::to_string(i + 1) + " of " + std::to_string(plans.size());
    ZKI_ASSIGN_OR_RETURN(const prover::ProveRequest inner,
                         impl_->begin_proof_at(first_slot + i, request.progress.step(i, plans.size(), name)));
    ZKI_ASSIGN_OR_RETURN(const Bytes messages,
                         impl_->ended(prover::prove_encryption(model, plans[i], head, numbers, shares, inner)));
    const Bytes bytes = prover::encryption_chunk_bytes(inner.slot, plans[i].prepared.key.params, messages);
    out.proof.insert(out.proof.end(), bytes.begin(), bytes.end());
  }
  out.sealed = prover::sealed_bytes(head, numbers);
  out.shares = {shares[0], shares[1]};
  out.statement.context = request.sale;
  out.statement.weights = CheckedWeights::uncertified();
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return out;
}

Result<std::uint64_t> Prover::seal_chunks(const SealRequest& request) const {
  const statement::Key& key = impl_->model.prepared.key;
  ZKI_RETURN_IF_ERROR(prover::can_encrypt(key));
  const std::uint64_t num_numbers = qir::packing_of(key.graph).num_numbers;
  const std::uint64_t chunk_blocks = request.chunk_blocks > 0 ? request.chunk_blocks : prover::usual_chunk(num_numbers);
  return verifier::encryption_chunks(num_numbers, chunk_blocks, 0).size();
}

Result<Model> unseal(const VerificationKey& key, ByteView sealed, const KeyShares& shares) {
  const verifier::PreparedKey& prepared = api::impl(key).prepared;
  const statement::Key& own = prepared.key;
  if (own.is_segmented()) return unsupported("unsealing a model that is cut into segments: none is sealed");
  ZKI_ASSIGN_OR_RETURN(const verifier::SealedWeights read,
                       verifier::read_sealed(sealed, qir::packing_of(own.graph).num_numbers));
  if (read.head.identity != prepared.identity)
    return invalid_argument("the weights were sealed under another key than the one given");
  prover::KeyShares both;
  for (const int index : {0, 1}) {
    const std::optional<KeyShare>& share = index == 0 ? shares.k1 : shares.k2;
    const std::string name = index == 0 ? "k1" : "k2";
    if (!share.has_value()) return invalid_argument("share " + name + " of the key is missing; both are needed");
    both[static_cast<std::size_t>(index)] = *share;
    if (sha256(*share) != read.head.share_digests[static_cast<std::size_t>(index)])
      return invalid_argument("share " + name +
                              " is not the one that these weights were sealed under: its SHA-256 is another");
  }
  ZKI_ASSIGN_OR_RETURN(Bytes weights, prover::decrypt(own.graph, read.numbers, both, read.head.nonce()));
  const auto owner = std::make_shared<const Bytes>(std::move(weights));
  auto impl = std::make_shared<api::Access::Impl<Model>>();
  impl->package.graph = own.graph;
  ZKI_ASSIGN_OR_RETURN(impl->package.weights, package::parse_weights(own.graph, *owner, owner));
  impl->package.report = "rebuilt from sealed weights\n";
  return api::Access::make<Model>(std::move(impl));
}

}  // namespace zkinfer
