// SPDX-License-Identifier: Apache-2.0
// A proof cut into its messages.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/big_endian.h"
#include "support/session.h"
#include "support/small_graphs.h"

namespace zkinfer::e2e {

struct Region {
  std::string label;
  std::size_t begin = 0;
  std::size_t num_bytes = 0;

  // Whether the message consists of field elements of 24 bytes.
  bool is_element() const { return num_bytes == 24 && label != "siblings" && !label.ends_with("rows"); }
  bool is_rows() const { return label.ends_with("rows"); }
};

// Ten bits of grinding: a changed message spoils the next nonce but for one case in a thousand (fixed seeds: never here).
inline prover::ModelOptions reject_options(bool zero_knowledge) {
  prover::ModelOptions options = test_options(zero_knowledge);
  options.security.pow_bits = 13;
  return options;
}

// An honest proof and its regions, in order and without gaps.
struct Dissected {
  Session session;
  Bytes proof;
  std::vector<Region> regions;

  explicit Dissected(bool zero_knowledge, qir::QGraph graph = mlp_graph())
      : Dissected(std::move(graph), reject_options(zero_knowledge)) {}
  Dissected(qir::QGraph graph, const prover::ModelOptions& options) : session(std::move(graph), options) {
    const OuterMessages outer(session);
    const prover::Proof honest = session.prove();
    proof = honest.bytes;
    regions = {{"magic", 0, 4},
               {"version", 4, 4},
               {"flags", 8, 4},
               {"identity", statement::kIdentityOffset, 32},
               {"context", statement::kContextOffset, statement::kContextBytes},
               {"slot", statement::kSlotOffset, 8}};
    std::size_t next = statement::kValuesOffset;
    const auto add = [&](const char* label, std::size_t num_bytes) {
      regions.push_back({label, next, num_bytes});
      next += num_bytes;
    };
    for (const auto& output : honest.data.values) {
      for (std::size_t i = 0; i < output.size(); ++i) add("output", 8);
    }
    for (std::size_t i = 0; i < honest.data.digests.size(); ++i) add("digest", 32);
    for (std::size_t i = 0; i < honest.data.commitments.size(); ++i) {
      add("data root", 32);
      add("data value", 24);
    }
    add("witness root", 32);
    if (options.security.zero_knowledge) add("mask root", 32);
    for (const std::string& label : outer.labels) add(label.c_str(), 24);
    for (const pcs::ProofSection& section : honest.opening_sections) {
      if (section.num_bytes == 0) continue;
      ZKI_CHECK_EQ(section.begin, next, "the opening's sections follow the outer messages");
      add(section.label, section.num_bytes);
    }
    ZKI_CHECK_EQ(next, proof.size(), "the sections cover the proof");
  }
};

// A key whose inputs are committed and hashed, and whose outputs are committed: what only such proofs carry.
inline prover::ModelOptions bound_options() {
  prover::ModelOptions options = reject_options(true);
  options.visibility = {{Exposure::kCommitted, TensorHash::kSha256}, {Exposure::kCommitted, TensorHash::kNone}, false};
  options.tensor_budget = 2;
  return options;
}

// The first and the last region of every label.
inline std::vector<Region> ends_of_labels(const std::vector<Region>& regions) {
  std::vector<Region> out;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    const auto same = [&](const Region& other) { return other.label == regions[i].label; };
    const auto begin = regions.begin();
    const auto at = begin + static_cast<std::ptrdiff_t>(i);
    if (std::none_of(begin, at, same) || std::none_of(at + 1, regions.end(), same)) out.push_back(regions[i]);
  }
  return out;
}

inline std::uint64_t get_u64(const Bytes& bytes, std::size_t at) { return load_big_endian(bytes.data() + at); }
inline void put_u64(Bytes& bytes, std::size_t at, std::uint64_t x) { store_big_endian(x, bytes.data() + at); }

}  // namespace zkinfer::e2e
