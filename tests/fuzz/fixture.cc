// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fixture.h"

#include "package/package.h"
#include "prover/write.h"
#include "verifier/path.h"

namespace zkinfer::fuzz {

namespace {

// A layer of a perceptron, so that a proof is checked in a millisecond.
qir::QGraph small_graph() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input(Shape{2, 3}, -8, 7);
  const qir::ValueId w = b.param(Shape{3, 2}, -4, 4);
  qir::Node layer;
  layer.requant = {2, b.clamp_table(-32, 6, 0, 15)};
  const qir::ValueId y = b.node(qir::Op::kMatMul, {x, w}, Shape{2, 2}, 0, 15, layer);
  b.graph.outputs = {y};
  return b.graph;
}

constexpr std::uint32_t kBits = 32;

}  // namespace

CommitOptions few_queries() {
  CommitOptions options;
  options.security.bits = kBits;
  options.security.pow_bits = 2;
  return options;
}

Fixture::Fixture(qir::QGraph graph, const TensorPolicy& inputs, const TensorPolicy& outputs) : options_(few_queries()) {
  package::Package made;
  made.graph = std::move(graph);
  made.weights = e2e::draw_params(made.graph, 1);
  made.report = "report";
  package = package::to_bytes(made);
  model = must(Model::from_bytes(package));
  options_.budget = 16;
  options_.inputs = inputs;
  options_.outputs = outputs;
  prover_ = make(1);
  key = prover_->verification_key();
  secret = prover_->commitment_secret();
  verification_key = must(VerificationKey::from_bytes(key, kBits));
}

Prover Fixture::make(std::uint8_t seed) const {
  CommitOptions options = options_;
  options.insecure_seed = e2e::test_seed(seed);
  return must(Prover::create(*model, options));
}

RealInputs Fixture::zeros() const {
  RealInputs inputs;
  for (const TensorInfo& info : model->inputs())
    inputs.push_back({info.shape, std::vector<float>(static_cast<std::size_t>(info.num_elements()), 0)});
  return inputs;
}

const Bytes& Fixture::proof() const {
  if (proof_.empty()) proof_ = must(prover_->prove(zeros())).proof;
  return proof_;
}

const Bytes& Fixture::batch() const {
  if (!batch_.empty()) return batch_;
  const RealInputs row = zeros();
  BatchRequest rows;
  rows.inputs = {views(row), views(row), views(row)};
  return batch_ = must(prover_->prove_batch(rows)).proof;
}

const DataSet& Fixture::data_set() const {
  if (data_set_.has_value()) return *data_set_;
  DataSet::Parts parts;
  parts.name = "rows";
  parts.labels = {0, 1, 1, 0, 1};
  parts.groups = {0, 1, 0, 1, 0};
  for (const RealTensor& input : zeros()) {
    std::vector<std::int64_t> shape = input.shape;
    shape.insert(shape.begin(), 5);
    parts.inputs.push_back({"x", Tensor(shape, std::vector<float>(5 * input.data.size(), 0.5F))});
  }
  data_set_ = must(DataSet::build(std::move(parts)));
  return *data_set_;
}

const Bytes& Fixture::evaluation_of(Bytes& kept, bool totals_only, std::uint64_t chunk_rows) const {
  if (!kept.empty()) return kept;
  EvaluationRequest request;
  request.data = &data_set();
  request.chunk_rows = chunk_rows;
  request.totals_only = totals_only;
  return kept = must(prover_->evaluate(request)).evaluation;
}
const Bytes& Fixture::evaluation() const { return evaluation_of(evaluation_, false, 3); }
const Bytes& Fixture::joined_evaluation() const { return evaluation_of(joined_evaluation_, true, 2); }

const JointResult& Fixture::joint() const {
  if (joint_.has_value()) return *joint_;
  const RealInputs row = zeros();
  JointRequest request;
  request.inputs = {views(row), views(row)};
  request.contexts = {Bytes{1}, Bytes{2}};
  request.num_seats = 4;
  joint_ = must(prover_->prove_joint(request));
  return *joint_;
}

const SealedModel& Fixture::sealed() const {
  if (sealed_.has_value()) return *sealed_;
  SealRequest request;
  sealed_ = must(prover_->seal(request));
  return *sealed_;
}

const Bytes& Fixture::certificate() const {
  if (certificate_.empty()) certificate_ = must(prover_->certify());
  return certificate_;
}

const Prover& Fixture::fresh() const {
  if (!fresh_.has_value()) fresh_ = make(2);
  return *fresh_;
}

const Bytes& Fixture::rotation() const {
  static_cast<void>(fresh());
  if (rotation_.empty()) rotation_ = must(prover_->rotate(*fresh_));
  return rotation_;
}

const VerificationKey& Fixture::rotated_key() const {
  if (!rotated_key_.has_value()) rotated_key_ = must(VerificationKey::from_bytes(fresh().verification_key(), kBits));
  return *rotated_key_;
}

const Fixture& every_op() {
  static const Fixture made(qir::every_op_graph());
  return made;
}
const Fixture& small() {
  static const Fixture made(small_graph());
  return made;
}

const Fixture& bound() {
  static const Fixture made(small_graph(), {Exposure::kPrivate, TensorHash::kSha256},
                            {Exposure::kCommitted, TensorHash::kNone});
  return made;
}
const Fixture& beside() {
  static const Fixture made(small_graph(), {Exposure::kPublic, TensorHash::kSha256},
                            {Exposure::kPublic, TensorHash::kKeccak256});
  return made;
}

const PathFixture& rooted() {
  static const PathFixture made = [] {
    CommitOptions options = few_queries();
    options.budget = 8;
    options.role = CommitmentRole::kRoot;
    Prover root = must(Prover::create(*small().model, options));
    options.role = CommitmentRole::kServing;
    Prover serving = must(Prover::create(*small().model, options));
    PathFixture fixture;
    fixture.root = must(VerificationKey::from_bytes(root.verification_key(), kBits));
    const statement::Key key = must(statement::parse_key(serving.verification_key()));
    verifier::Path path;
    path.root_identity = fixture.root->info().model_identity;
    path.steps.push_back({key.params, key.commitment, must(root.rotate(serving))});
    fixture.path = prover::path_bytes(path);
    return fixture;
  }();
  return made;
}

Bytes patched(Bytes honest, ByteView bytes) {
  ByteReader reader(bytes);
  while (reader.remaining() > 4 && !honest.empty()) {
    std::size_t position = reader.u8();
    position = (position << 8 | reader.u8()) << 8;
    position = (position | reader.u8()) % honest.size();
    const std::size_t count = std::min<std::size_t>({reader.u8() % 32U, reader.remaining(), honest.size() - position});
    if (count == 0) honest.resize(position);
    for (const std::uint8_t x : reader.raw(count)) honest[position++] ^= x;
  }
  return honest;
}

std::vector<Bytes> patch_seeds() {
  return {{0, 0, 9, 1, 1}, {1, 200, 30, 2, 3, 4, 0, 0, 70, 1, 255}, {0, 0, 100, 8, 1, 2, 3, 4, 5, 6, 7, 8}};
}

}  // namespace zkinfer::fuzz
