// SPDX-License-Identifier: Apache-2.0
// Layers of several inputs.
#include <algorithm>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

// Tensors of lower rank get axes of length one behind the batch.
Result<std::vector<Value>> aligned(LayerCall& call) {
  std::vector<Value> all = call.tensors();
  if (all.size() < 2) return corrupt("it merges two tensors or more, got " + std::to_string(all.size()));
  std::size_t rank = 0;
  for (const Value& x : all) rank = std::max(rank, x.rank());
  for (Value& x : all) {
    if (x.rank() == rank) continue;
    Dims dims = x.dims;
    dims.insert(dims.begin() + (dims.empty() ? 0 : 1), rank - x.rank(), 1);
    ZKI_ASSIGN_OR_RETURN(x, call.net.reshape(x, dims));
  }
  return all;
}

Result<Value> folded(LayerCall& call, const std::string& op) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<Value> all, aligned(call));
  Value sum = all[0];
  for (std::size_t i = 1; i < all.size(); ++i) {
    ZKI_ASSIGN_OR_RETURN(sum, call.net.binary(op, sum, all[i]));
  }
  return sum;
}

template <const char* kOp>
Result<Outputs> run_fold(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(Value y, folded(call, kOp));
  return Outputs{std::move(y)};
}
constexpr char kAdd[] = "Add", kMul[] = "Mul", kMax[] = "Max", kMin[] = "Min";

Result<Outputs> run_average(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value sum, folded(call, "Add"));
  return Outputs{call.net.with_number("Mul", sum, 1.0 / static_cast<double>(call.tensors().size()))};
}

Result<Outputs> run_subtract(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const std::vector<Value> all, aligned(call));
  if (all.size() != 2) return corrupt("it subtracts one tensor from another, got " + std::to_string(all.size()));
  ZKI_ASSIGN_OR_RETURN(Value y, call.net.binary("Sub", all[0], all[1]));
  return Outputs{std::move(y)};
}

Result<Outputs> run_concatenate(LayerCall& call) {
  std::vector<Value> all = call.tensors();
  if (all.empty()) return corrupt("it joins no tensors");
  ZKI_ASSIGN_OR_RETURN(const std::int64_t given, call.config.integer("axis", -1));
  ZKI_ASSIGN_OR_RETURN(const std::size_t axis, checked_axis(given, all[0].rank()));
  const bool first =
      axis + 1 == all[0].rank() && std::all_of(all.begin(), all.end(), [](const Value& x) { return x.first; });
  Dims dims = all[0].dims;
  dims[axis] = 0;
  std::vector<std::string> names;
  bool masked = false;
  for (Value& x : all) {
    if (!first) x = call.net.plain(x);
    bool fits = x.rank() == dims.size();
    for (std::size_t i = 0; fits && i < dims.size(); ++i) fits = i == axis || x.dims[i] == dims[i];
    if (!fits)
      return invalid_argument("cannot join " + dims_to_string(all[0].dims) + " and " + dims_to_string(x.dims) +
                              " along axis " + std::to_string(given));
    dims[axis] += x.dims[axis];
    names.push_back(x.name);
    masked |= x.masked;
  }
  if (all.size() == 1) return Outputs{all[0]};
  Value out = call.net.node("Concat", names, {{"axis", first ? std::size_t{1} : axis}}, std::move(dims), first);
  out.masked = masked;
  return Outputs{std::move(out)};
}

// The product along one axis of each of two tensors, batch by batch.
Result<Outputs> run_dot(LayerCall& call) {
  const std::vector<Value> all = call.tensors();
  if (all.size() != 2) return corrupt("it multiplies two tensors, got " + std::to_string(all.size()));
  Net& net = call.net;
  Value a = net.plain(all[0]), b = net.plain(all[1]);
  ZKI_ASSIGN_OR_RETURN(Dims axes, call.config.integers("axes", {}));
  if (axes.size() == 1) axes.push_back(axes[0]);
  if (axes.size() != 2) return corrupt("its axes are damaged");
  ZKI_ASSIGN_OR_RETURN(const std::size_t of_a, checked_axis(axes[0], a.rank()));
  ZKI_ASSIGN_OR_RETURN(const std::size_t of_b, checked_axis(axes[1], b.rank()));
  if (of_a == 0 || of_b == 0 || a.rank() > 3 || b.rank() > 3 || a.dims[of_a] != b.dims[of_b] || a.dims[0] != b.dims[0])
    return refusal("Dot of " + dims_to_string(a.dims) + " and " + dims_to_string(b.dims) + " along these axes",
                   "use tensors of rank 2 or 3, and no axis of batches");
  if (call.config.flag("normalize", false)) {
    for (auto [x, axis] : {std::pair(&a, of_a), std::pair(&b, of_b)}) {
      ZKI_ASSIGN_OR_RETURN(const Value square, net.binary("Mul", *x, *x));
      const Value sum =
          net.with_number("Max", net.reduce("ReduceSum", square, {static_cast<std::int64_t>(axis)}, true), 1e-12);
      ZKI_ASSIGN_OR_RETURN(*x, net.binary("Div", *x, net.unary("Sqrt", sum)));
    }
  }
  const bool row = a.rank() == 2, column = b.rank() == 2;
  // [batch, .., common] * [batch, common, ..]
  if (!row && of_a == 1) a = net.transpose(a, {0, 2, 1});
  if (!column && of_b == 2) b = net.transpose(b, {0, 2, 1});
  if (row) {
    ZKI_ASSIGN_OR_RETURN(a, net.reshape(a, {a.dims[0], 1, a.dims[1]}));
  }
  if (column) {
    ZKI_ASSIGN_OR_RETURN(b, net.reshape(b, {b.dims[0], b.dims[1], 1}));
  }
  ZKI_ASSIGN_OR_RETURN(Value y, net.matmul(a, b));
  Dims dims{y.dims[0]};
  if (!row) dims.push_back(y.dims[1]);
  if (!column) dims.push_back(y.dims[2]);
  if (dims.size() == 1) dims.push_back(1);
  ZKI_ASSIGN_OR_RETURN(y, net.reshape(y, dims));
  return Outputs{std::move(y)};
}

constexpr Entry kEntries[] = {
    {"Add", run_fold<kAdd>},          {"Multiply", run_fold<kMul>},
    {"Maximum", run_fold<kMax>},      {"Minimum", run_fold<kMin>},
    {"Average", run_average},         {"Subtract", run_subtract},
    {"Concatenate", run_concatenate}, {"Dot", run_dot},
};

}  // namespace

std::span<const Entry> merge_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
