// SPDX-License-Identifier: Apache-2.0
// One attempt at lowering: fixed activation levels, table size and shift. lower_*.cc hold the operators, lowering.cc what they share.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "quant/calibration.h"
#include "quant/plan.h"
#include "quant/quantize.h"
#include "quant/round_weights.h"
#include "quant/table_pool.h"

namespace zkinfer::quant {

// An integer tensor that stands for an ir value.
struct QTensor {
  qir::ValueId id = 0;
  double scale = 0;  // real = integer * scale; 0: not lowered
};

// What the search decides.
struct Choice {
  int levels = 255;        // the largest integer of a non-negative activation; signed ones use half
  int max_log_table = 17;  // tables of more rows are avoided by coarser activations
  int shift = 12;
};

// Where a narrow segment's integers go: y in [lo, hi] with scale y; the table's argument has scale h.
struct Target {
  int shift = 0;
  double h_scale = 0;
  double y_scale = 0;
  std::int64_t lo = 0, hi = 0;
};

// Values that Softmax or ArgMax compare get this factor of head room beyond what calibration saw: a saturated maximum
// would tie.
inline constexpr int kHeadRoomBits = 2;
// Below so many levels an activation is not made coarser to save table rows.
inline constexpr std::int64_t kFewestLevels = 12;

class Lowering {
 public:
  Lowering(const ir::Graph& graph, const Calibration& calibration, const Choice& choice, const QuantOptions& options);
  Result<Quantized> run();

 private:
  // lowering.cc
  void assign_targets();
  Status lower_node(std::size_t index);
  Status finish_graph();
  Status fail(std::size_t index, const std::string& why) const;
  const ir::Node& node(std::size_t index) const { return graph_.nodes[index]; }
  const Segment& segment(std::size_t index) const { return plan_.segments[index]; }
  bool is_const(ir::ValueId id) const { return graph_.value(id).is_constant(); }
  const qir::Value& qvalue(const QTensor& tensor) const { return out_.graph.values[tensor.id]; }
  QTensor& tensor(ir::ValueId id) { return tensors_[static_cast<std::size_t>(id)]; }
  Target target(std::size_t index) const;
  // The unit (real value of acc = 1) that the terms of an Add or Sub share; `natural` is taken when nothing fixes it.
  double sum_unit(std::size_t index, double natural);
  // The real value of acc = 1 that a segment with free constants aims at; natural: see sum_unit.
  double wanted_unit(std::size_t index, double natural);
  // The integer factor and the exact h scale of a segment whose acc is factor * (something of scale raw).
  std::int64_t fit_factor(double raw, Target& target) const;
  // A parameter value from integers; its declared range is a power of two, which says little about the weights.
  qir::ValueId add_integers(const std::string& name, const Shape& shape, std::vector<std::int32_t> data, double scale,
                            int* bits);
  Status too_large(const std::string& name) const;
  Result<qir::ValueId> add_param(const std::string& name, const Shape& shape, const std::vector<double>& real,
                                 double scale, int* bits);
  // Does the table argument of acc need at most 2^max_log_table rows? When not, the target is made twice as coarse,
  // unless hardly any level would be left.
  bool fits_or_coarsens(const qir::Interval& acc, Target& target) const;
  // Appends the node with its output, and the table of a narrow segment. unit: real value of acc = 1.
  Status emit(std::size_t index, qir::Node node, const qir::Interval& acc, double unit, const Target& target,
              double error_bound, int weight_bits);
  // Appends a node without table whose integers are those of its input (scale and range as given).
  void emit_plain(std::size_t index, qir::Node node, AccRange range, double scale);
  QTensor append(qir::Node node, const std::string& name, const Shape& shape, AccRange range, double scale);

  // lower_input.cc
  const InputFormat* given_format(std::size_t input_index) const;
  Status lower_inputs();
  qir::Value chosen_input(std::size_t input_index) const;
  // A wide input as an activation of few bits.
  Result<QTensor> narrowed(const ir::Value& input, const QTensor& x, bool compared);

  Status lower_later(std::size_t index);  // what has no integer form yet

  // lower_contract.cc
  Status lower_contract(std::size_t index);
  Status lower_matmul(std::size_t index);   // either
  Status lower_product(std::size_t index);  // of two activations
  // lower_elementwise.cc
  Status lower_sum(std::size_t index);
  Status lower_mul(std::size_t index);
  Status lower_unary(std::size_t index);
  // The functions of a segment applied to factor * x.
  Status lower_function(std::size_t index, const QTensor& x, double factor);
  // lower_reduce.cc
  Status lower_average(std::size_t index);
  Status lower_softmax(std::size_t index);
  // lower_movement.cc
  Status lower_movement(std::size_t index);
  Status lower_concat(std::size_t index);
  Result<QTensor> rescaled(std::size_t index, const QTensor& x, double scale);

  const ir::Graph& graph_;
  const Calibration& calibration_;
  Choice choice_;
  int bits_;  // of a non-negative activation
  const QuantOptions& options_;
  Plan plan_;
  std::vector<Target> targets_;   // by value id: scale and range of narrow segment outputs
  std::vector<QTensor> tensors_;  // by value id
  std::map<std::size_t, double> sum_units_;
  TablePool pool_;
  // Node index in the QGraph -> table request.
  std::vector<std::pair<std::size_t, std::size_t>> wanted_tables_;
  std::vector<std::size_t> layer_nodes_;  // layer index -> QGraph node index
  Quantized out_;
};

}  // namespace zkinfer::quant
