// SPDX-License-Identifier: Apache-2.0
// Statistics of every value of a float graph over calibration inputs, and the choice of a clip from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ir/graph.h"
#include "quant/columns.h"
#include "quant/equalize.h"
#include "quant/options.h"
#include "quant/relevance.h"
#include "tensor/tensor.h"
#include "zkinfer/status.h"

namespace zkinfer::quant {

// Counts of |x| in kBins equal bins from 0; the bin width doubles whenever a value does not fit, so one pass over the
// data is enough.
class Histogram {
 public:
  static constexpr std::size_t kBins = 2048;
  void add(std::span<const float> values);
  double min() const { return min_; }
  double max() const { return max_; }
  double max_abs() const { return max_abs_; }
  bool empty() const { return total_ == 0; }
  // The smallest c that `share` of the values have |x| <= c, to a bin's width; at most max_abs().
  double percentile(double share) const;
  // The median of |x| among those that are not 0, to an eighth of an octave where they spread; 0 if all are 0.
  double usual() const;
  // Expected squared error of rounding to multiples of clip / num_steps and clipping at +-clip.
  double clip_error(double clip, double num_steps) const;

 private:
  void widen(double needed);
  std::vector<double> counts_ = std::vector<double>(kBins, 0.0);
  // The same by size: kOctaveParts bins from one power of two to the next, from 2^kLeastExponent on.
  static constexpr int kLeastExponent = -64;
  static constexpr std::size_t kOctaves = 128, kOctaveParts = 8;
  std::vector<double> sizes_ = std::vector<double>(kOctaves * kOctaveParts, 0.0);
  double width_ = 0;  // of one bin; 0 before the first non-zero value
  double zeros_ = 0;  // values seen while width_ == 0
  double total_ = 0;
  double min_ = 0;
  double max_ = 0;
  double max_abs_ = 0;
};

// The clip of one tensor: integers 0..num_steps (or +-num_steps) cover [0, clip] (or [-clip, clip]).
double choose_clip(const Histogram& histogram, double num_steps, const QuantOptions& options);

struct Calibration {
  std::unordered_map<std::string, Histogram> by_name;  // by ir value name
  // One grid per graph input: the largest step of which all calibration data are multiples, 0 if none is known.
  std::vector<double> input_steps;
  // The same of decimals that are too fine to be a grid: 0.001, 0.0001 or 0.00001, 0 if none.
  std::vector<double> input_decimals;
  ColumnsByName columns;              // of tables_of each graph input: what each column reaches
  std::vector<double> input_spreads;  // by graph input: spread_of_columns
  std::size_t num_inputs = 0;
  // By name, for inputs of Conv and of MatMul with constant weights: the mean of each channel (axis 1) or column (last
  // axis), over all calibration inputs.
  std::unordered_map<std::string, std::vector<double>> means;
  ChannelSizes channels;  // of scalable_channels
  // By name: how many bits more than others an activation is worth (quant/sensitivity.h); none where it is none.
  std::unordered_map<std::string, int> more_bits;
  // By name of an activation or a constant: entries below make no difference (quant/relevance.h). The statistics count such
  // entries as this number.
  std::unordered_map<std::string, double> floors;
  // kNoFloor where every difference counts.
  double floor_of(const std::string& name) const;
  // By calibration input and graph output.
  std::vector<std::vector<FloatTensor>> outputs;
};

// Runs the float executor over the inputs. invalid_argument without inputs; the executor's own errors.
Result<Calibration> calibrate(const ir::Graph& graph, std::span<const TensorMap> inputs);

// Labelled stand-in data when a model's owner has none: uniform in [lo, hi], fixed seed.
std::vector<TensorMap> random_inputs(const ir::Graph& graph, std::size_t count, float lo, float hi);

}  // namespace zkinfer::quant
