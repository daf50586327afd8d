// SPDX-License-Identifier: Apache-2.0
// ir::Graph (core operators) + calibration inputs -> QGraph + parameters.
//
// Every tensor has one power-free real scale (real = integer * scale, zero is 0). A requantized node computes
// y = T[(acc + round) >> shift] with the same shift for all layers: the scale of the weights is free, since committed
// weights cost the same whatever their bits, so scale_w = scale_y / (scale_x 2^shift) needs no integer multiplier.
// Table domains cover the worst case over all inputs in the declared input range (from the weights' L1 norms), so every
// input can be proved.
// Errors: invalid_argument (no calibration data, options out of range), unsupported (a node that has no integer form),
// out_of_range (non-finite values or weights that do not fit), internal (the result fails qir::validate).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "qir/qgraph.h"
#include "quant/calibration.h"
#include "quant/options.h"
#include "quant/scale.h"
#include "tensor/tensor.h"
#include "zkinfer/fidelity.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// One integer node, for the report.
struct LayerInfo {
  std::string name;  // of the value it computes
  std::string op;    // QGraph op and fused functions
  Shape shape;
  bool requantized = false;
  int shift = 0;
  int log_table = 0;
  std::int64_t reach = 0;       // table arguments that occur for some input in the declared range
  std::int64_t lo = 0, hi = 0;  // of y
  double scale = 1;             // of y
  int weight_bits = 0;          // signed bits of its parameters, 0 without
  int acc_bits = 0;             // signed bits of its accumulators, worst case
  // Largest |integer - float| this layer adds to one output element when its inputs are exact and not clipped.
  double error_bound = 0;
};

// How close the integers are on some calibration inputs.
struct Measured {
  double measured_error = 0;     // largest error relative to the largest output element, of the worst output
  std::vector<double> errors;    // by output: what the largest is on any inputs, from it and from the errors' spread
  double estimated_flips = 0;    // share of inputs whose arg max changes, from the margins of the float scores
  double cosine = 1;             // mean over the same inputs, of the worst output
  std::size_t num_measured = 0;  // inputs on which these were measured
  std::size_t num_changed = 0;   // of them, those whose arg max changed
};

struct Quantized : Measured {
  qir::QGraph graph;
  qir::Weights params;
  std::vector<LayerInfo> layers;
  int activation_bits = 0;
  int levels = 0;  // the largest integer of a non-negative activation
  int shift = 0;
  bool held_out = false;             // what was measured on gave no statistics; small sets are not split
  bool scores = false;               // the model gives one vector of scores
  std::int64_t table_rows = 0;       // of all distinct tables, ranges of remainders included
  std::int64_t num_requantized = 0;  // elements that need lookups
  std::string calibration;           // one line: method and data
  // Scalars of the program text that the structure holds (ir::Value::literal), by name: public with every key.
  std::vector<std::string> public_numbers;
};

// Calibration inputs hold one tensor per graph input, by name.
Result<Quantized> quantize(const ir::Graph& graph, std::span<const TensorMap> calibration_inputs,
                           const QuantOptions& options = {});
// Rows of all tables plus one range table of 2^shift rows for each distinct shift.
std::int64_t count_table_rows(const qir::QGraph& graph);

// Table of layers, for people.
std::string report_text(const Quantized& quantized);

}  // namespace zkinfer::quant
