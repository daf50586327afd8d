// SPDX-License-Identifier: Apache-2.0
#include "hiding/twins.h"

#include <map>

#include "exec/integer/executor.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {

namespace {

std::vector<std::vector<std::int64_t>> outputs_of(const qir::QGraph& graph, const qir::Weights& params,
                                                  const std::vector<std::vector<std::int64_t>>& inputs) {
  const auto witness = exec_integer::run(graph, params, inputs);
  ZKI_CHECK(witness.ok(), "the input of a test has a witness");
  std::vector<std::vector<std::int64_t>> outputs;
  for (const qir::ValueId id : graph.outputs) outputs.push_back(witness->values[id]);
  return outputs;
}

constexpr std::int64_t kInputs = 4;
constexpr std::int64_t kHidden = 3;
constexpr std::int64_t kOutputs = 2;

// Two layers with a bias, small tables.
qir::QGraph network() {
  qir::TestBuilder b;
  const std::int32_t relu = b.clamp_table(-16, 5, 0, 10);
  const std::int32_t range = b.range_table(-16, 5);
  const qir::ValueId x = b.input({1, kInputs}, -4, 3);
  const qir::ValueId w1 = b.param({kInputs, kHidden}, -3, 3);
  const qir::ValueId b1 = b.param({kHidden}, -8, 8);
  const qir::ValueId w2 = b.param({kHidden, kOutputs}, -3, 3);
  const qir::ValueId h = b.node(qir::Op::kMatMul, {x, w1, b1}, {1, kHidden}, 0, 10, with_coefs({}, {2, relu}));
  b.graph.outputs = {b.node(qir::Op::kMatMul, {h, w2}, {1, kOutputs}, -16, 15, with_coefs({}, {3, range}))};
  return b.graph;
}

// The first two drawn inputs with the same outputs.
void find_inputs(Twins& twins) {
  std::map<std::vector<std::vector<std::int64_t>>, std::vector<std::vector<std::int64_t>>> seen;
  for (std::uint64_t seed = 1; seed < 100000; ++seed) {
    const auto inputs = draw_inputs(twins.graph, seed);
    const auto [first, is_new] = seen.emplace(outputs_of(twins.graph, twins.params[0], inputs), inputs);
    if (is_new || first->second == inputs) continue;
    twins.inputs = {first->second, inputs};
    return;
  }
  ZKI_CHECK(false, "two inputs of the test's graph have the same outputs");
}

// Smallest domain of at most half the rate.
std::uint8_t log_domain(const pcs::CodeParams& oracle) {
  std::uint8_t bits = 0;
  while ((std::uint64_t{1} << bits) < 2 * oracle.dimension()) ++bits;
  return bits;
}

}  // namespace

statement::PublicIo Twins::statement() const {
  const auto witness = exec_integer::run(graph, params[0], inputs[0]);
  ZKI_CHECK(witness.ok(), "the input of a test has a witness");
  statement::PublicIo out;
  for (const qir::ValueId id : qir::public_values(graph, visibility)) out.values.push_back(witness->values[id]);
  return out;
}

Twins two_inputs() {
  Twins twins{.name = "two inputs", .graph = network(), .visibility = {}, .params = {}, .inputs = {}};
  twins.params.fill(draw_params(twins.graph, 1));
  find_inputs(twins);
  return twins;
}

Twins two_inputs_public_model() {
  Twins twins = two_inputs();
  twins.name = "two inputs, public model";
  twins.visibility.public_params = true;
  return twins;
}

Twins two_committed_inputs() {
  Twins twins = two_inputs();
  twins.name = "two committed inputs";
  twins.visibility.inputs = {Exposure::kCommitted};
  return twins;
}

Twins two_inputs_no_model() {
  Twins twins{
      .name = "two inputs, no parameters", .graph = reduce_graph(), .visibility = {}, .params = {}, .inputs = {}};
  twins.params.fill(draw_params(twins.graph, 1));
  find_inputs(twins);
  return twins;
}

Twins two_models() {
  Twins twins{.name = "two models", .graph = network(), .visibility = {}, .params = {}, .inputs = {}};
  twins.params.fill(draw_params(twins.graph, 1));
  twins.inputs.fill(draw_inputs(twins.graph, 2));
  qir::Weights& other = twins.params[1];
  // The last hidden unit takes the place of the first one.
  const std::size_t last = kHidden - 1;
  for (std::size_t i = 0; i < kInputs; ++i) std::swap(other[1][kHidden * i], other[1][kHidden * i + last]);
  std::swap(other[2][0], other[2][last]);
  for (std::size_t j = 0; j < kOutputs; ++j) std::swap(other[3][j], other[3][kOutputs * last + j]);
  ZKI_CHECK(
      outputs_of(twins.graph, twins.params[0], twins.inputs[0]) == outputs_of(twins.graph, other, twins.inputs[1]),
      "the same outputs");
  return twins;
}

Twins two_models_public_input() {
  Twins twins = two_models();
  twins.name = "two models, public input";
  twins.visibility.inputs = {Exposure::kPublic};
  return twins;
}

std::vector<Twins> all_twins() {
  return {two_inputs(), two_inputs_public_model(), two_committed_inputs(), two_inputs_no_model(),
          two_models(), two_models_public_input()};
}

std::vector<Twins> one_per_relation() {
  std::vector<Twins> out;
  for (const NamedGraph& named : small_graphs()) {
    Twins twins{.name = named.name, .graph = named.graph, .visibility = {}, .params = {}, .inputs = {}};
    twins.params.fill(draw_params(named.graph, 1));
    twins.inputs.fill(draw_inputs(named.graph, 2));
    out.push_back(std::move(twins));
  }
  return out;
}

pcs::OpeningParams tiny_params(const relations::CompiledCircuit& compiled, const qir::Visibility& visibility) {
  pcs::OpeningParams params;
  params.security.bits = 1;
  params.security.pow_bits = 0;
  params.has_model = compiled.num_elements(circuit::Oracle::kModel) > 0;
  const auto base = [&](circuit::Oracle id, std::uint8_t log_lanes, std::uint32_t num_queries,
                        std::uint64_t num_random_coefs) {
    pcs::CodeParams oracle;
    oracle.num_coefs = circuit::place_columns(compiled.circuit, id, log_lanes).num_coefs;
    oracle.num_random_coefs = num_random_coefs;
    oracle.log_lanes = log_lanes;
    oracle.num_queries = num_queries;
    oracle.log_domain = log_domain(oracle);
    return oracle;
  };
  if (params.has_model) {
    params.model_budget = visibility.public_params ? 0 : kTinyBudget;
    params.model = base(circuit::Oracle::kModel, 2, 3, visibility.public_params ? 0 : 3 * kTinyBudget + 4);
  }
  for (std::size_t i = 0; i < compiled.num_data_oracles(); ++i) {
    params.data.push_back({base(circuit::data_oracle(i), 2, 3, 3 * kTinyDataBudget + 4), kTinyDataBudget});
  }
  params.witness = base(circuit::Oracle::kWitness, 4, 4, 4 + 1);
  params.folds.resize(2);
  for (pcs::CodeParams& fold : params.folds) fold.log_lanes = 2;
  for (std::size_t i = 0; i < params.folds.size(); ++i) {
    pcs::CodeParams& fold = params.folds[i];
    fold.num_coefs = (params.vector_size(i) + fold.num_lanes() - 1) / fold.num_lanes();
    fold.num_queries = 3;
    fold.num_random_coefs = 3 + 1;
    fold.log_domain = log_domain(fold);
  }
  params.mask.num_coefs = params.num_mask_elements();
  params.mask.num_queries = 3;
  params.mask.num_random_coefs = 3 + 2;
  params.mask.log_domain = log_domain(params.mask);
  ZKI_CHECK(params.validate().ok(), "parameters of a test");
  return params;
}

}  // namespace zkinfer::e2e
