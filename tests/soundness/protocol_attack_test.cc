// SPDX-License-Identifier: Apache-2.0
// Programs of a review of the protocol layers: pads and constraints against what is charged, odd opening parameters, changed
// bytes. Small parts of what they ran.
#include <random>

#include <gtest/gtest.h>

#include "argument/outer_verifier.h"
#include "prover/write.h"
#include "relations/recipes.h"
#include "soundness/analyze.h"
#include "support/regions.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {
namespace {

// Which pads the constraints mention, and how many constraints there are.
struct PadUses final : argument::ConstraintSink {
  explicit PadUses(std::size_t num_pads) : uses(num_pads) {}
  void add_form(std::size_t, const hiding::LinearForm& form) override {
    for (const hiding::LinearForm::Term& term : form.terms()) ++uses.at(term.pad);
  }
  void add_term(std::size_t, argument::Term) override {}
  std::vector<int> uses;
};

void expect_pads_as_charged(const qir::QGraph& graph, const prover::ModelOptions& options) {
  const Session session(graph, options);
  const prover::Proof proof = session.prove();
  const verifier::PreparedKey& prepared = session.model.prepared;
  statement::Header head;
  ASSERT_TRUE(verifier::verify(prepared, proof.bytes, session.beside(proof), &head).accepted());
  Transcript transcript(verifier::kProtocolName);
  statement::absorb_statement(transcript, prepared.identity, prepared.key, head.context, head.slot, head.data);
  hiding::PadAllocator pads(options.security.zero_knowledge);
  pads.set_layout(prepared.compiled.pads.layout());
  hiding::VerifierChannel channel(transcript, pads, ByteView(proof.bytes).subspan(head.num_bytes));
  static_cast<void>(verifier::receive_roots(channel, prepared, verifier::data_pins(prepared, head.data.commitments)));
  const argument::OuterMessages outer = argument::receive_outer(channel, prepared.compiled);
  ASSERT_FALSE(channel.failed());
  EXPECT_EQ(pads.used(), pads.layout());
  PadUses uses(options.security.zero_knowledge ? pads.layout().num_pads() : 0);
  argument::evaluate_outer(
      prepared.compiled, statement::tensor_values(prepared.key.graph, prepared.key.visibility, head.data), outer, uses);
  // Every pad, also those of filling rows, is in some constraint.
  for (std::size_t i = 0; i < uses.uses.size(); ++i) EXPECT_GT(uses.uses[i], 0) << i;
  // Constraints and pins are no more than the term "delta" charges.
  EXPECT_LE(argument::ConstraintCounts(prepared.compiled, outer).total() + prepared.key.params.num_bases() - 1,
            prepared.compiled.shape.num_functionals);
}

TEST(ProtocolAttack, PadsAndConstraintsAreAsCharged) {
  for (const bool zero_knowledge : {true, false}) {
    expect_pads_as_charged(qir::every_op_graph(), test_options(zero_knowledge));
    expect_pads_as_charged(conv_graph(false), test_options(zero_knowledge));
    expect_pads_as_charged(softmax_graph(), test_options(zero_knowledge));
  }
  for (const Exposure in : {Exposure::kPrivate, Exposure::kPublic, Exposure::kCommitted}) {
    for (const Exposure out : {Exposure::kPrivate, Exposure::kPublic, Exposure::kCommitted}) {
      prover::ModelOptions options = test_options(true);
      options.visibility.inputs = {in, out == Exposure::kPublic ? TensorHash::kSha256 : TensorHash::kNone};
      options.visibility.outputs.exposure = out;
      expect_pads_as_charged(mul_graph(), options);
    }
  }
}

// Opening parameters as an odd or hostile key may declare them, at one bit of security.
class OddParams {
 public:
  explicit OddParams(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  pcs::OpeningParams draw(const relations::CompiledCircuit& compiled, bool zero_knowledge,
                          const qir::Visibility& visibility) {
    pcs::OpeningParams params;
    params.security.bits = 1;
    params.security.decoding = below(3) != 0 ? Decoding::kJohnson : Decoding::kUnique;
    params.security.zero_knowledge = zero_knowledge;
    params.security.pow_bits = 0;
    params.has_model = compiled.num_elements(circuit::Oracle::kModel) > 0;
    const bool hides = params.has_model && zero_knowledge && !visibility.public_params;
    params.model_budget = hides ? 1 + below(2) : 0;
    if (params.has_model) {
      params.model = base(compiled, circuit::Oracle::kModel);
      complete(params.model, hides ? params.model_budget * params.model.num_queries + 4 : 0);
    }
    for (std::size_t i = 0; i < compiled.num_data_oracles(); ++i) {
      pcs::TensorOracle data{base(compiled, circuit::data_oracle(i)), 1 + below(2)};
      complete(data.oracle, data.budget * data.oracle.num_queries + 4);
      params.data.push_back(data);
    }
    params.witness = base(compiled, circuit::Oracle::kWitness);
    complete(params.witness, zero_knowledge ? params.witness.num_queries + 1 : 0);
    for (std::uint64_t i = below(5); i > 0; --i) {
      pcs::CodeParams fold;
      fold.log_lanes = static_cast<std::uint8_t>(1 + below(4));
      fold.num_queries = static_cast<std::uint32_t>(2 + below(5));
      params.folds.push_back(fold);
    }
    for (std::size_t i = 0; i < params.folds.size(); ++i) {
      pcs::CodeParams& fold = params.folds[i];
      fold.num_coefs = (params.vector_size(i) + fold.num_lanes() - 1) / fold.num_lanes();
      complete(fold, zero_knowledge ? fold.num_queries + 1 + below(3) : 0);
    }
    if (zero_knowledge) {
      params.mask.num_coefs = params.num_mask_elements();
      params.mask.num_queries = static_cast<std::uint32_t>(2 + below(5));
      complete(params.mask, params.mask.num_queries + 2);
    }
    return params;
  }

 private:
  void complete(pcs::CodeParams& code, std::uint64_t random_coefs) {
    code.num_random_coefs = random_coefs;
    const std::uint64_t log_inverse_rate = 1 + below(2);
    while (code.dimension() << log_inverse_rate > code.domain_size() || code.num_queries >= code.domain_size()) {
      ++code.log_domain;
    }
  }
  pcs::CodeParams base(const relations::CompiledCircuit& compiled, circuit::Oracle oracle) {
    pcs::CodeParams code;
    code.log_lanes = static_cast<std::uint8_t>(below(6));
    code.num_coefs = circuit::place_columns(compiled.circuit, oracle, code.log_lanes).num_coefs;
    code.num_queries = static_cast<std::uint32_t>(2 + below(6));
    return code;
  }

  std::mt19937_64 random_;
};

TEST(ProtocolAttack, OddParametersAcceptHonestProofsOnly) {
  OddParams odd(5);
  const std::vector<qir::QGraph> graphs = {mul_graph(), conv_graph(false), lookup_graph(), sum_graph(),
                                           movement_graph()};
  int num_honest = 0;
  for (std::uint64_t round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    const qir::QGraph& graph = graphs[odd.below(graphs.size())];
    const bool zero_knowledge = odd.below(4) != 0;
    qir::Visibility visibility{{Exposure::kPublic}, {Exposure::kPublic}, true};
    if (zero_knowledge) {
      visibility = {{static_cast<Exposure>(odd.below(3))}, {static_cast<Exposure>(odd.below(3))}, odd.below(3) == 0};
    }
    const auto compiled = relations::compile(graph, zero_knowledge, visibility);
    ASSERT_TRUE(compiled.ok());
    const pcs::OpeningParams params = odd.draw(*compiled, zero_knowledge, visibility);
    if (!params.validate().ok() || params.num_mask_elements() > 20000) continue;
    auto model = prover::recommit_model(graph, draw_params(graph, round), params, visibility, test_seed(1));
    if (!model.ok()) continue;
    auto key = statement::parse_key(prover::key_bytes(model->prepared.key));
    if (!key.ok()) continue;
    const auto prepared = verifier::prepare(std::move(key).value());
    if (!prepared.ok()) continue;
    const Session session(graph, std::move(model), round + 7);
    const prover::Proof proof = session.prove();
    ++num_honest;
    EXPECT_TRUE(verifier::verify(*prepared, proof.bytes, session.beside(proof), nullptr).accepted());
    // One witness cell changed, honest afterwards.
    prover::ProveHooks hooks;
    bool changed = false;
    hooks.columns = [&](circuit::ColumnValues& columns) {
      for (int attempt = 0; attempt < 50 && !changed; ++attempt) {
        const std::size_t id = odd.below(columns.size());
        if (session.compiled().circuit.columns[id].oracle != circuit::Oracle::kWitness || columns[id].empty()) continue;
        columns[id][odd.below(columns[id].size())] += Fp(0x1234567812345678);
        changed = true;
      }
    };
    const prover::Proof forged = session.prove(&hooks);
    if (changed) EXPECT_FALSE(verifier::verify(*prepared, forged.bytes, session.beside(forged), nullptr).accepted());
    Bytes junk = proof.bytes;
    for (std::size_t i = statement::header_size(graph, visibility); i < junk.size(); ++i) {
      if (odd.below(50) == 0) junk[i] = static_cast<std::uint8_t>(odd.below(256));
    }
    EXPECT_FALSE(verifier::verify(*prepared, junk, session.beside(proof), nullptr).accepted());
  }
  EXPECT_GT(num_honest, 20);
}

// Bit flips, swapped bytes, limbs plus p, bytes left out and put in.
TEST(ProtocolAttack, ChangedBytesAreRejected) {
  std::mt19937_64 random(9);
  prover::ModelOptions committed = test_options(true);
  committed.visibility.inputs.exposure = committed.visibility.outputs.exposure = Exposure::kCommitted;
  for (const auto& [graph, options] : {std::pair{mlp_graph(), test_options(true)}, std::pair{mul_graph(), committed},
                                       std::pair{mul_graph(), test_options(false)}}) {
    const Session session(graph, options);
    const prover::Proof proof = session.prove();
    const statement::PublicValues beside = session.beside(proof);
    for (int round = 0; round < 200; ++round) {
      Bytes changed = proof.bytes;
      const std::size_t at = random() % changed.size();
      switch (random() % 5) {
        case 0: changed[at] ^= static_cast<std::uint8_t>(1u << (random() % 8)); break;
        case 1: std::swap(changed[at], changed[random() % changed.size()]); break;
        case 2: {
          const std::size_t word = at / 8 * 8;
          if (word + 8 > changed.size()) continue;
          put_u64(changed, word, get_u64(changed, word) + Fp::kModulus);
          break;
        }
        case 3: {
          const auto first = changed.begin() + static_cast<std::ptrdiff_t>(at);
          changed.erase(first, first + static_cast<std::ptrdiff_t>(std::min(changed.size() - at, 1 + random() % 64)));
          break;
        }
        default:
          changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), 1 + random() % 40,
                         static_cast<std::uint8_t>(random()));
      }
      if (changed == proof.bytes) continue;
      EXPECT_FALSE(verifier::verify(session.model.prepared, changed, beside, nullptr).accepted()) << round << " " << at;
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
