// SPDX-License-Identifier: Apache-2.0
// A data set to evaluate models on (evaluation.h): rows with labels or targets, and perhaps groups, under one digest
// (docs/formats/data_set.md).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zkinfer/bytes.h"
#include "zkinfer/evaluation.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/tensor.h"

namespace zkinfer {

namespace api {
struct Access;  // the implementation's way to what is private here
}

// Immutable, cheap to copy.
class DataSet {
 public:
  struct Column {
    std::string name;
    Tensor values;  // [rows, ..]; kept as uint8, int32 or float32, the first that holds all numbers exactly, or float32
  };
  struct Parts {
    // For people, and no part of the digest: what it is called, and what the numbers went through; models take them as they are here.
    std::string name, preprocessing;
    std::vector<Column> inputs;
    std::vector<std::int64_t> labels;   // within 32 bits; or, for errors and perplexities,
    std::optional<Tensor> targets;      // [rows, ..], kept as float32
    std::vector<std::uint32_t> groups;  // none: all rows are in one
  };
  // invalid_argument: columns of other lengths, no rows, a number that is none.
  static Result<DataSet> build(Parts parts);
  // Needs some five times the bytes of memory.
  static Result<DataSet> from_bytes(ByteView bytes);
  Bytes to_bytes() const;

  const Parts& parts() const;
  std::uint64_t num_rows() const;
  std::uint64_t num_groups() const;  // the largest number of one, and one more
  std::uint64_t num_empty_groups() const;
  std::uint64_t num_duplicates() const;  // rows whose inputs are those of an earlier one
  const Digest& root() const;            // Merkle root of the rows
  const Digest& digest() const;          // its name: of everything
  // One of each row, or of each position of each row, where these are given as targets. invalid_argument: a target that is no whole number.
  Result<std::vector<std::int64_t>> labels() const;

  // As integers of a model with these inputs and outputs. Columns are matched to inputs by name when all names match, by order otherwise.
  // clipping: by input, values that are beyond its range. invalid_argument: other inputs, labels where the metric needs targets or the other
  // way round, or a target that is farther from the output's range than this is wide.
  Result<EvaluationRows> rows_for(const std::vector<TensorInfo>& inputs, const std::vector<TensorInfo>& outputs,
                                  const Metric& metric, std::vector<Clipping>* clipping = nullptr) const;

 private:
  friend struct api::Access;
  struct Impl;
  explicit DataSet(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace zkinfer
