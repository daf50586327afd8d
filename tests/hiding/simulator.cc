// SPDX-License-Identifier: Apache-2.0
#include "hiding/simulator.h"

#include "base/check.h"
#include "hiding/simulated_messages.h"
#include "prover/key_proof_params.h"
#include "prover/prf.h"
#include "prover/write.h"
#include "relations/recipes.h"
#include "verifier/certificate.h"
#include "verifier/rotation.h"

namespace zkinfer::e2e {

namespace {

constexpr std::uint64_t kStream = 102;  // beside the streams of provers

std::unique_ptr<hiding::RandomSource> random_of(std::uint64_t seed) {
  Digest key{};
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(seed >> (8 * i));
  return std::make_unique<prover::PrfStream>(key, kStream);
}

}  // namespace

Simulator::Simulator(const qir::QGraph& graph, const qir::Visibility& visibility, const pcs::OpeningParams& params,
                     const Fe& eta, std::uint64_t seed)
    : eta_(eta), random_(random_of(seed)) {
  ZKI_CHECK(!visibility.public_params, "the commitment to public parameters is not made up");
  prepared_.key.graph = graph;
  prepared_.key.visibility = visibility;
  prepared_.key.params = params;
  auto compiled = relations::compile(graph, true, visibility);
  ZKI_CHECK(compiled.ok(), "the graph of a test has a circuit");
  prepared_.compiled = std::move(compiled).value();
  auto layouts = argument::place(prepared_.compiled, params);
  ZKI_CHECK(layouts.ok(), "parameters of the test's graph");
  prepared_.layouts = std::move(layouts).value();
  if (params.has_model) {
    model_ = uniform_oracle(params.model, pcs::base_leaf_values(params.model), *random_);
    prepared_.key.commitment = {model_.root(), uniform_element(*random_)};
    prepared_.ood_point = statement::ood_point(graph, params, model_.root());
  }
  prepared_.identity = prepared_.key.identity();
}

Simulator::Simulator(const prover::CommittedModel& public_model, const Fe& eta, std::uint64_t seed)
    : eta_(eta),
      random_(random_of(seed)),
      prepared_(public_model.prepared),
      model_(pcs::EncodedOracle::from_codeword(prepared_.key.params.model,
                                               pcs::base_leaf_values(prepared_.key.params.model),
                                               public_model.oracle.encoded().codeword())) {
  ZKI_CHECK(prepared_.key.visibility.public_params, "only public parameters are given");
}

Bytes Simulator::prove(statement::PublicIo statement) {
  std::vector<pcs::EncodedOracle> data;
  for (const pcs::TensorOracle& oracle : prepared_.key.params.data) {
    data.push_back(uniform_oracle(oracle.oracle, pcs::base_leaf_values(oracle.oracle), *random_));
    statement.commitments.push_back({data.back().root(), uniform_element(*random_)});
  }
  SimulatedStatement simulated{.prepared = prepared_,
                               .protocol = verifier::kProtocolName,
                               .absorb = {},
                               .tensors = {},
                               .pins = {},
                               .commitments = {}};
  simulated.absorb = [&](Transcript& transcript) {
    statement::absorb_statement(transcript, prepared_.identity, prepared_.key, Digest{}, 0, statement);
  };
  simulated.tensors = statement::tensor_values(prepared_.key.graph, prepared_.key.visibility, statement);
  simulated.pins = verifier::data_pins(prepared_, statement.commitments);
  if (prepared_.key.params.has_model) simulated.commitments.push_back(&model_);
  for (const pcs::EncodedOracle& oracle : data) simulated.commitments.push_back(&oracle);
  ByteWriter writer;
  writer.raw(prover::header_bytes(prepared_.key, Digest{}, 0, statement));
  writer.raw(simulate_messages(simulated, eta_, *random_));
  return std::move(writer).take();
}

Bytes Simulator::certify() {
  const auto compiled = relations::compile_certificate(prepared_.key.graph, true);
  ZKI_CHECK(compiled.ok(), "the circuit of a certificate");
  const auto params = prover::key_proof_params(prepared_.key.params, *compiled, {});
  ZKI_CHECK(params.ok(), "the parameters of a certificate");
  const auto variant = verifier::prepare_certificate(prepared_, *params);
  ZKI_CHECK(variant.ok(), "a certificate for the key");
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_certificate_statement(transcript, prepared_, {}, *params);
  };
  return prover::key_proof_file(
      verifier::kCertificateKind, {}, *params,
      simulate_messages({*variant, verifier::kCertificateProtocol, absorb, {}, {}, {&model_}}, eta_, *random_));
}

Bytes Simulator::rotate(const Simulator& after) {
  const auto compiled = relations::compile_rotation(prepared_.key.graph);
  ZKI_CHECK(compiled.ok(), "the circuit of a rotation");
  const pcs::OpeningParams& new_params = after.prepared_.key.params;
  const auto params =
      prover::key_proof_params(prepared_.key.params, *compiled, {{new_params.model, new_params.model_budget}});
  ZKI_CHECK(params.ok(), "the parameters of a rotation");
  const auto variant = verifier::prepare_rotation(prepared_, after.prepared_, *params);
  ZKI_CHECK(variant.ok(), "a rotation of the keys");
  const auto absorb = [&](Transcript& transcript) {
    verifier::absorb_rotation_statement(transcript, prepared_, after.prepared_, {}, *params);
  };
  return prover::key_proof_file(verifier::kRotationKind, {}, *params,
                                simulate_messages({*variant,
                                                   verifier::kRotationProtocol,
                                                   absorb,
                                                   {},
                                                   verifier::rotation_pins(after.prepared_),
                                                   {&model_, &after.model_}},
                                                  eta_, *random_));
}

}  // namespace zkinfer::e2e
