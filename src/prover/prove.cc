// SPDX-License-Identifier: Apache-2.0
#include "prover/prove.h"

#include <algorithm>
#include <chrono>

#include "argument/cpu_backend.h"
#include "argument/opening_statement.h"
#include "argument/place_narrow.h"
#include "base/parallel.h"
#include "commit/pcs/content_digest.h"
#include "commit/pcs/cpu_backend.h"
#include "exec/integer/executor.h"
#include "hiding/pad_values.h"
#include "prover/make_statement.h"
#include "prover/prf.h"
#include "prover/witness.h"
#include "prover/write.h"

namespace zkinfer::prover {

namespace {

class ProofRandom final : public hiding::RandomSource {
 public:
  ProofRandom(const Digest& key, RandomStream stream, const ProveHooks* hooks)
      : stream_(key, static_cast<std::uint64_t>(stream)), number_(stream), hooks_(hooks) {}

  void fill(FpSpan out) override {
    stream_.fill(out);
    if (hooks_ != nullptr && hooks_->randomness) hooks_->randomness(number_, out);
  }

 private:
  PrfStream stream_;
  RandomStream number_;
  const ProveHooks* hooks_;
};

class Stopwatch {
 public:
  // Seconds since the last call (or construction).
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - last_).count();
    last_ = now;
    return seconds;
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// One-time randomness must never serve two different proofs: the key binds seed, statement, witness and entropy.
Digest proof_key(const CommittedModel& model, const relations::CompiledCircuit& compiled, const Transcript& statement,
                 const circuit::ColumnValues& data, const Digest& entropy) {
  std::vector<circuit::ColumnView> columns;
  for (std::size_t id = 0; id < data.size(); ++id) {
    if (relations::param_of_column(compiled, id) < 0 && data.view(id).size() != 0) columns.push_back(data.view(id));
  }
  std::vector<Digest> digests(columns.size());
  parallel_for(columns.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      FpVec own;
      FpCSpan elements = columns[i].elements;
      if (!columns[i].ints.empty()) {
        own = FpVec(columns[i].size(), Contents::kUnset);
        columns[i].copy(0, own.span());
        elements = own.span();
      }
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(elements.data());
      digests[i] = pcs::content_digest({bytes, elements.size_bytes()});
    }
  });
  Keccak256 witness;
  for (const Digest& digest : digests) witness.update(digest);
  return derive_key("zkinfer proof randomness v2", {model.seed, statement.state(), witness.finish(), entropy});
}

// The pad vector, and the pad and blind columns.
std::vector<Fe> make_pads(const relations::CompiledCircuit& compiled, const Digest& key, const ProveHooks* hooks,
                          circuit::ColumnValues& data) {
  ProofRandom random(key, RandomStream::kPads, hooks);
  std::vector<Fe> pads = hiding::fill_pads(compiled.pads, random);
  ProofRandom blind(key, RandomStream::kBlind, hooks);
  data[compiled.circuit.blind] = FpVec(3);
  blind.fill(data[compiled.circuit.blind].span());
  return pads;
}

pcs::CommittedOracle commit_witness(const verifier::PreparedKey& prepared, const circuit::ColumnValues& data,
                                    const pcs::Backend& backend, hiding::RandomSource& random) {
  return backend.commit(pcs::LaneCoefs(
      prepared.key.params.witness,
      argument::place_narrow(prepared.layouts.witness, prepared.compiled.circuit.columns, data), random));
}

struct OfferMemory {
  ~OfferMemory() { offer_kept_memory(); }
};

}  // namespace

Result<Messages> prove_messages(const CommittedModel& model, const StatementContext& context,
                                circuit::ColumnValues data, const ProveRequest& request, ProveTimes& times) {
  const verifier::PreparedKey& prepared = context.prepared;
  const relations::CompiledCircuit& compiled = prepared.compiled;
  const pcs::OpeningParams& params = prepared.key.params;
  const OfferMemory at_the_end;
  const Backends cpu{argument::cpu_backend(), pcs::cpu_backend()};
  const Backends& backends = request.backends != nullptr ? *request.backends : cpu;
  Stopwatch watch;
  data.narrow();
  argument::TupleValues tuples = evaluate_tuples(compiled, data);
  count_multiplicities(compiled, tuples, data);
  times.witness += watch.lap();

  ZKI_RETURN_IF_ERROR(request.progress("commit to the witness", 0.15));
  Transcript transcript(context.protocol);
  context.absorb(transcript);
  const Digest key = proof_key(model, compiled, transcript, data, request.entropy);
  std::vector<Fe> pads = make_pads(compiled, key, request.hooks, data);
  data[compiled.circuit.pads] = hiding::pad_column(pads, compiled.circuit.columns[compiled.circuit.pads].shape[1]);
  if (request.hooks != nullptr && request.hooks->committed) request.hooks->committed(data, pads);
  ProofRandom witness_rows(key, RandomStream::kWitnessRows, request.hooks);
  const pcs::CommittedOracle witness_oracle = commit_witness(prepared, data, backends.opening, witness_rows);
  pcs::MaskOracle mask;
  if (params.security.zero_knowledge) {
    ProofRandom random(key, RandomStream::kMask, request.hooks);
    mask = pcs::MaskOracle(params, random);
  }
  hiding::PadAllocator allocator(params.security.zero_knowledge);
  allocator.set_layout(compiled.pads.layout());
  hiding::ProverChannel channel(transcript, allocator, pads);
  if (request.hooks != nullptr) channel.set_message_hook(request.hooks->messages);
  channel.send_digests("witness root", std::span(&witness_oracle.root(), 1));
  if (params.security.zero_knowledge) {
    channel.send_digests("mask root", std::span(&mask.root(), 1));
    const pcs::MaskPin pin = mask.pin(channel.challenge("mask point"));
    channel.send_clear("mask value", pin.x);
    channel.send_clear("mask value", pin.s);
  }
  times.commit = watch.lap();

  ZKI_RETURN_IF_ERROR(request.progress("lookups and relations", 0.35));
  argument::prove_outer(channel, compiled, data, std::move(tuples), pads, backends.outer, times.outer);
  data.clear();
  watch.lap();

  ZKI_RETURN_IF_ERROR(request.progress("opening", 0.6));
  // The verifier's own replay of these messages gives the claim to open, so the two sides cannot disagree on it.
  Transcript replay(context.protocol);
  context.absorb(replay);
  hiding::PadAllocator replay_pads(params.security.zero_knowledge);
  replay_pads.set_layout(compiled.pads.layout());
  hiding::VerifierChannel replay_channel(replay, replay_pads, channel.proof());
  (void)verifier::receive_roots(replay_channel, prepared, context.pins);
  const argument::OpeningStatement statement(compiled, prepared.layouts, verifier::oracle_pins(prepared, context.pins),
                                             context.tensors, argument::receive_outer(replay_channel, compiled));
  times.outer_claim = watch.lap();
  ProofRandom random(key, RandomStream::kFoldRows, request.hooks);
  pcs::OpeningOracles oracles;
  if (params.has_model) oracles.bases.push_back(&model.oracle);
  oracles.bases.insert(oracles.bases.end(), context.data_oracles.begin(), context.data_oracles.end());
  oracles.bases.push_back(&witness_oracle);
  oracles.mask = params.security.zero_knowledge ? &mask : nullptr;
  ZKI_ASSIGN_OR_RETURN(pcs::OpeningProof opening,
                       pcs::prove_opening(params, statement.get(), oracles, backends.opening, random, replay,
                                          request.hooks != nullptr ? request.hooks->opening : nullptr));
  times.opening = watch.lap();
  Messages messages;
  messages.bytes = std::move(channel).take_proof();
  for (pcs::ProofSection& section : opening.sections) section.begin += messages.bytes.size();
  messages.opening_sections = std::move(opening.sections);
  messages.bytes.insert(messages.bytes.end(), opening.bytes.begin(), opening.bytes.end());
  return messages;
}

Result<Proof> prove(const CommittedModel& model, const ProveRequest& request) {
  const verifier::PreparedKey& prepared = model.prepared;
  const qir::QGraph& graph = prepared.key.graph;
  Proof proof;
  Stopwatch total;
  Stopwatch watch;

  ZKI_RETURN_IF_ERROR(request.progress("run the network", 0.0));
  ZKI_ASSIGN_OR_RETURN(const auto inputs, inputs_of(prepared.key, request));
  ZKI_ASSIGN_OR_RETURN(exec_integer::Witness witness, exec_integer::run(graph, model.weights, inputs));
  proof.times.execute = watch.lap();

  ZKI_RETURN_IF_ERROR(request.progress("witness columns", 0.05));
  circuit::ColumnValues data = fill_columns(graph, prepared.compiled, model.weights, witness);
  if (request.hooks != nullptr && request.hooks->columns) request.hooks->columns(data);
  ZKI_ASSIGN_OR_RETURN(StatementTensors statement,
                       make_statement(model, prepared, request, inputs, witness, proof.data));
  if (request.hooks != nullptr && request.hooks->outputs) request.hooks->outputs(proof.data);
  proof.times.witness = watch.lap();

  for (const qir::ValueId id : graph.outputs) proof.outputs.push_back(witness.values[id]);
  witness = {};  // the columns have it all

  const auto absorb = [&](Transcript& transcript) {
    statement::absorb_statement(transcript, prepared.key.identity(), prepared.key, request.context, request.slot,
                                proof.data);
  };
  const statement::PublicValues tensors = statement::tensor_values(graph, prepared.key.visibility, proof.data);
  const verifier::DataPins pins = verifier::data_pins(prepared, proof.data.commitments);
  std::vector<const pcs::CommittedOracle*> data_oracles;
  for (const CommittedValues* committed : statement.opened) data_oracles.push_back(&committed->oracle);
  ZKI_ASSIGN_OR_RETURN(Messages messages,
                       prove_messages(model, {prepared, verifier::kProtocolName, absorb, tensors, pins, data_oracles},
                                      std::move(data), request, proof.times));
  ByteWriter writer;
  writer.raw(header_bytes(prepared.key, request.context, request.slot, proof.data));
  for (pcs::ProofSection& section : messages.opening_sections) section.begin += writer.bytes().size();
  proof.opening_sections = std::move(messages.opening_sections);
  writer.raw(messages.bytes);
  proof.bytes = std::move(writer).take();
  proof.committed_outputs = std::move(statement.outputs);
  proof.inputs = inputs;
  proof.times.total = total.lap();
  ZKI_RETURN_IF_ERROR(request.progress("done", 1.0));
  return proof;
}

}  // namespace zkinfer::prover
