// SPDX-License-Identifier: Apache-2.0
// LSTM, GRU and RNN, unrolled over the static sequence length; behind the end of a shorter sequence the state stays. The input part of all steps is one product; each step
// adds a product with the previous state. Gate order and formulas: onnx/onnx Operators.md.
#include <algorithm>
#include <array>

#include "frontend/onnx/handlers.h"
#include "frontend/onnx/proto_text.h"
#include "ir/functions.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

// Lengths of one node; gates is 4 for LSTM, 3 for GRU, 1 for RNN.
struct Sizes {
  int64_t steps, batch, inputs, hidden, gates, directions;
  Dims lengths;              // of the sequences, one per entry of the batch
  bool batch_first = false;  // layout 1
};

Status check_recurrent(const NodeContext& context) {
  const std::string& op = context.proto().op_type();
  ZKI_ASSIGN_OR_RETURN(const std::string direction, context.string_attribute("direction", "forward"));
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return corrupt("direction " + in_quotes(direction));
  for (const std::string_view name : {"clip", "activation_alpha", "activation_beta"})
    if (context.attribute(name) != nullptr)
      return unsupported("attribute '" + std::string(name) + "' | export without it");
  ZKI_ASSIGN_OR_RETURN(const int64_t input_forget, context.int_attribute("input_forget", 0));
  if (input_forget != 0) return unsupported("input_forget=1 | export with separate gates");
  if (const auto* activations = context.attribute("activations")) {
    const size_t per_direction = op == "LSTM" ? 3 : op == "GRU" ? 2 : 1;
    for (int i = 0; i < activations->strings_size(); ++i) {
      const std::string& name = activations->strings(i);
      const size_t place = static_cast<size_t>(i) % per_direction;
      const bool usual = op == "RNN" ? name == "Tanh" || name == "Relu" : name == (place == 0 ? "Sigmoid" : "Tanh");
      if (!usual) return unsupported("activation " + in_quotes(name) + " | use the standard activations");
    }
  }
  return ok_status();
}

class Recurrence {
 public:
  Recurrence(NodeContext& context, Sizes sizes) : context_(context), sizes_(sizes) {}

  // Runs one direction; the states of all steps in time order, and the last cell state (LSTM).
  struct Run {
    std::vector<ValueId> states;  // zero behind the end of a sequence
    ValueId last = ir::kNoValue, cell = ir::kNoValue;
  };
  Result<Run> run(ValueId x, int64_t direction, bool reverse);

 private:
  struct State {
    ValueId h = ir::kNoValue, c = ir::kNoValue;  // kNoValue: zero
  };
  std::string step(std::string_view what) const { return prefix_ + std::string(what); }
  Result<ValueId> add(OpKind op, std::vector<ValueId> inputs, std::string_view what, ir::Attributes attributes = {}) {
    return context_.add(op, std::move(inputs), std::move(attributes), step(what));
  }
  Result<ValueId> function(ir::FunctionId id, ValueId x, std::string_view what) {
    return add(OpKind::kFunction, {x}, what, ir::FunctionAttributes{id});
  }
  ValueId constant(FloatTensor tensor, std::string_view what) {
    return context_.add_constant(std::move(tensor), ir::DataType::kFloat, step(what));
  }
  // Columns [gate * hidden, (gate + 1) * hidden) of x[batch, gates * hidden].
  Result<ValueId> gate(ValueId x, int64_t which, std::string_view what) {
    const Shape& shape = context_.graph().value(x).shape;
    return add(OpKind::kSlice, {x}, what,
               ir::SliceAttributes{{0, which * sizes_.hidden}, {shape[0], sizes_.hidden}, {1, 1}});
  }
  // x + h * recurrent, or x while h is zero.
  Result<ValueId> with_state(ValueId x, ValueId h, ValueId recurrent, std::string_view what) {
    if (h == ir::kNoValue) return x;
    ZKI_ASSIGN_OR_RETURN(const ValueId product, add(OpKind::kMatMul, {h, recurrent}, std::string(what) + "_product"));
    return add(OpKind::kAdd, {x, product}, what);
  }
  // Rows [row_begin, row_end) of input `from` [directions, rows, columns] of one direction, transposed.
  FloatTensor weight(size_t from, int64_t direction, int64_t row_begin, int64_t row_end) const;
  // Entries [begin, end) of the bias of one direction; zeros without bias.
  FloatTensor bias(int64_t direction, int64_t begin, int64_t end) const;
  Result<ValueId> initial(size_t from, int64_t direction, std::string_view what);
  // The sequences that are longer than `at`: [batch, 1] of ones and zeros; kNoValue when all are.
  ValueId running(int64_t at, std::string_view what);
  // x where the sequence still runs, else 0.
  Result<ValueId> masked(ValueId x, int64_t at, std::string_view what);
  // The new state where the sequence still runs, else the old one.
  Result<ValueId> kept(ValueId old, ValueId next, int64_t at, std::string_view what);
  // gate + peephole * cell.
  Result<ValueId> with_peephole(ValueId gate, size_t which, ValueId cell, std::string_view what);
  FloatTensor peephole(int64_t direction, int64_t which) const;
  Result<State> lstm_step(ValueId x, State state);
  Result<State> gru_step(ValueId x, State state);
  Result<State> rnn_step(ValueId x, State state);

  NodeContext& context_;
  Sizes sizes_;
  std::string prefix_;
  ValueId recurrent_ = ir::kNoValue;       // R transposed, [hidden, gates * hidden] (GRU: gates z and r)
  ValueId recurrent_h_ = ir::kNoValue;     // GRU: R of the candidate
  ValueId recurrent_bias_ = ir::kNoValue;  // GRU with linear_before_reset: its bias
  std::array<ValueId, 3> peepholes_{ir::kNoValue, ir::kNoValue, ir::kNoValue};  // LSTM: of the gates i, o, f
  bool linear_before_reset_ = false;
  bool relu_ = false;  // RNN
};

FloatTensor Recurrence::weight(size_t from, int64_t direction, int64_t row_begin, int64_t row_end) const {
  const FloatTensor& all = *context_.value(from).floats();
  const int64_t rows = all.shape()[1];
  const int64_t columns = all.shape()[2];
  FloatTensor out(Shape{columns, row_end - row_begin});
  for (int64_t row = row_begin; row < row_end; ++row)
    for (int64_t column = 0; column < columns; ++column)
      out[static_cast<size_t>(column * (row_end - row_begin) + row - row_begin)] =
          all[static_cast<size_t>((direction * rows + row) * columns + column)];
  return out;
}

FloatTensor Recurrence::bias(int64_t direction, int64_t begin, int64_t end) const {
  FloatTensor out(Shape{end - begin});
  if (!context_.has_input(3)) return out;
  const FloatTensor& all = *context_.value(3).floats();
  for (int64_t i = begin; i < end; ++i)
    out[static_cast<size_t>(i - begin)] = all[static_cast<size_t>(direction * all.shape()[1] + i)];
  return out;
}

// [directions, batch, hidden] -> [batch, hidden]; kNoValue when absent or zero.
Result<ValueId> Recurrence::initial(size_t from, int64_t direction, std::string_view what) {
  if (!context_.has_input(from)) return ir::kNoValue;
  const bool batch_first = sizes_.batch_first;
  if (context_.shape(from) != (batch_first ? Shape{sizes_.batch, sizes_.directions, sizes_.hidden}
                                           : Shape{sizes_.directions, sizes_.batch, sizes_.hidden}))
    return invalid_argument("initial state of shape " + context_.shape(from).to_string());
  if (const FloatTensor* tensor = context_.value(from).floats()) {
    bool zero = true;
    for (const float entry : tensor->data()) zero &= entry == 0;
    if (zero) return ir::kNoValue;
  }
  ZKI_ASSIGN_OR_RETURN(
      const ValueId part,
      add(OpKind::kSlice, {context_.input(from)}, std::string(what) + "_slice",
          batch_first ? ir::SliceAttributes{{0, direction, 0}, {sizes_.batch, 1, sizes_.hidden}, {1, 1, 1}}
                      : ir::SliceAttributes{{direction, 0, 0}, {1, sizes_.batch, sizes_.hidden}, {1, 1, 1}}));
  return add(OpKind::kReshape, {part}, what, ir::ReshapeAttributes{Shape{sizes_.batch, sizes_.hidden}});
}

ValueId Recurrence::running(int64_t at, std::string_view what) {
  const Dims& lengths = sizes_.lengths;
  if (std::all_of(lengths.begin(), lengths.end(), [&](int64_t length) { return length > at; })) return ir::kNoValue;
  std::vector<float> mask;
  for (const int64_t length : lengths) mask.push_back(length > at ? 1.0F : 0.0F);
  return context_.add_literal(FloatTensor(Shape{sizes_.batch, 1}, std::move(mask)), ir::DataType::kFloat, step(what));
}

Result<ValueId> Recurrence::masked(ValueId x, int64_t at, std::string_view what) {
  const ValueId mask = running(at, std::string(what) + "_mask");
  return mask == ir::kNoValue ? Result<ValueId>(x) : add(OpKind::kMul, {x, mask}, what);
}

Result<ValueId> Recurrence::kept(ValueId old, ValueId next, int64_t at, std::string_view what) {
  const ValueId mask = running(at, std::string(what) + "_mask");
  if (mask == ir::kNoValue) return next;
  const std::string name(what);
  if (old == ir::kNoValue) return add(OpKind::kMul, {next, mask}, what);
  ZKI_ASSIGN_OR_RETURN(const ValueId change, add(OpKind::kSub, {next, old}, name + "_change"));
  ZKI_ASSIGN_OR_RETURN(const ValueId part, add(OpKind::kMul, {change, mask}, name + "_part"));
  return add(OpKind::kAdd, {old, part}, what);
}

Result<ValueId> Recurrence::with_peephole(ValueId gate, size_t which, ValueId cell, std::string_view what) {
  if (peepholes_[which] == ir::kNoValue || cell == ir::kNoValue) return gate;
  ZKI_ASSIGN_OR_RETURN(const ValueId part,
                       add(OpKind::kMul, {cell, peepholes_[which]}, std::string(what) + "_peephole"));
  return add(OpKind::kAdd, {gate, part}, std::string(what) + "_seeing");
}

// [directions, 3 hidden] in the order i, o, f.
FloatTensor Recurrence::peephole(int64_t direction, int64_t which) const {
  const FloatTensor& all = *context_.value(7).floats();
  FloatTensor out(Shape{sizes_.hidden});
  for (int64_t i = 0; i < sizes_.hidden; ++i)
    out[static_cast<size_t>(i)] = all[static_cast<size_t>((direction * 3 + which) * sizes_.hidden + i)];
  return out;
}

// i, o, f, c gates: C = f C + i g, H = o tanh(C).
Result<Recurrence::State> Recurrence::lstm_step(ValueId x, State state) {
  ZKI_ASSIGN_OR_RETURN(const ValueId all, with_state(x, state.h, recurrent_, "gates"));
  ZKI_ASSIGN_OR_RETURN(ValueId smooth, gate(all, 0, "i_in"));
  ZKI_ASSIGN_OR_RETURN(smooth, with_peephole(smooth, 0, state.c, "i"));
  ZKI_ASSIGN_OR_RETURN(const ValueId i, function(ir::function("Sigmoid"), smooth, "i"));
  ZKI_ASSIGN_OR_RETURN(const ValueId g_in, gate(all, 3, "g_in"));
  ZKI_ASSIGN_OR_RETURN(const ValueId g, function(ir::function("Tanh"), g_in, "g"));
  ZKI_ASSIGN_OR_RETURN(ValueId c, add(OpKind::kMul, {i, g}, "ig"));
  if (state.c != ir::kNoValue) {
    ZKI_ASSIGN_OR_RETURN(ValueId f_in, gate(all, 2, "f_in"));
    ZKI_ASSIGN_OR_RETURN(f_in, with_peephole(f_in, 2, state.c, "f"));
    ZKI_ASSIGN_OR_RETURN(const ValueId f, function(ir::function("Sigmoid"), f_in, "f"));
    ZKI_ASSIGN_OR_RETURN(const ValueId remembered, add(OpKind::kMul, {f, state.c}, "fc"));
    ZKI_ASSIGN_OR_RETURN(c, add(OpKind::kAdd, {remembered, c}, "c"));
  }
  ZKI_ASSIGN_OR_RETURN(ValueId o_in, gate(all, 1, "o_in"));
  ZKI_ASSIGN_OR_RETURN(o_in, with_peephole(o_in, 1, c, "o"));
  ZKI_ASSIGN_OR_RETURN(const ValueId o, function(ir::function("Sigmoid"), o_in, "o"));
  ZKI_ASSIGN_OR_RETURN(const ValueId bounded, function(ir::function("Tanh"), c, "tanh_c"));
  ZKI_ASSIGN_OR_RETURN(const ValueId h, add(OpKind::kMul, {o, bounded}, "h"));
  return State{h, c};
}

// z, r gates and candidate g: H = g + z (H - g).
Result<Recurrence::State> Recurrence::gru_step(ValueId x, State state) {
  const int64_t hidden = sizes_.hidden;
  ZKI_ASSIGN_OR_RETURN(
      ValueId zr, add(OpKind::kSlice, {x}, "zr_x", ir::SliceAttributes{{0, 0}, {sizes_.batch, 2 * hidden}, {1, 1}}));
  ZKI_ASSIGN_OR_RETURN(zr, with_state(zr, state.h, recurrent_, "zr_in"));
  ZKI_ASSIGN_OR_RETURN(zr, function(ir::function("Sigmoid"), zr, "zr"));
  ZKI_ASSIGN_OR_RETURN(const ValueId z, gate(zr, 0, "z"));
  ZKI_ASSIGN_OR_RETURN(const ValueId r, gate(zr, 1, "r"));
  ZKI_ASSIGN_OR_RETURN(ValueId candidate, gate(x, 2, "g_x"));
  if (linear_before_reset_) {
    ValueId inner = recurrent_bias_;
    if (state.h != ir::kNoValue) {
      ZKI_ASSIGN_OR_RETURN(const ValueId product, add(OpKind::kMatMul, {state.h, recurrent_h_}, "g_product"));
      ZKI_ASSIGN_OR_RETURN(inner, add(OpKind::kAdd, {product, recurrent_bias_}, "g_state"));
    }
    ZKI_ASSIGN_OR_RETURN(const ValueId reset, add(OpKind::kMul, {r, inner}, "g_reset"));
    ZKI_ASSIGN_OR_RETURN(candidate, add(OpKind::kAdd, {candidate, reset}, "g_in"));
  } else if (state.h != ir::kNoValue) {
    ZKI_ASSIGN_OR_RETURN(const ValueId reset, add(OpKind::kMul, {r, state.h}, "g_reset"));
    ZKI_ASSIGN_OR_RETURN(candidate, with_state(candidate, reset, recurrent_h_, "g_in"));
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId g, function(ir::function("Tanh"), candidate, "g"));
  ValueId difference = ir::kNoValue;
  if (state.h != ir::kNoValue) {
    ZKI_ASSIGN_OR_RETURN(difference, add(OpKind::kSub, {state.h, g}, "difference"));
    ZKI_ASSIGN_OR_RETURN(const ValueId share, add(OpKind::kMul, {z, difference}, "share"));
    ZKI_ASSIGN_OR_RETURN(const ValueId h, add(OpKind::kAdd, {g, share}, "h"));
    return State{h, ir::kNoValue};
  }
  ZKI_ASSIGN_OR_RETURN(const ValueId share, add(OpKind::kMul, {z, g}, "share"));
  ZKI_ASSIGN_OR_RETURN(const ValueId h, add(OpKind::kSub, {g, share}, "h"));
  return State{h, ir::kNoValue};
}

Result<Recurrence::State> Recurrence::rnn_step(ValueId x, State state) {
  ZKI_ASSIGN_OR_RETURN(const ValueId sum, with_state(x, state.h, recurrent_, "sum"));
  ZKI_ASSIGN_OR_RETURN(const ValueId h,
                       relu_ ? add(OpKind::kRelu, {sum}, "h") : function(ir::function("Tanh"), sum, "h"));
  return State{h, ir::kNoValue};
}

Result<Recurrence::Run> Recurrence::run(ValueId x, int64_t direction, bool reverse) {
  const std::string& op = context_.proto().op_type();
  const int64_t hidden = sizes_.hidden;
  const int64_t rows = sizes_.gates * hidden;
  const std::string name = "d" + std::to_string(direction);
  prefix_ = name + "_";
  if (const auto* activations = context_.attribute("activations");
      activations != nullptr && op == "RNN" && activations->strings_size() > 0)
    relu_ = activations->strings(static_cast<int>(direction) % activations->strings_size()) == "Relu";
  ZKI_ASSIGN_OR_RETURN(const int64_t linear_before_reset, context_.int_attribute("linear_before_reset", 0));
  linear_before_reset_ = op == "GRU" && linear_before_reset != 0;

  // Input part of all steps, with every bias that is simply added.
  FloatTensor sum = bias(direction, 0, rows);
  const FloatTensor recurrent_bias = bias(direction, rows, 2 * rows);
  const int64_t added = linear_before_reset_ ? 2 * hidden : rows;
  for (int64_t i = 0; i < added; ++i) sum[static_cast<size_t>(i)] += recurrent_bias[static_cast<size_t>(i)];
  const ValueId w = constant(weight(1, direction, 0, rows), "w");
  const ValueId b = constant(std::move(sum), "b");
  ZKI_ASSIGN_OR_RETURN(
      const ValueId flat,
      add(OpKind::kReshape, {x}, "x", ir::ReshapeAttributes{Shape{sizes_.steps * sizes_.batch, sizes_.inputs}}));
  ZKI_ASSIGN_OR_RETURN(const ValueId all_steps, add(OpKind::kMatMul, {flat, w, b}, "xw"));
  recurrent_ = constant(weight(2, direction, 0, op == "GRU" ? 2 * hidden : rows), "r");
  if (op == "GRU") {
    recurrent_h_ = constant(weight(2, direction, 2 * hidden, rows), "rh");
    recurrent_bias_ = constant(bias(direction, rows + 2 * hidden, 2 * rows), "rbh");
  }

  State state;
  ZKI_ASSIGN_OR_RETURN(state.h, initial(5, direction, "h0"));
  if (op == "LSTM") {
    ZKI_ASSIGN_OR_RETURN(state.c, initial(6, direction, "c0"));
  }
  if (op == "LSTM" && context_.has_input(7)) {
    for (size_t i = 0; i < 3; ++i)
      peepholes_[i] = constant(peephole(direction, static_cast<int64_t>(i)), "p" + std::to_string(i));
  }
  Run run;
  run.states.resize(static_cast<size_t>(sizes_.steps));
  for (int64_t i = 0; i < sizes_.steps; ++i) {
    const int64_t at = reverse ? sizes_.steps - 1 - i : i;
    prefix_ = name + "t" + std::to_string(at) + "_";
    ZKI_ASSIGN_OR_RETURN(const ValueId now,
                         add(OpKind::kSlice, {all_steps}, "x",
                             ir::SliceAttributes{{at * sizes_.batch, 0}, {sizes_.batch, rows}, {1, 1}}));
    ZKI_ASSIGN_OR_RETURN(State next, op == "LSTM"  ? lstm_step(now, state)
                                     : op == "GRU" ? gru_step(now, state)
                                                   : rnn_step(now, state));
    ZKI_ASSIGN_OR_RETURN(run.states[static_cast<size_t>(at)], masked(next.h, at, "seen_h"));
    ZKI_ASSIGN_OR_RETURN(state.h, kept(state.h, next.h, at, "kept_h"));
    if (op == "LSTM") {
      ZKI_ASSIGN_OR_RETURN(state.c, kept(state.c, next.c, at, "kept_c"));
    }
  }
  run.last = state.h;
  run.cell = state.c;
  return run;
}

// Shapes of all inputs; weights and biases must be constant.
Result<Sizes> read_sizes(const NodeContext& context, bool batch_first) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  const std::string& op = context.proto().op_type();
  ZKI_ASSIGN_OR_RETURN(const std::string direction, context.string_attribute("direction", "forward"));
  const Shape given = context.shape(0);
  const Shape x = batch_first && given.rank() == 3 ? Shape{given[1], given[0], given[2]} : given;
  const Shape& r = context.shape(2);
  const std::string where =
      "input " + given.to_string() + ", weight " + context.shape(1).to_string() + ", recurrence " + r.to_string();
  if (x.rank() != 3 || r.rank() != 3 || x.num_elements() == 0) return invalid_argument(where);
  Sizes sizes{
      x[0], x[1],       x[2], r[2], op == "LSTM" ? 4 : op == "GRU" ? 3 : 1, direction == "bidirectional" ? 2 : 1,
      {},   batch_first};
  const int64_t rows = sizes.gates * sizes.hidden;
  if (context.shape(1) != Shape{sizes.directions, rows, sizes.inputs} ||
      r != Shape{sizes.directions, rows, sizes.hidden} || sizes.hidden < 1)
    return invalid_argument(where);
  if (context.has_input(3) && context.shape(3) != Shape{sizes.directions, 2 * rows})
    return invalid_argument("bias of shape " + context.shape(3).to_string());
  for (const size_t i : {size_t{1}, size_t{2}, size_t{3}, size_t{7}})
    if (context.has_input(i) && context.value(i).floats() == nullptr)
      return unsupported("weight " + in_quotes(context.value(i).name) +
                         " is computed at run time | make it an initializer");
  sizes.lengths = Dims(static_cast<size_t>(sizes.batch), sizes.steps);
  if (context.has_input(4)) {
    ZKI_ASSIGN_OR_RETURN(const Dims lengths, context.constant_ints(4, "sequence_lens"));
    if (lengths.size() != sizes.lengths.size()) return corrupt("sequence_lens needs one entry per sequence");
    for (const int64_t length : lengths)
      if (length < 0 || length > sizes.steps) return invalid_argument("sequence_lens " + dims_to_string(lengths));
    sizes.lengths = lengths;
  }
  if (context.has_input(7) && context.shape(7) != Shape{sizes.directions, 3 * sizes.hidden})
    return invalid_argument("peephole weights of shape " + context.shape(7).to_string());
  if (sizes.steps > 8192) return unsupported(std::to_string(sizes.steps) + " steps | at most 8192 are unrolled");
  return sizes;
}

// Joins pieces as output `index` of the node, of these dimensions; then, with a permutation, in another order of axes.
Result<ValueId> join(NodeContext& context, size_t index, std::vector<ValueId> pieces, Dims dims, Dims perm) {
  const std::string step = "join" + std::to_string(index);
  ZKI_ASSIGN_OR_RETURN(const ValueId joined,
                       context.add(OpKind::kConcat, std::move(pieces), ir::ConcatAttributes{0}, step));
  const ir::ReshapeAttributes shape{Shape(std::move(dims))};
  if (perm.empty()) return context.add_output(index, OpKind::kReshape, {joined}, shape);
  ZKI_ASSIGN_OR_RETURN(const ValueId split, context.add(OpKind::kReshape, {joined}, shape, step + "_split"));
  return context.add_output(index, OpKind::kTranspose, {split}, ir::TransposeAttributes{std::move(perm)});
}

Result<Outputs> import_recurrent(NodeContext& context) {
  ZKI_ASSIGN_OR_RETURN(const int64_t layout, context.int_attribute("layout", 0));
  const bool batch_first = layout != 0;
  ZKI_ASSIGN_OR_RETURN(const std::string direction, context.string_attribute("direction", "forward"));
  ZKI_ASSIGN_OR_RETURN(const Sizes sizes, read_sizes(context, batch_first));
  ValueId x = context.input(0);
  if (batch_first) {
    ZKI_ASSIGN_OR_RETURN(x, context.add(OpKind::kTranspose, {x}, ir::TransposeAttributes{{1, 0, 2}}, "time_first"));
  }
  std::vector<Recurrence::Run> runs;
  for (int64_t d = 0; d < sizes.directions; ++d) {
    Recurrence recurrence(context, sizes);
    ZKI_ASSIGN_OR_RETURN(Recurrence::Run run, recurrence.run(x, d, direction == "reverse" || d == 1));
    runs.push_back(std::move(run));
  }
  const auto wanted = [&](int i) { return i < context.proto().output_size() && !context.proto().output(i).empty(); };
  Outputs outputs(3, ir::kNoValue);
  if (wanted(0)) {  // [steps, directions, batch, hidden]
    std::vector<ValueId> states;
    for (size_t t = 0; t < static_cast<size_t>(sizes.steps); ++t)
      for (const Recurrence::Run& run : runs) states.push_back(run.states[t]);
    ZKI_ASSIGN_OR_RETURN(outputs[0],
                         join(context, 0, std::move(states), {sizes.steps, sizes.directions, sizes.batch, sizes.hidden},
                              batch_first ? Dims{2, 0, 1, 3} : Dims{}));
  }
  const Dims last_dims{sizes.directions, sizes.batch, sizes.hidden};
  const Dims last_perm = batch_first ? Dims{1, 0, 2} : Dims{};
  std::vector<ValueId> last;
  std::vector<ValueId> cells;
  for (size_t d = 0; d < runs.size(); ++d) {
    last.push_back(runs[d].last);
    cells.push_back(runs[d].cell);
  }
  if (wanted(1)) {
    ZKI_ASSIGN_OR_RETURN(outputs[1], join(context, 1, std::move(last), last_dims, last_perm));
  }
  if (wanted(2)) {
    if (cells[0] == ir::kNoValue) return corrupt("output 2 exists for LSTM only");
    ZKI_ASSIGN_OR_RETURN(outputs[2], join(context, 2, std::move(cells), last_dims, last_perm));
  }
  return outputs;
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"LSTM", "activation_alpha activation_beta activations clip direction hidden_size input_forget layout",
     check_recurrent, import_recurrent},
    {"GRU", "activation_alpha activation_beta activations clip direction hidden_size layout linear_before_reset",
     check_recurrent, import_recurrent},
    {"RNN", "activation_alpha activation_beta activations clip direction hidden_size layout", check_recurrent,
     import_recurrent},
});

}  // namespace

std::span<const Handler> recurrent_handlers() { return kHandlers; }

}  // namespace zkinfer::frontend_onnx
