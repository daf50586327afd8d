// SPDX-License-Identifier: Apache-2.0
#include "quant/calibration.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <utility>

#include "exec/float/float_executor.h"
#include "quant/sensitivity.h"

namespace zkinfer::quant {

namespace {

// Steps that real data sets are multiples of: counts, pixels, pixels divided by 255 or 256 or centred on them.
constexpr std::array<double, 10> kKnownSteps = {1.0,       0.5,       0.25,      0.125, 1.0 / 127.5,
                                                1.0 / 128, 1.0 / 255, 1.0 / 256, 0.1,   0.01};
constexpr double kTolerance = 4e-6;  // of float32 numbers that were multiples before they were rounded
constexpr double kMostSteps = 65536;
// Decimals that people write into tables. Where they are found by chance nothing is lost: the unit is as fine as without.
constexpr std::array<double, 3> kDecimals = {1e-3, 1e-4, 1e-5};
constexpr double kDecimalTolerance = 1.2e-7;  // two roundings of float32
constexpr double kMostDecimals = 1 << 21;     // beyond, the tolerance is a quarter of a step

template <std::size_t n>
constexpr std::array<bool, n> all_of_them() {
  std::array<bool, n> all{};
  all.fill(true);
  return all;
}

// The largest known step that divides every value.
class StepFinder {
 public:
  void add(std::span<const float> values) {
    for (const float x : values) max_abs_ = std::max(max_abs_, std::abs(static_cast<double>(x)));
    cross_out(values, kKnownSteps, kTolerance, possible_);
    cross_out(values, kDecimals, kDecimalTolerance, decimals_);
  }
  double step() const {
    for (std::size_t i = 0; i < kKnownSteps.size(); ++i) {
      const double most = max_abs_ / kKnownSteps[i];
      if (possible_[i] && (most <= kMostSteps && (most >= 0.5 || max_abs_ == 0))) return kKnownSteps[i];
    }
    return 0;
  }
  double decimal() const {
    for (std::size_t i = 0; i < kDecimals.size(); ++i)
      if (decimals_[i] && max_abs_ > 0 && max_abs_ / kDecimals[i] <= kMostDecimals) return kDecimals[i];
    return 0;
  }

 private:
  template <std::size_t n>
  static void cross_out(std::span<const float> values, const std::array<double, n>& steps, double tolerance,
                        std::array<bool, n>& possible) {
    for (std::size_t i = 0; i < n; ++i) {
      if (!possible[i]) continue;
      const double inverse = 1.0 / steps[i];
      possible[i] = std::all_of(values.begin(), values.end(), [&](float x) {
        const double count = static_cast<double>(x) * inverse;
        return std::abs(count - std::nearbyint(count)) < tolerance * (1 + std::abs(count));
      });
    }
  }

  std::array<bool, kKnownSteps.size()> possible_ = all_of_them<kKnownSteps.size()>();
  std::array<bool, kDecimals.size()> decimals_ = all_of_them<kDecimals.size()>();
  double max_abs_ = 0;
};

// The axis whose positions meet different weights: the channels of a Conv's input, the columns of a MatMul's.
std::unordered_map<std::string, std::size_t> weight_axes(const ir::Graph& graph) {
  std::unordered_map<std::string, std::size_t> axes;
  for (const ir::Node& node : graph.nodes) {
    const bool conv = node.op == ir::OpKind::kConv;
    if (!conv && node.op != ir::OpKind::kMatMul) continue;
    if (!graph.input_of(node, 1).is_constant()) continue;
    const ir::Value& x = graph.input_of(node, 0);
    axes.emplace(x.name, conv ? 1 : x.shape.rank() - 1);
  }
  return axes;
}

void add_means(const FloatTensor& tensor, std::size_t axis, double weight, std::vector<double>& means) {
  const Shape& shape = tensor.shape();
  const std::size_t length = static_cast<std::size_t>(shape[axis]);
  const std::size_t inner = static_cast<std::size_t>(shape.num_elements(axis + 1, shape.rank()));
  means.resize(length, 0.0);
  const double factor = weight * static_cast<double>(length) / static_cast<double>(tensor.num_elements());
  for (std::size_t i = 0; i < tensor.data().size(); ++i)
    means[i / inner % length] += factor * static_cast<double>(tensor[i]);
}

void add_sizes(const FloatTensor& tensor, std::size_t axis, std::vector<float>& sizes) {
  const Shape& shape = tensor.shape();
  const std::size_t length = static_cast<std::size_t>(shape[axis]);
  const std::size_t inner = static_cast<std::size_t>(shape.num_elements(axis + 1, shape.rank()));
  sizes.resize(length, 0.0F);
  for (std::size_t i = 0; i < tensor.data().size(); ++i) {
    float& size = sizes[i / inner % length];
    size = std::max(size, std::abs(tensor[i]));
  }
}

}  // namespace

std::string_view calibration_method_name(CalibrationMethod method) {
  switch (method) {
    case CalibrationMethod::kMinMax: return "minmax";
    case CalibrationMethod::kPercentile: return "percentile";
    case CalibrationMethod::kMse: return "mse";
  }
  return "?";
}

void Histogram::widen(double needed) {
  if (width_ == 0) {
    width_ = needed / static_cast<double>(kBins) * 1.0001;
    counts_[0] += zeros_;
    zeros_ = 0;
    return;
  }
  while (width_ * static_cast<double>(kBins) <= needed) {
    for (std::size_t i = 0; i < kBins / 2; ++i) counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
    std::fill(counts_.begin() + kBins / 2, counts_.end(), 0.0);
    width_ *= 2;
  }
}

void Histogram::add(std::span<const float> values) {
  if (values.empty()) return;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (empty()) min_ = max_ = static_cast<double>(*least);
  min_ = std::min(min_, static_cast<double>(*least));
  max_ = std::max(max_, static_cast<double>(*most));
  max_abs_ = std::max(max_, -min_);
  total_ += static_cast<double>(values.size());
  if (max_abs_ == 0) {
    zeros_ += static_cast<double>(values.size());
    return;
  }
  widen(max_abs_);
  const double inverse = 1.0 / width_;
  for (const float x : values) {
    const std::size_t bin = static_cast<std::size_t>(std::abs(static_cast<double>(x)) * inverse);
    counts_[std::min(bin, kBins - 1)] += 1;
    // The exponent and the first three bits behind it, as they lie in the number.
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(x) & 0x7fffffffU;
    const int part = static_cast<int>(bits >> 20) - (127 + kLeastExponent) * static_cast<int>(kOctaveParts);
    if (bits != 0) sizes_[static_cast<std::size_t>(std::clamp(part, 0, static_cast<int>(sizes_.size()) - 1))] += 1;
  }
}

double Histogram::usual() const {
  double left = std::accumulate(sizes_.begin(), sizes_.end(), 0.0) / 2;
  if (left == 0) return 0;
  std::size_t i = 0;
  while (i + 1 < sizes_.size() && left > sizes_[i]) left -= sizes_[i++];
  const int octave = static_cast<int>(i / kOctaveParts) + kLeastExponent;
  return std::ldexp(1 + (static_cast<double>(i % kOctaveParts) + 0.5) / static_cast<double>(kOctaveParts), octave);
}

double Histogram::percentile(double share) const {
  double left = total_ * share;
  for (std::size_t i = 0; i < kBins; ++i) {
    left -= counts_[i];
    if (left <= 0) return std::min(max_abs_, (static_cast<double>(i) + 1) * width_);
  }
  return max_abs_;
}

double Histogram::clip_error(double clip, double num_steps) const {
  const double step = clip / num_steps;
  double error = 0;
  for (std::size_t i = 0; i < kBins; ++i) {
    if (counts_[i] == 0) continue;
    const double center = (static_cast<double>(i) + 0.5) * width_;
    const double over = std::max(0.0, center - clip);
    // Values below half a step round to 0; above, the error is uniform in +-step/2.
    const double rounding = center < step / 2 ? center * center : step * step / 12;
    error += counts_[i] * (over > 0 ? over * over : rounding);
  }
  return total_ > 0 ? error / total_ : 0;
}

double choose_clip(const Histogram& histogram, double num_steps, const QuantOptions& options) {
  const double whole = histogram.max_abs();
  if (whole <= 0) return 1;
  if (options.method == CalibrationMethod::kMinMax) return whole;
  if (options.method == CalibrationMethod::kPercentile) return histogram.percentile(options.percentile);
  double best = whole;
  double best_error = histogram.clip_error(whole, num_steps);
  for (int i = 99; i >= 20; --i) {
    const double clip = whole * i / 100;
    const double error = histogram.clip_error(clip, num_steps);
    if (error < best_error) best = clip, best_error = error;
  }
  return best;
}

namespace {

// The largest entry of each row along an axis; the least of them.
class LowestTop {
 public:
  void add(const FloatTensor& x, std::size_t axis) {
    const Shape& shape = x.shape();
    const auto length = static_cast<std::size_t>(shape[axis]);
    const auto inner = static_cast<std::size_t>(shape.num_elements(axis + 1, shape.rank()));
    for (std::size_t row = 0; row < x.data().size() / length; ++row) {
      const std::size_t first = row / inner * length * inner + row % inner;
      float top = x[first];
      for (std::size_t k = 1; k < length; ++k) top = std::max(top, x[first + k * inner]);
      least_ = std::min(least_, static_cast<double>(top));
    }
  }
  double get() const { return std::isfinite(least_) ? least_ : kNoFloor; }

 private:
  double least_ = -kNoFloor;
};

SeenRange range_of_constant(const ir::Value& value) {
  SeenRange range;
  bool any = false;
  const auto add = [&](double x) {
    if (!std::isfinite(x)) return;
    range = any ? SeenRange{std::min(range.lo, x), std::max(range.hi, x)} : SeenRange{x, x};
    any = true;
  };
  if (value.floats() != nullptr)
    for (const float x : value.floats()->data()) add(static_cast<double>(x));
  if (value.ints() != nullptr)
    for (const std::int64_t x : value.ints()->data()) add(static_cast<double>(x));
  return range;
}

// Finite stand-ins, so that statistics can be taken: the lowest number for minus infinity, `floor` for all below it.
FloatTensor bounded(const FloatTensor& tensor, double floor) {
  FloatTensor result = tensor;
  const float least = static_cast<float>(std::max(floor, static_cast<double>(std::numeric_limits<float>::lowest())));
  for (float& x : result.data())
    if (x < least) x = least;
  return result;
}

// One pass over all inputs. What is infinite or no number, once floors are known, is named in *bad.
Status gather_statistics(const ir::Graph& graph, std::span<const TensorMap> inputs, Calibration& result,
                         std::vector<LowestTop>* tops, std::string* bad) {
  std::unordered_map<std::string, std::vector<std::pair<std::size_t, std::size_t>>> compared;  // name -> node, axis
  for (std::size_t i = 0; i < graph.nodes.size() && tops != nullptr; ++i) {
    const ir::Node& node = graph.nodes[i];
    if (node.op == ir::OpKind::kSoftmax)
      compared[graph.input_of(node, 0).name].emplace_back(i, node.as<ir::SoftmaxAttributes>().axis);
    if (node.op == ir::OpKind::kArgMax)
      compared[graph.input_of(node, 0).name].emplace_back(i, node.as<ir::ArgMaxAttributes>().axis);
  }
  const std::unordered_map<std::string, std::size_t> axes = weight_axes(graph);
  const std::unordered_map<std::string, std::size_t> scalable = scalable_channels(graph);
  for (const ir::ValueId input : graph.inputs)
    for (const ir::ValueId table : tables_of(graph, input)) result.columns[graph.value(table).name];
  const double weight = 1.0 / static_cast<double>(inputs.size());
  for (const TensorMap& input : inputs) {
    const exec_float::FloatObserver observe = [&](const ir::Value& value, const FloatTensor& original) {
      if (const auto found = compared.find(value.name); found != compared.end()) {
        for (const auto& [node, axis] : found->second) (*tops)[node].add(original, axis);
      }
      const double floor = result.floor_of(value.name);
      const auto [least, most] = std::minmax_element(original.data().begin(), original.data().end());
      const bool low = !original.data().empty() && (std::isinf(*least) || static_cast<double>(*least) < floor);
      const FloatTensor changed = low ? bounded(original, floor) : FloatTensor();
      const FloatTensor& tensor = low ? changed : original;
      const bool finite =
          std::all_of(tensor.data().begin(), tensor.data().end(), [](float x) { return std::isfinite(x); });
      const bool lowest = low && floor == kNoFloor;
      if ((!finite || (lowest && tops == nullptr)) && bad->empty()) *bad = value.name;
      if (!finite) return;
      result.by_name[value.name].add(tensor.data());
      if (const auto columns = result.columns.find(value.name); columns != result.columns.end())
        quant::widen(columns->second, original);
      const auto axis = axes.find(value.name);
      if (axis != axes.end()) add_means(tensor, axis->second, weight, result.means[value.name]);
      const auto channels = scalable.find(value.name);
      // With what lies below a floor: a channel that is far below 0 here may be above it elsewhere.
      if (channels != scalable.end()) add_sizes(original, channels->second, result.channels[value.name]);
    };
    ZKI_ASSIGN_OR_RETURN(const TensorMap outputs, exec_float::run_float(graph, input, observe));
    std::vector<FloatTensor> ordered;
    for (const ir::ValueId id : graph.outputs) ordered.push_back(outputs.at(graph.value(id).name));
    result.outputs.push_back(std::move(ordered));
  }
  return ok_status();
}

}  // namespace

double Calibration::floor_of(const std::string& name) const {
  const auto found = floors.find(name);
  return found == floors.end() ? kNoFloor : found->second;
}

Result<Calibration> calibrate(const ir::Graph& graph, std::span<const TensorMap> inputs) {
  if (inputs.empty()) {
    return invalid_argument(
        "quantize: no calibration inputs; give a few dozen typical inputs (or ask for random ones, which measure "
        "nothing about the real data)");
  }
  Calibration result;
  std::string bad;
  std::vector<LowestTop> tops(graph.nodes.size());
  ZKI_RETURN_IF_ERROR(gather_statistics(graph, inputs, result, &tops, &bad));
  Seen seen;
  seen.range = [&](ir::ValueId id) {
    const ir::Value& value = graph.value(id);
    if (value.is_constant()) return range_of_constant(value);
    const Histogram& histogram = result.by_name[value.name];
    return SeenRange{histogram.min(), histogram.max()};
  };
  for (const LowestTop& top : tops) seen.lowest_top.push_back(top.get());
  const std::vector<double> floors = relevance_floors(graph, seen);
  bool again = false;
  for (std::size_t v = 0; v < floors.size(); ++v) {
    const ir::Value& value = graph.values[v];
    if (floors[v] == kNoFloor) continue;
    const SeenRange range = seen.range(static_cast<ir::ValueId>(v));
    // Only where it is worth another pass: most entries below zero hurt nobody.
    if (range.lo >= floors[v] - 2 * std::max(range.hi - floors[v], 1.0)) continue;
    result.floors[value.name] = floors[v];
    again = again || !value.is_constant();
  }
  const bool infinite = std::any_of(result.by_name.begin(), result.by_name.end(), [](const auto& entry) {
    return entry.second.min() <= static_cast<double>(std::numeric_limits<float>::lowest());
  });
  if (bad.empty() && (again || infinite)) {
    Calibration clipped;
    clipped.floors = result.floors;
    ZKI_RETURN_IF_ERROR(gather_statistics(graph, inputs, clipped, nullptr, &bad));
    result = std::move(clipped);
  }
  if (!bad.empty())
    return out_of_range("calibration: value '" + bad +
                        "' is infinite or not a number for a calibration input; fix the input or the model");
  result.num_inputs = inputs.size();
  result.more_bits = more_bits_of(graph, result.by_name);
  std::vector<StepFinder> steps(graph.inputs.size());
  for (const TensorMap& input : inputs) {
    for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
      const auto it = input.find(graph.value(graph.inputs[i]).name);
      if (it == input.end()) continue;
      steps[i].add(it->second.data());
    }
  }
  for (const StepFinder& finder : steps) {
    result.input_steps.push_back(finder.step());
    result.input_decimals.push_back(finder.decimal());
  }
  for (std::size_t i = 0; i < graph.inputs.size(); ++i)
    result.input_spreads.push_back(spread_of_columns(graph, graph.inputs[i], result.columns));
  return result;
}

std::vector<TensorMap> random_inputs(const ir::Graph& graph, std::size_t count, float lo, float hi) {
  std::mt19937 random(20240229);
  std::uniform_real_distribution<float> uniform(lo, hi);
  std::vector<TensorMap> inputs(count);
  for (TensorMap& input : inputs) {
    for (const ir::ValueId id : graph.inputs) {
      FloatTensor tensor(graph.value(id).shape);
      for (float& x : tensor.data()) x = uniform(random);
      input.emplace(graph.value(id).name, std::move(tensor));
    }
  }
  return inputs;
}

}  // namespace zkinfer::quant
