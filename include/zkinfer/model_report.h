// SPDX-License-Identifier: Apache-2.0
// What a compiled model is made of, what each part of it costs to prove, and what its integers do on inputs: everything that
// `zkinfer report` shows. As secret as the model: it says what its layers did with the inputs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "zkinfer/fidelity.h"
#include "zkinfer/model.h"

namespace zkinfer {

// What one part adds to a proof's work.
struct ProofCost {
  std::uint64_t values = 0;    // elements that each proof commits to
  std::uint64_t lookups = 0;   // of elements in tables
  double table_rows = 0;       // of a table that several look up, the share by its lookups
  std::uint64_t operands = 0;  // entries that checked products and sums read, windows written out
  std::uint64_t weights = 0;   // committed once, read by the opening of each proof
  // From these counts (seconds_of), on two cores like those of the files in bench. Shares say more than sums.
  double seconds = 0;

  ProofCost& operator+=(const ProofCost& other);
};
struct CostByCause {
  double values = 0, lookups = 0, table_rows = 0, operands = 0, weights = 0;

  double sum() const { return values + lookups + table_rows + operands + weights; }
};
// The seconds of a cost, by cause.
CostByCause seconds_of(const ProofCost& cost);

struct ReportTensor {
  enum class Kind : std::uint8_t { kInput, kParameter, kComputed };
  std::string name;
  Kind kind = Kind::kComputed;
  bool is_output = false;
  std::vector<std::int64_t> shape;
  std::int64_t lo = 0, hi = 0;  // what the proof says of its integers
  int bits = 0;                 // of that range, with a sign where it goes below 0
  double scale = 1;             // real = integer * scale
  // The least and greatest integer: of a parameter always, else on the inputs.
  std::optional<std::pair<std::int64_t, std::int64_t>> seen;
  std::optional<TensorFidelity> against_float;  // where the float network has a value of that name
};

struct ReportNode {
  std::string name, op;             // op: with what the rounding computes, "Conv+Relu"
  std::vector<std::size_t> inputs;  // in ModelReport::tensors
  std::size_t output = 0;
  int shift = 0;                 // bits that the requantization drops
  std::string table;             // "range", "clamp", "listed", "pieces"; empty: exact, without a table
  std::uint64_t table_rows = 0;  // that its arguments may reach
  ProofCost cost;
  // Values cut off at the end of their range, on the inputs; of how many.
  std::uint64_t num_saturated = 0, num_values = 0;
};

// A model's output beside the float network's.
struct OutputSamples {
  std::string name;
  // {float, integers as real numbers}: of all elements, or evenly spaced ones of many.
  std::vector<std::pair<float, float>> points;
  std::uint64_t num_elements = 0;  // of all inputs
};

struct ModelReport {
  std::string name;
  Digest structure_digest{};
  std::uint64_t num_parameters = 0;
  Preprocessing preprocessing;
  CompileRecord record;
  std::vector<std::string> structure_warnings;
  std::vector<ReportTensor> tensors;
  std::vector<ReportNode> nodes;             // in the order of computation
  std::vector<std::size_t> inputs, outputs;  // in `tensors`
  ProofCost inputs_cost;                     // their ranges
  ProofCost total_cost;
  std::size_t num_inputs = 0;                 // that the model was run on; 0: nothing seen, nothing saturated
  std::vector<Clipping> clipping;             // by input
  std::optional<Fidelity> fidelity;           // nothing without the float network; its layers are at `tensors` too
  std::vector<OutputSamples> output_samples;  // by output
  std::vector<std::string> missing;           // sentences: what the report lacks, and what would give it
};

// From the model alone, and what its integers are on `inputs` where there are some. compile.h has one that compares with the
// float network. Errors: as Model::run; unsupported or resource_limit where no proof can be made of the model.
Result<ModelReport> report_model(const Model& model, const std::vector<std::vector<TensorView>>& inputs = {},
                                 const Progress& progress = {});

}  // namespace zkinfer
