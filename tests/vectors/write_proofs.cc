// SPDX-License-Identifier: Apache-2.0
// write_proofs FOLDER [FIRST COUNT]: keys and proofs for the second verifier (tests/vectors/zkverify.py): NAME.zkkey, NAME.zkproof, and
// NAME.public.0, .. with the canonical bytes of public tensors that the proof holds a hash of; of some also NAME.zkbatch. Without numbers: the golden proofs, a
// graph per kind of relation, and one graph under every visibility; else COUNT random graphs from seed FIRST on. Of some
// also lies, NAME.lie.KIND.zkproof: from columns with one wrong cell, or wrong in one place of the opening; in .verdict is what the
// first verifier says of it. All seeds are fixed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include "base/files.h"
#include "prover/prove_batch.h"
#include "prover/write.h"
#include "soundness/random_graph.h"
#include "statement/canonical_bytes.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/batch.h"
#include "zkinfer/hex.h"

namespace {

using namespace zkinfer;

std::string folder;

void write(const std::string& name, ByteView bytes) {
  const Status status = write_file(folder + "/" + name, bytes);
  ZKI_CHECK(status.ok(), status.to_string().c_str());
}

// Public tensors that the proof holds a hash of.
void write_beside(const std::string& name, const e2e::Session& session, const prover::Proof& proof,
                  std::uint64_t num_rows, statement::PublicValues& beside) {
  beside = session.beside(proof);
  std::size_t next = 0;
  for (const auto& [id, policy] : qir::seen_tensors(session.graph, session.key().visibility)) {
    if (!policy.is_public() || policy.in_proof()) continue;
    Bytes bytes = statement::canonical_bytes(session.graph.value(id), beside[next]);
    ZKI_CHECK_EQ(beside[next].size(),
                 num_rows * static_cast<std::uint64_t>(session.graph.value(id).shape.num_elements()),
                 "a tensor of every row");
    write(name + ".public." + std::to_string(next++), bytes);
  }
}

// NAME.zkbatch and NAME.batch.public.0, ..: three rows under the session's key. Nothing where the executor refuses the drawn inputs.
void write_batch(const std::string& name, const e2e::Session& session) {
  constexpr std::uint64_t kRows = 3;
  const auto plan = prover::plan_batch(session.model, kRows);
  if (!plan.ok()) return;
  prover::ProveRequest request;
  request.inputs = session.request.inputs;
  for (std::uint64_t row = 1; row < kRows; ++row) {
    const auto more = e2e::draw_inputs(session.graph, 100 + row);
    for (std::size_t i = 0; i < more.size(); ++i)
      request.inputs[i].insert(request.inputs[i].end(), more[i].begin(), more[i].end());
  }
  std::vector<prover::CommittedValues> committed;
  const std::vector<pcs::TensorOracle>& oracles = plan->prepared.key.params.data;
  if (session.key().visibility.inputs.is_committed()) {
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      const pcs::TensorOracle& oracle = oracles[oracles.size() - request.inputs.size() + i];
      committed.push_back(prover::commit_tensor(request.inputs[i], oracle, e2e::test_seed(90)).value());
    }
    for (const prover::CommittedValues& values : committed) request.committed_inputs.push_back(&values);
  }
  const auto proof = prover::prove_batch(session.model, *plan, request);
  if (!proof.ok()) return;
  statement::PublicValues beside;
  write_beside(name + ".batch", session, *proof, kRows, beside);
  const Verdict verdict = verifier::verify_batch(session.model.prepared, proof->bytes, beside, nullptr);
  ZKI_CHECK(verdict.accepted(), (name + ", batch: " + verdict.to_string()).c_str());
  write(name + ".zkbatch", proof->bytes);
}

// False where the executor refuses the drawn input.
bool write_session(const std::string& name, const e2e::Session& session, bool with_batch = false) {
  const auto proof = prover::prove(session.model, session.request);
  if (!proof.ok()) return false;
  statement::PublicValues beside;
  write_beside(name, session, *proof, 1, beside);
  const Verdict verdict = verifier::verify(session.model.prepared, proof->bytes, beside, nullptr);
  ZKI_CHECK(verdict.accepted(), (name + ": " + verdict.to_string()).c_str());
  write(name + ".zkkey", prover::key_bytes(session.key()));
  write(name + ".zkproof", proof->bytes);
  if (with_batch) write_batch(name, session);
  return true;
}

// As tests/golden makes it, under the parameters that its file begins with.
void write_golden(const std::string& name, const qir::QGraph& graph, bool zero_knowledge) {
  const auto text = read_file(std::string(ZKINFER_SOURCE_DIR) + "/testdata/golden/" + name + ".txt", 1 << 20);
  ZKI_CHECK(text.ok(), "a golden file");
  std::istringstream lines(std::string(text->begin(), text->end()));
  std::string field, hex;
  lines >> field >> hex;
  const auto bytes = from_hex(hex);
  ZKI_CHECK(bytes.ok(), "parameters in a golden file");
  ByteReader reader(*bytes);
  const auto params = pcs::parse_params(reader);
  ZKI_CHECK(params.ok(), params.status().to_string().c_str());
  const qir::Visibility visibility = e2e::test_options(zero_knowledge).visibility;
  auto model = prover::recommit_model(graph, e2e::draw_params(graph, 1), *params, visibility, e2e::test_seed(1));
  ZKI_CHECK(write_session(name, e2e::Session(graph, std::move(model), 2)), "a golden proof");
}

const std::vector<std::pair<std::string, TensorPolicy>>& policies() {
  static const std::vector<std::pair<std::string, TensorPolicy>> all = {
      {"private", {Exposure::kPrivate, TensorHash::kNone}},
      {"private_sha256", {Exposure::kPrivate, TensorHash::kSha256}},
      {"public", {Exposure::kPublic, TensorHash::kNone}},
      {"public_sha256", {Exposure::kPublic, TensorHash::kSha256}},
      {"public_keccak", {Exposure::kPublic, TensorHash::kKeccak256}},
      {"committed", {Exposure::kCommitted, TensorHash::kNone}},
      {"committed_sha256", {Exposure::kCommitted, TensorHash::kSha256}}};
  return all;
}

// NAME.lie.KIND.zkproof, of a prover with these hooks, and in .verdict what the first verifier says of it.
void write_lie(const std::string& name, const e2e::Session& session, const prover::ProveHooks& hooks) {
  const prover::Proof proof = session.prove(&hooks);
  const Verdict verdict = session.verify(proof.bytes);
  ZKI_CHECK(!verdict.accepted(), name.c_str());
  write(name + ".zkproof", proof.bytes);
  const std::string text = verdict.to_string();
  write(name + ".verdict", ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

// One wrong cell, of the first column or of the last that is not the protocol's own.
void write_cell_lie(const std::string& name, const e2e::Session& session, bool last) {
  const circuit::Circuit& circuit = session.compiled().circuit;
  std::vector<circuit::ColumnId> ids;
  for (circuit::ColumnId id = 0; id < circuit.columns.size(); ++id) {
    const bool counts =
        std::ranges::any_of(circuit.tables, [&](const auto& table) { return table.multiplicity == id; });
    const bool own = id == circuit.pads || id == circuit.blind || counts;
    if (circuit.columns[id].oracle == circuit::Oracle::kWitness && !own) ids.push_back(id);
  }
  const circuit::ColumnId id = last ? ids.back() : ids.front();
  prover::ProveHooks hooks;
  hooks.columns = [id](circuit::ColumnValues& data) { data[id][0] += Fp(0x1234567812345678); };
  write_lie(name + ".lie.cell", session, hooks);
}

// An opening that is wrong in one place.
struct OpeningLie final : pcs::ProverHooks {
  std::string kind;
  Fe mask_point;

  void fold_vector(std::size_t fold, FeSpan vector) override {
    if (kind == "fold_vector" && fold == 0) vector.set(0, vector.get(0) + Fe::one());
  }
  void out_of_domain(std::size_t fold, Fe& value) override {
    if (kind == "out_of_domain" && fold == 0) value += Fe::one();
  }
  void round(std::size_t index, Fe& c1, Fe& c2) override {
    if (kind == "first_round" && index == 0) c1 += Fe::one();
    if (kind == "later_round" && index == 5) c2 += Fe::one();
  }
  void final_vector(FeSpan vector) override {
    if (kind == "final_vector") vector.set(0, vector.get(0) + Fe::one());
  }
  void mask_product(Fe& mu_s) override {
    if (kind == "mask_product") mu_s += Fe::one();
  }
  void mask_response(std::vector<Fe>& response) override {
    if (kind == "mask_pin" || kind == "mask_codeword") response[1] += Fe::one();
    // The pin's sum of powers stays what it was.
    if (kind == "mask_codeword") response[0] -= mask_point;
  }
};

void write_opening_lies(const std::string& name, const e2e::Session& session) {
  const bool zero_knowledge = session.key().params.security.zero_knowledge;
  OpeningLie lie;
  if (zero_knowledge) {
    const prover::Proof honest = session.prove();
    Transcript transcript(verifier::kProtocolName);
    statement::absorb_statement(transcript, session.key().identity(), session.key(), Digest{}, 0, honest.data);
    const std::size_t begin = statement::header_size(session.graph, session.key().visibility);
    for (std::size_t i = 0; i < 2; ++i) {
      Digest root;
      std::copy_n(honest.bytes.begin() + static_cast<std::ptrdiff_t>(begin + 32 * i), root.size(), root.begin());
      transcript.absorb_digest(i == 0 ? "witness root" : "mask root", root);
    }
    lie.mask_point = transcript.challenge("mask point");
  }
  prover::ProveHooks hooks;
  hooks.opening = &lie;
  std::vector<std::string> kinds = {"first_round", "later_round", "final_vector"};
  if (!session.key().params.folds.empty()) kinds.insert(kinds.end(), {"fold_vector", "out_of_domain"});
  if (zero_knowledge) kinds.insert(kinds.end(), {"mask_product", "mask_pin", "mask_codeword"});
  for (const std::string& kind : kinds) {
    lie.kind = kind;
    write_lie(name + ".lie." + kind, session, hooks);
  }
}

void write_known() {
  write_golden("every_op_zk", qir::every_op_graph(), true);
  write_golden("every_op_public", qir::every_op_graph(), false);
  write_golden("mlp_zk", e2e::mlp_graph(), true);
  write_golden("mlp_public", e2e::mlp_graph(), false);
  std::size_t number = 0;
  for (const auto& [title, graph] : e2e::small_graphs()) {
    std::string name = "graph_" + title;
    std::ranges::replace(name, ' ', '_');
    const e2e::Session session(graph, number % 3 != 0);
    ZKI_CHECK(write_session(name, session), name.c_str());
    write_cell_lie(name, session, number++ % 2 == 0);
  }
  for (const bool zero_knowledge : {true, false}) {
    const e2e::Session session(qir::every_op_graph(), zero_knowledge);
    const std::string name = zero_knowledge ? "every_op_hidden" : "every_op_shown";
    ZKI_CHECK(write_session(name, session, true), name.c_str());
    write_opening_lies(name, session);
  }
  ZKI_CHECK(write_session("graph_wide_tables", e2e::Session(qir::wide_tables_graph(), true)), "wide tables");
  const auto& all = policies();
  for (std::size_t i = 0; i < all.size(); ++i) {
    prover::ModelOptions options = e2e::test_options(true);
    options.visibility.inputs = all[i].second;
    options.visibility.outputs = all[(i + 3) % all.size()].second;
    options.visibility.public_params = i % 2 == 0;
    if (options.visibility.public_params) options.budget = 0;
    const std::string name = "seen_" + all[i].first + "_" + all[(i + 3) % all.size()].first;
    ZKI_CHECK(write_session(name, e2e::Session(e2e::matmul_graph(), options), true), name.c_str());
  }
}

void write_random(std::uint64_t seed) {
  const qir::QGraph graph = differential::draw_graph(seed);
  std::int64_t size = 0;
  for (const qir::Value& value : graph.values) size += value.shape.num_elements();
  if (!qir::validate(graph).ok() || size > (1 << 14)) return;
  const auto& all = policies();
  prover::ModelOptions options = e2e::test_options(true);
  options.security.bits = 40;
  options.visibility.inputs = all[seed % 3 == 0 ? seed / 3 % all.size() : 0].second;
  options.visibility.outputs = all[seed % 5 == 0 ? seed / 5 % all.size() : 2].second;
  auto committed = prover::commit_model(graph, e2e::draw_params(graph, seed), options, e2e::test_seed(1));
  if (!committed.ok()) return;
  if (write_session("random_" + std::to_string(seed), e2e::Session(graph, std::move(committed), seed + 1),
                    seed % 4 == 0))
    std::printf("random_%llu\n", static_cast<unsigned long long>(seed));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "usage: write_proofs FOLDER [FIRST COUNT]\n");
    return 2;
  }
  folder = argv[1];
  if (argc == 2) {
    write_known();
    return 0;
  }
  const std::uint64_t first = std::strtoull(argv[2], nullptr, 10), count = std::strtoull(argv[3], nullptr, 10);
  for (std::uint64_t seed = first; seed < first + count; ++seed) write_random(seed);
  return 0;
}
