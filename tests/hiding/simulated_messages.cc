// SPDX-License-Identifier: Apache-2.0
#include "hiding/simulated_messages.h"

#include "argument/opening_claim.h"
#include "base/check.h"
#include "commit/pcs/opening_verifier.h"
#include "hiding/prover_channel.h"
#include "poly/ntt.h"
#include "transcript/grind.h"

namespace zkinfer::e2e {

Fe uniform_element(hiding::RandomSource& random) {
  std::array<Fp, 3> limbs;
  random.fill(limbs);
  return {limbs[0], limbs[1], limbs[2]};
}

pcs::EncodedOracle uniform_oracle(const pcs::CodeParams& params, std::size_t row_values, hiding::RandomSource& random) {
  FpVec rows(params.domain_size() * row_values);
  random.fill(rows.span());
  return pcs::EncodedOracle::from_codeword(params, row_values, std::move(rows));
}

namespace {

Fe powers_sum(const std::vector<Fe>& values, const Fe& base) {
  Fe sum;
  for (std::size_t i = values.size(); i-- > 0;) sum = sum * base + values[i];
  return sum;
}

// One proof, in transcript order.
class Run {
 public:
  Run(const SimulatedStatement& statement, const Fe& eta, hiding::RandomSource& random)
      : statement_(statement),
        compiled_(statement.prepared.compiled),
        params_(statement.prepared.key.params),
        random_(random),
        eta_(eta),
        transcript_(statement.protocol),
        channel_(transcript_, no_pads_, {}) {
    statement_.absorb(transcript_);
  }

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
  Fe uniform() { return uniform_element(random_); }
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
    const pcs::CodeParams& mask = params_.mask;
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
    for (int layer = 0; layer < compiled_.plan.log_leaves; ++layer) {
      if (layer > 0) (void)channel_.challenge("lookup lambda");
      send_rounds("lookup round", static_cast<std::size_t>(layer), 2);
      for (const char* label : {"lookup p0", "lookup q1", "lookup p1", "lookup q0"}) send_uniform(label);
      (void)channel_.challenge("lookup r");
    }
  }

  void contractions() {
    const argument::OuterPlan& plan = compiled_.plan;
    (void)transcript_.challenges("relations tau", static_cast<std::size_t>(plan.tau_bits));
    (void)channel_.challenge("relations gamma");
    send_rounds("relations round", static_cast<std::size_t>(plan.rounds), plan.degree);
    for (std::size_t i = 0; i < compiled_.circuit.contractions.size(); ++i) {
      send_uniform("relations lhs");
      send_uniform("relations rhs");
    }
  }

  void triples() {
    if (compiled_.pads.layout().num_triples == 0) return;
    const auto num_rounds = static_cast<std::size_t>(compiled_.pads.layout().log_triple_rows());
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
    const pcs::EncodedOracle::Opened opened = oracle.open(indices).value();
    channel_.send_raw(opened.rows);
    channel_.send_raw(opened.siblings);
  }

  // The oracles before fold `fold` (number of folds: before the final check).
  void query_previous(std::size_t fold, const pcs::EncodedOracle& latest) {
    channel_.send_u64_raw(grind(transcript_, params_.security.pow_bits));
    std::vector<std::pair<const pcs::CodeParams*, const pcs::EncodedOracle*>> targets;
    if (fold > 0) {
      targets.emplace_back(&params_.folds[fold - 1], &latest);
    } else {
      std::vector<const pcs::EncodedOracle*> encoded = statement_.commitments;
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
    opening_rounds(params_.final_rounds());
  }

  // What the verifier has left to check of the messages so far: constant + <X, u>. As a prover learns its claim, by running
  // the verifier.
  hiding::LinearForm form() const {
    Transcript replay(statement_.protocol);
    statement_.absorb(replay);
    hiding::PadAllocator outer_pads(true);
    outer_pads.set_layout(compiled_.pads.layout());
    const ByteView bytes = channel_.proof();
    hiding::VerifierChannel outer(replay, outer_pads, bytes.first(outer_bytes_));
    const pcs::OpeningRoots roots = verifier::receive_roots(outer, statement_.prepared, statement_.pins);
    const argument::OuterMessages messages = argument::receive_outer(outer, compiled_);
    const argument::OraclePins pins = verifier::oracle_pins(statement_.prepared, statement_.pins);
    const argument::OpeningClaim claim(compiled_, statement_.prepared.layouts, pins, statement_.tensors, messages);
    hiding::PadAllocator pads(true);
    hiding::VerifierChannel channel(replay, pads, bytes.subspan(outer_bytes_));
    hiding::LinearForm form = pcs::reduce_opening(params_, claim, roots, channel);
    ZKI_CHECK(!outer.failed() && !channel.failed() && channel.bytes_left() == 0,
              "the verifier reads what the simulator wrote");
    return form;
  }

  void mask() {
    const hiding::LinearForm left = form();
    Fe product = eta_ * left.constant();
    for (const hiding::LinearForm::Term& term : left.terms()) product += term.coef * response_[term.pad];
    channel_.send_clear("mask product", product);
    (void)channel_.challenge("mask eta");
    for (const Fe& x : response_) channel_.send_clear("mask response", x);
    channel_.send_u64_raw(grind(transcript_, params_.security.pow_bits));
    send_rows(mask_, transcript_.challenge_indices("mask queries", params_.mask.num_queries, params_.mask.log_domain));
  }

  const SimulatedStatement& statement_;
  const relations::CompiledCircuit& compiled_;
  const pcs::OpeningParams& params_;
  hiding::RandomSource& random_;
  const Fe eta_;
  Transcript transcript_;
  hiding::PadAllocator no_pads_{false};
  hiding::ProverChannel channel_;
  std::size_t outer_bytes_ = 0;
  pcs::EncodedOracle witness_, mask_;
  std::vector<Fe> response_;
};

}  // namespace

Bytes simulate_messages(const SimulatedStatement& statement, const Fe& eta, hiding::RandomSource& random) {
  return Run(statement, eta, random).messages();
}

}  // namespace zkinfer::e2e
