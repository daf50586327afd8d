// SPDX-License-Identifier: Apache-2.0
#include "relations/builder.h"

#include <algorithm>

#include "base/check.h"
#include "base/op_table.h"

namespace zkinfer::relations {

ColumnId Builder::add_column(std::string name, circuit::Oracle oracle, std::vector<std::uint64_t> shape) {
  circuit_.columns.push_back({std::move(name), oracle, std::move(shape), {}, is_shared_});
  return static_cast<ColumnId>(columns().size() - 1);
}

ColumnId Builder::constant_column(std::string name, std::vector<std::uint64_t> shape,
                                  std::vector<std::int64_t> values) {
  for (ColumnId id = 0; id < columns().size(); ++id) {
    const circuit::Column& column = columns()[id];
    if (column.oracle == circuit::Oracle::kConstant && column.shape == shape && column.constants == values) return id;
  }
  const ColumnId id = add_column(std::move(name), circuit::Oracle::kConstant, std::move(shape));
  circuit_.columns[id].constants = std::move(values);
  ZKI_CHECK_EQ(columns()[id].constants.size(), columns()[id].num_elements(), "a constant per element");
  return id;
}

Tensor Builder::shape_only(const Shape& shape) const {
  Tensor tensor;
  for (const std::int64_t n : shape.dims()) {
    tensor.atoms_per_axis.push_back(n > 1 ? 1 : 0);
    if (n > 1) tensor.atoms.push_back(static_cast<std::uint64_t>(n));
  }
  return tensor;
}

circuit::Tuples Builder::line_tuples(const Box& box, std::size_t num_lines, LinExpr index, LinExpr value) {
  circuit::Tuples out{box, {std::move(index)}};
  if (num_lines > 0)
    out.tuple.push_back(circuit::position(0, Box(box.begin(), box.begin() + static_cast<std::ptrdiff_t>(num_lines))));
  out.tuple.push_back(std::move(value));
  return out;
}

void Builder::add_equality(std::string name, Box box, LinExpr expr) {
  circuit_.equalities.push_back({std::move(name), std::move(box), std::move(expr)});
}

Tensor Builder::materialize(const std::string& name, const Tensor& tensor, bool flat) {
  Box shape;
  Tensor out;
  std::vector<AxisMap> column_axes;  // over the old atoms
  const std::uint64_t total = circuit::box_size(tensor.atoms);
  for (std::size_t axis = 0; axis < tensor.atoms_per_axis.size(); ++axis) {
    const std::uint64_t size = tensor.axis_size(axis);
    shape.push_back(size);
    out.atoms.push_back(size);
    out.atoms_per_axis.push_back(1);
    column_axes.push_back(mixed_radix(tensor.first_atom(axis), tensor.axis_atoms(axis)));
  }
  if (flat) {
    shape = {total};
    column_axes = {mixed_radix(0, tensor.atoms)};
  }
  const ColumnId id = add_column(name + " copy", circuit::Oracle::kWitness, shape);
  circuit_.columns[id].is_shared = is_shared(tensor.expr);
  recipes().expression(id, tensor.expr, tensor.atoms);
  const LinExpr copy{Fp(), {{id, Fp(1), std::move(column_axes)}}};
  add_equality(name + " copy", tensor.atoms, circuit::minus(copy, tensor.expr));
  out.expr = whole(id);
  if (flat) out.expr.views[0].axes = {mixed_radix(0, out.atoms)};
  return flat ? without_unit_atoms(out) : out;
}

Tensor Builder::zero_extended(const std::string& name, const Tensor& tensor, const std::vector<AxisPadding>& paddings) {
  std::vector<circuit::Extension> extensions;
  for (const AxisPadding& padding : paddings) {
    if (tensor.atoms_per_axis[padding.axis] != 1) return materialize(name, tensor, false);
    extensions.push_back({tensor.first_atom(padding.axis), padding.before, padding.after});
  }
  return circuit::is_zero_extended(tensor.expr, columns(), tensor.atoms, extensions) ? tensor
                                                                                     : materialize(name, tensor, false);
}

std::vector<AxisPadding> window_paddings(const qir::Node& node, const Shape& in, const Shape& out) {
  std::vector<AxisPadding> paddings;
  for (std::size_t s = 0; s < node.kernel.size(); ++s) {
    const std::int64_t last =
        (out[s + 2] - 1) * node.strides[s] + (node.kernel[s] - 1) * node.dilations[s] - node.pads_begin[s];
    const std::int64_t after = std::max<std::int64_t>(0, last - (in[s + 2] - 1));
    paddings.push_back({s + 2, static_cast<std::uint64_t>(node.pads_begin[s]), static_cast<std::uint64_t>(after)});
  }
  return paddings;
}

Tensor Builder::plain(const std::string& name, const Tensor& tensor) {
  const Tensor out = without_unit_atoms(tensor);
  const bool is_plain =
      std::all_of(out.atoms_per_axis.begin(), out.atoms_per_axis.end(), [](std::uint32_t n) { return n <= 1; });
  return is_plain ? out : materialize(name, out, true);
}

Tensor Builder::refined(const std::string& name, const Tensor& tensor, std::size_t axis, const Box& factors) {
  const auto nested = common_refinement({tensor.axis_atoms(axis), factors});
  Box wanted = factors;
  std::erase(wanted, 1u);
  if (nested && *nested == wanted) return refine_axis(tensor, axis, wanted);
  return refine_axis(materialize(name, tensor, true), axis, wanted);
}

Tensor Builder::single_axis(const std::string& name, const Tensor& tensor, std::size_t axis) {
  Tensor out = without_unit_atoms(tensor);
  const std::uint64_t n = out.axis_size(axis);
  return n > 1 ? refined(name, out, axis, {n}) : out;
}

std::vector<Tensor> Builder::aligned(const std::string& name, std::vector<Tensor> tensors, const Dims& shape,
                                     std::vector<Box>& out_atoms) {
  for (Tensor& tensor : tensors) {
    tensor = without_unit_atoms(tensor);
    // Leading axes that numpy broadcasting adds.
    tensor.atoms_per_axis.insert(tensor.atoms_per_axis.begin(), shape.size() - tensor.atoms_per_axis.size(), 0);
  }
  const auto nests = [](const Box& atoms, const Box& factors) {
    const auto refinement = common_refinement({atoms, factors});
    return refinement && *refinement == factors;
  };
  // A copy changes the atoms of all axes, so the factors of all axes are found anew after each; a tensor needs one at most.
  bool copied = true;
  while (copied) {
    copied = false;
    out_atoms.assign(shape.size(), {});
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const auto size = static_cast<std::uint64_t>(shape[axis]);
      if (size == 1) continue;
      std::vector<Box> factorizations = {{size}};
      for (const Tensor& tensor : tensors) {
        if (tensor.atoms_per_axis[axis] > 0) factorizations.push_back(tensor.axis_atoms(axis));
      }
      out_atoms[axis] = common_refinement(factorizations).value_or(Box{size});
    }
    for (Tensor& tensor : tensors) {
      for (std::size_t axis = 0; axis < shape.size() && !copied; ++axis) {
        if (tensor.atoms_per_axis[axis] == 0 || nests(tensor.axis_atoms(axis), out_atoms[axis])) continue;
        tensor = materialize(name, tensor, true);
        copied = true;
      }
      if (copied) break;
    }
  }
  for (Tensor& tensor : tensors) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (tensor.atoms_per_axis[axis] > 0) tensor = refine_axis(tensor, axis, out_atoms[axis]);
    }
  }
  return tensors;
}

ColumnId Builder::add_param_column(qir::ValueId id, circuit::Oracle oracle) {
  const ColumnId column = add_column(value(id).name, oracle, shape_only(value(id).shape).atoms);
  recipes().parameter(column, id);
  return column;
}

void Builder::add_inputs_and_params() {
  for (qir::ValueId id = 0; id < graph_.values.size(); ++id) {
    const qir::Value& v = value(id);
    if (v.kind == qir::ValueKind::kNode) continue;
    Tensor tensor = shape_only(v.shape);
    if (v.kind == qir::ValueKind::kParam) {
      tensor.expr = whole(add_param_column(id, circuit::Oracle::kModel));
    } else {
      tensor.expr = add_witness(v.name, tensor.atoms);
      recipes().value(column_of(tensor.expr), id);
      // The input's range is part of the statement.
      add_interval_check(v.name, tensor.atoms, tensor.expr, v.lo, v.hi);
    }
    tensors_[id] = std::move(tensor);
  }
}

Status Builder::check_bytes() const {
  if (num_bytes_ <= max_bytes_) return ok_status();
  return resource_limit("the expressions of the circuit take more than " + std::to_string(max_bytes_ >> 20) +
                        " MiB; round intermediate sums (give them a table), or allow more memory");
}

Status Builder::count_views(std::uint32_t index) {
  std::uint64_t num_views = 0;
  for (const qir::ValueId id : graph_.nodes[index].inputs) {
    num_views += tensors_[id].expr.views.size();
    num_bytes_ += kCopies * circuit::num_bytes(tensors_[id].expr);
  }
  num_views_ += num_views;
  ZKI_RETURN_IF_ERROR(check_bytes());
  if (num_views <= kMaxNodeViews && num_views_ <= kMaxViews) return ok_status();
  return resource_limit("reads " + std::to_string(num_views) + " terms, " + std::to_string(num_views_) +
                        " with the nodes before it; round intermediate sums (give them a table)");
}

bool Builder::is_shared(const LinExpr& expr) const {
  return std::all_of(expr.views.begin(), expr.views.end(), [&](const circuit::View& view) {
    const circuit::Column& column = columns()[view.column];
    return column.oracle != circuit::Oracle::kWitness || column.is_shared;
  });
}

Status Builder::add_node(std::uint32_t index) {
  using qir::Op;
  ZKI_RETURN_IF_ERROR(count_views(index));
  using BuildFunction = Result<Tensor> (*)(Builder&, std::uint32_t);
  static constexpr base::OpTable<Op, qir::kNumOps, BuildFunction> kBuild({
      {Op::kConv, build_conv},
      {Op::kMatMul, build_matmul},
      {Op::kMul, build_mul},
      {Op::kLinear, build_linear},
      {Op::kReduceSum, build_reduce_sum},
      {Op::kSumPool, build_sum_pool},
      {Op::kMaxPool, build_max_pool},
      {Op::kReduceMax, build_reduce_max},
      {Op::kArgMax, build_arg_max},
      {Op::kSoftmax, build_softmax},
      {Op::kReshape, build_reshape},
      {Op::kTranspose, build_transpose},
      {Op::kSlice, build_slice},
      {Op::kPad, build_pad},
      {Op::kConcat, build_concat},
      {Op::kSelect, build_select},
      {Op::kGather, build_gather},
      {Op::kSort, build_sort},
      {Op::kDivide, build_divide},
      {Op::kSquareRoot, build_square_root},
  });
  const qir::Node& node = graph_.nodes[index];
  is_shared_ = std::all_of(node.inputs.begin(), node.inputs.end(),
                           [&](qir::ValueId id) { return is_shared(tensors_[id].expr); });
  ZKI_ASSIGN_OR_RETURN(tensors_[node.output], kBuild[node.op](*this, index));
  is_shared_ = false;
  if (!tensors_[node.output].expr.out_of_reach) return ok_status();
  return resource_limit(
      "the strides of the slices, pads and windows before it multiply to more than 2^48; copy a tensor between them "
      "(give it a table)");
}

Status Builder::count_statement() {
  const auto hashed = [](const TensorPolicy& group) { return group.hashed_in_circuit(); };
  const std::vector<qir::ValueId> hashed_ids = qir::chosen_values(graph_, visibility_, hashed);
  if (hashed_ids.size() > kMaxHashedTensors) {
    return resource_limit("the hashes of " + std::to_string(hashed_ids.size()) + " tensors, at most " +
                          std::to_string(kMaxHashedTensors) + " are allowed; concatenate them in the model");
  }
  // Far above what soundness allows (lists multiply); the oracles' numbers are bytes.
  if (const std::size_t committed = qir::committed_values(graph_, visibility_).size();
      committed > kMaxCommittedTensors) {
    return resource_limit(std::to_string(committed) + " committed tensors, at most " +
                          std::to_string(kMaxCommittedTensors) + " are allowed; concatenate them in the model");
  }
  const auto count = [&](const std::vector<qir::ValueId>& ids, std::uint64_t copies) -> Status {
    for (const qir::ValueId id : ids) {
      num_views_ += copies * (1 + tensors_[id].expr.views.size());
      num_bytes_ += copies * circuit::num_bytes(tensors_[id].expr);
      ZKI_RETURN_IF_ERROR(check_bytes());
      if (num_views_ <= kMaxViews) continue;
      return resource_limit(
          "inputs and outputs of " + std::to_string(num_views_) +
          " terms, with those of the nodes; name each output once, and round sums (give them a table)");
    }
    return ok_status();
  };
  ZKI_RETURN_IF_ERROR(count(qir::public_values(graph_, visibility_), 1));
  ZKI_RETURN_IF_ERROR(count(qir::committed_values(graph_, visibility_), 1));
  // Every column of a hash has the tensor in the prover's recipe.
  ZKI_RETURN_IF_ERROR(count(hashed_ids, 8));
  return ok_status();
}

qir::Interval Builder::honest_range(qir::ValueId id) const {
  const qir::Interval declared = qir::range_of(value(id));
  const qir::Interval both = {std::max(declared.lo, sound_[id].lo), std::min(declared.hi, sound_[id].hi)};
  // Disjoint: the executor refuses every input.
  return both.lo <= both.hi ? both : declared;
}

std::int64_t Builder::honest_reach(qir::ValueId id) const {
  // Below 2^62 - (-2^62).
  return static_cast<std::int64_t>(honest_range(id).width());
}

Status Builder::add_output_ranges() {
  const qir::Ranges proven = qir::proven_ranges(graph_);
  const std::vector<qir::SeenTensor> seen = qir::seen_tensors(graph_, visibility_);
  std::vector<bool> done(graph_.values.size(), false);
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
    const qir::ValueId id = seen[i].id;
    const qir::Value& v = value(id);
    // Of public ones the verifier sees the entries and compares.
    if (seen[i].policy.is_public() || done[id] || proven[id].inside(v.lo, v.hi)) continue;
    done[id] = true;
    if (qir::range_of(v).width() >= qir::kMaxWidth) {
      return out_of_range("output '" + v.name + "' that is not public declares " + qir::to_string(qir::range_of(v)) +
                          ", at most 2^62 wide can be proven; round it (give it a table)");
    }
    const Tensor tensor = without_unit_atoms(tensors_[id]);
    add_interval_check(v.name + " output", tensor.atoms, tensor.expr, v.lo, v.hi);
  }
  return ok_status();
}

void Builder::add_public_tensors() {
  for (const qir::ValueId id : qir::public_values(graph_, visibility_)) {
    const Tensor tensor = without_unit_atoms(tensors_[id]);
    add_public_tensor({id, tensor.atoms, tensor.expr, circuit::PublicTensor::Source::kEntries});
  }
}

void Builder::add_committed_tensors() {
  const std::vector<qir::ValueId> ids = qir::committed_values(graph_, visibility_);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Tensor& tensor = tensors_[ids[i]];
    const ColumnId id = add_column(value(ids[i]).name + " committed", circuit::data_oracle(i),
                                   {static_cast<std::uint64_t>(value(ids[i]).shape.num_elements())});
    recipes().value(id, ids[i]);
    const LinExpr committed{Fp(), {{id, Fp(1), {mixed_radix(0, tensor.atoms)}}}};
    add_equality(value(ids[i]).name + " committed", tensor.atoms, circuit::minus(committed, tensor.expr));
  }
}

Status Builder::add_digests() {
  for (const qir::ValueId id :
       qir::chosen_values(graph_, visibility_, [](const TensorPolicy& g) { return g.hashed_in_circuit(); })) {
    ZKI_RETURN_IF_ERROR(add_sha256(*this, id).with_context("hash of '" + value(id).name + "'"));
  }
  return ok_status();
}

Result<circuit::Circuit> Builder::build() && {
  ZKI_ASSIGN_OR_RETURN(sound_, qir::sound_ranges(graph_));
  for (const qir::Table& rows : graph_.tables) add_table({rows});
  survey_tables();
  tensors_.resize(graph_.values.size());
  add_inputs_and_params();
  for (std::uint32_t index = 0; index < graph_.nodes.size(); ++index) {
    recipes_.next_node(circuit_);
    ZKI_RETURN_IF_ERROR(add_node(index).with_context("node '" + graph_.nodes[index].name + "'"));
  }
  ZKI_RETURN_IF_ERROR(count_statement());
  ZKI_RETURN_IF_ERROR(add_output_ranges());
  add_public_tensors();
  add_committed_tensors();
  ZKI_RETURN_IF_ERROR(add_digests());
  finish_tables();
  return std::move(circuit_);
}

Result<circuit::Circuit> Builder::build_rotation() && {
  for (qir::ValueId id = 0; id < graph_.values.size(); ++id) {
    if (value(id).kind != qir::ValueKind::kParam) continue;
    const ColumnId before = add_param_column(id, circuit::Oracle::kModel);
    const ColumnId after = add_param_column(id, circuit::data_oracle(0));
    add_equality(value(id).name, columns()[before].shape, circuit::minus(whole(after), whole(before)));
  }
  finish_tables();
  return std::move(circuit_);
}

}  // namespace zkinfer::relations
