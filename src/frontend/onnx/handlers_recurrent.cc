// SPDX-License-Identifier: Apache-2.0
// LSTM, GRU and RNN, unrolled over the static sequence length; behind the end of a shorter sequence the state stays. The input part of all steps is one product; each step
// adds a product with the previous state. Gate order and formulas: onnx/onnx Operators.md; what it leaves open is as in ONNX Runtime.
#include <algorithm>
#include <array>

#include "frontend/onnx/activation.h"
#include "frontend/onnx/proto_text.h"
#include "frontend/onnx/quantized.h"

namespace zkinfer::frontend_onnx {

namespace {

using ir::DataType;
using ir::OpKind;
using ir::ValueId;
using std::int64_t;
using std::size_t;

enum class Cell { kLstm, kGru, kRnn };

// Inputs, the same for all (X, W, R, B, sequence_lens, initial_h, initial_c, P).
enum Input : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

struct Sizes {
  Cell cell;
  int64_t steps, batch, inputs, hidden, gates, directions;
  bool batch_first;                 // layout 1
  std::optional<Dims> lengths;      // of the sequences, one per entry of the batch; computed without
  ValueId computed = ir::kNoValue;  // those then
};

// Of one node.
struct Options {
  float clip = 0;  // 0: none
  bool linear_before_reset = false, input_forget = false;
  std::vector<Activation> activations;  // of all directions
};

// One direction of the node.
class Recurrence {
 public:
  Recurrence(NodeContext& context, Build& b, const Sizes& sizes, const Options& options, int64_t direction)
      : context_(context), b_(b), sizes_(sizes), options_(options), direction_(direction) {}

  // The states of all steps in time order, zero behind the end of a sequence; the last ones, of the cell for LSTM.
  struct Run {
    std::vector<ValueId> states;
    ValueId last = ir::kNoValue, cell = ir::kNoValue;
  };
  // x[steps, batch, inputs], w[directions, gates * hidden, inputs], r[directions, gates * hidden, hidden].
  Run run(ValueId x, ValueId w, ValueId r, bool reverse);

 private:
  struct State {
    ValueId h = ir::kNoValue, c = ir::kNoValue;  // kNoValue: zero
  };
  // Entry `direction` of the axis.
  ValueId mine(ValueId x, size_t axis = 0);
  ValueId initial(Input from);
  // Columns of one gate of x[batch, gates * hidden], or entries of x[gates * hidden].
  ValueId gate(ValueId x, int64_t which, int64_t count = 1) {
    return b_.slice(x, b_.ok() ? b_.shape(x).rank() - 1 : 0, which * sizes_.hidden, count * sizes_.hidden);
  }
  ValueId with_state(ValueId x, ValueId h, ValueId recurrent) {
    return h == ir::kNoValue ? x : b_.add(x, b_.matmul(h, recurrent));
  }
  ValueId activation(size_t which, ValueId x);
  ValueId with_peephole(ValueId gate, size_t which, ValueId cell) {
    return peepholes_ == ir::kNoValue || cell == ir::kNoValue
               ? gate
               : b_.add(gate, b_.mul(cell, this->gate(peepholes_, static_cast<int64_t>(which))));
  }
  // The sequences that are longer than `at`: [batch, 1] of ones and zeros; kNoValue when all are.
  ValueId running(int64_t at);
  // The new state where the sequence still runs, else the old one.
  ValueId kept(ValueId old, ValueId next, ValueId mask);
  State lstm(ValueId x, State state);
  State gru(ValueId x, State state);

  NodeContext& context_;
  Build& b_;
  const Sizes& sizes_;
  const Options& options_;
  int64_t direction_;
  ValueId recurrent_ = ir::kNoValue;       // R transposed, [hidden, gates * hidden] (GRU: gates z and r)
  ValueId recurrent_h_ = ir::kNoValue;     // GRU: R of the candidate
  ValueId recurrent_bias_ = ir::kNoValue;  // GRU with linear_before_reset: its bias
  ValueId peepholes_ = ir::kNoValue;       // LSTM: of the gates i, o, f
};

ValueId Recurrence::mine(ValueId x, size_t axis) {
  const ValueId part = b_.slice(x, axis, direction_, 1);
  if (!b_.ok()) return part;
  Dims dims = b_.shape(part).dims();
  dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  return b_.reshape(part, std::move(dims));
}

ValueId Recurrence::initial(Input from) {
  if (!context_.has_input(from)) return ir::kNoValue;
  if (const FloatTensor* tensor = context_.value(from).floats();
      tensor != nullptr && std::ranges::all_of(tensor->data(), [](float entry) { return entry == 0; }))
    return ir::kNoValue;
  return mine(context_.input(from), sizes_.batch_first ? 1 : 0);
}

ValueId Recurrence::activation(size_t which, ValueId x) {
  const size_t per_direction = options_.activations.size() / static_cast<size_t>(sizes_.directions);
  const bool of_cell = sizes_.cell == Cell::kLstm && which == 2;
  if (options_.clip > 0 && !of_cell) x = b_.clip(x, -options_.clip, options_.clip);
  return activated(b_, x, options_.activations[static_cast<size_t>(direction_) * per_direction + which]);
}

ValueId Recurrence::running(int64_t at) {
  if (!sizes_.lengths) {
    const ValueId longer = b_.less(b_.number_like(sizes_.computed, static_cast<double>(at)), sizes_.computed);
    return b_.reshape(b_.cast(longer, DataType::kFloat), {sizes_.batch, 1});
  }
  const auto runs = [at](int64_t length) { return length > at; };
  if (std::ranges::all_of(*sizes_.lengths, runs)) return ir::kNoValue;
  std::vector<float> mask;
  for (const int64_t length : *sizes_.lengths) mask.push_back(runs(length) ? 1.0F : 0.0F);
  return b_.literal(FloatTensor(Shape{sizes_.batch, 1}, std::move(mask)), DataType::kFloat);
}

ValueId Recurrence::kept(ValueId old, ValueId next, ValueId mask) {
  if (mask == ir::kNoValue) return next;
  if (old == ir::kNoValue) return b_.mul(next, mask);
  return b_.add(old, b_.mul(b_.sub(next, old), mask));
}

// i, o, f, c gates: C = f C + i g, H = o tanh(C).
Recurrence::State Recurrence::lstm(ValueId x, State state) {
  const ValueId all = with_state(x, state.h, recurrent_);
  const ValueId i = activation(0, with_peephole(gate(all, 0), 0, state.c));
  const ValueId g = activation(1, gate(all, 3));
  ValueId c = b_.mul(i, g);
  if (state.c != ir::kNoValue) {
    const ValueId f =
        options_.input_forget ? b_.sub(b_.number(1), i) : activation(0, with_peephole(gate(all, 2), 2, state.c));
    c = b_.add(b_.mul(f, state.c), c);
  }
  const ValueId o = activation(0, with_peephole(gate(all, 1), 1, c));
  return {b_.mul(o, activation(2, c)), c};
}

// z, r gates and candidate g: H = g + z (H - g).
Recurrence::State Recurrence::gru(ValueId x, State state) {
  const ValueId zr = activation(0, with_state(gate(x, 0, 2), state.h, recurrent_));
  const ValueId z = gate(zr, 0);
  const ValueId r = gate(zr, 1);
  ValueId candidate = gate(x, 2);
  if (options_.linear_before_reset) {
    ValueId inner = recurrent_bias_;
    if (state.h != ir::kNoValue) {
      inner = b_.matmul(state.h, recurrent_h_);
      if (recurrent_bias_ != ir::kNoValue) inner = b_.add(inner, recurrent_bias_);
    }
    if (inner != ir::kNoValue) candidate = b_.add(candidate, b_.mul(r, inner));
  } else if (state.h != ir::kNoValue) {
    candidate = with_state(candidate, b_.mul(r, state.h), recurrent_h_);
  }
  const ValueId g = activation(1, candidate);
  if (state.h == ir::kNoValue) return {b_.sub(g, b_.mul(z, g)), ir::kNoValue};
  return {b_.add(g, b_.mul(z, b_.sub(state.h, g))), ir::kNoValue};
}

Recurrence::Run Recurrence::run(ValueId x, ValueId w, ValueId r, bool reverse) {
  const int64_t hidden = sizes_.hidden;
  const int64_t rows = sizes_.gates * hidden;
  const std::string name = "d" + std::to_string(direction_);
  b_.at(name);
  // Input part of all steps, with every bias that is simply added.
  const ValueId flat = b_.reshape(x, {sizes_.steps * sizes_.batch, sizes_.inputs});
  std::vector<ValueId> product{flat, b_.swap_last(mine(w))};
  if (context_.has_input(kB)) {
    const ValueId bias = mine(context_.input(kB));
    ValueId second = b_.slice(bias, 0, rows, rows);
    if (options_.linear_before_reset) {
      recurrent_bias_ = gate(second, 2);
      second = b_.concat({gate(second, 0, 2), b_.literal(FloatTensor(Shape{hidden}), DataType::kFloat)}, 0);
    }
    product.push_back(b_.add(b_.slice(bias, 0, 0, rows), second));
  }
  const bool constant = product.size() < 3 || !b_.ok() || b_.constant(product[2]) != nullptr;
  const ValueId added = constant ? ir::kNoValue : product[2];
  if (!constant) product.pop_back();
  ValueId all_steps = b_.op(OpKind::kMatMul, product);
  if (added != ir::kNoValue) all_steps = b_.add(all_steps, added);

  recurrent_ = b_.swap_last(mine(r));
  if (sizes_.cell == Cell::kGru) {
    recurrent_h_ = gate(recurrent_, 2);
    recurrent_ = gate(recurrent_, 0, 2);
  }
  State state{initial(kInitialH), ir::kNoValue};
  if (sizes_.cell == Cell::kLstm) {
    state.c = initial(kInitialC);
    if (context_.has_input(kPeepholes)) peepholes_ = mine(context_.input(kPeepholes));
  }
  Run run;
  run.states.resize(static_cast<size_t>(sizes_.steps));
  for (int64_t i = 0; i < sizes_.steps && b_.ok(); ++i) {
    const int64_t at = reverse ? sizes_.steps - 1 - i : i;
    b_.at(name + "t" + std::to_string(at));
    const ValueId now = b_.slice(all_steps, 0, at * sizes_.batch, sizes_.batch);
    const State next = sizes_.cell == Cell::kLstm  ? lstm(now, state)
                       : sizes_.cell == Cell::kGru ? gru(now, state)
                                                   : State{activation(0, with_state(now, state.h, recurrent_))};
    const ValueId mask = running(at);
    run.states[static_cast<size_t>(at)] = mask == ir::kNoValue ? next.h : b_.mul(next.h, mask);
    state.h = kept(state.h, next.h, mask);
    if (sizes_.cell == Cell::kLstm) state.c = kept(state.c, next.c, mask);
  }
  run.last = state.h;
  run.cell = state.c;
  return run;
}

// Shapes of all inputs; w and r as LSTM has them.
Result<Sizes> read_sizes(const NodeContext& context, Cell cell, const Shape& w, const Shape& r) {
  ZKI_ASSIGN_OR_RETURN(const int64_t layout, context.int_attribute("layout", 0));
  ZKI_ASSIGN_OR_RETURN(const std::string direction, context.string_attribute("direction", "forward"));
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return corrupt("direction " + in_quotes(direction));
  const bool batch_first = layout != 0;
  const Shape given = context.shape(kX);
  const Shape x = batch_first && given.rank() == 3 ? Shape{given[1], given[0], given[2]} : given;
  const std::string where =
      "input " + given.to_string() + ", weight " + w.to_string() + ", recurrence " + r.to_string();
  if (x.rank() != 3 || r.rank() != 3 || x.num_elements() == 0) return invalid_argument(where);
  Sizes sizes{cell,
              x[0],
              x[1],
              x[2],
              r[2],
              cell == Cell::kLstm  ? 4
              : cell == Cell::kGru ? 3
                                   : 1,
              direction == "bidirectional" ? 2 : 1,
              batch_first,
              std::nullopt};
  const int64_t rows = sizes.gates * sizes.hidden;
  if (w != Shape{sizes.directions, rows, sizes.inputs} || r != Shape{sizes.directions, rows, sizes.hidden} ||
      sizes.hidden < 1)
    return invalid_argument(where);
  const Shape state = batch_first ? Shape{sizes.batch, sizes.directions, sizes.hidden}
                                  : Shape{sizes.directions, sizes.batch, sizes.hidden};
  const auto has_shape = [&](Input i, const Shape& shape, const std::string& what) {
    return !context.has_input(i) || context.shape(i) == shape
               ? ok_status()
               : invalid_argument(what + " of shape " + context.shape(i).to_string() + ", expected " +
                                  shape.to_string());
  };
  ZKI_RETURN_IF_ERROR(has_shape(kB, Shape{sizes.directions, 2 * rows}, "bias"));
  ZKI_RETURN_IF_ERROR(has_shape(kInitialH, state, "initial state"));
  if (cell == Cell::kLstm) {
    ZKI_RETURN_IF_ERROR(has_shape(kInitialC, state, "initial state of the cell"));
    ZKI_RETURN_IF_ERROR(has_shape(kPeepholes, Shape{sizes.directions, 3 * sizes.hidden}, "peephole weights"));
  }
  if (!context.has_input(kLengths)) {
    sizes.lengths = Dims(static_cast<size_t>(sizes.batch), sizes.steps);
  } else if (context.shape(kLengths) != Shape{sizes.batch}) {
    return corrupt("sequence_lens needs one entry per sequence");
  } else if (context.is_constant(kLengths)) {
    ZKI_ASSIGN_OR_RETURN(sizes.lengths, context.constant_ints(kLengths, "sequence_lens"));
    for (const int64_t length : *sizes.lengths)
      if (length < 0 || length > sizes.steps)
        return invalid_argument("sequence_lens " + dims_to_string(*sizes.lengths));
  } else {
    sizes.computed = context.input(kLengths);
  }
  if (sizes.steps > 8192) return unsupported(std::to_string(sizes.steps) + " steps | at most 8192 are unrolled");
  return sizes;
}

Result<Options> read_options(const NodeContext& context, const Sizes& sizes) {
  Options options;
  ZKI_ASSIGN_OR_RETURN(options.clip, context.float_attribute("clip", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t before, context.int_attribute("linear_before_reset", 0));
  ZKI_ASSIGN_OR_RETURN(const int64_t coupled, context.int_attribute("input_forget", 0));
  options.linear_before_reset = sizes.cell == Cell::kGru && before != 0;
  options.input_forget = coupled != 0;
  std::vector<std::string> usual;
  for (int64_t i = 0; i < sizes.directions; ++i) {
    if (sizes.cell != Cell::kRnn) usual.emplace_back("Sigmoid");
    usual.emplace_back("Tanh");
    if (sizes.cell == Cell::kLstm) usual.emplace_back("Tanh");
  }
  ZKI_ASSIGN_OR_RETURN(options.activations, read_activations(context, usual));
  return options;
}

Result<Outputs> unrolled(NodeContext& context, Build& b, Cell cell, ValueId w, ValueId r) {
  if (!b.ok()) return b.status();
  ZKI_ASSIGN_OR_RETURN(const Sizes sizes, read_sizes(context, cell, b.shape(w), b.shape(r)));
  ZKI_ASSIGN_OR_RETURN(const Options options, read_options(context, sizes));
  ZKI_ASSIGN_OR_RETURN(const std::string direction, context.string_attribute("direction", "forward"));
  ValueId x = context.input(kX);
  if (sizes.batch_first) x = b.transpose(x, {1, 0, 2});
  std::vector<Recurrence::Run> runs;
  for (int64_t d = 0; d < sizes.directions; ++d)
    runs.push_back(Recurrence(context, b, sizes, options, d).run(x, w, r, direction == "reverse" || d == 1));
  b.at("");
  if (!b.ok()) return b.status();
  const auto wanted = [&](int i) { return i < context.proto().output_size() && !context.proto().output(i).empty(); };
  const auto joined = [&](const std::vector<ValueId>& pieces, Dims dims, Dims perm) {
    const ValueId all = b.reshape(b.concat(pieces, 0), std::move(dims));
    return sizes.batch_first ? b.transpose(all, std::move(perm)) : all;
  };
  std::vector<ValueId> outputs(3, ir::kNoValue);
  if (wanted(0)) {  // [steps, directions, batch, hidden]
    std::vector<ValueId> states;
    for (size_t t = 0; t < static_cast<size_t>(sizes.steps); ++t)
      for (const Recurrence::Run& run : runs) states.push_back(run.states[t]);
    outputs[0] = joined(states, {sizes.steps, sizes.directions, sizes.batch, sizes.hidden}, {2, 0, 1, 3});
  }
  const auto last = [&](ValueId Recurrence::Run::*of) {
    std::vector<ValueId> pieces;
    for (const Recurrence::Run& run : runs) pieces.push_back(run.*of);
    return joined(pieces, {sizes.directions, sizes.batch, sizes.hidden}, {1, 0, 2});
  };
  if (wanted(1)) outputs[1] = last(&Recurrence::Run::last);
  if (wanted(2)) {
    if (cell != Cell::kLstm) return corrupt("output 2 exists for LSTM only");
    outputs[2] = last(&Recurrence::Run::cell);
  }
  return b.outputs(outputs);
}

template <Cell cell>
Result<Outputs> import_recurrent(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  Build b(context);
  return unrolled(context, b, cell, context.input(kW), context.input(kR));
}

// Of com.microsoft. Weights are transposed integers, [directions, inputs or hidden, 4 hidden], with scale and zero point for each direction or each column of it in four more
// inputs. Activations are taken as they are: ours are quantized anyway, finer than to 8 bits.
Result<Outputs> import_quantized_lstm(NodeContext& context) {
  ZKI_RETURN_IF_ERROR(context.require_inputs(3));
  Build b(context);
  const auto real = [&](Input from, size_t scale) {
    const Shape shape = context.shape(from);
    const auto spread = [&](size_t i) {
      if (!context.has_input(i) || shape.rank() != 3) return ir::kNoValue;
      const bool each = context.shape(i).rank() == 2 && context.shape(i)[1] == shape[2];
      return b.reshape(context.input(i), {shape[0], 1, each ? shape[2] : 1});
    };
    if (!context.has_input(scale) || shape.rank() != 3) {
      b.fail(invalid_argument("weights of shape " + shape.to_string() + " and their scale in input " +
                              std::to_string(scale)));
      return ir::kNoValue;
    }
    return b.swap_last(b.mul(centered(b, context.input(from), spread(scale + 1)), spread(scale)));
  };
  const ValueId w = real(kW, 8);
  const ValueId r = real(kR, 10);
  return unrolled(context, b, Cell::kLstm, w, r);
}

constexpr auto kHandlers = std::to_array<Handler>({
    {"LSTM", "activation_alpha activation_beta activations clip direction hidden_size input_forget layout", no_check,
     import_recurrent<Cell::kLstm>},
    {"GRU", "activation_alpha activation_beta activations clip direction hidden_size layout linear_before_reset",
     no_check, import_recurrent<Cell::kGru>},
    {"RNN", "activation_alpha activation_beta activations clip direction hidden_size layout", no_check,
     import_recurrent<Cell::kRnn>},
});

constexpr auto kMicrosoft = std::to_array<Handler>({
    {"DynamicQuantizeLSTM", "activation_alpha activation_beta activations clip direction hidden_size input_forget",
     no_check, import_quantized_lstm},
});

}  // namespace

std::span<const Handler> recurrent_handlers() { return kHandlers; }
std::span<const Handler> microsoft_recurrent_handlers() { return kMicrosoft; }

}  // namespace zkinfer::frontend_onnx
