// SPDX-License-Identifier: Apache-2.0
#include "quant/search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "quant/measure.h"

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
// A choice that fails on inputs that it was not measured on is made again, for smaller errors.
constexpr int kMostRounds = 3;
constexpr double kMargin = 0.9;

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
         const QuantOptions& options, Reference& reference, const Calibration& statistics)
      : graph_(graph),
        calibration_(calibration),
        inputs_(inputs),
        options_(options),
        reference_(reference),
        statistics_(statistics) {}

  // The cheapest choice that is exact enough, or the most exact.
  Result<Trial> run() {
    for (int round = 1;; ++round) {
      ZKI_RETURN_IF_ERROR(choose(round == kMostRounds ? kShareOfAll : (end_ + kShareOfAll) / 2));
      if (!best_->exact_enough() || round == kMostRounds || options_.activation_bits > 0) return *best_;
      ZKI_ASSIGN_OR_RETURN(const bool confirmed, confirm());
      if (confirmed) return *best_;
      least_ = bits_of(best_->choice);
      best_.reset();
    }
  }

 private:
  static int bits_of(const Choice& choice) { return std::bit_width(static_cast<unsigned>(choice.levels)); }

  // end: the share of all that is done when this is.
  Status choose(double end) {
    begin_ = end_;
    widths_end_ = begin_ + kShareOfWidths * (end - begin_);
    share_ = kShareOfOne * (widths_end_ - begin_);
    end_ = end;
    if (most_sum_ == kMostSum) ZKI_RETURN_IF_ERROR(try_widths(std::max(kLeastBits, least_), kMostBits));
    if (!(best_.has_value() && best_->exact_enough()) && options_.shift == 0) {
      most_sum_ = kMostLargeSum;
      ZKI_RETURN_IF_ERROR(try_widths(std::max(kLeastLargeBits, least_), kMostLargeBits));
    }
    if (!best_.has_value()) return failure_;
    if (best_->exact_enough() && options_.activation_bits == 0 && options_.shift == 0) return refine();
    return ok_status();
  }

  // Is the best choice exact enough on more inputs? If not, errors have to be smaller from now on, by as much as they were too large, and
  // the worst of those inputs is measured too.
  Result<bool> confirm() {
    const Reference more = wider(reference_, graph_, inputs_.size());
    if (more.inputs.size() == reference_.inputs.size()) return true;
    ZKI_ASSIGN_OR_RETURN(const Quantized lowered,
                         Lowering(graph_, statistics_, best_->choice, options_, &curves_).run());
    const auto told = [&](double) { return options_.progress ? options_.progress(end_) : ok_status(); };
    ZKI_ASSIGN_OR_RETURN(const Measurement measured, measure(graph_, calibration_, inputs_, more, lowered, told));
    const double error = *std::max_element(measured.errors.begin(), measured.errors.end());
    if (error <= options_.target_error) return true;
    target_ *= kMargin * options_.target_error / error;
    if (std::ranges::find(reference_.inputs, measured.worst) == reference_.inputs.end())
      reference_.inputs.push_back(measured.worst);
    return false;
  }

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
      begin_ = widths_end_ + (end_ - widths_end_) * static_cast<double>(most - attempts) / static_cast<double>(most);
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
    share_ = kShareOfOne * (widths_end_ - begin_);
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
    trial.excess = excess_of(trial.measured, target_);
    const bool better = !best_.has_value() || trial.excess < best_->excess ||
                        (trial.excess == best_->excess && trial.cost < best_->cost);
    if (better) best_ = trial;
    return ok_status();
  }

  const ir::Graph& graph_;
  const Calibration& calibration_;
  std::span<const TensorMap> inputs_;
  const QuantOptions& options_;
  Reference& reference_;
  const Calibration& statistics_;
  std::optional<Trial> best_;
  int most_sum_ = kMostSum;
  CurveTables curves_;
  Status failure_;
  double target_ = options_.target_error;
  int least_ = 0;  // bits: fewer were not exact enough
  // Of the whole: what is done, what the attempt at hand takes, where this round's widths and this round end.
  double begin_ = 0, share_ = 0, widths_end_ = 0, end_ = 0;
};

}  // namespace

Result<Quantized> search(const ir::Graph& graph, const Calibration& calibration, std::span<const TensorMap> inputs,
                         const QuantOptions& options) {
  Reference reference = make_reference(graph, calibration, options);
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
    if (excess_of(whole, options.target_error) > trial.excess) {
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
