// SPDX-License-Identifier: Apache-2.0
// The secret of a model's commitment: its bytes (docs/formats/secret.md) and what it says without the model.
#pragma once

#include <algorithm>

#include "package/package.h"
#include "prover/segments.h"
#include "statement/statement.h"
#include "zkinfer/prove.h"

namespace zkinfer::api {

struct Secret {
  Digest seed{};
  Digest identity{};
  qir::Visibility visibility;
  bool insecure_seed = false;
  bool code_files = true;  // CommitOptions::code_files
  CommitmentRole role = CommitmentRole::kSingle;
  pcs::OpeningParams params;
  statement::Commitment commitment;
  // Of a model that is cut: each segment's; then of params there is the budget alone.
  struct Segment {
    pcs::OpeningParams params;
    statement::Commitment commitment;
  };
  std::vector<Segment> segments;
  bool has_weights() const {
    return params.has_model || std::ranges::any_of(segments, [](const Segment& s) { return s.params.has_model; });
  }

  Bytes to_bytes() const;
};
// The parts of a package that is cut; null of another.
Result<std::shared_ptr<const prover::CutModel>> cut_of(const package::Package& package);
Result<Secret> parse_secret(ByteView bytes);

// The key, without encoding anything again. invalid_argument: the secret belongs to another structure.
// cut: of the same package; null: none.
Result<statement::Key> key_of(const Secret& secret, const qir::QGraph& graph, const prover::CutModel* cut);

// What a commitment of this role has, none of it used.
SlotRange all_slots(CommitmentRole role, std::uint64_t budget);

}  // namespace zkinfer::api
