// SPDX-License-Identifier: Apache-2.0
// What a user may decide about quantization; every 0 means "chosen by measurement on the calibration data".
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qir/qgraph.h"
#include "zkinfer/calibration.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

inline constexpr int kLeastRoomyBits = 12;

std::string_view calibration_method_name(CalibrationMethod method);

// What the integers of a graph input are, where that is given from outside: another model's output, or a commitment.
struct InputFormat {
  std::int64_t lo = 0, hi = 0;
  qir::Scale scale;
};

struct QuantOptions {
  int activation_bits = 0;  // kLeastActivationBits .. kMostActivationBits
  int weight_bits = 0;      // kLeastWeightBits .. kMostWeightBits: an upper bound; 0: what the shift gives
  int shift = 0;            // 4..20: bits dropped by each requantization; one range table of 2^shift rows serves all
  CalibrationMethod method = CalibrationMethod::kMse;
  double percentile = 0.9999;
  // The cheapest activations and shift are taken whose largest error of an output element on the calibration data, relative to
  // the output's largest element, is at most this; the most exact ones when none are.
  double target_error = kDefaultFloatTarget;
  // What a program costs to prove, in any unit; null: roughly, by its elements and tables.
  std::function<double(const qir::QGraph&)> cost;
  // Told before each run of a program that is tried, with the share of all that is done, as far as that can be told; an error stops. null: nobody.
  std::function<Status(double done)> progress;
  // One per graph input, or none at all: the input's range and scale are taken from the calibration data where there is none.
  std::vector<std::optional<InputFormat>> input_formats;
  // By output: whether it holds integers of a scale of the network's own, which resolve no more than one. Empty: none.
  std::vector<bool> output_steps;
  // So many last inputs are what the last outputs of an inference before left: each is read by the Where that gives that output, in the unit of what it
  // is beside there, and all have one range. How exact they are shows in the other outputs.
  std::size_t num_carried = 0;
  int max_log_table = 17;                // 8..20: tables of more rows are avoided by coarser activations
  std::size_t max_measured_inputs = 96;  // calibration inputs used to measure a choice, fewer of large models

  // Whether ranges reach beyond what calibration saw: not where another method was asked for, or so few bits that room would cost
  // more than it saves.
  bool has_room() const {
    return method == CalibrationMethod::kMse && (activation_bits == 0 || activation_bits >= kLeastRoomyBits);
  }
};

}  // namespace zkinfer::quant
