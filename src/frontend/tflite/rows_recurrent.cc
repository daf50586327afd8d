// SPDX-License-Identifier: Apache-2.0
// Operators with a state. TFLite's interpreter keeps it in variable tensors from one inference to the next; a proof is about one
// inference, which begins with zeros, as the interpreter's first does.
#include <array>
#include <tuple>

#include "base/text.h"
#include "frontend/tflite/lowering.h"

namespace zkinfer::frontend_tflite {

namespace {

void note_state(Operation& op) {
  op.g.builder().note("operator " + in_quotes(op.part()) + " (" + std::string(op.name()) +
                      "): its state is zero when an inference begins; TFLite's interpreter keeps it from one to the "
                      "next unless it is reset");
}

// Rounded to the grid of a quantized tensor; as it is where it has none.
std::string on_grid_of(Operation& op, int t, const std::string& x) {
  const Tensor& grid = op.g.tensor(t);
  if (!grid.quantized() || grid.scales.size() != 1) return x;
  frontend_onnx::ModelBuilder& builder = op.g.builder();
  const std::string scale = builder.number(grid.scales[0]);
  const std::string zero = builder.scalar(grid.zero(0), *onnx_type(grid.type));
  return op.node("DequantizeLinear", {op.node("QuantizeLinear", {x, scale, zero}), scale, zero});
}

// Inputs: x [batch, in]; feature weights [filters, in]; time weights [filters, memory]; bias; state. A filter's number goes into the
// newest place of its memory; the older ones are zero.
Status read_svdf(Operation& op) {
  enum Input { kX, kFeature, kTime, kBias, kState };
  enum Field { kRank, kActivation };
  ZKI_RETURN_IF_ERROR(op.require(3));
  if (!op.has_input(kState)) return corrupt("input 4 (the state) is missing");
  const std::int64_t rank = op.options().number<std::int32_t>(kRank);
  const Tensor& time = op.tensor(kTime);
  const Tensor& feature = op.tensor(kFeature);
  if (time.shape.size() != 2 || feature.shape.size() != 2 || rank < 1 || time.shape[0] % rank != 0 ||
      feature.shape[0] != time.shape[0] || time.shape[1] < 1)
    return corrupt("weights of shapes " + dims_to_string(feature.shape) + " and " + dims_to_string(time.shape) +
                   " for rank " + std::to_string(rank));
  for (const std::size_t i : {kFeature, kTime})
    if (!op.g.is_constant(op.input(i))) return unsupported("computed weights | make them constants of the model");
  note_state(op);
  const std::string newest = op.node("Gemm", {op.real(kX), op.real(kFeature)}, {{"transB", 1}});
  const std::string kept = on_grid_of(op, op.input(kState), newest);
  const std::string last = op.node("Slice", {op.g.parameter(op.input(kTime), {1, 0}), op.list({time.shape[1] - 1}),
                                             op.list({time.shape[1]}), op.list({0})});
  std::string y = op.node("Mul", {kept, last});
  y = op.node("Reshape", {y, op.list({-1, time.shape[0] / rank, rank})});
  y = op.node("ReduceSum", {y, op.list({2})}, {{"keepdims", 0}});
  if (op.has_input(kBias)) y = op.node("Add", {y, op.real(kBias)});
  ZKI_ASSIGN_OR_RETURN(y, op.activated(y, kActivation));
  return op.finish(y);
}

// Gates in the order input, forget, cell, output.
struct LstmInputs {
  static constexpr std::size_t kX = 0, kWeights = 1, kRecurrent = 5, kPeepholes = 9, kBias = 12, kProjection = 16,
                               kOutputState = 18, kCellState = 19, kNorms = 20;
};

class Lstm {
 public:
  Lstm(Operation& op, bool coupled, std::int64_t units) : op_(op), coupled_(coupled), units_(units) {}

  // x W^T + b for all steps at once, a gate beside the other.
  std::string from_input(const std::string& x) {
    Names gates;
    for (std::size_t gate = first(); gate < 4; ++gate) {
      std::string y = op_.node("MatMul", {x, op_.g.parameter(op_.input(LstmInputs::kWeights + gate), {1, 0})});
      if (op_.has_input(LstmInputs::kBias + gate)) y = op_.node("Add", {y, op_.real(LstmInputs::kBias + gate)});
      gates.push_back(y);
    }
    return op_.node("Concat", gates, {{"axis", 2}});
  }
  std::string recurrent_weights() {
    Names gates;
    for (std::size_t gate = first(); gate < 4; ++gate)
      gates.push_back(op_.g.parameter(op_.input(LstmInputs::kRecurrent + gate), {1, 0}));
    return op_.node("Concat", gates, {{"axis", 1}});
  }
  // One step: sums of all gates -> h and c.
  std::pair<std::string, std::string> step(const std::string& sums, const std::string& c, float cell_clip,
                                           int activation) {
    const auto gate = [&](std::size_t at) {
      const auto place = static_cast<std::int64_t>(at - first()) * units_;
      return op_.node("Slice", {sums, op_.list({place}), op_.list({place + units_}), op_.list({1})});
    };
    const std::string forget = op_.node("Sigmoid", {gate(1)});
    const std::string input = coupled_ ? op_.node("Sub", {op_.number(1), forget}) : op_.node("Sigmoid", {gate(0)});
    const Result<std::string> candidate = op_.activated(gate(2), activation);
    if (!candidate.ok()) op_.g.fail(candidate.status());
    std::string cell = op_.node("Mul", {input, candidate.ok() ? *candidate : forget});
    if (!c.empty()) cell = op_.node("Add", {op_.node("Mul", {forget, c}), cell});
    if (cell_clip > 0) cell = op_.node("Clip", {cell, op_.number(-cell_clip), op_.number(cell_clip)});
    const Result<std::string> shown = op_.activated(cell, activation);
    const std::string h = op_.node("Mul", {op_.node("Sigmoid", {gate(3)}), shown.ok() ? *shown : cell});
    return {on_grid_of(op_, op_.input(LstmInputs::kOutputState), h),
            on_grid_of(op_, op_.input(LstmInputs::kCellState), cell)};
  }

 private:
  std::size_t first() const { return coupled_ ? 1 : 0; }
  Operation& op_;
  bool coupled_;
  std::int64_t units_;
};

Status read_lstm(Operation& op) {
  enum Field { kActivation, kCellClip, kProjectionClip, kTimeMajor, kAsymmetric, kDiagonal };
  using I = LstmInputs;
  ZKI_RETURN_IF_ERROR(op.require(1));
  for (std::size_t i = I::kPeepholes; i < I::kPeepholes + 3; ++i)
    if (op.has_input(i)) return unsupported("peepholes | train without them");
  for (const std::size_t i : {I::kProjection, I::kProjection + 1})
    if (op.has_input(i)) return unsupported("a projection of the output | write it as a layer of its own");
  for (std::size_t i = I::kNorms; i < I::kNorms + 4; ++i)
    if (op.has_input(i)) return unsupported("layer normalization of the gates | train without it");
  if (op.options().flag(kDiagonal)) return unsupported("diagonal recurrent weights | convert them as matrices");
  for (std::size_t gate = 1; gate < 4; ++gate)
    if (!op.has_input(I::kWeights + gate) || !op.has_input(I::kRecurrent + gate))
      return corrupt("weights of gate " + std::to_string(gate) + " are missing");
  if (!op.has_input(I::kOutputState) || !op.has_input(I::kCellState)) return corrupt("its states are missing");
  const bool coupled = !op.has_input(I::kWeights);
  const Tensor& x = op.tensor(I::kX);
  const Tensor& w = op.tensor(I::kWeights + 1);
  if (x.shape.size() != 3 || w.shape.size() != 2)
    return corrupt("an input of shape " + dims_to_string(x.shape) + " and weights of shape " + dims_to_string(w.shape));
  const std::int64_t units = w.shape[0];
  const std::size_t width = static_cast<std::size_t>(x.shape[2]);
  for (std::size_t gate = coupled ? 1 : 0; gate < 4; ++gate) {
    const auto fits = [&](std::size_t i, std::int64_t columns) {
      return op.has_input(i) && op.g.is_constant(op.input(i)) && op.tensor(i).shape == Dims{units, columns};
    };
    if (!fits(I::kWeights + gate, static_cast<std::int64_t>(width)) || !fits(I::kRecurrent + gate, units))
      return unsupported("weights of gate " + std::to_string(gate) + " that are computed or do not fit the others");
  }
  const bool time_major = op.options().flag(kTimeMajor);
  const std::size_t time_axis = time_major ? 0 : 1;
  if (x.open[time_axis]) return unsupported("a sequence of open length | convert the model with a fixed one");
  const std::int64_t steps = x.shape[time_axis];
  constexpr std::int64_t kMostSteps = 4096;
  if (steps < 1 || steps > kMostSteps) return resource_limit("a sequence of " + std::to_string(steps) + " steps");
  note_state(op);

  Lstm lstm(op, coupled, units);
  const auto axis = static_cast<std::int64_t>(time_axis);
  const std::string inputs = lstm.from_input(op.real(I::kX));
  const std::string recurrent = lstm.recurrent_weights();
  std::string h, c;
  Names outputs;
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::string at = op.g.builder().scalar(step, onnx::TensorProto::INT64);
    std::string sums = op.node("Gather", {inputs, at}, {{"axis", axis}});
    if (!h.empty()) sums = op.node("Add", {sums, op.node("MatMul", {h, recurrent})});
    std::tie(h, c) = lstm.step(sums, c, op.options().number<float>(kCellClip), kActivation);
    ZKI_RETURN_IF_ERROR(op.g.status());
    outputs.push_back(op.node("Unsqueeze", {h, op.list({axis})}));
  }
  const std::string y = op.node("Concat", outputs, {{"axis", axis}});
  op.g.set_real(op.output(), y, Layout::kLast, op.g.same_grid(op.input(I::kOutputState), op.output()));
  return op.g.status();
}

constexpr auto kRows = std::to_array<Row>({
    {"SVDF", read_svdf},
    {"UNIDIRECTIONAL_SEQUENCE_LSTM", read_lstm},
});

}  // namespace

std::span<const Row> recurrent_rows() { return kRows; }

}  // namespace zkinfer::frontend_tflite
