// SPDX-License-Identifier: Apache-2.0
#include "zkinfer/prove.h"

#include <iterator>

#include "api/model_impl.h"
#include "prover/certify.h"
#include "prover/prf.h"
#include "prover/prove.h"
#include "prover/rotate.h"
#include "soundness/proof_size.h"

namespace zkinfer {

namespace {

constexpr std::uint32_t kSecretMagic = 0x53494b5a;  // "ZKIS"
constexpr std::uint32_t kSecretVersion = 1;

}  // namespace

struct Prover::Impl {
  prover::CommittedModel model;
  Bytes key;
  std::uint64_t proofs_made = 0;

  void set_insecure(bool insecure) {
    model.prepared.key.insecure_seed = insecure;
    model.prepared.identity = model.prepared.key.identity();
  }
  // Takes one of the budgeted proofs, and fresh entropy for it.
  Result<prover::ProveRequest> begin_proof(const Progress& progress);
};

Result<prover::ProveRequest> Prover::Impl::begin_proof(const Progress& progress) {
  const std::uint64_t budget = model.prepared.key.params.model_budget;
  if (budget > 0 && proofs_made >= budget) {
    return resource_limit("this commitment was made for " + std::to_string(budget) +
                          " proofs and all are used; commit to the model again (a new verification key), or with a larger budget");
  }
  prover::ProveRequest request;
  if (!model.prepared.key.insecure_seed) {
    ZKI_ASSIGN_OR_RETURN(request.entropy, prover::random_seed());
  }
  request.progress = progress;
  ++proofs_made;
  return request;
}

Prover::Prover(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Prover::~Prover() = default;
Prover::Prover(Prover&&) noexcept = default;
Prover& Prover::operator=(Prover&&) noexcept = default;

Result<Prover> Prover::create(const Model& model, const CommitOptions& options) {
  if (options.security_bits < 40 || options.security_bits > 128) {
    return invalid_argument("security of " + std::to_string(options.security_bits) +
                            " bits, expected 40 to 128 (the hash gives no more than 128)");
  }
  if (options.pow_bits < 0 || options.pow_bits > 40) {
    return invalid_argument("grinding of " + std::to_string(options.pow_bits) + " bits, expected 0 to 40");
  }
  if (options.progress) options.progress("commit to the weights", 0.0);
  prover::ModelOptions model_options;
  model_options.security_bits = static_cast<std::uint32_t>(options.security_bits);
  model_options.regime = options.unique_decoding ? pcs::Regime::kUniqueDecoding : pcs::Regime::kJohnson;
  model_options.zero_knowledge = options.zero_knowledge;
  model_options.pow_bits = static_cast<std::uint8_t>(options.pow_bits);
  model_options.budget = options.budget;
  model_options.data_budget = options.data_budget;
  model_options.visibility = {options.inputs, options.outputs, options.public_parameters};
  Digest seed{};
  if (options.insecure_seed) {
    seed = *options.insecure_seed;
  } else {
    ZKI_ASSIGN_OR_RETURN(seed, prover::random_seed());
  }
  const package::Package& package = model.impl().package;
  auto impl = std::make_unique<Impl>();
  ZKI_ASSIGN_OR_RETURN(impl->model, prover::commit_model(package.graph, package.params, model_options, seed));
  impl->set_insecure(options.insecure_seed.has_value());
  impl->key = impl->model.prepared.key.to_bytes();
  if (options.progress) options.progress("done", 1.0);
  return Prover(std::move(impl));
}

Bytes Prover::commitment_secret() const {
  ByteWriter writer;
  writer.u32(kSecretMagic);
  writer.u32(kSecretVersion);
  writer.raw(impl_->model.seed);
  writer.raw(impl_->model.prepared.key.identity());
  writer.u32(impl_->model.prepared.key.flags());
  writer.blob(impl_->model.prepared.key.params.canonical_bytes());
  return std::move(writer).take();
}

Result<Prover> Prover::restore(const Model& model, ByteView commitment_secret, Progress progress) {
  ByteReader reader(commitment_secret);
  if (reader.u32() != kSecretMagic) return corrupt("commitment secret: the file does not begin with 'ZKIS'; is this another kind of file?");
  if (const std::uint32_t version = reader.u32(); version != kSecretVersion) {
    return corrupt("commitment secret: version " + std::to_string(version) + ", this program reads version " + std::to_string(kSecretVersion));
  }
  Digest seed{};
  Digest identity{};
  const ByteView seed_view = reader.raw(32);
  const ByteView identity_view = reader.raw(32);
  const std::uint32_t flags = reader.u32();
  const auto visibility = qir::visibility_from_bits(flags & ~proof::kInsecureSeedFlag);
  ByteReader params_reader(reader.blob(1 << 16));
  if (!reader.finished()) return corrupt("commitment secret: truncated, or bytes after its end");
  if (!visibility) return corrupt("commitment secret: unknown visibility flags");
  std::copy(seed_view.begin(), seed_view.end(), seed.begin());
  std::copy(identity_view.begin(), identity_view.end(), identity.begin());
  auto params = pcs::parse_params(params_reader);
  if (!params.ok()) return params.status().with_context("commitment secret");
  if (progress) progress("rebuild the weight commitment", 0.0);
  const package::Package& package = model.impl().package;
  auto impl = std::make_unique<Impl>();
  ZKI_ASSIGN_OR_RETURN(impl->model, prover::commit_model(package.graph, package.params, *params, *visibility, seed));
  impl->set_insecure((flags & proof::kInsecureSeedFlag) != 0);
  if (impl->model.prepared.key.identity() != identity) {
    return invalid_argument("commitment secret: it belongs to another model than '" + package.graph.name +
                            "'; give the model file it was made for, or commit again");
  }
  impl->key = impl->model.prepared.key.to_bytes();
  if (progress) progress("done", 1.0);
  return Prover(std::move(impl));
}

const Bytes& Prover::verification_key() const { return impl_->key; }
std::uint64_t Prover::proofs_made() const { return impl_->proofs_made; }

std::string Prover::circuit_report() const {
  const relations::CompiledCircuit& compiled = impl_->model.prepared.compiled;
  const circuit::Circuit& circuit = compiled.circuit;
  std::uint64_t num_lookups = 0;
  for (const circuit::Lookup& lookup : circuit.lookups) num_lookups += circuit::box_size(lookup.box);
  std::uint64_t num_rows = 0;
  for (const circuit::Table& table : circuit.tables) num_rows += static_cast<std::uint64_t>(table.rows.num_rows());
  std::string out;
  const auto line = [&](const std::string& label, std::uint64_t value) { out += label + " " + std::to_string(value) + "\n"; };
  line("parameters committed once     ", compiled.num_elements(circuit::Oracle::kModel));
  line("values committed per proof    ", compiled.num_elements(circuit::Oracle::kWitness));
  line("columns                       ", circuit.columns.size());
  line("contractions                  ", circuit.contractions.size());
  line("lookups                       ", num_lookups);
  line("table rows                    ", num_rows);
  line("lookup leaves, log2           ", static_cast<std::uint64_t>(compiled.plan.log_leaves));
  line("equalities                    ", circuit.equalities.size());
  out += soundness::estimate_proof_bytes(impl_->model.prepared.key.params).to_text();
  return out;
}

Result<Bytes> Prover::certify(const Progress& progress) {
  ZKI_ASSIGN_OR_RETURN(const prover::ProveRequest request, impl_->begin_proof(progress));
  return prover::certify(impl_->model, request);
}

Result<Bytes> Prover::rotate(Prover& fresh, const Progress& progress) {
  ZKI_ASSIGN_OR_RETURN(const prover::ProveRequest request, impl_->begin_proof(progress));
  ZKI_RETURN_IF_ERROR(fresh.impl_->begin_proof({}).status());
  return prover::rotate(impl_->model, fresh.impl_->model, request);
}

Result<ProofResult> Prover::prove(const RealInputs& inputs, ByteView context, const Progress& progress) {
  if (context.size() > proof::kContextBytes) {
    return invalid_argument("context of " + std::to_string(context.size()) + " bytes, at most 32; hash longer ones");
  }
  ZKI_ASSIGN_OR_RETURN(auto integers, api::quantize_inputs(impl_->model.prepared.key.graph, inputs));
  ZKI_ASSIGN_OR_RETURN(prover::ProveRequest request, impl_->begin_proof(progress));
  request.inputs = std::move(integers);
  std::copy(context.begin(), context.end(), request.context.begin());
  ZKI_ASSIGN_OR_RETURN(prover::Proof proof, prover::prove(impl_->model, request));
  ProofResult result;
  result.proof = std::move(proof.bytes);
  const verifier::PreparedKey& prepared = impl_->model.prepared;
  if (prepared.key.visibility.outputs.is_public()) {
    const auto end = proof.data.values.begin() + static_cast<std::ptrdiff_t>(prepared.key.graph.outputs.size());
    result.outputs.assign(std::make_move_iterator(proof.data.values.begin()), std::make_move_iterator(end));
  }
  const prover::ProveTimes& times = proof.times;
  result.stats = {times.execute, times.witness, times.commit, times.outer.lookup, times.outer.relations,
                  times.outer_claim + times.opening, times.total};
  return result;
}

}  // namespace zkinfer
