// SPDX-License-Identifier: Apache-2.0
// What a public Prover holds; shared by the files of this folder.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "api/access.h"
#include "api/secret.h"
#include "api/slot_counter.h"
#include "base/mutex.h"
#include "prover/joint.h"
#include "prover/prove_batch.h"
#include "prover/rotate.h"
#include "prover/segments.h"
#include "zkinfer/prove.h"

namespace zkinfer {

namespace api {

// The plans of the last proofs of many rows, for the next ones of as many; threads share them.
class RowPlans {
 public:
  using Plan = Result<prover::BatchPlan> (*)(const prover::CommittedModel& model, std::uint64_t num_rows);
  explicit RowPlans(Plan plan) : make_(plan) {}
  Result<std::shared_ptr<const prover::BatchPlan>> get(const prover::CommittedModel& model, std::uint64_t num_rows) {
    {
      const Lock lock(mutex_);
      for (const auto& plan : plans_)
        if (plan->prepared.num_rows == num_rows) return plan;
    }
    ZKI_ASSIGN_OR_RETURN(prover::BatchPlan made, make_(model, num_rows));
    auto plan = std::make_shared<const prover::BatchPlan>(std::move(made));
    const Lock lock(mutex_);
    if (plans_.size() == kKept) plans_.erase(plans_.begin());
    plans_.push_back(plan);
    return plan;
  }

 private:
  static constexpr std::size_t kKept = 4;
  const Plan make_;
  Mutex mutex_;
  std::vector<std::shared_ptr<const prover::BatchPlan>> plans_;
};

// How many rows one proof has, unless somebody says otherwise; built: the circuit of num_rows of them, kSomeRows where there are as many.
inline constexpr std::uint64_t kSomeRows = 64;
Result<std::uint64_t> usual_rows(const prover::CommittedModel& model, std::uint64_t num_rows,
                                 Result<circuit::Circuit> built);
ProveStats stats_of(const prover::ProveTimes& times);

}  // namespace api

struct Prover::Impl {
  prover::CommittedModel model;
  std::shared_ptr<const prover::CutModel> cut;  // of a model that is cut: `model` then has key and seed alone
  prover::SegmentCodes segment_codes;           // of it
  CommitmentRole role = CommitmentRole::kSingle;
  Bytes key;
  bool code_files = true;          // CommitOptions::code_files
  std::string code_path;           // of the code file that rows are read from; empty: none
  std::vector<WholeTensor> whole;  // CompileRecord::whole
  // All that changes once the object is made.
  mutable api::SlotCounter slots;
  mutable std::atomic<std::uint64_t> proofs_made = 0;
  mutable std::atomic<bool> code_is_damaged = false;  // then no more slots are taken for it
  mutable api::RowPlans batch_plans{prover::plan_batch};
  mutable api::RowPlans joint_plans{prover::plan_joint};

  void set_insecure(bool insecure) {
    model.prepared.key.insecure_seed = insecure;
    for (statement::Key& segment : model.prepared.key.segments) segment.insecure_seed = insecure;
    model.prepared.identity = model.prepared.key.identity();
  }
  SlotRange all_slots() const { return api::all_slots(role, model.prepared.key.params.model_budget); }
  api::Secret secret() const {
    const statement::Key& own = model.prepared.key;
    api::Secret out{model.seed,        own.identity(), own.visibility,
                    own.insecure_seed, code_files,     role,
                    own.params,        own.commitment, {}};
    for (const statement::Key& segment : own.segments) out.segments.push_back({segment.params, segment.commitment});
    return out;
  }
  Status can_rotate(const Impl& fresh) const {
    if (cut == nullptr && fresh.cut == nullptr) return prover::can_rotate(model, fresh.model);
    const bool same = cut != nullptr && fresh.cut != nullptr && cut->same_weights(*fresh.cut);
    return same ? ok_status() : invalid_argument("rotation: the two commitments are of different models");
  }
  // Names the new code file, if there is one, and opens it where segments read from it.
  Status publish(pcs::NewCodeFile* code, const std::string& path);
  // Takes a slot, and fresh entropy for its proof.
  Result<prover::ProveRequest> begin_proof(SlotUse use, const Progress& progress) const;
  // The two apart, of proofs that are made together or not at all: the first of so many slots; 0 where proofs take none.
  Result<std::uint64_t> take_slots(SlotUse use, std::uint64_t count) const;
  Result<prover::ProveRequest> begin_proof_at(std::uint64_t slot, const Progress& progress) const;
  // Removes a code file that was found damaged: it is a cache.
  Status without_code(const Status& status) const;
  // What became of it; what goes wrong then has cost a slot.
  template <class T>
  Result<T> ended(Result<T> result) const {
    if (result.ok()) return result;
    const Status status = without_code(result.status());
    return all_slots().total == 0 ? status : with_slot_spent(status);
  }
};

}  // namespace zkinfer
