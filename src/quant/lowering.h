// SPDX-License-Identifier: Apache-2.0
// One attempt at lowering: fixed activation levels, table size and shift. lower_*.cc hold the operators, targets.cc the scales that they aim at,
// emit.cc what makes nodes and parameters.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/affine.h"
#include "ir/graph.h"
#include "quant/calibration.h"
#include "quant/plan.h"
#include "quant/quantize.h"
#include "quant/round_weights.h"
#include "quant/table_pool.h"
#include "quant/uses.h"

namespace zkinfer::quant {

// An integer tensor that stands for an ir value.
struct QTensor {
  qir::ValueId id = 0;
  double scale = 0;  // real = integer * scale; 0: not lowered
};

// What one fusion has less than the others.
struct Fewer {
  int bits = 0;
  int shift = 0;
};

// What the search decides.
struct Choice {
  int levels = 255;        // the largest integer of a non-negative activation; signed ones use half
  int max_log_table = 17;  // tables of more rows are avoided by coarser activations
  int shift = 12;
  std::map<std::size_t, Fewer> fewer = {};  // by node index
};

// A mask of positions: query i sees key j where lo <= j - i <= hi.
struct Band {
  std::int64_t lo = 0, hi = 0;
};

// Where a narrow fusion's integers go: y in [lo, hi] with scale y; the table's argument has scale h.
struct Target {
  int shift = 0;
  double h_scale = 0;
  double y_scale = 0;
  std::int64_t lo = 0, hi = 0;
  bool any_width = false;  // the argument may be any integer: no coarser ones for smaller tables
  bool whole = false;      // the requantization itself rounds to whole numbers: both scales are 1
  // y is the argument, clamped: a coarser argument makes a coarser y.
  bool follows() const { return !whole && h_scale == y_scale; }
};

struct RealRange {
  double lo = 0, hi = 0;
};

// How much further than the calibration inputs others reach, the fewer they are: 1 + kRoomOfOne / sqrt(number), at most kMostRoom.
inline constexpr double kRoomOfOne = 16;
inline constexpr double kMostRoom = 4;
// Whole numbers from a rounding: the accumulator is in units of 2^-24, so that hardly anything lies near a tie.
inline constexpr int kWholeShift = 24;
// Factors of at least so much are as good as what they stand for, where whole numbers come out.
inline constexpr double kExactFactor = 1 << 20;
// Of the table of a curved function.
inline constexpr int kMostFunctionBits = 17;

// Constants beside activations that are beyond +-kLargestFill mean "nothing comes near"; no integer beyond +-kFill stands for them.
inline constexpr double kLargestFill = 1000000;
inline constexpr double kFill = 1 << 30;
// Larger constants are not told from a fill even where they are an output.
inline constexpr double kLargestShown = 1e9;
// Of what is chosen from constants only.
inline constexpr int kChoiceBits = 15;

// Arguments of curved functions are known to so many bits of what calibration saw.
inline constexpr int kArgumentBits = 15;

// Values that Softmax or ArgMax compare get this factor of head room beyond what calibration saw: a saturated maximum
// would tie.
inline constexpr int kHeadRoomBits = 2;
// Accumulators that are compared as they are: a difference of two takes as many limbs as the clamp would.
inline constexpr std::int64_t kLargestCompared = std::int64_t{1} << 30;
// Of exact sums that an arg max chooses from: their differences are four limbs or fewer.
inline constexpr std::int64_t kLargestChosen = std::int64_t{1} << 48;
inline constexpr int kLeastSoftmaxBits = 4;
// Of a dividend; of sums of values that exponentials weigh.
inline constexpr int kMostDividendBits = 40;
inline constexpr int kMostWeighedBits = 50;
// Of activations that need more bits than others; the squares of 2^13 such fit an accumulator.
inline constexpr int kMostUnevenBits = 23;
// Below so many levels an activation is not made coarser to save table rows.
inline constexpr std::int64_t kFewestLevels = 12;

// Of accumulators that are accepted: |acc| < 2^59, room for bounds on declared ranges and for rounding.
inline constexpr std::int64_t kLargestAccumulator = std::int64_t{1} << 59;

// Of an interval that was checked to fit.
inline AccRange range_of(const qir::Interval& exact) {
  return {static_cast<std::int64_t>(exact.lo), static_cast<std::int64_t>(exact.hi)};
}

// Outwards to 5 significant bits: a public range then says little about the weights behind it.
AccRange rounded_out(AccRange range);
// Bits of integers of such a range, sign included.
int signed_bits(AccRange range);
// The rounded quotient by 2^shift.
std::int64_t requantized(std::int64_t acc, int shift);

class Lowering {
 public:
  // known: of earlier programs of the network; may be null.
  Lowering(const ir::Graph& graph, const Calibration& calibration, const Choice& choice, const QuantOptions& options,
           CurveTables* known = nullptr);
  Result<Quantized> run();

 private:
  // lowering.cc
  // All that is refused is refused at once.
  Status lower_nodes();
  Status lower_node(std::size_t index);
  Status finish_graph();
  Status constant_output(ir::ValueId id);
  Status fail(std::size_t index, const std::string& why) const;
  const ir::Node& node(std::size_t index) const { return graph_.nodes[index]; }
  const Fusion& fusion(std::size_t index) const { return plan_.fusions[index]; }
  bool is_const(ir::ValueId id) const { return graph_.value(id).is_constant(); }
  const qir::Value& qvalue(const QTensor& tensor) const { return out_.graph.values[tensor.id]; }
  QTensor& tensor(ir::ValueId id) { return tensors_[static_cast<std::size_t>(id)]; }

  // targets.cc
  void assign_targets();
  Target target(std::size_t index) const;
  Fewer fewer_of(std::size_t index) const;
  int more_bits(ir::ValueId id) const;  // than others: Calibration::more_bits
  // Of the activation that a contraction with constant weights reads: finer integers would leave its weights fewer bits.
  int more_bits_read(std::size_t index) const;
  int softmax_bits(std::size_t index) const;     // of the Softmax's result
  double softmax_unit(std::size_t index) const;  // of its argument, where a fusion makes that
  double clip_of(const Histogram& seen, double steps) const;
  // Of what calibration saw, what is covered.
  double room() const;
  // The unit (real value of acc = 1) that the terms of an Add or Sub share; `natural` is taken when nothing fixes it.
  double sum_unit(std::size_t index, double natural);
  int sum_shift(std::size_t index, const Target& target) const;
  int decisive_shift(std::size_t index, double h_scale, int shift, double natural) const;
  // The real value of acc = 1 that a fusion with free constants aims at; natural: see sum_unit.
  double wanted_unit(std::size_t index, double natural);
  // The integer factor and the exact h scale of a fusion whose acc is factor * (something of scale raw).
  std::int64_t fit_factor(double raw, Target& target) const;

  // emit.cc
  // A parameter value from integers; its declared range is a power of two, which says little about the weights.
  qir::ValueId add_integers(const std::string& name, const Shape& shape, std::vector<std::int32_t> data, double scale,
                            int* bits);
  // Without the node: lower_nodes() says it.
  Status too_large(const std::string& name) const;
  Status check_weight_bits(std::size_t index, const std::string& name, int bits) const;
  Result<qir::ValueId> add_param(const std::string& name, const Shape& shape, const std::vector<double>& real,
                                 double scale, int* bits);
  // Does the table argument of acc need at most 2^max_log_table rows? When not, the target is made twice as coarse,
  // unless hardly any level would be left.
  bool fits_or_coarsens(const qir::Interval& acc, Target& target) const;
  // Appends the node with its output, and the table of a narrow fusion. unit: real value of acc = 1.
  Status emit(std::size_t index, qir::Node node, const qir::Interval& acc, double unit, const Target& target,
              double error_bound, int weight_bits, bool always_narrow = false);
  // Of all values that the node's accumulators can take.
  int trailing_zeros(const qir::Node& node) const;
  // Appends a node without table whose integers are those of its input (scale and range as given).
  void emit_plain(std::size_t index, qir::Node node, AccRange range, double scale);
  QTensor append(qir::Node node, const std::string& name, const Shape& shape, AccRange range, double scale);
  // The same with the table of a request to the pool.
  QTensor append_looked_up(qir::Node node, std::size_t request, const std::string& name, const Shape& shape,
                           AccRange range, double scale);
  // Of ir node `index`: acc = constant + sum of coefs times terms, without a table yet.
  qir::Node linear(std::size_t index, const std::vector<QTensor>& terms, std::vector<std::int64_t> coefs,
                   std::int64_t constant = 0, int shift = 0) const;
  // A parameter whose declared range is the program's: indices, bits.
  QTensor add_bounded(const std::string& name, const Shape& shape, std::vector<std::int32_t> data, AccRange range);

  // lower_input.cc
  const InputFormat* given_format(std::size_t input_index) const;
  Status lower_inputs();
  qir::Value chosen_input(std::size_t input_index) const;
  // Of what is carried, the format is that of what Where gives beside it.
  Status settle_carried(std::size_t index);
  bool is_carried(ir::ValueId id) const;
  qir::Value whole_input(std::size_t input_index) const;
  // Of a graph input with columns of unlike sizes: by how many bits its unit, and its weights', are finer than others' for that. 0 of other values.
  int input_spread_bits(ir::ValueId id) const;
  // A wide input as an activation of few bits.
  Result<QTensor> narrowed(const ir::Value& input, const QTensor& x, bool compared);

  // lower_exact.cc: whole numbers of operands in units of one.
  bool takes_exact(std::size_t index) const;
  Status lower_exact(std::size_t index);
  Status lower_large_product(std::size_t index, const QTensor& x, const QTensor& high, const QTensor& low);
  static Target whole_target();
  // An accumulator in units of one, exactly, through fusion `index`'s functions.
  Status emit_whole(std::size_t index, qir::Node node, const qir::Interval& acc);
  Status lower_cast(std::size_t index);
  Status lower_mod(std::size_t index);
  Status lower_whole_quotient(std::size_t index);
  // Quotient and remainder of two values, rounded down or towards zero; the divisor is not 0.
  struct Division {
    QTensor quotient, remainder;
  };
  Result<Division> divided(std::size_t index, const QTensor& a, const QTensor& b, bool truncated);
  // A constant's numbers, whatever its type.
  static std::vector<double> numbers(const ir::Value& constant);
  // An operand as integers of this scale: a constant rounded to it, an activation brought to it.
  Result<QTensor> operand(std::size_t index, ir::ValueId id, double scale);
  // lower_elementwise_choice.cc
  Status lower_less(std::size_t index);
  Status lower_equal(std::size_t index);
  Status lower_where(std::size_t index);
  Status lower_filled(std::size_t index, const ir::Filled& filled);
  // A boolean operand as bits.
  QTensor moved(std::size_t index, qir::Op op, std::vector<QTensor> from, const Shape& shape, const std::string& name,
                std::vector<std::int64_t> axes = {});
  QTensor positions(std::size_t index, std::int64_t n);
  QTensor mask_of(std::size_t index, const Band& band, const Shape& shape);
  Result<QTensor> condition(std::size_t index, ir::ValueId id);
  Status lower_max(std::size_t index);
  // Of a comparison's operands, in units of one step that is at most theirs: coefs * terms.
  struct Difference {
    std::vector<QTensor> terms;
    std::vector<std::int64_t> coefs;
  };
  // The first minus the second.
  Result<Difference> difference(std::size_t index);
  Result<Difference> difference_to_constant(std::size_t index, std::size_t constant);
  // A constant in units of `scale` as parameters of 32 bits, each with what it is multiplied by.
  std::vector<std::pair<QTensor, std::int64_t>> parts_of(const ir::Value& value,
                                                         const std::vector<std::int64_t>& integers, double scale);
  // The integer that stands for `real` among those of x, which it is compared with as operand `operand` of the node.
  double compared_integer(double real, const ir::Node& node, std::size_t operand, const QTensor& x) const;
  std::vector<bool> unrounded_values() const;
  // coefs * inputs + constant through min(max(., 0), 1): 1 where the sum is above 0.
  QTensor step(std::size_t index, std::vector<QTensor> terms, std::vector<std::int64_t> coefs, std::int64_t constant,
               const std::string& name);
  // The integers of a sum without a table.
  QTensor sum(std::size_t index, std::vector<QTensor> terms, std::vector<std::int64_t> coefs, std::int64_t constant,
              const std::string& name, double scale);
  QTensor select(std::size_t index, const QTensor& condition, const QTensor& a, const QTensor& b,
                 const std::string& name);
  // The scale in which values meet of which every element of the result is one.
  double common_scale(std::size_t index, const std::vector<ir::ValueId>& values) const;
  AccRange sum_range(const std::vector<QTensor>& terms, const std::vector<std::int64_t>& coefs,
                     std::int64_t constant) const;
  // lower_elementwise_divide.cc
  Status lower_divide(std::size_t index);
  bool is_factor(std::size_t index) const;
  // Of a dividend the upper most_bits count.
  Status lower_quotient(std::size_t index, QTensor a, QTensor b, const std::string& divisor_name,
                        int most_bits = kMostDividendBits);
  // x rounded to fusion `index`'s target, through its functions.
  Status emit_rounded(std::size_t index, const QTensor& x, Target target);
  Status lower_square_root(std::size_t index);
  // Positive integers instead of a value that may be 0 or below where it means nothing: min(max(x, least), most).
  QTensor clamped(std::size_t index, const QTensor& x, AccRange range, const std::string& name);
  // x of at most so many bits, dropping low ones.
  QTensor of_bits(std::size_t index, const QTensor& x, int bits, const std::string& name);
  // lower_movement_gather.cc
  Status lower_gather(std::size_t index);
  Status lower_sort(std::size_t index);
  // In 0 .. length - 1, negative ones counted from the end.
  Result<QTensor> gather_indices(std::size_t index, std::int64_t length);
  // lower_elementwise_function.cc
  Status lower_rounding(std::size_t index, const QTensor& x, std::int64_t sign, double unit, bool nearly = false);
  // What calibration saw of the argument of fusion i's functions, and some room, as far as they are not flat there.
  RealRange argument_range(std::size_t index, double y_scale) const;
  // The same of a LeakyRelu: `node`, the argument, becomes the sum of what is left of it and its positive part.
  Result<std::size_t> want_two_pieces(std::size_t index, const Target& t, AccRange domain, AccRange& y,
                                      qir::Node& node);
  // The table of fusion i's functions, with y's range, for arguments of scale t.h_scale in `domain`. Where the domain is far
  // larger than what calibration saw, `node` becomes the clamp of the argument that goes before.
  Result<std::size_t> want_function(std::size_t index, const Target& t, AccRange domain, AccRange& y, qir::Node& node);

  // lower_contract.cc
  Status lower_contract(std::size_t index);
  Status lower_matmul(std::size_t index);   // either
  Status lower_product(std::size_t index);  // of two activations
  // lower_elementwise.cc
  Status lower_sum(std::size_t index);
  double natural_sum_unit(std::size_t index);
  void meet_at_octave(std::size_t index, double scale, int least);
  Status lower_mul(std::size_t index);
  Status lower_unary(std::size_t index);
  Status lower_bit(std::size_t index, const QTensor& x, int number);
  QTensor shifted_down(std::size_t index, const QTensor& x, int shift);
  // The functions of a fusion applied to factor * x.
  Status lower_function(std::size_t index, const QTensor& x, double factor);
  // lower_reduce.cc
  Status lower_average(std::size_t index);
  Status lower_centering_mean(std::size_t index, qir::Node q, const qir::Interval& sum, std::int64_t num_terms);
  std::int64_t elements_with_table(std::size_t index, double unit) const;
  Status lower_softmax(std::size_t index);
  bool weighs_values(std::size_t index) const;
  QTensor exponentials_sum(std::size_t index, const QTensor& e, std::int64_t length, std::int64_t largest,
                           const std::string& name);
  Status softmax_by_parts(std::size_t index, const QTensor& x, std::int64_t reach, double one);
  QTensor exponential(std::size_t index, const QTensor& d, double one, const std::string& name);
  Result<QTensor> masked(std::size_t index, const QTensor& x);
  // lower_movement.cc
  Status lower_movement(std::size_t index);
  Status lower_concat(std::size_t index);
  // The factor between the two is at least so exact.
  Result<QTensor> rescaled(std::size_t index, const QTensor& x, double scale, double least_factor = 1 << 10);

  const ir::Graph& graph_;
  const Calibration& calibration_;
  Choice choice_;
  int bits_;                               // of a non-negative activation
  std::optional<AccRange> carried_range_;  // of all that is carried
  const QuantOptions& options_;
  CurveTables* known_;
  Plan plan_;
  Uses uses_;
  std::vector<bool> unrounded_;   // by value id: unrounded_values()
  std::vector<Target> targets_;   // by value id: scale and range of narrow fusion outputs
  std::vector<QTensor> tensors_;  // by value id
  std::map<std::size_t, double> sum_units_;
  std::map<ir::ValueId, QTensor> divisors_;  // of exponentials that stand for a softmax's result: their sums
  TablePool pool_;
  // Node index in the QGraph -> table request.
  std::vector<std::pair<std::size_t, std::size_t>> wanted_tables_;
  std::map<std::pair<qir::ValueId, int>, QTensor> shifted_;  // by value and shift (shifted_down)
  std::map<std::int64_t, QTensor> positions_;                // by length
  std::map<std::array<std::int64_t, 4>, QTensor> masks_;     // by rows, columns, lo, hi
  std::vector<std::size_t> layer_nodes_;                     // layer index -> QGraph node index
  Quantized out_;
};

}  // namespace zkinfer::quant
