// SPDX-License-Identifier: Apache-2.0
// Columns of a false statement about a SHA-256 digest, which break one relation and follow the others.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "exec/integer/executor.h"
#include "hash/sha256.h"
#include "prover/check_columns.h"
#include "prover/witness.h"
#include "relations/sha256.h"
#include "statement/canonical_bytes.h"
#include "support/session.h"

namespace zkinfer::e2e {

using Word = std::array<std::int64_t, 32>;  // its bits, which a forger may choose at will

// What a forger gives instead of what the relations ask for; everything after it follows the relations again.
struct Forgery {
  std::function<void(std::size_t block, Sha256State& state)> start = {};
  std::function<void(std::size_t block, std::size_t row, Word& word)> word = {};
  std::function<void(const std::string& column, std::size_t block, std::size_t entry, std::size_t round,
                     std::int64_t& value)>
      sum = {};
  std::function<void(std::size_t block, std::size_t index, Fp& carry)> carry = {};
  std::function<void(Sha256State& digest)> digest = {};
};

// A graph that gives back its hashed input, honest columns, and the statement they belong to.
struct Hashed {
  qir::QGraph graph;
  relations::CompiledCircuit compiled;
  circuit::ColumnValues data;
  std::vector<std::int64_t> input;
  std::vector<std::int64_t> digest;  // words, as claimed

  Hashed(std::vector<std::int64_t> values, std::int64_t lo, std::int64_t hi) : input(std::move(values)) {
    qir::TestBuilder b;
    const auto n = static_cast<std::int64_t>(input.size());
    const qir::ValueId x = b.input({1, n}, lo, hi);
    b.graph.outputs = {b.node(qir::Op::kReshape, {x}, {n}, lo, hi)};
    graph = b.graph;
    qir::Visibility visibility;
    visibility.inputs.hash = TensorHash::kSha256;
    compiled = relations::compile(graph, false, visibility).value();
    const qir::Weights params(graph.values.size());
    data = prover::fill_columns(graph, compiled, params, exec_integer::run(graph, params, {input}).value());
    digest = true_digest();
  }

  Bytes message() const { return statement::canonical_bytes(graph.values[0], input); }
  std::vector<std::int64_t> true_digest() const {
    const Digest bytes = sha256(message());
    std::vector<std::int64_t> words(8);
    for (std::size_t i = 0; i < bytes.size(); ++i) words[i / 4] = words[i / 4] << 8 | bytes[i];
    return words;
  }
  FpVec& column(const std::string& name) {
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      if (compiled.circuit.columns[id].name == "v0 sha256 " + name) return data[id];
    }
    ADD_FAILURE() << "no column " << name;
    return data[0];
  }
  std::vector<FpVec*> columns(const std::string& name) {
    std::vector<FpVec*> found;
    for (circuit::ColumnId id = 0; id < compiled.circuit.columns.size(); ++id) {
      if (compiled.circuit.columns[id].name == "v0 sha256 " + name) found.push_back(&data[id]);
    }
    return found;
  }
  Status check() const { return prover::check_columns(compiled, data, {input, digest}); }

  // Removes every relation of this name ("digest": the public tensor); returns how many there were.
  std::size_t drop(const std::string& name) {
    circuit::Circuit& c = compiled.circuit;
    const auto is_it = [&](const auto& relation) { return relation.name == "v0 sha256 " + name; };
    std::size_t count =
        std::erase_if(c.contractions, is_it) + std::erase_if(c.lookups, is_it) + std::erase_if(c.equalities, is_it);
    if (name == "digest") {
      count += std::erase_if(c.public_tensors,
                             [](const auto& t) { return t.source == circuit::PublicTensor::Source::kDigest; });
    }
    return count;
  }

  // Only `name` stands between these columns and a false statement.
  void expect_only(const std::string& name, const std::string& what) {
    EXPECT_NE(digest, true_digest()) << what << ": no forgery, the statement is true";
    const Status status = check();
    EXPECT_FALSE(status.ok()) << what << ": a forged digest passes every relation";
    const std::string expected = name == "digest" ? "'public output'" : "'v0 sha256 " + name + " (";
    EXPECT_NE(status.message().find(expected), std::string::npos) << what << ": " << status.message();
    EXPECT_GT(drop(name), 0u) << name;
    EXPECT_TRUE(check().ok()) << what << ": the forgery is clumsy: " << check().message();
  }

  void fill(ByteView padded, const Forgery& forgery);
};

// The message with its padding: whole blocks.
Bytes padded(Bytes message);

// Three blocks of bytes.
Hashed bytes_of_three_blocks();
Hashed forged(const Forgery& forgery);

}  // namespace zkinfer::e2e
