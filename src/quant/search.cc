// SPDX-License-Identifier: Apache-2.0
#include "quant/search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "exec/integer/executor.h"

namespace zkinfer::quant {

namespace {

constexpr int kLeastShift = 6;
constexpr int kMostShift = 20;
constexpr int kMostSum = 32;  // of bits and shift
constexpr int kLeastBits = 5;
constexpr int kMostBits = 18;
// The same where nothing of the above is exact enough: large biases have nodes of their own then, and rounding takes more limbs.
constexpr int kLeastLargeBits = 13;
constexpr int kMostLargeBits = kMostActivationBits;
constexpr int kMostLargeSum = 40;
// More levels than are needed may allow a smaller shift.
constexpr int kBitsTried = 3;
// Attempts at single fusions: fewer of models that take long to lower. They have to save this much.
constexpr std::int64_t kRefinedElements = 400000000;
constexpr std::int64_t kMostRefinements = 96;
constexpr double kWorthwhile = 0.995;
// Shares of the search's time, for who waits: widths come first, and nobody knows how many; each is said to take this part of what is left of theirs.
constexpr double kShareOfWidths = 0.5, kShareOfAll = 0.98, kShareOfOne = 0.1;

// Large models are measured on fewer inputs, but on many more elements each, and with fewer attempts for accuracy alone.
constexpr std::int64_t kMeasuredElements = 4000000;
constexpr std::size_t kUsualInputs = 24;
constexpr std::size_t kLeastInputs = 2;
constexpr std::size_t kLeastInputsOfChoices = 8;
constexpr std::int64_t kCheapShare = 4;
constexpr std::size_t kLeastSplit = 12;  // fewer calibration inputs are not split
// Errors of so many standard deviations come up on inputs that nobody measured.
constexpr double kTail = 3;
// Of whole-number outputs, a share of changed entries counts as this part of an error.
constexpr double kChangedWeight = 0.2;

// What is compared: some calibration inputs, and the margin between the two best scores of all of them.
struct Reference {
  std::vector<std::size_t> inputs;  // indices
  std::vector<double> margins;      // empty unless the model has one output that is a vector of scores
  std::vector<bool> output_steps;   // QuantOptions::output_steps
  std::size_t num_carried = 0;      // QuantOptions::num_carried
};

// Positions of the largest and the second largest element.
std::pair<std::size_t, std::size_t> best_two(std::span<const float> scores) {
  std::size_t first = scores[0] >= scores[1] ? 0 : 1;
  std::size_t second = 1 - first;
  for (std::size_t i = 2; i < scores.size(); ++i) {
    if (scores[i] > scores[first])
      second = first, first = i;
    else if (scores[i] > scores[second])
      second = i;
  }
  return {first, second};
}

bool is_score_vector(const ir::Graph& graph) {
  if (graph.outputs.size() != 1) return false;
  const Shape& shape = graph.value(graph.outputs[0]).shape;
  return shape.rank() > 0 && shape.num_elements() > 1 && shape[shape.rank() - 1] == shape.num_elements();
}

// Statistics come from some inputs and errors are measured on others: what clips on unseen data shows.
struct Split {
  std::vector<std::size_t> statistics, held_out;
};

Split split_inputs(std::size_t count) {
  Split split;
  for (std::size_t i = 0; i < count; ++i) {
    const bool out = count >= kLeastSplit && i % 3 == 2;
    if (!out || count < kLeastSplit) split.statistics.push_back(i);
    if (out || count < kLeastSplit) split.held_out.push_back(i);
  }
  return split;
}

// Elements of all computed values: what one integer run costs, roughly.
std::int64_t num_elements(const ir::Graph& graph) {
  std::int64_t total = 0;
  for (const ir::Node& node : graph.nodes) total += graph.output_of(node).shape.num_elements();
  return total;
}

Reference make_reference(const ir::Graph& graph, const Calibration& calibration, std::size_t most) {
  Reference reference;
  // Many inputs where they cost little: what goes wrong on one in fifty does not show on a dozen.
  const std::int64_t elements = std::max<std::int64_t>(1, num_elements(graph));
  const auto affordable = static_cast<std::size_t>(kMeasuredElements / elements);
  const auto cheap = static_cast<std::size_t>(kMeasuredElements / kCheapShare / elements);
  // Of choices only changed ones count, and those are few.
  const bool is_choice =
      std::ranges::any_of(graph.outputs, [&](ir::ValueId id) { return graph.value(id).dtype != ir::DataType::kFloat; });
  const std::size_t least = is_choice ? kLeastInputsOfChoices : kLeastInputs;
  most = std::min(most, std::max({least, std::min(affordable, kUsualInputs), cheap}));
  const std::vector<std::size_t> held_out = split_inputs(calibration.outputs.size()).held_out;
  const std::size_t stride = std::max<std::size_t>(1, held_out.size() / most);
  for (std::size_t i = 0; i < held_out.size() && reference.inputs.size() < most; i += stride)
    reference.inputs.push_back(held_out[i]);
  if (!is_score_vector(graph)) return reference;
  for (const std::vector<FloatTensor>& outputs : calibration.outputs) {
    const auto [first, second] = best_two(outputs[0].data());
    reference.margins.push_back(static_cast<double>(outputs[0][first]) - static_cast<double>(outputs[0][second]));
  }
  return reference;
}

// The largest error is that of an element of an output, relative to its largest element; an arg max is estimated to change with the
// probability that a normal error of the measured size of (error of best - error of second best) exceeds the margin.
Result<Measured> measure(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                         const Reference& reference, const Quantized& quantized,
                         const std::function<Status(double)>& progress) {
  Measured out;
  const std::size_t num_outputs = graph.outputs.size() - reference.num_carried;
  std::vector<double> largest(num_outputs, 0);
  std::vector<double> errors(num_outputs, 0);
  std::vector<double> usual(num_outputs, 0);  // an input's largest element, on average
  std::vector<double> squares(num_outputs, 0);
  std::vector<double> changed(num_outputs, 0);
  std::vector<double> cosines(num_outputs, 0);
  double pair_errors = 0;
  out.num_measured = reference.inputs.size();
  double num_done = 0;
  for (const std::size_t i : reference.inputs) {
    if (progress) ZKI_RETURN_IF_ERROR(progress(num_done++ / static_cast<double>(out.num_measured)));
    exec_integer::Inputs integers;
    for (std::size_t j = 0; j < graph.inputs.size(); ++j) {
      const FloatTensor& real = inputs[i].at(graph.value(graph.inputs[j]).name);
      ZKI_ASSIGN_OR_RETURN(auto values, quantize_input(quantized.graph.value(quantized.graph.inputs[j]), real.data()));
      integers.push_back(std::move(values));
    }
    ZKI_ASSIGN_OR_RETURN(const exec_integer::Witness witness,
                         exec_integer::run(quantized.graph, quantized.params, integers));
    for (std::size_t j = 0; j < num_outputs; ++j) {
      const qir::ValueId id = quantized.graph.outputs[j];
      const std::vector<float> real = dequantize(quantized.graph.value(id), witness.values[id]);
      const FloatTensor& expected = calibration.outputs[i][j];
      const auto error = [&](std::size_t k) { return static_cast<double>(real[k]) - static_cast<double>(expected[k]); };
      double norm = 0, got_norm = 0, dot = 0, most = 0;
      for (std::size_t k = 0; k < real.size(); ++k) {
        const double x = static_cast<double>(expected[k]), y = static_cast<double>(real[k]);
        norm += x * x;
        got_norm += y * y;
        dot += x * y;
        errors[j] = std::max(errors[j], std::abs(error(k)));
        squares[j] += error(k) * error(k) / static_cast<double>(real.size());
        most = std::max(most, std::abs(x));
        changed[j] += x != y ? 1.0 / static_cast<double>(real.size()) : 0;
      }
      largest[j] = std::max(largest[j], most);
      usual[j] += most / static_cast<double>(reference.inputs.size());
      cosines[j] += norm > 0 && got_norm > 0 ? dot / std::sqrt(norm * got_norm) : (norm == got_norm ? 1 : 0);
      if (!reference.margins.empty()) {
        const auto [first, second] = best_two(expected.data());
        if (best_two(real).first != first) ++out.num_changed;
        pair_errors += (error(first) - error(second)) * (error(first) - error(second));
      }
    }
  }
  const double count = static_cast<double>(reference.inputs.size());
  for (std::size_t j = 0; j < largest.size(); ++j) {
    const bool whole = graph.value(graph.outputs[j]).dtype != ir::DataType::kFloat;
    const double share = kChangedWeight * changed[j] / count;
    const double error = errors[j] / std::max(largest[j], 1e-30);
    const double spread = std::sqrt(squares[j] / count) / std::max(usual[j], 1e-30);
    out.errors.push_back(whole ? share : std::max(error, kTail * spread));
    // Where an integer output cannot say more than one step, an error of one is none that could be asked for.
    const bool steps = j < reference.output_steps.size() && reference.output_steps[j];
    out.measured_error = std::max(out.measured_error, steps ? (errors[j] > 1 ? error : 0) : whole ? share : error);
    out.cosine = std::min(out.cosine, cosines[j] / count);
  }
  const double deviation = std::sqrt(pair_errors / static_cast<double>(reference.inputs.size()));
  for (const double margin : reference.margins) {
    out.estimated_flips += (deviation > 0 ? 0.5 * std::erfc(margin / deviation / std::sqrt(2.0)) : 0) /
                           static_cast<double>(reference.margins.size());
  }
  return out;
}

// Of errors over the target: the logarithms' sum, 0 when all outputs are exact enough.
double excess_of(const Measured& measured, const QuantOptions& options) {
  double excess = 0;
  for (const double error : measured.errors)
    excess += std::max(0.0, std::log(std::max(error, 1e-30) / options.target_error));
  return excess;
}

// A choice and what it measured.
struct Trial {
  Choice choice;
  double cost = 0;
  double excess = 0;  // excess_of(measured)
  Measured measured;
  bool exact_enough() const { return excess == 0; }
  bool failed() const { return std::isinf(excess); }  // has no integer form at this choice
};

// Where nobody says what a program costs to prove: three values for each rounded element, two for each row of a short table.
double rough_cost(const Quantized& quantized) {
  constexpr std::int64_t kShortTable = 1 << 16;
  double cost = 3 * static_cast<double>(quantized.num_requantized);
  for (const qir::Table& table : quantized.graph.tables)
    cost += 2 * static_cast<double>(std::min(table.num_rows(), kShortTable));
  return cost;
}

class Search {
 public:
  Search(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
         const QuantOptions& options, const Reference& reference, const Calibration& statistics)
      : graph_(graph),
        calibration_(calibration),
        inputs_(inputs),
        options_(options),
        reference_(reference),
        statistics_(statistics) {}

  // The cheapest choice that is exact enough, or the most exact.
  Result<Trial> run() {
    ZKI_RETURN_IF_ERROR(try_widths(kLeastBits, kMostBits));
    if (!(best_.has_value() && best_->exact_enough()) && options_.shift == 0) {
      most_sum_ = kMostLargeSum;
      ZKI_RETURN_IF_ERROR(try_widths(kLeastLargeBits, kMostLargeBits));
    }
    if (!best_.has_value()) return failure_;
    if (best_->exact_enough() && options_.activation_bits == 0 && options_.shift == 0) ZKI_RETURN_IF_ERROR(refine());
    return *best_;
  }

 private:
  Status try_widths(int least, int most) {
    if (options_.activation_bits > 0) least = most = options_.activation_bits;
    const int last = most;
    // The fewest bits that are exact enough with the largest shift: errors fall with both.
    while (least < most) {
      const int bits = (least + most) / 2;
      ZKI_ASSIGN_OR_RETURN(const Trial trial, tried(bits, most_shift(bits)));
      if (trial.exact_enough() || trial.failed())
        most = trial.failed() ? std::max(least, bits - 1) : bits;
      else
        least = bits + 1;
    }
    for (int bits = most; bits <= std::min(last, most + kBitsTried - 1); ++bits) {
      ZKI_ASSIGN_OR_RETURN(const Trial trial, tried(bits, most_shift(bits)));
      if (trial.failed()) break;
      if (trial.exact_enough()) ZKI_RETURN_IF_ERROR(smallest_shift(bits));
    }
    for (int bits = most - 1; bits >= kLeastBits && !best_.has_value() && options_.activation_bits == 0; --bits)
      ZKI_RETURN_IF_ERROR(tried(bits, most_shift(bits)).status());
    return ok_status();
  }

  // Biases are of 32 bits: room is left for those that are larger than the sums they belong to.
  int most_shift(int bits) const {
    return options_.shift > 0 ? options_.shift : std::min(kMostShift, most_sum_ - bits);
  }

  Status smallest_shift(int bits) {
    int enough = most_shift(bits);
    int too_small = options_.shift > 0 ? enough - 1 : kLeastShift - 1;
    while (enough - too_small > 1) {
      const int shift = (enough + too_small) / 2;
      ZKI_ASSIGN_OR_RETURN(const Trial trial, tried(bits, shift));
      (trial.exact_enough() ? enough : too_small) = shift;
    }
    return ok_status();
  }

  // Fewer bits and smaller shifts for single fusions, those with the most elements first, where that is cheaper and still exact
  // enough: sums of few products need a smaller shift, and what the outputs hardly depend on fewer bits.
  Status refine() {
    std::vector<std::pair<std::int64_t, std::size_t>> fusions;
    std::int64_t parameters = 0;
    for (const ir::Value& value : graph_.values)
      if (value.is_constant()) parameters += value.shape.num_elements();
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      const ir::Node& node = graph_.nodes[i];
      if (is_accumulator(node) || UnaryChain::is_unary(node))
        fusions.emplace_back(-graph_.output_of(node).shape.num_elements(), i);
    }
    std::stable_sort(fusions.begin(), fusions.end());
    std::int64_t attempts =
        std::clamp<std::int64_t>(kRefinedElements / (parameters + num_elements(graph_)), 4, kMostRefinements);
    const std::int64_t most = attempts;
    const auto begin = [&] {
      begin_ = kShareOfWidths +
               (kShareOfAll - kShareOfWidths) * static_cast<double>(most - attempts) / static_cast<double>(most);
      share_ = 0;
    };
    begin();
    ZKI_RETURN_IF_ERROR(refine_softmaxes(attempts));
    for (const auto& [size, node] : fusions) {
      for (int Fewer::*knob : {&Fewer::shift, &Fewer::bits}) {
        for (const int less : {4, 2, 1}) {
          if (attempts-- <= 0) return ok_status();
          begin();
          Choice choice = best_->choice;
          choice.fewer[node].*knob += less;
          const double before = best_->cost;
          ZKI_ASSIGN_OR_RETURN(const Trial trial, cheaper(std::move(choice)));
          // A fusion that is not rounded, or is rounded elsewhere.
          if (trial.cost == before && less == 4) break;
          if (best_->cost < before) break;
        }
      }
    }
    return ok_status();
  }

  // The weights of an attention are many, and each matters little: all of them together.
  Status refine_softmaxes(std::int64_t& attempts) {
    const auto is_softmax = [](const ir::Node& node) { return node.op == ir::OpKind::kSoftmax; };
    if (std::ranges::none_of(graph_.nodes, is_softmax)) return ok_status();
    for (const int less : {8, 6, 4, 3, 2, 1}) {
      if (attempts-- <= 0) return ok_status();
      Choice choice = best_->choice;
      for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
        if (is_softmax(graph_.nodes[i])) choice.fewer[i].bits += less;
      const double before = best_->cost;
      ZKI_RETURN_IF_ERROR(cheaper(std::move(choice)).status());
      if (best_->cost < before) return ok_status();
    }
    return ok_status();
  }

  // Measures a choice if its program costs less than the best one's.
  Result<Trial> cheaper(Choice choice) {
    Trial trial;
    trial.choice = std::move(choice);
    Result<Quantized> lowered = Lowering(graph_, statistics_, trial.choice, options_, &curves_).run();
    trial.cost = lowered.ok() ? cost_of(*lowered) : std::numeric_limits<double>::infinity();
    if (trial.cost >= kWorthwhile * best_->cost) return trial;
    ZKI_RETURN_IF_ERROR(judge(*lowered, trial));
    return trial;
  }

  Result<Trial> tried(int bits, int shift) {
    Trial trial;
    trial.choice = {(1 << bits) - 1, options_.max_log_table, shift};
    Result<Quantized> lowered = Lowering(graph_, statistics_, trial.choice, options_, &curves_).run();
    // What does not fit beside fine units (a large bias) may fit beside coarser ones.
    while (!lowered.ok() && options_.shift == 0 && trial.choice.shift > kLeastShift) {
      trial.choice.shift = std::max(kLeastShift, trial.choice.shift - 2);
      lowered = Lowering(graph_, statistics_, trial.choice, options_, &curves_).run();
    }
    if (!lowered.ok()) {
      trial.excess = std::numeric_limits<double>::infinity();
      failure_ = lowered.status();
      return trial;
    }
    trial.cost = cost_of(*lowered);
    ZKI_RETURN_IF_ERROR(judge(*lowered, trial));
    begin_ += share_;
    share_ = kShareOfOne * (kShareOfWidths - begin_);
    return trial;
  }

  double cost_of(const Quantized& attempt) const {
    return options_.cost ? options_.cost(attempt.graph) : rough_cost(attempt);
  }

  // Measures an attempt, and keeps it if it is the best so far.
  Status judge(const Quantized& attempt, Trial& trial) {
    const auto told = [&](double done) {
      return options_.progress ? options_.progress(begin_ + share_ * done) : ok_status();
    };
    ZKI_ASSIGN_OR_RETURN(trial.measured, measure(graph_, calibration_, inputs_, reference_, attempt, told));
    trial.excess = excess_of(trial.measured, options_);
    const bool better = !best_.has_value() || trial.excess < best_->excess ||
                        (trial.excess == best_->excess && trial.cost < best_->cost);
    if (better) best_ = trial;
    return ok_status();
  }

  const ir::Graph& graph_;
  const Calibration& calibration_;
  std::span<const TensorMap> inputs_;
  const QuantOptions& options_;
  const Reference& reference_;
  const Calibration& statistics_;
  std::optional<Trial> best_;
  int most_sum_ = kMostSum;
  CurveTables curves_;
  Status failure_;
  double begin_ = 0,
         share_ = kShareOfOne * kShareOfWidths;  // of the whole: what is done, and what the attempt at hand takes
};

}  // namespace

Result<Quantized> search(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                         const QuantOptions& options) {
  Reference reference = make_reference(graph, calibration, options.max_measured_inputs);
  reference.output_steps = options.output_steps;
  reference.num_carried = options.num_carried;
  std::vector<TensorMap> counted;
  for (const std::size_t i : split_inputs(inputs.size()).statistics) counted.push_back(inputs[i]);
  ZKI_ASSIGN_OR_RETURN(const Calibration statistics, calibrate(graph, counted));
  ZKI_ASSIGN_OR_RETURN(const Trial trial, Search(graph, calibration, inputs, options, reference, statistics).run());
  // The chosen model with the statistics of all inputs, if it is as exact: its scales are others, and so is what rounding to few
  // steps makes of weights. Otherwise the program that was measured.
  ZKI_ASSIGN_OR_RETURN(Quantized result, Lowering(graph, calibration, trial.choice, options).run());
  Measured measured = trial.measured;
  if (counted.size() < inputs.size()) {
    const auto told = [&](double done) {
      return options.progress ? options.progress(kShareOfAll + (1 - kShareOfAll) * done) : ok_status();
    };
    ZKI_ASSIGN_OR_RETURN(const Measured whole, measure(graph, calibration, inputs, reference, result, told));
    if (excess_of(whole, options) > trial.excess) {
      ZKI_ASSIGN_OR_RETURN(result, Lowering(graph, statistics, trial.choice, options).run());
    } else if (whole.measured_error > measured.measured_error) {
      measured = whole;
    }
  }
  static_cast<Measured&>(result) = measured;
  result.held_out = calibration.outputs.size() >= kLeastSplit;
  result.scores = is_score_vector(graph);
  return result;
}

}  // namespace zkinfer::quant
