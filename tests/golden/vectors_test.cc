// SPDX-License-Identifier: Apache-2.0
// docs/vectors.txt, computed by an independent script (make_vectors.py), against the code.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>

#include "base/bytes.h"
#include "commit/merkle/merkle_prover.h"
#include "commit/pcs/content_digest.h"
#include "commit/pcs/params.h"
#include "field/fe.h"
#include "field/inverse.h"
#include "field/limbs.h"
#include "hash/keccak.h"
#include "poly/ntt.h"
#include "prover/commit_model.h"
#include "prover/commit_tensor.h"
#include "prover/prf.h"
#include "qir/qgraph.h"
#include "qir/test_graphs.h"
#include "statement/canonical_bytes.h"
#include "statement/statement.h"
#include "transcript/grind.h"
#include "transcript/transcript.h"
#include "zkinfer/hex.h"

namespace zkinfer {
namespace {

using Vectors = std::map<std::string, std::string>;

Vectors read_vectors() {
  std::ifstream file(ZKINFER_SOURCE_DIR "/docs/vectors.txt");
  Vectors vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    vectors[line.substr(0, space)] = line.substr(space + 1);
  }
  return vectors;
}

std::string show(ByteView bytes) { return to_hex(bytes); }
template <class Range>
std::string show_fps(const Range& values) {
  std::string out;
  for (const Fp x : values) out += (out.empty() ? "" : " ") + std::to_string(x.v);
  return out;
}
std::string show(const Fe& x) { return show_fps(x.c); }

Digest counting() {
  Digest digest;
  std::iota(digest.begin(), digest.end(), std::uint8_t{0});
  return digest;
}

Digest hash_of(char letter) {
  const Bytes message = {static_cast<std::uint8_t>(letter)};
  return keccak256(message);
}

void add_field(Vectors& out) {
  const Fe a(Fp(1), Fp(2), Fp(3));
  out["field.product"] = show(a * Fe(-Fp(1), Fp(5), Fp(7)));
  out["field.inverse"] = show(inverse(a));
}

void add_transcript(Vectors& out) {
  out["keccak.empty"] = show(keccak256(ByteView()));
  Transcript t("zkinfer test vectors");
  t.absorb_u64("size", 77);
  t.absorb_fe("claim", Fe(Fp(1), Fp(2), Fp(3)));
  t.absorb_digest("root", counting());
  out["transcript.challenge"] = show(t.challenge("alpha"));
  std::string indices;
  for (const std::uint64_t i : t.challenge_indices("queries", 5, 4))
    indices += (indices.empty() ? "" : " ") + std::to_string(i);
  out["transcript.indices"] = indices;
  out["transcript.nonce"] = std::to_string(grind(t, 8));
  out["transcript.state"] = show(t.state());
}

void add_merkle(Vectors& out) {
  std::vector<Fp> values;
  for (std::uint64_t i = 0; i < 4; ++i) values.insert(values.end(), {Fp(i), Fp(i * i)});
  const Bytes rows = limb_bytes(values);
  const merkle::TreeShape shape{.log_leaves = 2, .row_bytes = 16};
  const merkle::MerkleTree tree(shape, rows);
  out["merkle.leaf"] = show(merkle::hash_leaf(ByteView(rows).subspan(48)));
  out["merkle.root"] = show(tree.root());
  const std::uint64_t indices[] = {0, 3};
  std::string siblings;
  for (const Digest& digest : tree.open(indices)) siblings += show(digest);
  out["merkle.multiproof"] = siblings;
}

void add_code(Vectors& out) {
  FpVec word(8);
  FpVec points(8);
  for (std::size_t i = 0; i < 3; ++i) word[i] = Fp(i + 1);
  poly::encode_rows(word.span(), 1, 3, 3);
  for (std::size_t i = 0; i < 8; ++i) points[i] = poly::domain_point(i, 3);
  out["code.points"] = show_fps(points);
  out["code.word"] = show_fps(word);
}

void add_prf(Vectors& out) {
  prover::PrfStream stream(counting(), 5);
  FpVec words(8);
  stream.fill(words.span());
  out["prf.words"] = show_fps(words);
}

qir::QGraph tiny_graph() {
  qir::QGraph graph;
  graph.name = "tiny";
  graph.values.push_back({"x", qir::ValueKind::kInput, Shape({2}), 0, 3, {}});
  graph.values.push_back({"y", qir::ValueKind::kNode, Shape({2}), 1, 7, {}});
  qir::Node node;
  node.op = qir::Op::kLinear;
  node.name = "double";
  node.inputs = {0};
  node.output = 1;
  node.coefs = {2};
  node.constant = 1;
  graph.nodes = {node};
  graph.inputs = {0};
  graph.outputs = {1};
  return graph;
}

statement::Key tiny_key() {
  statement::Key key;
  key.graph = tiny_graph();
  key.visibility.inputs.exposure = Exposure::kPublic;
  key.params.security.bits = 10;
  key.params.security.pow_bits = 4;
  key.params.has_model = false;
  key.params.witness = {.num_coefs = 8, .num_random_coefs = 3, .log_lanes = 2, .log_domain = 5, .num_queries = 2};
  key.params.mask = {.num_coefs = 23, .num_random_coefs = 4, .log_lanes = 0, .log_domain = 6, .num_queries = 2};
  return key;
}

void add_statement(Vectors& out) {
  const statement::Key key = tiny_key();
  EXPECT_TRUE(key.params.validate().ok()) << key.params.validate().to_string();
  EXPECT_TRUE(qir::validate(key.graph).ok()) << qir::validate(key.graph).to_string();
  out["statement.structure"] = show(qir::structure_bytes(key.graph));
  out["statement.parameters"] = show(key.params.canonical_bytes());
  out["statement.identity"] = show(key.identity());
  out["statement.ood_point"] = show(statement::ood_point(key.graph, key.params, counting()));
  qir::TestBuilder weights;
  weights.param({2}, -128, 127);
  weights.param({1}, 0, 300);
  const Digest digest = prover::weights_digest(weights.graph, qir::Weights{{-1, 2}, {3}});
  out["prf.rows_key"] = show(prover::derive_rows_key(counting(), key.graph, key.params, digest));
  Bytes content(65536, 7);
  content.insert(content.end(), {1, 2, 3});
  out["prf.content"] = show(pcs::content_digest(content));
  Transcript t("zkinfer proof v2");
  statement::absorb_statement(t, key.identity(), key, counting(), 3,
                              {.values = {{1, 7}, {0, 3}}, .digests = {}, .commitments = {}});
  t.absorb_digest("witness root", hash_of('W'));
  t.absorb_digest("mask root", hash_of('X'));
  out["statement.mask_point"] = show(t.challenge("mask point"));
  t.absorb_fe("mask value", Fe(Fp(1), Fp(2), Fp(3)));
  t.absorb_fe("mask value", Fe(Fp(4), Fp(5), Fp(6)));
  out["statement.alpha"] = show(t.challenge("lookup alpha"));
  out["statement.beta"] = show(t.challenge("lookup beta"));
}

void add_data(Vectors& out) {
  const pcs::TensorOracle oracle{
      {.num_coefs = 4, .num_random_coefs = 19, .log_lanes = 2, .log_domain = 8, .num_queries = 5}, 3};
  out["data.point"] = show(statement::data_point(oracle, 10, counting()));
  out["data.rows_key"] = show(prover::derive_tensor_rows_key(counting(), oracle, {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
  Bytes bytes;
  for (const auto& [lo, hi, values] : std::vector<std::tuple<std::int64_t, std::int64_t, std::vector<std::int64_t>>>{
           {0, 255, {1, 255}}, {-1, 127, {-1, 127}}, {-129, 300, {-129, 300}}, {0, 65536, {0, 65536}}}) {
    qir::Value value;
    value.lo = lo;
    value.hi = hi;
    const Bytes next = statement::canonical_bytes(value, values);
    bytes.insert(bytes.end(), next.begin(), next.end());
  }
  out["data.bytes"] = show(bytes);
}

// The state after step 0 of the statement above with a digest, or a commitment, in place of the public input. The identity
// stays that of the first key, as in the script.
void add_statement_data(Vectors& out) {
  const std::vector<std::int64_t> input = {0, 3};
  qir::Value value;
  value.hi = 255;
  statement::Key key = tiny_key();
  const Digest identity = key.identity();
  for (const bool committed : {false, true}) {
    key.visibility.inputs = committed ? TensorPolicy{Exposure::kCommitted, TensorHash::kNone}
                                      : TensorPolicy{Exposure::kPublic, TensorHash::kKeccak256};
    statement::PublicIo data;
    data.values = {{1, 7}};
    if (committed) data.commitments = {{counting(), Fe(Fp(1), Fp(2), Fp(3))}};
    if (!committed) {
      data.values.push_back(input);
      data.digests = {statement::hash_data(TensorHash::kKeccak256, statement::canonical_bytes(value, input))};
    }
    Transcript t("zkinfer proof v2");
    statement::absorb_statement(t, identity, key, counting(), 3, data);
    out[committed ? "statement.with_commitment" : "statement.with_digest"] = show(t.state());
  }
}

TEST(Vectors, AsInTheSpecification) {
  Vectors computed;
  add_field(computed);
  add_transcript(computed);
  add_merkle(computed);
  add_code(computed);
  add_prf(computed);
  add_statement(computed);
  add_data(computed);
  add_statement_data(computed);
  const Vectors expected = read_vectors();
  EXPECT_EQ(expected.size(), computed.size());
  for (const auto& [name, value] : expected) EXPECT_EQ(computed[name], value) << name;
}

}  // namespace
}  // namespace zkinfer
