// SPDX-License-Identifier: Apache-2.0
// Cheating provers of encryptions: ciphertexts that do not decrypt to the committed weights, and what else sealed weights may say falsely.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "hash/byte_tree.h"
#include "hash/poseidon2.h"
#include "hash/sha256.h"
#include "prover/check_columns.h"
#include "prover/encrypt.h"
#include "prover/write.h"
#include "relations/recipes.h"
#include "support/session.h"
#include "support/small_graphs.h"
#include "verifier/cost.h"
#include "verifier/evaluation.h"

namespace zkinfer::e2e {
namespace {

using relations::KeystreamColumn;

constexpr std::uint64_t kBlocks = 3;  // of a chunk

// Parameters of several widths, one of them cut along an inner axis, one a single number.
qir::QGraph several_params() {
  qir::TestBuilder b;
  const qir::ValueId x = b.input({1, 40}, -8, 7);
  const qir::ValueId w = b.param({40, 9}, -128, 127);
  const qir::ValueId wide = b.param({1, 9}, -70000, 70000), one = b.param({1, 1}, 3, 9),
                     other = b.param({3, 1, 3}, 0, 15);
  const qir::ValueId y = b.node(qir::Op::kMatMul, {x, w}, {1, 9}, -50000, 50000);
  const qir::ValueId flat = b.node(qir::Op::kReshape, {other}, {1, 9}, 0, 15);
  b.graph.outputs = {b.node(qir::Op::kLinear, {y, wide, one, flat}, {1, 9}, -200000, 200000, with_coefs({1, 1, 1, 1}))};
  return b.graph;
}

struct Made {
  verifier::EncryptionHead head;
  Bytes numbers;
  std::vector<pcs::OpeningParams> params;
  std::vector<Bytes> messages;
  std::uint64_t chunk_blocks = kBlocks;
  std::vector<std::uint64_t> slots;

  Bytes sealed() const { return prover::sealed_bytes(head, numbers); }
  Bytes proof() const {
    Bytes out = prover::encryption_head_bytes(head, chunk_blocks);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const Bytes chunk = prover::encryption_chunk_bytes(slots[i], params[i], messages[i]);
      out.insert(out.end(), chunk.begin(), chunk.end());
    }
    return out;
  }
  void rehash() { head.root = byte_tree_root(numbers, verifier::kSealedLeafBytes); }
  void add(std::size_t number, std::int64_t difference) {
    Bytes changed;
    ByteWriter writer;
    writer.u64((Fp(ByteReader(ByteView(numbers).subspan(8 * number, 8)).u64()) + Fp::from_int(difference)).v);
    std::ranges::copy(writer.bytes(), numbers.begin() + static_cast<std::ptrdiff_t>(8 * number));
    rehash();
  }
};

class MaliciousEncryption : public ::testing::Test {
 protected:
  MaliciousEncryption() : session(several_params(), true) {
    for (std::size_t i = 0; i < shares.size(); ++i)
      for (std::size_t j = 0; j < shares[i].size(); ++j) shares[i][j] = static_cast<std::uint8_t>(31 * i + 7 * j + 1);
    // Both ends of a byte, in limbs that have a neighbour.
    shares[0][6] = 255;
    shares[0][7] = 0;
    honest.head.identity = session.model.prepared.identity;
    honest.head.sale[0] = 9;
    honest.head.share_digests = digests(shares);
    honest.numbers = prover::encrypt(session.graph, session.model.weights, shares, honest.head.nonce());
    honest.rehash();
    plan(honest.head.nonce());
    EXPECT_EQ(plans.size(), 3U);
    prove(honest, 0, {});
  }
  static std::array<Digest, 2> digests(const prover::KeyShares& shares) {
    return {sha256(shares[0]), sha256(shares[1])};
  }
  std::uint64_t num_numbers() const { return honest.numbers.size() / 8; }
  void plan(std::uint64_t nonce) {
    plans.clear();
    for (const auto& chunk : verifier::encryption_chunks(num_numbers(), kBlocks, nonce)) {
      auto made = prover::plan_encryption(session.model, chunk);
      ZKI_CHECK(made.ok(), made.status().to_string().c_str());
      plans.push_back(std::move(made).value());
    }
  }
  // All chunks of the statement, chunk `bad` with hooks.
  void prove(Made& made, std::size_t bad, const prover::ProveHooks& hooks, const prover::KeyShares* own = nullptr) {
    made.messages.clear();
    made.params.clear();
    made.slots.clear();
    const prover::ProveHooks none;
    for (std::size_t i = 0; i < plans.size(); ++i) {
      prover::ProveRequest request;
      request.slot = i;
      request.entropy[0] = 1;
      request.hooks = i == bad ? &hooks : &none;
      auto messages = prover::prove_encryption(session.model, plans[i], made.head, made.numbers,
                                               own != nullptr ? *own : shares, request);
      ZKI_CHECK(messages.ok(), messages.status().to_string().c_str());
      made.messages.push_back(std::move(messages).value());
      made.params.push_back(plans[i].prepared.key.params);
      made.slots.push_back(i);
    }
  }
  Verdict verify(const Made& made) const { return verify(made.sealed(), made.proof()); }
  Verdict verify(ByteView sealed, ByteView proof) const {
    verifier::Encryption encryption;
    return verifier::verify_encryption(session.model.prepared, sealed, proof, encryption);
  }
  circuit::ColumnId column(KeystreamColumn kind, std::size_t chunk = 0) const {
    const auto& compiled = plans[chunk].prepared.compiled;
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      const relations::Recipe& recipe = relations::recipe_of(compiled, id);
      if (recipe.kind == relations::Recipe::Kind::kKeystream && recipe.keystream == kind) return id;
    }
    ADD_FAILURE() << "no such column";
    return 0;
  }
  circuit::ColumnId named(const std::string& name) const {
    const auto& columns = plans[0].prepared.compiled.circuit.columns;
    for (circuit::ColumnId id = 0; id < columns.size(); ++id)
      if (columns[id].name == name) return id;
    ADD_FAILURE() << "no column '" << name << "'";
    return 0;
  }
  // Which relation of chunk 0 a lie breaks, as the columns stand before they are committed; and that the proof is rejected.
  void expect_broken(const std::string& relation, const std::function<void(circuit::ColumnValues&)>& lie,
                     const Made* statement = nullptr) {
    Made made = statement != nullptr ? *statement : honest;
    prover::ProveHooks hooks;
    Status broken;
    hooks.columns = lie;
    hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
      broken = prover::check_columns(
          plans[0].prepared.compiled, data,
          verifier::encryption_tensors(plans[0].prepared, made.head, plans[0].chunk, made.numbers));
    };
    prove(made, 0, hooks);
    EXPECT_FALSE(broken.ok()) << relation;
    EXPECT_NE(broken.message().find(relation), std::string::npos) << broken.to_string();
    EXPECT_EQ(verify(made).reason, RejectReason::kOpening) << relation;
  }
  // The columns of chunk 0 as they are when S-box `at` of block 0 gives more than it should, and all behind it follow.
  void follow(circuit::ColumnValues& data, std::size_t at, KeystreamColumn kind) const {
    const std::size_t blocks = plans[0].chunk.num_blocks;
    std::array<Fp, poseidon2::kWidth> state;
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t limb = 0; limb < 5; ++limb) {
        std::uint64_t x = 0;
        for (std::size_t byte = 6; byte-- > 0;) x = x << 8 | shares[i][6 * limb + byte];
        state[5 * i + limb] = Fp(x);
      }
    state[10] = Fp(honest.head.nonce());
    poseidon2::permute(state, [&](std::size_t s, Fp x) {
      x += poseidon2::kRoundConstants[s];
      const auto more = [&](KeystreamColumn column) { return Fp(s == at && column == kind ? 1 : 0); };
      x += more(KeystreamColumn::kInput);
      const Fp square = x * x + more(KeystreamColumn::kSquare), cube = square * x + more(KeystreamColumn::kCube);
      const Fp sixth = cube * cube + more(KeystreamColumn::kSixth), y = sixth * x + more(KeystreamColumn::kOutput);
      data[column(KeystreamColumn::kInput)][s * blocks] = x;
      data[column(KeystreamColumn::kSquare)][s * blocks] = square;
      data[column(KeystreamColumn::kCube)][s * blocks] = cube;
      data[column(KeystreamColumn::kSixth)][s * blocks] = sixth;
      data[column(KeystreamColumn::kOutput)][s * blocks] = y;
      return y;
    });
    for (std::size_t o = 0; o < 8; ++o) data[column(KeystreamColumn::kStream)][o] = state[o];
  }
  // The ciphertext that fits a stream of chunk 0.
  void fit(Made& made, const circuit::ColumnValues& before, const circuit::ColumnValues& after) const {
    const circuit::ColumnId stream = column(KeystreamColumn::kStream);
    for (std::size_t i = 0; i < after[stream].size(); ++i)
      if (const Fp more = after[stream][i] - before[stream][i]; !more.is_zero()) made.add(i, more.to_int());
  }

  Session session;
  prover::KeyShares shares{};
  std::vector<prover::EncryptionPlan> plans;
  Made honest;
};

TEST_F(MaliciousEncryption, HonestOneDecrypts) {
  ASSERT_TRUE(verify(honest).accepted()) << verify(honest).to_string();
  const auto weights = prover::decrypt(session.graph, honest.numbers, shares, honest.head.nonce());
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  std::size_t at = 0;
  for (std::size_t id = 0; id < session.graph.values.size(); ++id) {
    const qir::Value& value = session.graph.values[id];
    if (value.kind != qir::ValueKind::kParam) continue;
    const std::size_t width = int_width(value.lo, value.hi);
    const IntSpan& expected = session.model.weights[id];
    for (std::size_t i = 0; i < expected.size; ++i, at += width) {
      std::int32_t x = 0;
      for (std::size_t byte = 0; byte < width; ++byte) x |= (*weights)[at + byte] << (8 * byte);
      const int unused = 32 - static_cast<int>(8 * width);
      const std::int32_t read =
          value.lo < 0 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(x) << unused) >> unused : x;
      EXPECT_EQ(read, expected[i]);
    }
  }
  EXPECT_EQ(at, weights->size());
  // Other shares, or one of them, read nothing.
  for (std::size_t i = 0; i < 2; ++i) {
    prover::KeyShares other = shares;
    other[i][3] ^= 1;
    EXPECT_FALSE(prover::decrypt(session.graph, honest.numbers, other, honest.head.nonce()).ok());
  }
  EXPECT_FALSE(prover::decrypt(session.graph, honest.numbers, shares, honest.head.nonce() + 1).ok());
}

// The ciphertext holds another weight than the committed one; then the prover's column of weights says so, too.
TEST_F(MaliciousEncryption, OtherWeight) {
  for (const std::size_t number : {std::size_t{0}, std::size_t{23}, static_cast<std::size_t>(num_numbers() - 1)}) {
    Made made = honest;
    made.add(number, 1);
    prove(made, 9, {});
    EXPECT_EQ(verify(made).reason, RejectReason::kOpening) << number;
    made.messages = honest.messages;
    EXPECT_FALSE(verify(made).accepted());
  }
  Made made = honest;
  made.add(0, 1);
  prover::ProveHooks hooks;
  bool holds = false;
  hooks.columns = [&](circuit::ColumnValues& data) {
    const circuit::ColumnId weights = 0;
    data[weights][0] += Fp(1);
  };
  hooks.committed = [&](circuit::ColumnValues& data, std::vector<Fe>&) {
    holds =
        prover::check_columns(plans[0].prepared.compiled, data,
                              verifier::encryption_tensors(plans[0].prepared, made.head, plans[0].chunk, made.numbers))
            .ok();
  };
  prove(made, 0, hooks);
  EXPECT_TRUE(holds);  // nothing but the commitment stands in the way
  EXPECT_EQ(verify(made).reason, RejectReason::kOpening);
}

// Encrypted under other shares than those of the digests.
TEST_F(MaliciousEncryption, OtherKey) {
  for (std::size_t i = 0; i < 2; ++i) {
    prover::KeyShares other = shares;
    other[i][29] ^= 128;
    // The statement names the digest of the right share, all columns are the other's.
    Made made = honest;
    made.numbers = prover::encrypt(session.graph, session.model.weights, other, made.head.nonce());
    made.rehash();
    prove(made, 9, {}, &other);
    EXPECT_EQ(verify(made).reason, RejectReason::kOpening);
    // The hash is of the right share, the stream of the other.
    expect_broken(
        "S-box inputs",
        [&](circuit::ColumnValues& data) {
          prover::KeystreamColumns stream = prover::keystream_columns(other, plans[0].chunk);
          for (int kind = 0; kind < 6; ++kind)
            data[column(static_cast<KeystreamColumn>(kind))] =
                std::move(stream.columns[static_cast<std::size_t>(kind)]);
        },
        &made);
    // The stream reads a share that the hash does not.
    const circuit::ColumnId share = named(i == 0 ? "key share 1" : "key share 2");
    expect_broken(
        "entries",
        [&](circuit::ColumnValues& data) {
          prover::KeystreamColumns stream = prover::keystream_columns(other, plans[0].chunk);
          for (int kind = 0; kind < 6; ++kind)
            data[column(static_cast<KeystreamColumn>(kind))] =
                std::move(stream.columns[static_cast<std::size_t>(kind)]);
          data[share][29] = Fp(other[i][29]);
        },
        &made);
  }
  // The shares change places.
  Made made = honest;
  std::swap(made.head.share_digests[0], made.head.share_digests[1]);
  EXPECT_FALSE(verify(made).accepted());
  prove(made, 9, {});
  EXPECT_FALSE(verify(made).accepted());
}

// Bytes that give the same limb, and are none: 256 in one and 1 less in the next.
TEST_F(MaliciousEncryption, BytesAreBytes) {
  const circuit::ColumnId share = named("key share 1");
  expect_broken("entries", [&](circuit::ColumnValues& data) {
    data[share][0] += Fp(256);
    data[share][1] = data[share][1] - Fp(1);
  });
  expect_broken("entries", [&](circuit::ColumnValues& data) {
    data[share][7] = data[share][7] - Fp(1);
    data[share][6] += Fp(256);
  });
}

TEST_F(MaliciousEncryption, OtherSaleOrBlock) {
  // The ciphertext of another sale.
  Made made = honest;
  made.head.sale[0] ^= 1;
  EXPECT_FALSE(verify(made).accepted());
  made.numbers = prover::encrypt(session.graph, session.model.weights, shares, honest.head.nonce());
  made.rehash();
  prove(made, 9, {});  // in the circuits of the first sale
  EXPECT_FALSE(verify(made).accepted());
  // Blocks counted from elsewhere.
  const circuit::ColumnId counter = named("counter");
  Made shifted = honest;
  relations::EncryptionChunk later = plans[0].chunk;
  ++later.first_block;
  const std::vector<Fp> own = prover::keystream(shares, plans[0].chunk), other = prover::keystream(shares, later);
  for (std::size_t i = 0; i < own.size(); ++i) shifted.add(i, (other[i] - own[i]).to_int());
  expect_broken(
      "counter",
      [&](circuit::ColumnValues& data) {
        prover::KeystreamColumns stream = prover::keystream_columns(shares, later);
        for (int kind = 0; kind < 6; ++kind)
          data[column(static_cast<KeystreamColumn>(kind))] = std::move(stream.columns[static_cast<std::size_t>(kind)]);
        for (std::size_t t = 0; t < plans[0].chunk.num_blocks; ++t) data[counter][t] += Fp(1);
      },
      &shifted);
}

// One S-box of one block gives one more than it should anywhere on its way, and all that comes after is what follows from it.
TEST_F(MaliciousEncryption, EverySbox) {
  const std::pair<KeystreamColumn, const char*> kinds[] = {{KeystreamColumn::kInput, "S-box inputs"},
                                                           {KeystreamColumn::kSquare, "S-box square"},
                                                           {KeystreamColumn::kCube, "S-box cube"},
                                                           {KeystreamColumn::kSixth, "S-box sixth power"},
                                                           {KeystreamColumn::kOutput, "S-box output"}};
  for (const std::size_t at : {std::size_t{0}, std::size_t{11}, std::size_t{48}, std::size_t{69}, std::size_t{117}}) {
    const auto& [kind, relation] = kinds[at % 5];
    // What fits the lie, first.
    Made made = honest;
    prover::ProveHooks look;
    look.columns = [&](circuit::ColumnValues& data) {
      circuit::ColumnValues before(data.size());
      before[column(KeystreamColumn::kStream)] = data[column(KeystreamColumn::kStream)];
      follow(data, at, kind);
      fit(made, before, data);
    };
    Made scratch = honest;
    prove(scratch, 0, look);
    expect_broken(
        relation, [&](circuit::ColumnValues& data) { follow(data, at, kind); }, &made);
  }
  Made made = honest;
  made.add(5, 1);
  expect_broken(
      "stream", [&](circuit::ColumnValues& data) { data[column(KeystreamColumn::kStream)][5] += Fp(1); }, &made);
}

// Numbers that change places, move by one, chunks of one another, leaves of another ciphertext.
TEST_F(MaliciousEncryption, OtherOrder) {
  Made made = honest;
  std::swap_ranges(made.numbers.begin(), made.numbers.begin() + 8, made.numbers.begin() + 8);
  made.rehash();
  EXPECT_FALSE(verify(made).accepted());
  prove(made, 9, {});
  EXPECT_FALSE(verify(made).accepted());
  made = honest;
  std::rotate(made.numbers.begin(), made.numbers.begin() + 8, made.numbers.end());
  made.rehash();
  prove(made, 9, {});
  EXPECT_FALSE(verify(made).accepted());
  // A chunk's numbers at another chunk's place.
  made = honest;
  std::swap_ranges(made.numbers.begin(), made.numbers.begin() + 8 * 8 * kBlocks,
                   made.numbers.begin() + 8 * 8 * kBlocks);
  made.rehash();
  std::swap(made.messages[0], made.messages[1]);
  std::swap(made.params[0], made.params[1]);
  EXPECT_FALSE(verify(made).accepted());
  made = honest;
  made.messages[1] = made.messages[0];
  made.params[1] = made.params[0];
  EXPECT_FALSE(verify(made).accepted());
  made = honest;
  made.messages.pop_back();
  EXPECT_EQ(verify(made).reason, RejectReason::kTruncated);
  made = honest;
  made.messages.push_back(made.messages[2]);
  made.params.push_back(made.params[2]);
  made.slots.push_back(3);
  EXPECT_EQ(verify(made).reason, RejectReason::kTrailingBytes);
  for (const std::uint64_t blocks :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4}, ~std::uint64_t{0}}) {
    made = honest;
    made.chunk_blocks = blocks;
    EXPECT_FALSE(verify(made).accepted()) << blocks;
  }
}

TEST_F(MaliciousEncryption, OtherHead) {
  for (const auto digest :
       {&verifier::EncryptionHead::identity, &verifier::EncryptionHead::sale, &verifier::EncryptionHead::root}) {
    Made made = honest;
    (made.head.*digest)[31] ^= 1;
    EXPECT_FALSE(verify(made).accepted());
    EXPECT_FALSE(verify(honest.sealed(), made.proof()).accepted());
  }
  for (std::size_t i = 0; i < 2; ++i) {
    Made made = honest;
    made.head.share_digests[i][0] ^= 1;
    EXPECT_FALSE(verify(made).accepted());
  }
  Made made = honest;
  made.slots[2] += 1;
  EXPECT_FALSE(verify(made).accepted());
  made.slots[2] = 1000;
  EXPECT_EQ(verify(made).reason, RejectReason::kBadHeader);
  // A number that is one modulo p.
  made = honest;
  ByteWriter writer;
  writer.u64(Fp::kModulus);
  std::ranges::copy(writer.bytes(), made.numbers.begin() + 16);
  made.rehash();
  EXPECT_EQ(verify(made).reason, RejectReason::kBadPublicValue);
  made = honest;
  made.numbers.resize(made.numbers.size() - 8);
  made.rehash();
  EXPECT_EQ(verify(made).reason, RejectReason::kBadPublicValue);
  // Another model of the same structure.
  const Session other(several_params(), test_options(true), 77);
  verifier::Encryption encryption;
  EXPECT_FALSE(
      verifier::verify_encryption(other.model.prepared, honest.sealed(), honest.proof(), encryption).accepted());
}

// Every byte counts, and no length but the whole one.
TEST_F(MaliciousEncryption, ChangedBytes) {
  const Bytes sealed = honest.sealed(), proof = honest.proof();
  std::mt19937 random(5);
  for (int i = 0; i < 100; ++i) {
    Bytes changed = proof;
    const std::size_t at = random() % changed.size();
    changed[at] ^= static_cast<std::uint8_t>(1 + random() % 255);
    EXPECT_FALSE(verify(sealed, changed).accepted()) << at;
    EXPECT_FALSE(verify(sealed, ByteView(proof).first(at)).accepted()) << at;
    changed = sealed;
    const std::size_t there = random() % changed.size();
    changed[there] ^= static_cast<std::uint8_t>(1 + random() % 255);
    EXPECT_FALSE(verify(changed, proof).accepted()) << there;
    EXPECT_FALSE(verify(ByteView(sealed).first(there), proof).accepted()) << there;
  }
  verifier::Evaluation evaluation;
  EXPECT_EQ(verifier::verify_evaluation(session.model.prepared, session.model.prepared.identity, proof, {}, evaluation)
                .reason,
            RejectReason::kBadHeader);
}

// All chunks are counted before any is checked.
TEST_F(MaliciousEncryption, CostIsOfAllChunks) {
  std::uint64_t sum = verifier::number_cost(num_numbers()).nanoseconds;
  for (const prover::EncryptionPlan& one : plans) sum += one.prepared.cost.nanoseconds;
  session.model.prepared.limits.nanoseconds = sum;
  EXPECT_TRUE(verify(honest).accepted());
  session.model.prepared.limits.nanoseconds = sum - 1;
  EXPECT_EQ(verify(honest).reason, RejectReason::kOverLimit);
}

}  // namespace
}  // namespace zkinfer::e2e
