// SPDX-License-Identifier: Apache-2.0
#include "passes/rewriter.h"

#include <unordered_map>

namespace zkinfer::passes {

using ir::index_of;
using ir::kNoValue;
using ir::ValueId;

Rewriter::Rewriter(const ir::Graph& from)
    : from_(from),
      mapped_(from.values.size(), kNoValue),
      uses_(ir::use_counts(from)),
      from_producers_(ir::producers(from)),
      is_output_(from.values.size(), false) {
  to_.name = from.name;
  for (const ValueId id : from.outputs) is_output_[index_of(id)] = true;
  for (const ValueId id : from.inputs) {
    mapped_[index_of(id)] = to_.add_input(from.value(id).name, from.value(id).dtype, from.value(id).shape);
    to_.value(mapped_[index_of(id)]).declared = from.value(id).declared;
  }
}

ValueId Rewriter::mapped(ValueId old) {
  if (old == kNoValue) return kNoValue;
  ValueId& id = mapped_[index_of(old)];
  if (id == kNoValue) {
    const ir::Value& value = from_.value(old);
    ZKI_CHECK(value.is_constant(), "nodes are visited in topological order");
    id = to_.add_value(value.name, value.dtype, value.shape);
    to_.value(id).constant = value.constant;
    to_.value(id).literal = value.literal;
  }
  return id;
}

std::vector<ValueId> Rewriter::mapped(const std::vector<ValueId>& old) {
  std::vector<ValueId> ids;
  for (const ValueId id : old) ids.push_back(mapped(id));
  return ids;
}

Result<ValueId> Rewriter::emit(ir::OpKind op, const ir::Node& source, std::vector<ValueId> inputs,
                               ir::Attributes attributes, std::string_view step) {
  const std::string suffix = step.empty() ? std::string() : "#" + std::string(step);
  return to_.add_node(op, source.name + suffix, std::move(inputs), std::move(attributes), source.origin,
                      from_.output_of(source).name + suffix);
}

ValueId Rewriter::literal(const ir::Node& source, float number, std::string_view step, ir::DataType dtype) {
  AnyTensor tensor = FloatTensor(Shape{}, {number});
  if (dtype != ir::DataType::kFloat) tensor = IntTensor(Shape{}, {static_cast<std::int64_t>(number)});
  const ValueId id = to_.add_constant(source.name + "#" + std::string(step), std::move(tensor), dtype);
  to_.value(id).literal = true;
  return id;
}

ValueId Rewriter::constant(const ir::Node& source, FloatTensor tensor, std::string_view step) {
  return to_.add_constant(source.name + "#" + std::string(step), std::move(tensor));
}

std::int32_t Rewriter::producer(ValueId value) const {
  producers_.resize(to_.values.size(), -1);
  for (; producers_done_ < to_.nodes.size(); ++producers_done_)
    producers_[index_of(to_.nodes[producers_done_].output)] = static_cast<std::int32_t>(producers_done_);
  return producers_[index_of(value)];
}

// Gives every output the name it had. An output that is now an input, a constant or a second name of another output
// gets a Reshape to its own shape.
Status Rewriter::finish() {
  std::vector<bool> taken(to_.values.size(), false);
  std::unordered_map<std::string, ValueId> by_name;
  for (std::size_t id = 0; id < to_.values.size(); ++id) by_name.emplace(to_.values[id].name, static_cast<ValueId>(id));
  for (const ValueId old : from_.outputs) {
    ValueId id = mapped(old);
    const std::string& name = from_.value(old).name;
    const bool renamable = index_of(id) < taken.size() && !taken[index_of(id)] && producer(id) >= 0;
    if (to_.value(id).name != name || (index_of(id) < taken.size() && taken[index_of(id)])) {
      to_.value_names.erase(name);  // a value of that name is dead, or there is none
      if (const auto dead = by_name.find(name); dead != by_name.end()) {
        to_.value(dead->second).name = name + "#dead" + std::to_string(to_.values.size());
        by_name.erase(dead);
      }
      if (renamable) {
        by_name.erase(to_.value(id).name);
        to_.value_names.erase(to_.value(id).name);
        to_.value(id).name = name;
        to_.value_names.insert(name);
      } else {
        ZKI_ASSIGN_OR_RETURN(id, to_.add_node(ir::OpKind::kReshape, name + "#output", {id},
                                              ir::ReshapeAttributes{to_.value(id).shape}, {}, name));
      }
    }
    if (index_of(id) < taken.size()) taken[index_of(id)] = true;
    to_.outputs.push_back(id);
  }
  return ok_status();
}

Result<ir::Graph> rewrite(const ir::Graph& graph,
                          const std::function<Result<ValueId>(Rewriter&, const ir::Node&)>& replace) {
  Rewriter rewriter(graph);
  for (const ir::Node& node : graph.nodes) {
    ZKI_ASSIGN_OR_RETURN(ValueId id, replace(rewriter, node));
    if (id == kNoValue) {
      ZKI_ASSIGN_OR_RETURN(id, rewriter.emit(node.op, node, rewriter.mapped(node.inputs), node.attributes));
    }
    rewriter.mapped_[index_of(node.output)] = id;
  }
  ZKI_RETURN_IF_ERROR(rewriter.finish());
  ir::compact(rewriter.to_);
  return std::move(rewriter.to_);
}

}  // namespace zkinfer::passes
