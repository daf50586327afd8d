// SPDX-License-Identifier: Apache-2.0
// Proofs of fixed seeds, byte for byte, on every machine, with any number of threads and any vector width. A file holds
//   params   the opening's parameters (the search may choose others where logarithms round differently)
//   key      keccak of the verification key         proof   keccak and size of the proof
//   item     what the transcript absorbs or draws: entries, elements, label, in order of first use
// A difference is a change of the protocol (raise its version and update docs/protocol.md) or of the test's graphs.
// To accept it: ZKINFER_UPDATE_GOLDEN=1 build/.../golden_test, and commit testdata/golden.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>

#include "base/files.h"
#include "commit/pcs/opening_verifier.h"
#include "prover/write.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "zkinfer/hex.h"

namespace zkinfer::e2e {
namespace {

constexpr std::uint64_t kMaxGoldenBytes = 1 << 20;

std::string path_of(const std::string& name) {
  return std::string(ZKINFER_SOURCE_DIR) + "/testdata/golden/" + name + ".txt";
}

bool update_wanted() { return std::getenv("ZKINFER_UPDATE_GOLDEN") != nullptr; }

// The parameters that a golden file begins with; from a new search when it is to be written.
Result<pcs::OpeningParams> golden_params(const std::string& name, const Session& searched) {
  if (update_wanted()) return searched.model.prepared.key.params;
  ZKI_ASSIGN_OR_RETURN(const Bytes text, read_file(path_of(name), kMaxGoldenBytes));
  std::istringstream lines(std::string(text.begin(), text.end()));
  std::string field, hex;
  lines >> field >> hex;
  ZKI_ASSIGN_OR_RETURN(const Bytes bytes, from_hex(hex));
  ByteReader reader(bytes);
  return pcs::parse_params(reader);
}

// The verifier with a transcript that keeps its manifest; as verifier::verify does it.
std::vector<TranscriptEntry> manifest_of(const verifier::PreparedKey& prepared, const prover::Proof& proof) {
  const std::size_t header = statement::header_size(prepared.key.graph, prepared.key.visibility);
  const ByteView messages = ByteView(proof.bytes).subspan(header);
  Transcript transcript(verifier::kProtocolName, true);
  statement::absorb_statement(transcript, prepared.identity, prepared.key, Digest{}, 0, proof.data);
  EXPECT_TRUE(verifier::verify_messages(prepared, proof.data.values, {}, messages, transcript).accepted());
  return transcript.manifest();
}

std::string golden_text(const Session& session) {
  const prover::Proof proof = session.prove();
  EXPECT_TRUE(session.verify(proof.bytes).accepted());
  struct Count {
    std::string label;
    int type;
    std::uint64_t entries, elements;
  };
  std::vector<Count> counts;
  for (const TranscriptEntry& entry : manifest_of(session.model.prepared, proof)) {
    const int type = static_cast<int>(entry.type);
    auto found = std::find_if(counts.begin(), counts.end(),
                              [&](const Count& c) { return c.label == entry.label && c.type == type; });
    if (found == counts.end()) found = counts.insert(counts.end(), {std::string(entry.label), type, 0, 0});
    ++found->entries;
    found->elements += entry.count;
  }
  // What tells squeezes apart is a hash of their labels.
  std::map<std::uint32_t, std::string> tags = {{0, "state"}};
  for (const Count& c : counts) {
    if (c.type < 16) continue;
    const auto [tag, is_new] = tags.try_emplace(transcript_tag(c.label), c.label);
    EXPECT_TRUE(is_new || tag->second == c.label) << c.label << " and " << tag->second << " have one tag";
  }
  const statement::Key& key = session.model.prepared.key;
  std::ostringstream out;
  out << "params " << to_hex(key.params.canonical_bytes()) << "\n";
  out << "key " << to_hex(keccak256(prover::key_bytes(key))) << "\n";
  out << "proof " << to_hex(keccak256(proof.bytes)) << " " << proof.bytes.size() << "\n";
  for (const Count& c : counts)
    out << "item " << c.entries << " " << c.elements << " " << (c.type >= 16 ? "drawn " : "absorbed ") << c.label
        << "\n";
  return out.str();
}

void expect_golden(const std::string& name, const qir::QGraph& graph, bool zero_knowledge) {
  Session session(graph, zero_knowledge);
  const auto params = golden_params(name, session);
  ASSERT_TRUE(params.ok()) << params.status().to_string() << "\nto make the file: ZKINFER_UPDATE_GOLDEN=1";
  auto model = prover::recommit_model(graph, draw_params(graph, 1), *params, session.model.prepared.key.visibility,
                                      test_seed(1));
  ASSERT_TRUE(model.ok()) << model.status().to_string()
                          << "\nthe circuit has other sizes now; to accept: ZKINFER_UPDATE_GOLDEN=1";
  session.model = std::move(model).value();
  const std::string got = golden_text(session);
  if (update_wanted()) {
    ASSERT_TRUE(
        write_file(path_of(name), ByteView(reinterpret_cast<const std::uint8_t*>(got.data()), got.size())).ok());
  }
  const auto file = read_file(path_of(name), kMaxGoldenBytes);
  ASSERT_TRUE(file.ok()) << file.status().to_string();
  EXPECT_EQ(got, std::string(file->begin(), file->end()))
      << "the proof of '" << name
      << "' has changed. If that is meant: ZKINFER_UPDATE_GOLDEN=1, and say why in the commit.";
}

TEST(Golden, EveryOpZeroKnowledge) { expect_golden("every_op_zk", qir::every_op_graph(), true); }
TEST(Golden, EveryOpPublic) { expect_golden("every_op_public", qir::every_op_graph(), false); }
TEST(Golden, MlpZeroKnowledge) { expect_golden("mlp_zk", mlp_graph(), true); }
TEST(Golden, MlpPublic) { expect_golden("mlp_public", mlp_graph(), false); }

}  // namespace
}  // namespace zkinfer::e2e
