// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/prove.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "api/audit_key.h"
#include "api/budget_price.h"
#include "api/circuit_report.h"
#include "api/commit_tensor_impl.h"
#include "api/model_impl.h"
#include "api/prove_request.h"
#include "api/prover_impl.h"
#include "api/secret.h"
#include "api/tensor_commitment_impl.h"
#include "api/tree_files.h"
#include "commit/pcs/code_file.h"
#include "prover/certify.h"
#include "prover/choose_opening.h"
#include "prover/prf.h"
#include "prover/prove.h"
#include "prover/rotate.h"
#include "prover/write.h"
#include "qir/turn.h"
#include "soundness/caps.h"
#include "verifier/cost.h"

namespace zkinfer {

Status Prover::Impl::without_code(const Status& status) const {
  if (status.code() != StatusCode::kCorrupt || code_path.empty()) return status;
  code_is_damaged = true;
  (void)std::remove(code_path.c_str());
  return corrupt(status.message() + "; it is removed, and made again when the commitment is opened next");
}

Result<std::uint64_t> Prover::Impl::take_slots(SlotUse use, std::uint64_t count) const {
  if (code_is_damaged)
    return corrupt("code file '" + code_path + "': it was found damaged and is removed; open the commitment again");
  if (all_slots().total == 0) return 0;
  const Result<std::uint64_t> slot = slots.take(use, count);
  if (slot.ok()) return *slot;
  Status status = slot.status();
  // A file says it itself.
  if (status.code() == StatusCode::kResourceLimit && status.message().find("; ") == std::string::npos)
    status = resource_limit(status.message() + "; " + std::string(kModelSecretFile.remedy));
  return status.with_context(use == SlotUse::kRotation ? "no slot for a rotation" : "no slot for a proof");
}

Result<prover::ProveRequest> Prover::Impl::begin_proof_at(std::uint64_t slot, const Progress& progress) const {
  prover::ProveRequest request;
  if (!model.prepared.key.insecure_seed) {
    ZKI_ASSIGN_OR_RETURN(request.entropy, prover::random_seed());
  }
  request.progress = progress;
  request.slot = all_slots().total == 0 ? 0 : slot;
  ++proofs_made;
  return request;
}

Result<prover::ProveRequest> Prover::Impl::begin_proof(SlotUse use, const Progress& progress) const {
  ZKI_ASSIGN_OR_RETURN(const std::uint64_t slot, take_slots(use, 1));
  return begin_proof_at(slot, progress);
}

Prover::Prover(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Prover::~Prover() = default;
Prover::Prover(Prover&&) noexcept = default;
Prover& Prover::operator=(Prover&&) noexcept = default;

namespace {

Result<prover::CommittedModel> commit_parts(const prover::CutModel& cut, const prover::ModelOptions& options,
                                            const Digest& seed, const Progress& progress, pcs::NewCodeFile* code) {
  prover::CommittedModel model;
  model.seed = seed;
  ZKI_ASSIGN_OR_RETURN(model.prepared.key, prover::commit_segments(cut, options, seed, progress, code));
  return model;
}

}  // namespace

Status Prover::Impl::publish(pcs::NewCodeFile* code, const std::string& path) {
  if (code == nullptr) return ok_status();
  ZKI_RETURN_IF_ERROR(code->publish());
  if (cut == nullptr) return ok_status();
  ZKI_ASSIGN_OR_RETURN(segment_codes, pcs::CodeFile::open(path));
  return ok_status();
}

std::uint32_t usual_pow_bits(Profile profile) {
  switch (profile) {
    case Profile::kBalanced: return Security().pow_bits;
    case Profile::kFast: return 12;
    case Profile::kSmall: return 22;
  }
  ZKI_CHECK(false, "every profile has its grinding");
  return 0;
}

Result<Prover> Prover::create(const Model& model, const CommitOptions& options) {
  ZKI_RETURN_IF_ERROR(options.security.validate());
  if (options.role != CommitmentRole::kSingle && options.public_parameters) {
    return invalid_argument(
        "a commitment to public parameters serves any number of proofs; it needs no others below it");
  }
  if (options.budget == 1 && !options.public_parameters) {
    return invalid_argument(
        "budget of 1 proof, expected at least 2: the last one is kept for rotation to the next commitment");
  }
  ZKI_RETURN_IF_ERROR(options.progress("commit to the weights", 0.0));
  prover::ModelOptions model_options;
  model_options.security = options.security;
  model_options.budget = options.budget;
  model_options.tensor_budget = options.tensor_budget;
  model_options.visibility = {options.inputs, options.outputs, options.public_parameters,
                              qir::is_turn(api::impl(model).package.graph)};
  // What is below a root holds the root's model, which was tried with it.
  model_options.check_model = options.role == CommitmentRole::kSingle || options.role == CommitmentRole::kRoot;
  Digest seed{};
  if (options.insecure_seed) {
    seed = *options.insecure_seed;
  } else {
    ZKI_ASSIGN_OR_RETURN(seed, prover::random_seed());
  }
  const package::Package& package = api::impl(model).package;
  auto impl = std::make_unique<Impl>();
  const std::string code_file = options.code_files ? options.code_file : std::string();
  ZKI_ASSIGN_OR_RETURN(impl->cut, api::cut_of(package));
  const auto commit = [&]() -> Status {
    std::unique_ptr<pcs::NewCodeFile> code;
    if (!code_file.empty()) {
      ZKI_ASSIGN_OR_RETURN(code, pcs::NewCodeFile::create(code_file));
    }
    ZKI_ASSIGN_OR_RETURN(impl->model,
                         impl->cut == nullptr
                             ? prover::commit_model(package.graph, package.weights, model_options, seed, code.get())
                             : commit_parts(*impl->cut, model_options, seed, options.progress, code.get()));
    return impl->publish(code.get(), code_file);
  };
  const Status committed = commit();
  if (committed.code() == StatusCode::kIo && !code_file.empty()) {
    return Status(StatusCode::kIo,
                  committed.message() + "; free some, or leave the code word off the disk (CommitOptions::code_files)");
  }
  ZKI_RETURN_IF_ERROR(committed);
  impl->whole = api::impl(model).package.record.whole;
  impl->role = options.role;
  impl->code_path = code_file;
  impl->code_files = options.code_files;
  impl->set_insecure(options.insecure_seed.has_value());
  impl->key = prover::key_bytes(impl->model.prepared.key);
  impl->slots.begin(impl->all_slots());
  ZKI_RETURN_IF_ERROR(options.progress("done", 1.0));
  return Prover(std::move(impl));
}

Bytes Prover::commitment_secret() const { return impl_->secret().to_bytes(); }

Result<CommitmentInfo> read_commitment_secret(ByteView commitment_secret) {
  ZKI_ASSIGN_OR_RETURN(const api::Secret secret, api::parse_secret(commitment_secret));
  return CommitmentInfo{secret.identity, secret.params.model_budget, secret.role};
}

Result<Prover> Prover::restore(const Model& model, ByteView commitment_secret, std::shared_ptr<SlotStore> slots,
                               Progress progress, const std::string& code_file) {
  ZKI_ASSIGN_OR_RETURN(const api::Secret secret, api::parse_secret(commitment_secret));
  if (secret.params.model_budget > 0 && slots == nullptr) {
    return invalid_argument(
        "a commitment with a budget of proofs is restored without its count of used ones; give the SlotStore that has "
        "it");
  }
  const package::Package& package = api::impl(model).package;
  auto impl = std::make_unique<Impl>();
  ZKI_ASSIGN_OR_RETURN(impl->cut, api::cut_of(package));
  ZKI_ASSIGN_OR_RETURN(statement::Key key_again, api::key_of(secret, package.graph, impl->cut.get()));
  prover::SegmentCodes codes;
  if (!code_file.empty() && pcs::CodeFile::exists(code_file)) {
    auto there = pcs::CodeFile::open(code_file);
    if (!there.ok() && there.status().code() != StatusCode::kCorrupt) return there.status();
    // Else damaged, of another version, left from another commitment of this name, or from a process that was too late to make one: made again, over it.
    const bool is_own =
        there.ok() && (impl->cut != nullptr ? prover::check_codes(key_again, *there).ok()
                                            : there->size() == 1 && (*there)[0]->root() == secret.commitment.root);
    if (is_own) codes = std::move(there).value();
    if (!is_own) ZKI_RETURN_IF_ERROR(progress("make the code file again", 0.0));
  }
  bool has_code = !codes.empty();
  ZKI_RETURN_IF_ERROR(progress(has_code ? "open the weight commitment" : "rebuild the weight commitment", 0.0));
  const auto make_again = [&]() -> Status {
    std::unique_ptr<pcs::NewCodeFile> code;
    if (!has_code && !code_file.empty() && secret.has_weights()) {
      ZKI_ASSIGN_OR_RETURN(code, pcs::NewCodeFile::create(code_file));
    }
    if (has_code || code != nullptr) impl->code_path = code_file;
    if (impl->cut == nullptr) {
      ZKI_ASSIGN_OR_RETURN(impl->model, has_code ? prover::reopen_model(package.graph, package.weights, secret.params,
                                                                        secret.visibility, secret.seed, codes[0])
                                                 : prover::recommit_model(package.graph, package.weights, secret.params,
                                                                          secret.visibility, secret.seed, code.get()));
    } else {
      // Each part is opened, and compared, when its turn comes.
      if (code != nullptr)
        ZKI_RETURN_IF_ERROR(prover::write_codes(*impl->cut, key_again, secret.seed, *code, progress));
      impl->model.prepared.key = std::move(key_again);
      impl->model.seed = secret.seed;
      impl->segment_codes = std::move(codes);
    }
    return impl->publish(code.get(), code_file);
  };
  Status again = make_again();
  if (has_code && again.code() == StatusCode::kCorrupt) {
    has_code = false;
    ZKI_RETURN_IF_ERROR(progress("make the code file again", 0.0));
    again = make_again();
  }
  if (!again.ok()) return again.with_context("commitment secret");
  impl->whole = package.record.whole;
  impl->role = secret.role;
  impl->code_files = secret.code_files;
  impl->set_insecure(secret.insecure_seed);
  if (impl->model.prepared.key.identity() != secret.identity) {
    if (!has_code && !code_file.empty())
      (void)std::remove(code_file.c_str());  // just written, for the wrong commitment
    return invalid_argument("commitment secret: it belongs to another model than '" + package.graph.name +
                            "', of the same structure; give the model file it was made for");
  }
  impl->key = prover::key_bytes(impl->model.prepared.key);
  // The secret says under which parameters to prove: they must hide and prove what a verifier would ask of them.
  auto key = statement::parse_key(impl->key);
  if (!key.ok()) return key.status().with_context("commitment secret");
  // With a code file it is prepared already; of a model that is cut, its segments are when their turn comes.
  if (!has_code || impl->cut != nullptr) {
    const auto prepared = verifier::prepare(std::move(key).value(), kNoVerifyLimits);
    if (!prepared.ok()) return prepared.status().with_context("commitment secret");
  }
  impl->slots.begin(std::move(slots));
  ZKI_RETURN_IF_ERROR(progress("done", 1.0));
  return Prover(std::move(impl));
}

std::string code_file_of(const std::string& secret_path) {
  const std::size_t slash = secret_path.find_last_of('/');
  const std::size_t dot = secret_path.find_last_of('.');
  const bool has_extension = dot != std::string::npos && dot > 0 && (slash == std::string::npos || dot > slash + 1);
  return (has_extension ? secret_path.substr(0, dot) : secret_path) + ".zkcode";
}

bool code_file_pays(std::uint64_t num_parameters, std::uint64_t budget) {
  return num_parameters > 0 && soundness::model_cap(num_parameters, budget) >= std::uint64_t{1} << 22;
}

bool code_file_pays(const Model& model, const CommitOptions& options) {
  if (!options.code_files) return false;
  const bool is_public = options.public_parameters || !options.security.zero_knowledge;
  const std::uint64_t usual = soundness::default_model_budget(model.num_parameters());
  return code_file_pays(model.num_parameters(), is_public ? 0 : options.budget != 0 ? options.budget : usual);
}

namespace api {
Result<std::string> code_file_for(const Model& model, const SlotFile& secret_file) {
  ZKI_ASSIGN_OR_RETURN(const Secret secret, parse_secret(secret_file.payload()));
  const std::string path = code_file_of(secret_file.path());
  const bool pays = code_file_pays(model.num_parameters(), secret_file.slots().total);
  return secret.code_files && (pays || pcs::CodeFile::exists(path)) ? path : std::string();
}
}  // namespace api

Result<Prover> Prover::open(const Model& model, const std::string& secret_path, Progress progress, bool code_file) {
  ZKI_ASSIGN_OR_RETURN(SlotFile opened, SlotFile::open(secret_path, kModelSecretFile));
  auto file = std::make_shared<SlotFile>(std::move(opened));
  std::string code_path;
  if (code_file) {
    ZKI_ASSIGN_OR_RETURN(code_path, api::code_file_for(model, *file));
  }
  Result<Prover> prover = restore(model, file->payload(), file, std::move(progress), code_path);
  if (!prover.ok()) return prover.status().with_context("'" + secret_path + "'");
  if (const SlotRange all = prover->all_slots();
      file->slots().total != all.total || file->slots().num_kept != all.num_kept) {
    return corrupt("'" + secret_path + "': it counts slots of another commitment than the one it holds");
  }
  return prover;
}

Status Prover::save(const std::string& secret_path) {
  return save([&](ByteView secret, const SlotRange& slots) -> Result<std::shared_ptr<SlotStore>> {
    ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::create(secret_path, kModelSecretFile, secret, slots));
    return std::shared_ptr<SlotStore>(std::make_shared<SlotFile>(std::move(file)));
  });
}

Status Prover::save(const MakeSlotStore& make_store) {
  return impl_->slots.move_to([&](const SlotRange& slots) { return make_store(commitment_secret(), slots); });
}

const Bytes& Prover::verification_key() const { return impl_->key; }
std::uint64_t Prover::proofs_made() const { return impl_->proofs_made; }
SlotRange Prover::all_slots() const { return impl_->all_slots(); }
Bytes Prover::audit_key() const {
  const prover::CommittedModel& model = impl_->model;
  return api::audit_key_bytes(model.prepared.identity,
                              impl_->cut == nullptr
                                  ? std::vector<Digest>{model.rows_key}
                                  : prover::segment_rows_keys(*impl_->cut, model.prepared.key, model.seed));
}

CommitOptions Prover::options() const {
  const statement::Key& key = impl_->model.prepared.key;
  CommitOptions options;
  options.security = key.params.security;
  options.inputs = key.visibility.inputs;
  options.outputs = key.visibility.outputs;
  options.public_parameters = key.visibility.public_params;
  options.tensor_budget = key.params.data.empty() ? 0 : key.params.data[0].budget;
  options.budget = key.params.model_budget;
  options.role = impl_->role;
  options.code_files = impl_->code_files;
  return options;
}

BudgetPrice Prover::price() const { return api::price_of(impl_->model.prepared.key); }

Result<BudgetPrice> Prover::default_price() const {
  const statement::Key& key = impl_->model.prepared.key;
  if (key.is_segmented()) return price();
  prover::ModelOptions usual;
  usual.security = key.params.security;
  usual.tensor_budget = key.params.data.empty() ? 0 : key.params.data[0].budget;
  usual.visibility = key.visibility;
  ZKI_ASSIGN_OR_RETURN(const pcs::OpeningParams params,
                       prover::choose_opening(key.graph, impl_->model.prepared.compiled, usual));
  statement::Key usual_key;
  usual_key.params = params;
  return api::price_of(usual_key);
}

std::string Prover::circuit_report() const { return api::circuit_report(impl_->model.prepared); }

Result<Bytes> Prover::certify(const Progress& progress) const {
  const bool only_key_proofs = impl_->role == CommitmentRole::kRoot || impl_->role == CommitmentRole::kInner;
  const SlotUse use = only_key_proofs ? SlotUse::kRotation : SlotUse::kProof;
  ZKI_ASSIGN_OR_RETURN(const prover::ProveRequest request, impl_->begin_proof(use, progress));
  const prover::CommittedModel& model = impl_->model;
  return impl_->ended(impl_->cut != nullptr ? prover::certify_segments(*impl_->cut, model.prepared.key, model.seed,
                                                                       impl_->segment_codes, request)
                                            : prover::certify(model, request));
}

Result<Bytes> Prover::rotate(const Prover& fresh, const Progress& progress, const SlotsTaken& slots_taken) const {
  // This commitment's slot may be its last: nothing else must fail after it is taken.
  ZKI_RETURN_IF_ERROR(impl_->can_rotate(*fresh.impl_));
  const SlotUse fresh_use = fresh.impl_->role == CommitmentRole::kSingle ? SlotUse::kProof : SlotUse::kRotation;
  ZKI_ASSIGN_OR_RETURN(const prover::ProveRequest fresh_request, fresh.impl_->begin_proof(fresh_use, {}));
  ZKI_ASSIGN_OR_RETURN(prover::ProveRequest request, impl_->begin_proof(SlotUse::kRotation, progress));
  request.new_slot = fresh_request.slot;
  if (slots_taken) ZKI_RETURN_IF_ERROR(slots_taken(request.slot));
  const prover::CommittedModel& before = impl_->model;
  const prover::CommittedModel& after = fresh.impl_->model;
  return impl_->ended(impl_->cut != nullptr
                          ? prover::rotate_segments(*impl_->cut, before.prepared.key, before.seed, impl_->segment_codes,
                                                    after.prepared.key, after.seed, fresh.impl_->segment_codes, request)
                          : prover::rotate(before, after, request));
}

Result<ProofResult> Prover::prove(std::span<const TensorView> inputs, ByteView context,
                                  const Progress& progress) const {
  ProveRequest request;
  request.inputs.assign(inputs.begin(), inputs.end());
  request.context.assign(context.begin(), context.end());
  request.progress = progress;
  return prove(request);
}

ProveStats api::stats_of(const prover::ProveTimes& times) {
  return {times.execute,      times.witness,         times.commit,
          times.outer.lookup, times.outer.relations, times.outer_claim + times.opening,
          times.total};
}

Result<ProofResult> Prover::prove(const ProveRequest& request) const {
  ZKI_RETURN_IF_ERROR(api::check_context(request.context));
  const statement::Key& key = impl_->model.prepared.key;
  prover::ProveRequest inputs;
  std::vector<Clipping> clipping;
  ZKI_RETURN_IF_ERROR(api::set_inputs(key, impl_->whole, request, inputs, clipping));
  // The model's slot first: where it has none, those of the inputs, which are fewer, must not be spent.
  ZKI_ASSIGN_OR_RETURN(prover::ProveRequest inner, impl_->begin_proof(SlotUse::kProof, request.progress));
  // All, or the last.
  const std::size_t first_committed_input = key.graph.inputs.size() - request.committed_inputs.size();
  for (std::size_t i = 0; i < request.committed_inputs.size(); ++i) {
    const Result<std::uint64_t> slot = api::impl(*request.committed_inputs[i]).slots.take(SlotUse::kProof);
    if (!slot.ok())
      return impl_->ended(Result<ProofResult>(slot.status().with_context(
          "no slot of committed input '" + key.graph.value(key.graph.inputs[first_committed_input + i]).name + "'")));
  }
  inner.inputs = std::move(inputs.inputs);
  inner.committed_inputs = std::move(inputs.committed_inputs);
  std::copy(request.context.begin(), request.context.end(), inner.context.begin());
  ZKI_ASSIGN_OR_RETURN(prover::Proof proof,
                       impl_->ended(impl_->cut != nullptr ? prover::prove_segments(*impl_->cut, key, impl_->model.seed,
                                                                                   impl_->segment_codes, inner)
                                                          : prover::prove(impl_->model, inner)));
  ProofResult result;
  result.clipping = std::move(clipping);
  result.proof = std::move(proof.bytes);
  result.inputs = std::move(proof.inputs);
  result.outputs = std::move(proof.outputs);
  const std::size_t first_committed_output = key.graph.outputs.size() - proof.committed_outputs.size();
  for (std::size_t i = 0; i < proof.committed_outputs.size(); ++i) {
    SlotRange slots = SlotRange::whole(proof.committed_outputs[i]->params.budget, 0);
    slots.next = 1;
    result.committed_outputs.push_back(
        api::Access::make<CommittedTensor>(std::make_shared<api::Access::Impl<CommittedTensor>>(
            api::tensor_info(key.graph.value(key.graph.outputs[first_committed_output + i])),
            proof.committed_outputs[i], slots)));
  }
  result.statement = api::statement_of(key, request.context, {{{result.inputs, result.outputs, {}}}});
  for (std::size_t i = 0; i < request.committed_inputs.size(); ++i)
    result.statement.inputs[first_committed_input + i].commitment = request.committed_inputs[i]->commitment();
  for (std::size_t i = 0; i < result.committed_outputs.size(); ++i)
    result.statement.outputs[first_committed_output + i].commitment = result.committed_outputs[i].commitment();
  result.stats = api::stats_of(proof.times);
  return result;
}

}  // namespace zkinfer
