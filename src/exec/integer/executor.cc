// SPDX-License-Identifier: Apache-2.0
#include "exec/integer/executor.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <string>
#include <utility>

#include "base/op_table.h"
#include "base/parallel.h"
#include "exec/integer/operand.h"
#include "qir/ops/rules.h"

namespace zkinfer::exec_integer {

namespace {

using qir::Node;
using qir::Op;
using qir::QGraph;
using qir::Table;
using qir::Value;
using qir::ValueId;
using qir::ValueKind;

constexpr std::size_t kElementGrain = std::size_t{1} << 15;

using OpFunction = void (*)(const OpContext&);
constexpr base::OpTable<Op, qir::kNumOps, OpFunction> kFunctions({
    {Op::kConv, run_conv},
    {Op::kMatMul, run_matmul},
    {Op::kMul, run_mul},
    {Op::kLinear, run_linear},
    {Op::kReduceSum, run_reduce_sum},
    {Op::kSumPool, run_sum_pool},
    {Op::kMaxPool, run_max_pool},
    {Op::kReduceMax, run_reduce_max},
    {Op::kArgMax, run_arg_max},
    {Op::kSoftmax, run_softmax},
    {Op::kReshape, run_reshape},
    {Op::kTranspose, run_transpose},
    {Op::kSlice, run_slice},
    {Op::kPad, run_pad},
    {Op::kConcat, run_concat},
    {Op::kSelect, run_select},
    {Op::kGather, run_gather},
    {Op::kSort, run_sort},
    {Op::kDivide, run_divide},
    {Op::kSquareRoot, run_square_root},
});

std::string range_text(std::int64_t lo, std::int64_t hi) {
  return "[" + std::to_string(lo) + ", " + std::to_string(hi) + "]";
}

Status check_count(const Value& value, const std::string& where, std::size_t count) {
  if (static_cast<std::int64_t>(count) == value.shape.num_elements()) return ok_status();
  return invalid_argument(where + ": shape " + value.shape.to_string() + " needs " +
                          std::to_string(value.shape.num_elements()) + " values, got " + std::to_string(count));
}

// The first of entries begin .. end - 1 that is out of range.
template <class Read>
Status check_range(const Value& value, const std::string& where, std::size_t begin, std::size_t end, const Read& read) {
  for (std::size_t i = begin; i < end; ++i) {
    const std::int64_t x = read(i);
    if (x < value.lo || x > value.hi) {
      return out_of_range(where + ": element " + std::to_string(i) + " is " + std::to_string(x) +
                          ", outside the declared range " + range_text(value.lo, value.hi) +
                          "; clamp it, or quantize the model again with data that covers it");
    }
  }
  return ok_status();
}

Status check_values(const Value& value, const char* what, std::span<const std::int64_t> data) {
  const std::string where = std::string(what) + " '" + value.name + "'";
  ZKI_RETURN_IF_ERROR(check_count(value, where, data.size()));
  return check_range(value, where, 0, data.size(), [&](std::size_t i) { return data[i]; });
}

// Products of one node, at most kMaxProducts + 1.
qir::Wide num_products(const QGraph& graph, const Node& node) {
  qir::Wide products = graph.value(node.output).shape.num_elements();
  // Below 2^45 * 2^31 before it is capped.
  const auto times = [&](std::int64_t factor) { products = std::min<qir::Wide>(products * factor, kMaxProducts + 1); };
  if (node.op == Op::kMatMul) {
    const Shape& a = graph.value(node.inputs[0]).shape;
    times(a[a.rank() - 1]);
  }
  if (node.op == Op::kConv) times(graph.value(node.inputs[1]).shape[1]);
  for (const std::int64_t size : node.kernel) times(size);
  return products;
}

Status check_resources(const QGraph& graph) {
  qir::Wide products = 0;
  std::int64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    products = std::min<qir::Wide>(products + num_products(graph, node), kMaxProducts + 1);
    // y, and acc where there is a table.
    bytes = std::min(bytes + graph.value(node.output).shape.num_elements() * 16, kMaxWitnessBytes + 1);
  }
  if (products > kMaxProducts) return resource_limit("model '" + graph.name + "': more than 2^44 multiplications");
  if (bytes > kMaxWitnessBytes) return resource_limit("model '" + graph.name + "': needs more than 64 GiB of values");
  return ok_status();
}

// y = T[(acc + round) >> shift] of one run; the first argument outside T is reported.
Status requantize(const QGraph& graph, const Node& node, const Run& run, std::span<const std::int64_t> acc,
                  std::span<std::int64_t> y) {
  const Table& table = graph.tables[static_cast<std::size_t>(node.requant.table_index)];
  const int shift = node.requant.shift;
  const std::int64_t round = shift > 0 ? std::int64_t{1} << (shift - 1) : 0;
  std::atomic<std::size_t> first_bad{run.end()};
  parallel_for(run.length, kElementGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = run.begin + begin; i < run.begin + end; ++i) {
      const std::int64_t argument = (acc[i] + round) >> shift;
      if (!table.contains(argument)) {
        std::size_t seen = first_bad.load();
        while (i < seen && !first_bad.compare_exchange_weak(seen, i)) {}
        return;
      }
      y[i] = table.at(argument);
    }
  });
  const std::size_t bad = first_bad.load();
  if (bad == run.end()) return ok_status();
  return out_of_range("node '" + node.name + "' (" + std::string(qir::rule_of(node.op).name) + "): element " +
                      std::to_string(bad) + " has accumulator " + std::to_string(acc[bad]) + ", table argument " +
                      std::to_string((acc[bad] + round) >> shift) + " outside the domain " +
                      range_text(table.first, table.first + table.num_rows() - 1) +
                      "; quantize the model again (its tables do not cover these parameters)");
}

}  // namespace

bool computes_parts(Op op) {
  switch (op) {
    case Op::kConv:
    case Op::kSumPool:
    case Op::kMaxPool:
    case Op::kPad:
    case Op::kSort: return false;
    default: return true;
  }
}

Status compute(const QGraph& graph, const qir::WeightStore& params, std::size_t index, Runs runs, Witness& witness) {
  const Node& node = graph.nodes[index];
  const Value& output = graph.value(node.output);
  const bool requantizes = node.requant.table_index != qir::kNoTable && node.op != Op::kSoftmax;
  std::vector<std::int64_t>& values = witness.values[node.output];
  OpContext context{&graph, &node, {}, &output.shape, requantizes ? witness.acc[index] : values, runs};
  for (const ValueId id : node.inputs) context.inputs.emplace_back(graph.value(id), params[id], witness.values[id]);
  // They add to what is there.
  if (!computes_parts(node.op)) std::ranges::fill(context.out, 0);
  kFunctions[node.op](context);
  for (const Run& run : runs) {
    if (requantizes) ZKI_RETURN_IF_ERROR(requantize(graph, node, run, witness.acc[index], values));
    // Ranges of all other nodes follow from their inputs' and tables' (qir::validate).
    if (!qir::declares_freely(graph, node)) continue;
    const Status status = check_range(output, "value '" + output.name + "'", run.begin, run.end(),
                                      [&](std::size_t i) { return values[i]; });
    if (!status.ok()) return status.with_context("node '" + node.name + "'");
  }
  return ok_status();
}

Status check_params(const QGraph& graph, const qir::WeightStore& params) {
  if (params.size() != graph.values.size()) {
    return invalid_argument("parameters: expected one (possibly empty) list for each of the " +
                            std::to_string(graph.values.size()) + " values, got " + std::to_string(params.size()));
  }
  for (std::size_t id = 0; id < params.size(); ++id) {
    const Value& value = graph.values[id];
    if (value.kind == ValueKind::kParam) {
      const std::string where = "parameter '" + value.name + "'";
      ZKI_RETURN_IF_ERROR(check_count(value, where, params[id].size));
      // The store knows its bounds; a model's weights are not read again for every run.
      if (params.least(id) >= value.lo && params.greatest(id) <= value.hi) continue;
      ZKI_RETURN_IF_ERROR(check_range(value, where, 0, params[id].size, [&](std::size_t i) { return params[id][i]; }));
    } else if (!params[id].empty()) {
      return invalid_argument("parameters: value '" + value.name + "' is no parameter but has parameter data");
    }
  }
  return ok_status();
}

Result<Witness> run(const QGraph& graph, const qir::WeightStore& params, const Inputs& inputs) {
  ZKI_RETURN_IF_ERROR(check_resources(graph));
  ZKI_RETURN_IF_ERROR(check_params(graph, params));
  if (inputs.size() != graph.inputs.size()) {
    return invalid_argument("model '" + graph.name + "': has " + std::to_string(graph.inputs.size()) + " inputs, got " +
                            std::to_string(inputs.size()));
  }
  Witness witness;
  witness.values.resize(graph.values.size());
  witness.acc.resize(graph.nodes.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ZKI_RETURN_IF_ERROR(check_values(graph.value(graph.inputs[i]), "input", inputs[i]));
    witness.values[graph.inputs[i]] = inputs[i];
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const auto num_elements = static_cast<std::size_t>(graph.value(node.output).shape.num_elements());
    witness.values[node.output].resize(num_elements);
    if (node.requant.table_index != qir::kNoTable && node.op != Op::kSoftmax) witness.acc[i].resize(num_elements);
    const Run whole{0, static_cast<std::uint32_t>(num_elements)};
    ZKI_RETURN_IF_ERROR(compute(graph, params, i, {&whole, 1}, witness));
  }
  return witness;
}

}  // namespace zkinfer::exec_integer
