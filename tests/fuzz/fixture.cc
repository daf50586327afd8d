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

// Most of a verification is hashing the rows that it asks for: fewer bits, fewer rows, and every section of a proof is there all the same.
// Still nobody finds another proof by chance.
constexpr std::uint32_t kBits = 32;
CommitOptions few_queries() {
  CommitOptions options;
  options.security.bits = kBits;
  options.security.pow_bits = 2;
  return options;
}

Fixture make_fixture(qir::QGraph graph, const TensorPolicy& inputs_group = {},
                     const TensorPolicy& outputs_group = {Exposure::kPublic, TensorHash::kNone}) {
  package::Package package;
  package.graph = std::move(graph);
  package.weights = e2e::draw_params(package.graph, 1);
  package.report = "report";
  Fixture fixture;
  fixture.package = package::to_bytes(package);
  fixture.model = must(Model::from_bytes(fixture.package));
  CommitOptions options = few_queries();
  options.budget = 4;
  options.insecure_seed = e2e::test_seed(1);
  options.inputs = inputs_group;
  options.outputs = outputs_group;
  Prover prover = must(Prover::create(*fixture.model, options));
  fixture.key = prover.verification_key();
  fixture.secret = prover.commitment_secret();
  RealInputs inputs;
  for (const TensorInfo& info : fixture.model->inputs()) {
    std::size_t count = 1;
    for (const std::int64_t dim : info.shape) count *= static_cast<std::size_t>(dim);
    inputs.push_back({info.shape, std::vector<float>(count, 0)});
  }
  fixture.proof = must(prover.prove(inputs)).proof;
  if (!options.inputs.is_committed() && !options.outputs.is_committed()) {
    BatchRequest rows;
    rows.inputs = {views(inputs), views(inputs), views(inputs)};
    fixture.batch = must(prover.prove_batch(rows)).proof;
  }
  fixture.verification_key = must(VerificationKey::from_bytes(fixture.key, kBits));
  fixture.certificate = must(prover.certify());
  options.insecure_seed = e2e::test_seed(2);
  Prover fresh = must(Prover::create(*fixture.model, options));
  fixture.rotation = must(prover.rotate(fresh));
  fixture.rotated_key = must(VerificationKey::from_bytes(fresh.verification_key(), kBits));
  return fixture;
}

}  // namespace

const Fixture& every_op() {
  static const Fixture made = make_fixture(qir::every_op_graph());
  return made;
}
const Fixture& small() {
  static const Fixture made = make_fixture(small_graph());
  return made;
}

const Fixture& bound() {
  static const Fixture made =
      make_fixture(small_graph(), {Exposure::kPrivate, TensorHash::kSha256}, {Exposure::kCommitted, TensorHash::kNone});
  return made;
}
const Fixture& beside() {
  static const Fixture made = make_fixture(small_graph(), {Exposure::kPublic, TensorHash::kSha256},
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
