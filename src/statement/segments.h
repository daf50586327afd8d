// SPDX-License-Identifier: Apache-2.0
// A model that is cut into segments: one key of theirs and of how they are wired, and what each segment's proof says in a proof of the
// whole. Boundaries, the tensors between, are the outputs of all segments but the last, numbered in order; they are committed, and
// which one is which input stands in the key. docs/protocol.md, section 14.
#pragma once

#include "statement/statement.h"

namespace zkinfer::statement {

// "segment 2 of 8"
std::string segment_name(std::size_t index, std::size_t count);

// Of one segment: what is between is committed.
qir::Visibility segment_visibility(const qir::Visibility& whole, std::size_t index, std::size_t count);

struct Boundary {
  std::size_t segment = 0, output = 0;
  pcs::TensorOracle oracle;
  std::uint64_t num_readers = 0;
};
// Of a segmented key, in order.
std::vector<Boundary> boundaries_of(const Key& key);

// The key of the whole. corrupt, with the segment: other security, seed or parameters' visibility than the first one's, tensors
// between that are not committed under a budget of one and one for each reader, or mean something else on either side, boundaries
// that nobody reads or that come later.
Result<Key> join_keys(std::vector<Key> segments, std::vector<std::vector<std::uint32_t>> reads);

// Of count, the segments' identities, the wiring, who sees what, and the bits.
Digest segmented_identity(const Key& key);

// What one segment's proof says.
struct SegmentStatement {
  Digest context{};  // of the whole's statement, the boundaries' commitments and the segment's place
  std::uint64_t slot = 0;
  PublicIo data;
};
// data: of the whole. boundaries: one commitment each. slot: the same of every segment that counts any.
std::vector<SegmentStatement> segment_statements(const Key& key, const Digest& identity, const Digest& context,
                                                 std::uint64_t slot, const PublicIo& data,
                                                 const std::vector<Commitment>& boundaries);

}  // namespace zkinfer::statement
