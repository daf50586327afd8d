// SPDX-License-Identifier: Apache-2.0
// What the targets of protocol files start from: honest files of small models, made once per process.
#pragma once

#include <algorithm>
#include <optional>

#include "fuzz/targets.h"
#include "support/session.h"
#include "zkinfer/data_set.h"
#include "zkinfer/prove.h"
#include "zkinfer/verify.h"

namespace zkinfer::fuzz {

// At 32 bits: most of a verification is hashing the rows that it asks for, and every section of a proof is there all the same. Still
// nobody finds another proof by chance.
CommitOptions few_queries();

// One model, its key and secret; a proof, a batch, a certificate and the rotation to another key where a target asks for them: under
// sanitizers each takes as long as thousands of executions.
class Fixture {
 public:
  explicit Fixture(qir::QGraph graph, const TensorPolicy& inputs = {},
                   const TensorPolicy& outputs = {Exposure::kPublic, TensorHash::kNone});

  Bytes package, key, secret;
  std::optional<Model> model;
  std::optional<VerificationKey> verification_key;

  const Bytes& proof() const;
  const Bytes& batch() const;  // of three rows
  // Of five rows in chunks of three, and their data set.
  const Bytes& evaluation() const;
  const Bytes& joined_evaluation() const;  // of hidden totals
  const DataSet& data_set() const;
  const JointResult& joint() const;  // of two rows, in four seats
  const SealedModel& sealed() const;
  const Bytes& certificate() const;
  const Bytes& rotation() const;
  const VerificationKey& rotated_key() const;

 private:
  Prover make(std::uint8_t seed) const;
  RealInputs zeros() const;
  const Prover& fresh() const;

  CommitOptions options_;
  mutable std::optional<Prover> prover_, fresh_;
  mutable std::optional<DataSet> data_set_;
  mutable std::optional<JointResult> joint_;
  mutable std::optional<SealedModel> sealed_;
  const Bytes& evaluation_of(Bytes& kept, bool totals_only, std::uint64_t chunk_rows) const;
  mutable Bytes proof_, batch_, evaluation_, joined_evaluation_, certificate_, rotation_;
  mutable std::optional<VerificationKey> rotated_key_;
};

const Fixture& every_op();
const Fixture& small();   // a layer, checked in a millisecond
const Fixture& bound();   // its input under a hash that the circuit computes, its output committed
const Fixture& beside();  // both under hashes, the data beside the proof

// A root and the path to one serving key. Keys with a fixed seed have no paths, so this differs from run to run.
struct PathFixture {
  std::optional<VerificationKey> root;
  Bytes path;
};
const PathFixture& rooted();

template <typename T>
T must(Result<T> result) {
  ZKI_CHECK(result.ok(), result.status().to_string().c_str());
  return std::move(result).value();
}

inline bool equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// `bytes` are patches of an honest file, so that changes reach every depth: position (u24, modulo the size), how many
// bytes (u8, low 5 bits), and the bytes to xor. A 0 length cuts the file there.
Bytes patched(Bytes honest, ByteView bytes);
std::vector<Bytes> patch_seeds();

}  // namespace zkinfer::fuzz
