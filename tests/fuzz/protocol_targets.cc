// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "e2e/support.h"
#include "fuzz/targets.h"
#include "package/package.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::fuzz {

namespace {

// One model, its key, secret and a proof; made once per process.
struct Fixture {
  Bytes package, key, secret, proof;
  std::optional<Model> model;
  std::optional<VerificationKey> verification_key;
};

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

template <typename T>
T must(Result<T> result) {
  ZKI_CHECK(result.ok(), result.status().to_string().c_str());
  return std::move(result).value();
}

Fixture make_fixture(qir::QGraph graph) {
  package::Package package;
  package.graph = std::move(graph);
  package.params = e2e::draw_params(package.graph, 1);
  package.report = "report";
  Fixture fixture;
  fixture.package = package::to_bytes(package);
  fixture.model = must(Model::from_bytes(fixture.package));
  CommitOptions options;
  options.pow_bits = 2;
  options.budget = 4;
  options.insecure_seed = e2e::test_seed(1);
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
  fixture.verification_key = must(VerificationKey::from_bytes(fixture.key));
  return fixture;
}

const Fixture& every_op() {
  static const Fixture made = make_fixture(qir::every_op_graph());
  return made;
}
const Fixture& small() {
  static const Fixture made = make_fixture(small_graph());
  return made;
}

bool equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// Integer inference of what the reader takes, where it is small.
void run_model(const package::Package& package) {
  std::int64_t total = 0;
  for (const qir::Value& value : package.graph.values) total = std::min<std::int64_t>(total + value.shape.num_elements(), 1 << 20);
  if (total > 4096) return;
  exec_integer::Inputs inputs;
  for (const qir::ValueId id : package.graph.inputs) {
    const qir::Value& value = package.graph.value(id);
    inputs.emplace_back(static_cast<std::size_t>(value.shape.num_elements()), value.lo);
  }
  static_cast<void>(exec_integer::run(package.graph, package.params, inputs));
}

void model_package(ByteView bytes) {
  const Result<package::Package> package = package::from_bytes(bytes);
  if (!package.ok()) return;
  ZKI_CHECK(equal(package::to_bytes(*package), bytes), "the package reader took bytes that are not canonical");
  static_cast<void>(qir::to_text(package->graph));
  run_model(*package);
}

void verification_key(ByteView bytes) {
  Result<proof::Key> key = proof::parse_key(bytes);
  if (!key.ok()) return;
  ZKI_CHECK(equal(key->to_bytes(), bytes), "the key reader took bytes that are not canonical");
  static_cast<void>(verifier::prepare(std::move(*key)));
}

void verify_bytes(ByteView proof) {
  const VerifyResult result = verify(*small().verification_key, proof);
  // Knowing the model's secret nobody needs to break anything here, but random changes must not find another proof.
  ZKI_CHECK(!result.verdict.accepted() || equal(proof, small().proof), "a changed proof was accepted");
  static_cast<void>(proof_size_table(*small().verification_key, proof));
}

// `bytes` are patches of the honest proof, so that changes reach every depth: position (u24, modulo the size), how many
// bytes (u8, low 5 bits), and the bytes to xor. A 0 length cuts the proof there.
void verify_patched(ByteView bytes) {
  Bytes proof = small().proof;
  ByteReader reader(bytes);
  while (reader.remaining() > 4 && !proof.empty()) {
    std::size_t position = reader.u8();
    position = (position << 8 | reader.u8()) << 8;
    position = (position | reader.u8()) % proof.size();
    const std::size_t count = std::min<std::size_t>({reader.u8() % 32U, reader.remaining(), proof.size() - position});
    if (count == 0) proof.resize(position);
    for (const std::uint8_t x : reader.raw(count)) proof[position++] ^= x;
  }
  verify_bytes(proof);
}

void commitment_secret(ByteView bytes) { static_cast<void>(Prover::restore(*small().model, bytes, std::make_shared<MemorySlots>(SlotRange{}))); }

constexpr Target kTargets[] = {
    {"model_package", model_package, [] { return std::vector<Bytes>{every_op().package, small().package}; }, 3000},
    {"verification_key", verification_key, [] { return std::vector<Bytes>{every_op().key, small().key}; }, 2000},
    {"verify_proof", verify_bytes, [] { return std::vector<Bytes>{small().proof}; }, 300},
    {"verify_patched", verify_patched, [] { return std::vector<Bytes>{{0, 0, 9, 1, 1}, {1, 200, 30, 2, 3, 4, 0, 0, 70, 1, 255}}; }, 1000},
    {"commitment_secret", commitment_secret, [] { return std::vector<Bytes>{small().secret}; }, 100},
};

}  // namespace

std::span<const Target> protocol_targets() { return kTargets; }

const Target* find_target(std::string_view name) {
  for (const auto targets : {reader_targets(), protocol_targets()}) {
    for (const Target& target : targets) {
      if (target.name == name) return &target;
    }
  }
  return nullptr;
}

}  // namespace zkinfer::fuzz
