// SPDX-License-Identifier: Apache-2.0
// Layers that only move elements.
#include <algorithm>

#include "frontend/keras/layer.h"

namespace zkinfer::frontend_keras {

namespace {

Result<Outputs> one(Result<Value> value) {
  if (!value.ok()) return value.status();
  return Outputs{std::move(*value)};
}

Result<Outputs> run_flatten(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(Value x, call.input());
  ZKI_ASSIGN_OR_RETURN(const bool channels_first, call.config.channels_first());
  if (channels_first && x.rank() > 2) {  // Keras flattens in the order of channels last
    Dims perm{0};
    for (std::size_t i = 2; i < x.rank(); ++i) perm.push_back(static_cast<std::int64_t>(i));
    perm.push_back(1);
    x = call.net.transpose(x, perm);
  }
  if (x.rank() == 0) return invalid_argument("expected a tensor with a batch, got a number");
  return one(call.net.reshape(x, {x.dims[0], product(x.dims, 1, x.rank())}));
}

Result<Outputs> run_reshape(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  ZKI_ASSIGN_OR_RETURN(Dims target, call.config.integers("target_shape", {}));
  std::int64_t known = 1;
  for (const std::int64_t dim : target) {
    if (dim < -1 || dim == 0 || known > (std::int64_t{1} << 31))
      return corrupt("its target_shape is " + dims_to_string(target));
    if (dim > 0) known *= dim;
  }
  const std::int64_t count = product(x.dims, 1, x.rank());
  if (std::count(target.begin(), target.end(), -1) > 1) return corrupt("its target_shape has two open lengths");
  for (std::int64_t& dim : target)
    if (dim == -1) dim = count / known;
  target.insert(target.begin(), x.dims[0]);
  return one(call.net.reshape(x, target));
}

Result<Outputs> run_permute(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  ZKI_ASSIGN_OR_RETURN(Dims perm, call.config.integers("dims", {}));
  perm.insert(perm.begin(), 0);  // counted from 1, and the batch stays
  Dims sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (sorted[i] != static_cast<std::int64_t>(i) || sorted.size() != x.rank())
      return invalid_argument("it cannot permute " + dims_to_string(x.dims) + " by " + call.config["dims"].shown());
  return Outputs{call.net.transpose(x, perm)};
}

Result<Outputs> run_repeat(LayerCall& call) {
  ZKI_ASSIGN_OR_RETURN(const Value x, call.input());
  ZKI_ASSIGN_OR_RETURN(const std::int64_t n, call.config.integer("n"));
  if (x.rank() != 2 || n < 1)
    return invalid_argument("it repeats inputs of rank 2 one or more times, got " + dims_to_string(x.dims));
  ZKI_ASSIGN_OR_RETURN(const Value apart, call.net.reshape(x, {x.dims[0], 1, x.dims[1]}));
  const Dims dims{x.dims[0], n, x.dims[1]};
  return Outputs{call.net.node("Expand", {apart.name, call.net.list(dims)}, {}, dims)};
}

constexpr Entry kEntries[] = {
    {"Flatten", run_flatten},
    {"Reshape", run_reshape},
    {"Permute", run_permute},
    {"RepeatVector", run_repeat},
};

}  // namespace

std::span<const Entry> shape_layers() { return kEntries; }

}  // namespace zkinfer::frontend_keras
