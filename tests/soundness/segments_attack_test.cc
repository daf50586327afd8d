// SPDX-License-Identifier: Apache-2.0
// Cheating provers of models that are cut into segments: every way in which the parts of one proof, of several proofs or of several
// models can be put together wrongly; keys that are wired wrongly; and what the randomness of segments and boundaries hangs on.
#include <gtest/gtest.h>

#include <set>

#include "api/secret.h"
#include "prover/certify.h"
#include "prover/segments.h"
#include "prover/write.h"
#include "statement/segments.h"
#include "support/layered_graphs.h"
#include "support/session.h"
#include "verifier/certificate.h"
#include "verifier/path.h"

namespace zkinfer::e2e {
namespace {

// A cut model with its commitment.
struct Cut {
  std::shared_ptr<const prover::CutModel> model;
  Digest seed{};
  verifier::PreparedKey prepared;

  Cut(qir::QGraph graph, std::vector<std::uint32_t> cuts, std::uint64_t weights_seed = 1, std::uint8_t seed_byte = 1)
      : seed(test_seed(seed_byte)) {
    package::Package package;
    package.graph = std::move(graph);
    package.weights = draw_params(package.graph, weights_seed);
    package.cuts = std::move(cuts);
    auto made = api::cut_of(package);
    ZKI_CHECK(made.ok(), made.status().to_string().c_str());
    model = std::move(made).value();
    auto key = prover::commit_segments(*model, test_options(true), seed, {});
    ZKI_CHECK(key.ok(), key.status().to_string().c_str());
    auto read_back = statement::parse_key(prover::key_bytes(*key));
    ZKI_CHECK(read_back.ok(), read_back.status().to_string().c_str());
    auto ready = verifier::prepare(std::move(read_back).value(), kNoVerifyLimits);
    ZKI_CHECK(ready.ok(), ready.status().to_string().c_str());
    prepared = std::move(ready).value();
  }
  const statement::Key& key() const { return prepared.key; }

  prover::ProveRequest request(std::uint64_t inputs_seed, std::uint8_t context = 0, std::uint8_t entropy = 0) const {
    prover::ProveRequest out;
    out.inputs = draw_inputs(model->parts.front().graph, inputs_seed);
    out.context[0] = context;
    out.entropy[0] = entropy;
    return out;
  }
  Verdict verdict(ByteView proof) const { return verifier::verify(prepared, proof, nullptr); }
};

// The pieces of a proof's file.
struct Pieces {
  Bytes head;
  std::vector<Bytes> boundaries, segments;

  Pieces(const Cut& cut, const Bytes& proof) {
    ByteReader reader(proof);
    const auto take = [&](std::size_t size) {
      const ByteView bytes = reader.raw(size);
      return Bytes(bytes.begin(), bytes.end());
    };
    head = take(statement::header_size(cut.key().graph, cut.key().visibility));
    for (std::size_t i = 0; i < statement::boundaries_of(cut.key()).size(); ++i)
      boundaries.push_back(take(statement::kCommitmentBytes));
    for (std::size_t i = 0; i < cut.key().segments.size(); ++i) segments.push_back(take(reader.u32()));
    ZKI_CHECK(reader.finished(), "a proof that was just made");
  }
  Bytes join() const {
    ByteWriter out;
    out.raw(head);
    for (const Bytes& boundary : boundaries) out.raw(boundary);
    for (const Bytes& segment : segments) out.blob(segment);
    return std::move(out).take();
  }
};

Bytes prove(const Cut& cut, const prover::ProveRequest& request) {
  auto proof = prover::prove_segments(*cut.model, cut.key(), cut.seed, {}, request);
  ZKI_CHECK(proof.ok(), proof.status().to_string().c_str());
  return std::move(proof->bytes);
}

// Four layers of one shape: any segment's messages would fit another's place.
Cut layers() { return Cut(layered_graph(4, 4), {1, 2, 3}); }

TEST(SegmentsAttack, PiecesInOtherPlaces) {
  const Cut cut = layers();
  const Bytes proof = prove(cut, cut.request(3));
  ASSERT_EQ(cut.verdict(proof).to_string(), "accepted");
  const Pieces good(cut, proof);
  ASSERT_EQ(good.join(), proof);
  const auto refused = [&](const char* what, const auto& change) {
    Pieces pieces = good;
    change(pieces);
    EXPECT_FALSE(cut.verdict(pieces.join()).accepted()) << what;
  };
  refused("swapped boundaries", [](Pieces& p) { std::swap(p.boundaries[0], p.boundaries[1]); });
  refused("one boundary twice", [](Pieces& p) { p.boundaries[1] = p.boundaries[0]; });
  refused("segments in another order", [](Pieces& p) { std::swap(p.segments[1], p.segments[2]); });
  refused("one segment twice", [](Pieces& p) { p.segments[2] = p.segments[1]; });
  refused("a missing segment", [](Pieces& p) { p.segments.pop_back(); });
  refused("an empty segment", [](Pieces& p) { p.segments[1].clear(); });
  refused("a further segment", [](Pieces& p) { p.segments.push_back(p.segments[3]); });
  refused("both swapped", [](Pieces& p) {
    std::swap(p.boundaries[0], p.boundaries[1]);
    std::swap(p.segments[1], p.segments[2]);
  });
  // Wherever a byte is changed.
  for (std::size_t at = 8; at < proof.size(); at += 997) {
    Bytes changed = proof;
    changed[at] ^= 0x20;
    EXPECT_FALSE(cut.verdict(changed).accepted()) << at;
    EXPECT_FALSE(cut.verdict(ByteView(proof).first(at)).accepted()) << at;
  }
}

TEST(SegmentsAttack, PiecesOfOtherProofs) {
  const Cut cut = layers();
  const Pieces good(cut, prove(cut, cut.request(3)));
  // Another input; the same input, for another verifier; the same input and verifier, with other randomness.
  for (const prover::ProveRequest& other : {cut.request(4), cut.request(3, 1), cut.request(3, 0, 1)}) {
    const Pieces run(cut, prove(cut, other));
    ASSERT_NE(run.boundaries, good.boundaries);
    for (std::size_t i = 0; i < 4; ++i) {
      Pieces replayed = good;
      replayed.segments[i] = run.segments[i];
      EXPECT_FALSE(cut.verdict(replayed.join()).accepted()) << "segment " << i;
      if (i < 3) {
        Pieces boundary = good;
        boundary.boundaries[i] = run.boundaries[i];
        EXPECT_FALSE(cut.verdict(boundary.join()).accepted()) << "boundary " << i;
        // With the segments on both of its sides.
        boundary.segments[i] = run.segments[i];
        boundary.segments[i + 1] = run.segments[i + 1];
        EXPECT_FALSE(cut.verdict(boundary.join()).accepted()) << "boundary and segments " << i;
      }
    }
    Pieces head = run;
    head.head = good.head;
    if (head.head != run.head) EXPECT_FALSE(cut.verdict(head.join()).accepted());
  }
}

TEST(SegmentsAttack, SegmentsOfOtherModels) {
  const Cut cut = layers(), stranger(layered_graph(4, 4), {1, 2, 3}, 2);
  // A model with the stranger's third segment, proven as it should be, and then called by the name of the first.
  statement::Key mixed = cut.key();
  mixed.segments[2] = stranger.key().segments[2];
  prover::CutModel model = *cut.model;
  model.parts[2] = stranger.model->parts[2];
  auto proof = prover::prove_segments(model, mixed, cut.seed, {}, cut.request(3));
  ASSERT_TRUE(proof.ok()) << proof.status().to_string();
  const auto own = verifier::prepare(mixed, kNoVerifyLimits);
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(verifier::verify(*own, proof->bytes, nullptr).to_string(), "accepted");
  EXPECT_EQ(cut.verdict(proof->bytes).reason, RejectReason::kWrongStatement) << "another identity";
  std::ranges::copy(cut.prepared.identity, proof->bytes.begin() + statement::kIdentityOffset);
  EXPECT_FALSE(cut.verdict(proof->bytes).accepted());
  // Its messages in a proof of the first.
  const Pieces good(cut, prove(cut, cut.request(3)));
  Pieces pieces = good;
  pieces.segments[2] = Pieces(cut, proof->bytes).segments[2];
  EXPECT_FALSE(cut.verdict(pieces.join()).accepted());
}

// A segment that goes on from other values than the one before gave, everything else being as it should: the contexts are known
// before anything is proven, so a prover can make such proofs.
TEST(SegmentsAttack, OtherValuesBetween) {
  const Cut cut = layers();
  const prover::ProveRequest request = cut.request(3);
  const Bytes proof = prove(cut, request);
  const Pieces good(cut, proof);
  statement::Header header;
  ASSERT_TRUE(verifier::verify(cut.prepared, proof, &header).accepted());
  // Other values in the second boundary.
  const statement::Key& reader = cut.key().segments[2];
  const pcs::TensorOracle& oracle = reader.params.data[1];
  const auto other = prover::commit_tensor({1, 2, 3, 4}, oracle, test_seed(9));
  ASSERT_TRUE(other.ok());
  for (const bool shows_other : {false, true}) {
    // The file shows the boundary that was given, or the one that is read.
    Pieces forged = good;
    ByteWriter shown;
    other->commitment.write(shown);
    if (shows_other) forged.boundaries[1] = shown.bytes();
    std::vector<statement::Commitment> boundaries;
    for (const Bytes& bytes : forged.boundaries) {
      ByteReader boundary(bytes);
      boundaries.push_back(statement::read_commitment(boundary));
    }
    const auto statements = statement::segment_statements(cut.key(), cut.prepared.identity, header.context, header.slot,
                                                          header.data, boundaries);
    const auto opened = prover::open_segment(*cut.model, cut.key(), cut.seed, {}, 2);
    ASSERT_TRUE(opened.ok());
    prover::ProveRequest own;
    own.context = statements[2].context;
    own.committed_inputs = {&*other};
    const auto segment = prover::prove(*opened, own);
    ASSERT_TRUE(segment.ok()) << segment.status().to_string();
    forged.segments[2] = Bytes(
        segment->bytes.begin() + static_cast<std::ptrdiff_t>(statement::header_size(reader.graph, reader.visibility)),
        segment->bytes.end());
    EXPECT_FALSE(cut.verdict(forged.join()).accepted());
  }
}

TEST(SegmentsAttack, KeysThatAreWiredWrongly) {
  const Cut cut(skipping_graph(), {1, 2, 3});
  const statement::Key& key = cut.key();
  ASSERT_EQ(key.reads.size(), 4u);
  const auto join = [&](const auto& change) {
    std::vector<statement::Key> segments = key.segments;
    std::vector<std::vector<std::uint32_t>> reads = key.reads;
    change(segments, reads);
    return statement::join_keys(std::move(segments), std::move(reads));
  };
  using Segments = std::vector<statement::Key>;
  using Reads = std::vector<std::vector<std::uint32_t>>;
  ASSERT_TRUE(join([](Segments&, Reads&) {}).ok());
  const auto refused = [&](const char* what, const std::function<void(Segments&, Reads&)>& change) {
    EXPECT_EQ(join(change).status().code(), StatusCode::kCorrupt) << what;
  };
  refused("a boundary from behind", [](Segments&, Reads& r) { r[1].back() = 4; });
  refused("a boundary that is not there", [](Segments&, Reads& r) { r[3].back() = 99; });
  refused("one that nobody reads", [](Segments&, Reads& r) { r[3].back() = r[3].front(); });
  refused("in another order", [](Segments&, Reads& r) { std::swap(r[3][0], r[3][1]); });
  refused("one input less", [](Segments&, Reads& r) { r[3].pop_back(); });
  refused("the first reads", [](Segments&, Reads& r) { r[0] = {0}; });
  refused("too few", [](Segments& s, Reads& r) { s.resize(1), r.resize(1); });
  refused("a larger budget", [](Segments& s, Reads&) { s[0].params.data[0].budget += 1; });
  refused("a wider range", [&](Segments& s, Reads&) { s[3].graph.values[s[3].graph.inputs[0]].hi += 1; });
  refused("another scale", [&](Segments& s, Reads&) { s[3].graph.values[s[3].graph.inputs[0]].scale.exponent += 1; });
  refused("fewer bits", [](Segments& s, Reads&) { s[2].params.security.bits -= 1; });
  refused("open in between", [](Segments& s, Reads&) { s[1].visibility.outputs = {Exposure::kPublic}; });
  refused("private in between", [](Segments& s, Reads&) { s[1].visibility.inputs = {}; });
  refused("public weights of one", [](Segments& s, Reads&) { s[1].visibility.public_params = true; });
  refused("a test's seed", [](Segments& s, Reads&) { s[1].insecure_seed = true; });
  refused("another name", [](Segments& s, Reads&) { s[1].graph.name += "x"; });
  refused("another budget of proofs", [](Segments& s, Reads&) { s[1].params.model_budget += 1; });
  // The wiring is in the identity.
  const Cut same(layered_graph(4, 4), {1, 2, 3});
  statement::Key rewired = key;
  std::swap(rewired.reads[3][0], rewired.reads[3][1]);
  EXPECT_NE(rewired.identity(), key.identity());
  statement::Key reordered = same.key();
  std::swap(reordered.segments[1], reordered.segments[2]);
  EXPECT_NE(reordered.identity(), same.key().identity());
  // Bytes of the file, one by one: another key, or none.
  const Bytes bytes = prover::key_bytes(key);
  for (std::size_t at = 0; at < bytes.size(); at += 13) {
    Bytes changed = bytes;
    changed[at] ^= 1;
    const auto other = statement::parse_key(changed);
    if (other.ok()) EXPECT_NE(other->identity(), key.identity()) << at;
    EXPECT_FALSE(statement::parse_key(ByteView(bytes).first(at)).ok()) << at;
  }
}

TEST(SegmentsAttack, CertificatesOfOtherSegments) {
  const Cut cut = layers();
  const auto certificate = prover::certify_segments(*cut.model, cut.key(), cut.seed, {}, {});
  ASSERT_TRUE(certificate.ok());
  const auto verdict = [&](ByteView bytes) { return verifier::verify_certificate(cut.prepared, bytes); };
  EXPECT_EQ(verdict(*certificate).to_string(), "accepted");
  constexpr std::size_t kHead = kFrameBytes + 8 + 4;
  ByteReader reader(ByteView(*certificate).subspan(kHead));
  std::vector<Bytes> parts;
  for (int i = 0; i < 4; ++i) {
    const ByteView part = reader.blob(1 << 24);
    parts.emplace_back(part.begin(), part.end());
  }
  const auto file = [&](const std::vector<std::size_t>& order) {
    ByteWriter out;
    out.raw(ByteView(*certificate).first(kHead));
    for (const std::size_t i : order) out.blob(parts[i]);
    return std::move(out).take();
  };
  EXPECT_EQ(file({0, 1, 2, 3}), *certificate);
  for (const std::vector<std::size_t>& order :
       std::vector<std::vector<std::size_t>>{{0, 2, 1, 3}, {0, 1, 2}, {0, 1, 1, 3}, {0, 1, 2, 3, 3}})
    EXPECT_FALSE(verdict(file(order)).accepted());
  // One segment's own certificate, as that of a key which is not cut.
  const auto opened = prover::open_segment(*cut.model, cut.key(), cut.seed, {}, 0);
  ASSERT_TRUE(opened.ok());
  EXPECT_FALSE(verdict(*prover::certify(*opened, {})).accepted());
  EXPECT_FALSE(verifier::verify_certificate(cut.prepared.segments[0], *certificate).accepted());
}

// What checking a cut model may cost is one limit for all segments, not one for each, and none of it is spent before it is counted: what
// stops is the first segment that is beyond the limit.
TEST(SegmentsAttack, AllSegmentsShareTheLimit) {
  const Cut cut = layers(), fresh(layered_graph(4, 4), {1, 2, 3}, 1, 2);
  const auto certificate = prover::certify_segments(*cut.model, cut.key(), cut.seed, {}, {});
  const auto rotation =
      prover::rotate_segments(*cut.model, cut.key(), cut.seed, {}, fresh.key(), fresh.seed, {}, prover::ProveRequest{});
  ASSERT_TRUE(certificate.ok() && rotation.ok());
  verifier::Path path{cut.prepared.identity, {}};
  verifier::PathStep& step = path.steps.emplace_back();
  for (const statement::Key& segment : fresh.key().segments)
    step.segments.push_back({segment.params, segment.commitment});
  step.rotation = *rotation;
  const auto with = [](verifier::PreparedKey prepared, const VerifyLimits& limits) {
    prepared.limits = limits;
    for (verifier::PreparedKey& segment : prepared.segments) segment.limits = limits;
    return prepared;
  };
  using Check = std::function<Verdict(const VerifyLimits&)>;
  const auto as_verdict = [](const Result<verifier::PreparedKey>& prepared) {
    return prepared.ok() ? Verdict::accept() : verifier::unprepared(prepared.status());
  };
  const std::vector<std::pair<const char*, Check>> checks = {
      {"key", [&](const VerifyLimits& limits) { return as_verdict(verifier::prepare(cut.key(), limits)); }},
      {"descendant",
       [&](const VerifyLimits& limits) { return as_verdict(verifier::descendant(with(cut.prepared, limits), step)); }},
      {"certificate",
       [&](const VerifyLimits& limits) {
         return verifier::verify_certificate(with(cut.prepared, limits), *certificate);
       }},
      {"rotation",
       [&](const VerifyLimits& limits) {
         return verifier::verify_rotation(with(cut.prepared, limits), fresh.prepared, *rotation);
       }},
  };
  for (const auto& [name, check] : checks) {
    ASSERT_EQ(check(kNoVerifyLimits).to_string(), "accepted") << name;
    // The least limit under which it is accepted: all segments are alike.
    std::uint64_t refused = 0, accepted = std::uint64_t{1} << 34;
    while (accepted - refused > accepted / 64) {
      const std::uint64_t limit = refused + (accepted - refused) / 2;
      (check({limit, kNoVerifyLimits.memory_bytes}).accepted() ? accepted : refused) = limit;
    }
    for (std::size_t segment = 1; segment <= 4; ++segment) {
      const std::uint64_t limit = accepted * (2 * segment - 1) / 8;  // it, by half
      const Verdict verdict = check({limit, kNoVerifyLimits.memory_bytes});
      EXPECT_EQ(verdict.reason, RejectReason::kOverLimit) << name;
      const std::string stopped = "segment " + std::to_string(segment);
      EXPECT_NE(verdict.where.find(stopped), std::string::npos) << name << ", " << stopped << ": " << verdict.where;
      EXPECT_NE(verdict.where.find("the limit of " + std::to_string((limit + 999'999) / 1'000'000) + " ms"),
                std::string::npos)
          << name << ": the caller's own limit is named: " << verdict.where;
    }
  }
  // Of memory the keys of all segments are held, and one segment's certificate.
  const std::uint64_t memory = cut.prepared.cost.memory_bytes;
  EXPECT_FALSE(verifier::prepare(cut.key(), {kNoVerifyLimits.nanoseconds, memory - 1}).ok());
  EXPECT_TRUE(verifier::prepare(cut.key(), {kNoVerifyLimits.nanoseconds, memory}).ok());
  const auto below = verifier::descendant(with(cut.prepared, kNoVerifyLimits), step);
  ASSERT_TRUE(below.ok());
  const std::uint64_t own = below->cost.memory_bytes;
  EXPECT_TRUE(verifier::descendant(with(cut.prepared, {kNoVerifyLimits.nanoseconds, own}), step).ok());
  EXPECT_FALSE(verifier::descendant(with(cut.prepared, {kNoVerifyLimits.nanoseconds, own - 1}), step).ok());
}

TEST(SegmentsAttack, RandomnessOfSegmentsAndBoundaries) {
  // Equal layers with equal weights.
  package::Package package;
  package.graph = layered_graph(4, 4);
  qir::Weights weights = draw_params(package.graph, 1);
  std::vector<std::int32_t> first;
  for (auto& tensor : weights) {
    if (tensor.empty()) continue;
    if (first.empty()) first = tensor;
    tensor = first;
  }
  package.weights = weights;
  package.cuts = {1, 2, 3};
  const auto model = api::cut_of(package);
  ASSERT_TRUE(model.ok());
  const auto key = prover::commit_segments(**model, test_options(true), test_seed(1), {});
  ASSERT_TRUE(key.ok()) << key.status().to_string();
  std::set<Digest> roots;
  for (const statement::Key& segment : key->segments) roots.insert(segment.commitment.root);
  EXPECT_EQ(roots.size(), 4u) << "no two share their random rows";
  std::vector<statement::Key> twice = {key->segments[1], key->segments[2], key->segments[1]};
  EXPECT_FALSE(prover::check_roots(twice).ok());
  twice.pop_back();
  EXPECT_TRUE(prover::check_roots(twice).ok());

  // Boundaries: new ones for another context, slot, input or entropy, the same ones for all of these, and within a proof no two.
  const Cut cut = layers();
  std::set<Bytes> seen;
  prover::ProveRequest later = cut.request(3);
  later.slot = 1;
  for (const prover::ProveRequest& request :
       {cut.request(3), cut.request(3, 1), cut.request(3, 0, 1), cut.request(4), later}) {
    const Pieces pieces(cut, prove(cut, request));
    for (const Bytes& boundary : pieces.boundaries) EXPECT_TRUE(seen.insert(boundary).second);
    // A segment that is proven again, by another process: the same bytes.
    const auto again = prover::SegmentedProof::begin(*cut.model, cut.key(), cut.seed, {}, request);
    ASSERT_TRUE(again.ok());
    prover::ProveTimes times;
    EXPECT_EQ(*again->prove_segment(2, {}, times), pieces.segments[2]);
  }
}

TEST(SegmentsAttack, BudgetsOfBoundaries) {
  const Cut cut(skipping_graph(), {1, 2, 3});
  // What the first gives is read by the second, third and last; the input is carried along; the second's goes on and out.
  std::map<std::uint64_t, int> readers;
  for (const statement::Boundary& boundary : statement::boundaries_of(cut.key())) {
    EXPECT_EQ(boundary.oracle.budget, 1 + boundary.num_readers);
    ++readers[boundary.num_readers];
  }
  EXPECT_EQ(readers[3], 1);
  EXPECT_EQ(readers[2], 1);
  EXPECT_EQ(readers[1], 2);
  EXPECT_EQ(cut.verdict(prove(cut, cut.request(5))).to_string(), "accepted");
}

}  // namespace
}  // namespace zkinfer::e2e
