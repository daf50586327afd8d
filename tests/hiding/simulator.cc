// SPDX-License-Identifier: Apache-2.0
#include "hiding/simulator.h"

#include "base/check.h"
#include "commit/pcs/opening_verifier.h"
#include "e2e/support.h"
#include "hiding/prover_channel.h"
#include "poly/ntt.h"
#include "prover/prf.h"
#include "transcript/grind.h"

namespace zkinfer::e2e {

namespace {

constexpr std::uint64_t kStream = 102;  // beside the streams of provers

Fe draw(hiding::RandomSource& random) {
  std::array<Fp, 3> limbs;
  random.fill(limbs);
  return {limbs[0], limbs[1], limbs[2]};
}

// A tree over uniform rows. They are no code word: nobody sees more rows than a code word's random coefficients allow.
pcs::EncodedOracle uniform_oracle(const pcs::OracleParams& params, std::size_t row_values, hiding::RandomSource& random) {
  FpVec rows(params.domain_size() * row_values);
  random.fill(rows.span());
  return pcs::EncodedOracle::from_codeword(params, row_values, std::move(rows));
}

Fe powers_sum(const std::vector<Fe>& values, const Fe& base) {
  Fe sum;
  for (std::size_t i = values.size(); i-- > 0;) sum = sum * base + values[i];
  return sum;
}

std::unique_ptr<hiding::RandomSource> random_of(std::uint64_t seed) {
  Digest key{};
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(seed >> (8 * i));
  return std::make_unique<prover::PrfStream>(key, kStream);
}

}  // namespace

// One proof, in transcript order.
class Simulator::Run {
 public:
  Run(Simulator& owner, const proof::PublicValues& values)
      : owner_(owner), prepared_(owner.prepared_), params_(prepared_.key.params), random_(*owner.random_),
        eta_(owner.eta_), transcript_(verifier::kProtocolName), channel_(transcript_, no_pads_, {}) {
    public_.values = values;
    for (const pcs::DataOracle& data : params_.data) {
      data_.push_back(uniform_oracle(data.oracle, pcs::base_leaf_values(data.oracle), random_));
      public_.commitments.push_back({data_.back().root(), uniform()});
    }
    proof::absorb_statement(transcript_, prepared_.key, Digest{}, public_);
  }

  // What the statement says, commitments included.
  const proof::PublicData& public_data() const { return public_; }

  Bytes messages() {
    choose_mask();
    roots();
    lookups();
    contractions();
    triples();
    (void)channel_.challenge("delta");
    outer_bytes_ = channel_.proof().size();
    opening();
    mask();
    return std::move(channel_).take_proof();
  }

 private:
  Fe uniform() { return draw(random_); }
  // Ciphertexts under pads that serve once.
  void send_uniform(const char* label) { channel_.send_clear(label, uniform()); }
  void send_rounds(const char* label, std::size_t num_rounds, int degree) {
    for (std::size_t round = 0; round < num_rounds; ++round) {
      for (int i = 0; i < degree; ++i) send_uniform(label);
      (void)channel_.challenge(label);
    }
  }

  // X* and r* come first. Then rows of X are uniform, and those of S what makes the last check hold, all over the domain:
  // where the queries will fall need not be known.
  void choose_mask() {
    const pcs::OracleParams& mask = params_.mask;
    FpVec encoded(3 * mask.domain_size());
    for (std::uint64_t i = 0; i < mask.dimension(); ++i) {
      response_.push_back(uniform());
      for (std::size_t j = 0; j < 3; ++j) encoded[3 * i + j] = response_.back().c[j];
    }
    poly::encode_rows(encoded.span(), 3, mask.log_domain, mask.dimension());
    FpVec rows(mask.domain_size() * pcs::kMaskLeafValues);
    random_.fill(rows.span());
    for (std::uint64_t i = 0; i < mask.domain_size(); ++i) {
      Fp* row = rows.data() + i * pcs::kMaskLeafValues;
      const Fe s = Fe(encoded[3 * i], encoded[3 * i + 1], encoded[3 * i + 2]) - eta_ * Fe(row[0], row[1], row[2]);
      for (std::size_t j = 0; j < 3; ++j) row[3 + j] = s.c[j];
    }
    mask_ = pcs::EncodedOracle::from_codeword(mask, pcs::kMaskLeafValues, std::move(rows));
  }

  void roots() {
    witness_ = uniform_oracle(params_.witness, pcs::base_leaf_values(params_.witness), random_);
    channel_.send_digests("witness root", std::span(&witness_.root(), 1));
    channel_.send_digests("mask root", std::span(&mask_.root(), 1));
    const Fe point = channel_.challenge("mask point");
    const Fe of_x = uniform();
    channel_.send_clear("mask value", of_x);
    channel_.send_clear("mask value", powers_sum(response_, point) - eta_ * of_x);
  }

  void lookups() {
    (void)channel_.challenge("lookup alpha");
    (void)channel_.challenge("lookup beta");
    send_uniform("lookup root");  // zero with the probability that a blind of a prover is
    for (int layer = 0; layer < prepared_.compiled.plan.log_leaves; ++layer) {
      if (layer > 0) (void)channel_.challenge("lookup lambda");
      send_rounds("lookup round", static_cast<std::size_t>(layer), 2);
      for (const char* label : {"lookup p0", "lookup q1", "lookup p1", "lookup q0"}) send_uniform(label);
      (void)channel_.challenge("lookup r");
    }
  }

  void contractions() {
    const circuit::OuterPlan& plan = prepared_.compiled.plan;
    (void)transcript_.challenges("relations tau", static_cast<std::size_t>(plan.tau_bits));
    (void)channel_.challenge("relations gamma");
    send_rounds("relations round", static_cast<std::size_t>(plan.rounds), plan.degree);
    for (std::size_t i = 0; i < prepared_.compiled.circuit.contractions.size(); ++i) {
      send_uniform("relations lhs");
      send_uniform("relations rhs");
    }
  }

  void triples() {
    const auto num_rounds = static_cast<std::size_t>(prepared_.compiled.pads.layout().log_triple_rows());
    (void)transcript_.challenges("zerocheck tau", num_rounds);
    send_rounds("zerocheck round", num_rounds, 2);
    send_uniform("zerocheck a");
    send_uniform("zerocheck b");
  }

  void opening_rounds(int num_rounds) {
    for (int i = 0; i < num_rounds; ++i) {
      send_uniform("opening c1");
      send_uniform("opening c2");
      (void)channel_.challenge("opening s");
    }
  }

  void send_rows(const pcs::EncodedOracle& oracle, const std::vector<std::uint64_t>& indices) {
    const pcs::EncodedOracle::Opened opened = oracle.open(indices);
    channel_.send_raw(opened.rows);
    channel_.send_raw(opened.siblings);
  }

  // The oracles before fold `fold` (number of folds: before the final check).
  void query_previous(std::size_t fold, const pcs::EncodedOracle& latest) {
    channel_.send_u64_raw(grind(transcript_, params_.pow_bits));
    std::vector<std::pair<const pcs::OracleParams*, const pcs::EncodedOracle*>> targets;
    if (fold > 0) {
      targets.emplace_back(&params_.folds[fold - 1], &latest);
    } else {
      std::vector<const pcs::EncodedOracle*> encoded;
      if (params_.has_model) encoded.push_back(&owner_.model_);
      for (const pcs::EncodedOracle& data : data_) encoded.push_back(&data);
      encoded.push_back(&witness_);
      const std::vector<pcs::BaseOracle> bases = params_.bases();
      for (std::size_t i = 0; i < bases.size(); ++i) targets.emplace_back(bases[i].params, encoded[i]);
    }
    std::vector<std::vector<std::uint64_t>> indices;
    for (const auto& [oracle, encoded] : targets) {
      indices.push_back(transcript_.challenge_indices("opening queries", oracle->num_queries, oracle->log_domain));
    }
    for (std::size_t i = 0; i < targets.size(); ++i) send_rows(*targets[i].second, indices[i]);
  }

  void opening() {
    opening_rounds(params_.first_rounds());
    pcs::EncodedOracle latest;
    for (std::size_t i = 0; i < params_.folds.size(); ++i) {
      pcs::EncodedOracle fold = uniform_oracle(params_.folds[i], pcs::fold_leaf_values(params_.folds[i]), random_);
      channel_.send_digests("fold root", std::span(&fold.root(), 1));
      (void)channel_.challenge("fold zeta");
      send_uniform("fold out of domain");
      query_previous(i, latest);
      (void)channel_.challenge("fold xi");
      opening_rounds(params_.folds[i].log_lanes);
      latest = std::move(fold);
    }
    for (std::uint64_t i = 0; i < params_.final_size(); ++i) send_uniform("final vector");
    query_previous(params_.folds.size(), latest);
    (void)channel_.challenge("final xi");
  }

  // What the verifier has left to check of the messages so far: constant + <X, u>. As a prover learns its claim, by running
  // the verifier.
  hiding::LinearForm form() const {
    Transcript replay(verifier::kProtocolName);
    proof::absorb_statement(replay, prepared_.key, Digest{}, public_);
    const verifier::DataPins pins = verifier::data_pins(prepared_, public_.commitments);
    hiding::PadAllocator outer_pads(true);
    outer_pads.set_layout(prepared_.compiled.pads.layout());
    const ByteView bytes = channel_.proof();
    hiding::VerifierChannel outer(replay, outer_pads, bytes.first(outer_bytes_));
    const pcs::OpeningRoots roots = verifier::receive_roots(outer, prepared_, pins);
    const proof::PublicValues tensors = proof::tensor_values(prepared_.key.graph, prepared_.key.visibility, public_);
    const verifier::OpeningClaim claim(prepared_, pins, verifier::verify_outer(outer, prepared_.compiled, tensors));
    hiding::PadAllocator pads(true);
    hiding::VerifierChannel channel(replay, pads, bytes.subspan(outer_bytes_));
    hiding::LinearForm form = pcs::reduce_opening(params_, claim.statement(), roots, channel);
    ZKI_CHECK(!outer.failed() && !channel.failed() && channel.bytes_left() == 0, "the verifier reads what the simulator wrote");
    return form;
  }

  void mask() {
    const hiding::LinearForm left = form();
    Fe product = eta_ * left.constant();
    for (const hiding::LinearForm::Term& term : left.terms()) product += term.coef * response_[term.pad];
    channel_.send_clear("mask product", product);
    (void)channel_.challenge("mask eta");
    for (const Fe& x : response_) channel_.send_clear("mask response", x);
    channel_.send_u64_raw(grind(transcript_, params_.pow_bits));
    send_rows(mask_, transcript_.challenge_indices("mask queries", params_.mask.num_queries, params_.mask.log_domain));
  }

  Simulator& owner_;
  const verifier::PreparedKey& prepared_;
  const pcs::OpeningParams& params_;
  proof::PublicData public_;
  hiding::RandomSource& random_;
  const Fe eta_;
  Transcript transcript_;
  hiding::PadAllocator no_pads_{false};
  hiding::ProverChannel channel_;
  std::size_t outer_bytes_ = 0;
  std::vector<pcs::EncodedOracle> data_;
  pcs::EncodedOracle witness_, mask_;
  std::vector<Fe> response_;
};

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
  auto layouts = relations::place(prepared_.compiled, params);
  ZKI_CHECK(layouts.ok(), "parameters of the test's graph");
  prepared_.layouts = std::move(layouts).value();
  if (params.has_model) {
    model_ = uniform_oracle(params.model, pcs::base_leaf_values(params.model), *random_);
    prepared_.key.commitment = {model_.root(), draw(*random_)};
    prepared_.ood_point = proof::ood_point(graph, params, model_.root());
  }
  prepared_.identity = prepared_.key.identity();
}

Simulator::Simulator(const prover::CommittedModel& public_model, const Fe& eta, std::uint64_t seed)
    : eta_(eta), random_(random_of(seed)), prepared_(public_model.prepared),
      model_(pcs::EncodedOracle::from_codeword(prepared_.key.params.model, pcs::base_leaf_values(prepared_.key.params.model),
                                               public_model.oracle.encoded().codeword())) {
  ZKI_CHECK(prepared_.key.visibility.public_params, "only public parameters are given");
}

Bytes Simulator::prove(const proof::PublicValues& values) {
  Run run(*this, values);
  ByteWriter writer;
  writer.raw(proof::header_bytes(prepared_.key, Digest{}, run.public_data()));
  writer.raw(run.messages());
  return std::move(writer).take();
}

}  // namespace zkinfer::e2e
