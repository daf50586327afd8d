// SPDX-License-Identifier: Apache-2.0
// prove(): committed model + integer inputs -> proof bytes.
#pragma once

#include <functional>
#include <memory>

#include "argument/outer_prover.h"
#include "circuit/evaluate.h"
#include "commit/pcs/opening_prover.h"
#include "prover/commit_model.h"
#include "prover/commit_tensor.h"
#include "zkinfer/progress.h"

namespace zkinfer::prover {

struct ProveTimes {
  double execute = 0, witness = 0, commit = 0, outer_claim = 0, opening = 0, total = 0;
  argument::OuterTimes outer;
};

// Where a proof's secret randomness goes: the number of its PrfStream under the proof's key.
enum class RandomStream : std::uint64_t { kPads = 1, kBlind = 2, kWitnessRows = 3, kMask = 4, kFoldRows = 5 };

// Lets tests play a cheating prover: called on the columns before they are committed.
struct ProveHooks {
  std::function<void(circuit::ColumnValues&)> columns;  // before the lookups' multiplicities are counted
  std::function<void(circuit::ColumnValues&, std::vector<Fe>&)> committed;  // columns and pads, right before committing
  std::function<void(statement::PublicIo&)> outputs;                        // what the statement says
  std::function<void(std::vector<std::uint64_t>&)> totals;  // of an evaluation's chunk, before they are committed
  hiding::ProverChannel::MessageHook messages;              // each message before the opening, on its way out
  pcs::ProverHooks* opening = nullptr;
  // The elements that a stream has just given, before their use: tests of what leaks when randomness is missing.
  std::function<void(RandomStream, FpSpan)> randomness;
};

// Where the phases of a proof run. Any two go together: they meet in values only.
struct Backends {
  const argument::Backend& outer;  // argument/backend.h
  const pcs::Backend& opening;     // commit/pcs/backend.h
};

struct ProveRequest {
  std::vector<std::vector<std::int64_t>> inputs;  // per graph input
  // Per graph input, where inputs are committed: made by commit_tensor under the key's data oracle. A proof uses one of the
  // budgeted openings of each.
  std::vector<const CommittedValues*> committed_inputs;
  // Per graph output, where outputs are committed: made already, under the key's data oracle. Empty: made here.
  std::vector<std::shared_ptr<const CommittedValues>> committed_outputs;
  Digest context{};
  std::uint64_t slot = 0;      // of the model's commitment that this proof uses; in the statement
  std::uint64_t new_slot = 0;  // a rotation's: of the fresh commitment
  Digest entropy{};            // fresh per proof (random_seed), or fixed in tests: same bytes in, same proof out
  Progress progress;
  const Backends* backends = nullptr;  // null: the CPU's
  const ProveHooks* hooks = nullptr;
};

struct Proof {
  Bytes bytes;
  statement::PublicIo data;                                // what the statement says about outputs and inputs
  std::vector<std::vector<std::int64_t>> inputs, outputs;  // the inference, hidden tensors too
  std::vector<std::shared_ptr<const CommittedValues>> committed_outputs;  // where outputs are committed
  ProveTimes times;
  std::vector<pcs::ProofSection> opening_sections;  // the opening's messages in `bytes`
};

// Errors: the executor's (input out of range, ..).
Result<Proof> prove(const CommittedModel& model, const ProveRequest& request);

// What the messages are about: circuit and parameters, and how step 0 binds the statement.
struct StatementContext {
  const verifier::PreparedKey& prepared;
  const char* protocol;
  std::function<void(Transcript&)> absorb;
  const statement::PublicValues& tensors;  // statement::tensor_values
  const verifier::DataPins& pins;
  const std::vector<const pcs::CommittedOracle*>& data_oracles;
};

struct Messages {
  Bytes bytes;
  std::vector<pcs::ProofSection> opening_sections;  // offsets in `bytes`
};

// Everything after the header, for columns that are filled but for multiplicities, pads and blind. request.inputs and
// request.context are the caller's part. Errors: a damaged code file.
Result<Messages> prove_messages(const CommittedModel& model, const StatementContext& context,
                                circuit::ColumnValues data, const ProveRequest& request, ProveTimes& times);

}  // namespace zkinfer::prover
