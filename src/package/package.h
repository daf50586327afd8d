// SPDX-License-Identifier: Apache-2.0
// The model file of its owner: integer graph, parameters (secret), report, what the compiler noted, and what happens to the numbers of files before
// the model takes them. Byte grammar: docs/formats/model.md.
// Canonical: to_bytes(from_bytes(b)) == b for every b that is accepted.
// Errors: corrupt (any byte string that does not follow the grammar; never aborts, allocates at most what is there).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "qir/qgraph.h"
#include "qir/weight_store.h"
#include "zkinfer/compile_record.h"
#include "zkinfer/preprocessing.h"
#include "zkinfer/status.h"

namespace zkinfer::package {

inline constexpr std::size_t kMaxReportBytes = std::size_t{1} << 24;

struct Package {
  qir::QGraph graph;
  qir::WeightStore weights;
  std::string report;           // text for people: how the model was quantized
  Preprocessing preprocessing;  // of what was calibrated; no part of any statement
  CompileRecord record;
  std::vector<std::uint32_t> cuts;  // segments/split.h; none: one circuit
};

// The graph must be valid and the parameters must fit it (as exec_integer::check_params says), preprocessing and record must be
// valid.
Bytes to_bytes(const Package& package);
// The first form keeps `bytes`: the package's weights are read there, in place. The second copies.
Result<Package> from_bytes(std::shared_ptr<const Bytes> bytes);
Result<Package> from_bytes(ByteView bytes);

// Whether a file of that many bytes can be a package, from its structure and the sizes that it gives, before its weights are
// read: read(offset, num_bytes) gives what is there, fewer bytes at the end.
Status check_sizes(std::uint64_t file_bytes,
                   const std::function<Result<Bytes>(std::uint64_t offset, std::uint64_t num_bytes)>& read);

// Weights alone: per value in id order, each element in the fewest bytes (1, 2 or 4) that hold the value's declared range.
Bytes weight_bytes(const qir::QGraph& graph, const qir::WeightStore& weights);
// The store reads `bytes` in place; `owner` keeps them alive.
Result<qir::WeightStore> parse_weights(const qir::QGraph& graph, ByteView bytes, std::shared_ptr<const void> owner);

}  // namespace zkinfer::package
