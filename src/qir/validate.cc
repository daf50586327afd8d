// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/text.h"
#include "qir/ops/rules.h"
#include "qir/qgraph.h"

namespace zkinfer::qir {

namespace {

constexpr int kMaxPieceCountBits = 20;
// A product of a slope and a low part stays below 2^59.
constexpr int kMaxPieceBits = 28;
constexpr int kMaxSlopeShift = 28;
constexpr std::uint8_t kMaxShift = 40;
// Bounds the time validate spends on explicit tables that many nodes share.
constexpr std::int64_t kMaxScannedRows = std::int64_t{1} << 34;
constexpr std::int64_t kMaxTableFirst = std::int64_t{1} << kMaxTableBits;

Status check_table(const Table& table) {
  if (table.kind > TableKind::kPieces) return invalid_argument("unknown table kind");
  const bool has_pieces = table.kind == TableKind::kPieces;
  const int most_bits = table.kind == TableKind::kExplicit ? kMaxListedBits : kMaxTableBits;
  if (table.log_size > most_bits) {
    return invalid_argument("2^" + std::to_string(table.log_size) + " rows, at most 2^" + std::to_string(most_bits) +
                            " are allowed");
  }
  if (table.first > kMaxTableFirst || table.first < -kMaxTableFirst)
    return invalid_argument("domain starts beyond +-2^44");
  if (has_pieces) {
    if (table.piece_bits > std::min<int>(table.log_size, kMaxPieceBits) || table.slope_shift > kMaxSlopeShift ||
        table.log_size - table.piece_bits > kMaxPieceCountBits) {
      return invalid_argument("at most 2^20 pieces of at most 2^28 rows and slopes in at least 2^-28 are allowed");
    }
  } else if (table.piece_bits != 0 || table.slope_shift != 0) {
    return invalid_argument("piece bits and slope shift must be 0 for a table without pieces");
  }
  std::size_t num_values = 0;
  if (has_pieces) num_values = static_cast<std::size_t>(table.num_pieces());
  if (table.kind == TableKind::kExplicit) num_values = static_cast<std::size_t>(table.num_rows());
  if (table.values.size() != num_values || table.slopes.size() != (has_pieces ? num_values : 0)) {
    return invalid_argument("has " + std::to_string(table.values.size()) + " explicit values and " +
                            std::to_string(table.slopes.size()) + " slopes, expected " + std::to_string(num_values) +
                            " and " + std::to_string(has_pieces ? num_values : 0));
  }
  if (table.kind == TableKind::kClamp) {
    if (table.clamp_lo > table.clamp_hi || table.clamp_lo < -kMaxTableFirst || table.clamp_hi > kMaxTableFirst)
      return invalid_argument("clamp bounds must be increasing and within 2^44");
    if (table.log_size > kMaxListedBits &&
        (table.clamp_hi < table.first || table.clamp_lo >= table.first + table.num_rows())) {
      return invalid_argument("clamps everything in its domain: use fewer rows");
    }
  } else if (table.clamp_lo != 0 || table.clamp_hi != 0) {
    return invalid_argument("clamp bounds must be 0 for a table that does not clamp");
  }
  return ok_status();
}

Interval domain_of(const Table& table) { return make_interval(table.first, Wide{table.first} + table.num_rows() - 1); }

// The smallest and largest y over the part of the domain that lies in `reach`.
Interval image(const Table& table, Interval reach) {
  Interval domain = domain_of(table);
  domain = make_interval(std::max(domain.lo, reach.lo), std::min(domain.hi, reach.hi));
  if (domain.lo > domain.hi) return {};
  switch (table.kind) {
    case TableKind::kRange: return domain;
    case TableKind::kClamp:
      return {std::clamp(domain.lo, Wide{table.clamp_lo}, Wide{table.clamp_hi}),
              std::clamp(domain.hi, Wide{table.clamp_lo}, Wide{table.clamp_hi})};
    case TableKind::kExplicit:
    case TableKind::kPieces: break;
  }
  // Over the whole domain: simpler than the reachable part, and check_nodes bounds the total work.
  return values_of(table);
}

Status check_value(const Value& value) {
  if (value.kind > ValueKind::kNode) return invalid_argument("unknown value kind");
  ZKI_RETURN_IF_ERROR(check_name("its name", value.name));
  if (std::any_of(value.shape.dims().begin(), value.shape.dims().end(), [](std::int64_t dim) { return dim < 1; }) ||
      value.shape.num_elements() > kMaxElements) {
    return invalid_argument("shape " + value.shape.to_string() +
                            " must have positive dimensions and at most 2^31 elements");
  }
  if (value.lo > value.hi || value.lo <= -kMaxMagnitude || value.hi >= kMaxMagnitude) {
    return invalid_argument("range [" + std::to_string(value.lo) + ", " + std::to_string(value.hi) +
                            "] must be increasing and within 2^62");
  }
  if (value.kind == ValueKind::kInput && Wide{value.hi} - value.lo >= kMaxWidth) {
    return invalid_argument("an input's range must be less than 2^62 wide");
  }
  if (value.kind == ValueKind::kParam && (value.lo < INT32_MIN || value.hi > INT32_MAX)) {
    return invalid_argument("a parameter's range must fit in 32 bits");
  }
  if (value.scale.mantissa <= 0 || value.scale.exponent < -4096 || value.scale.exponent > 4096) {
    return invalid_argument("the scale needs a positive mantissa and an exponent within +-4096");
  }
  return ok_status();
}

Status check_attributes(const Node& node, unsigned used) {
  std::string foreign;
  for_each_attribute(node, [&](unsigned attribute, const char* name, const auto& value, const auto& none) {
    if ((used & attribute) == 0 && value != none) foreign = name;
  });
  if (!foreign.empty()) return invalid_argument("has " + foreign + ", which its op does not read");
  for (const std::int64_t coef : node.coefs) {
    if (coef > kMaxCoefficient || coef < -kMaxCoefficient) return invalid_argument("a coefficient is beyond +-2^40");
  }
  if (node.constant >= kMaxMagnitude || node.constant <= -kMaxMagnitude)
    return invalid_argument("the constant is beyond +-2^62");
  return ok_status();
}

Status check_requant_form(const QGraph& graph, const Node& node, RequantRule rule) {
  const Requant& requant = node.requant;
  if (requant.shift > kMaxShift) return invalid_argument("shift " + std::to_string(requant.shift) + " is above 40");
  if (requant.table_index < kNoTable || requant.table_index >= static_cast<std::int64_t>(graph.tables.size())) {
    return invalid_argument("table " + std::to_string(requant.table_index) + " does not exist");
  }
  const bool has_table = requant.table_index != kNoTable;
  if (!has_table && requant.shift != 0) return invalid_argument("a shift without a table");
  if (rule == RequantRule::kForbidden && has_table) return invalid_argument("this op takes no table");
  if (rule == RequantRule::kRequired && !has_table) return invalid_argument("this op needs a table");
  return ok_status();
}

// >> rounds to minus infinity.
Interval table_arguments(const Node& node, Interval acc) {
  const Wide round = node.requant.shift > 0 ? (Wide{1} << node.requant.shift) / 2 : 0;
  return make_interval((acc.lo + round) >> node.requant.shift, (acc.hi + round) >> node.requant.shift);
}

// The range of y from the range of acc. The table must contain every reachable argument, unless parameter values decide
// what is reachable: then a declared weight range says too little, and exec checks each argument.
Result<Interval> requantized_range(const QGraph& graph, const Node& node, Interval acc) {
  const Table& table = graph.tables[static_cast<std::size_t>(node.requant.table_index)];
  const Wide unit = Wide{1} << node.requant.shift;
  const Interval domain = domain_of(table);
  if (table.log_size > kMaxListedBits && table.log_size + node.requant.shift > kMaxWideBits) {
    return out_of_range("a table of 2^" + std::to_string(table.log_size) + " rows takes a shift of at most " +
                        std::to_string(kMaxWideBits - table.log_size));
  }
  if (!scale(domain, static_cast<std::int64_t>(unit)).within(kMaxMagnitude - static_cast<std::int64_t>(unit))) {
    return invalid_argument("table domain " + to_string(domain) + " times 2^" + std::to_string(node.requant.shift) +
                            " leaves 2^62");
  }
  const Interval reach = table_arguments(node, acc);
  const bool contained = reach.lo >= domain.lo && reach.hi <= domain.hi;
  if (!contained && !has_param_input(graph, node)) {
    return out_of_range("reachable table arguments " + to_string(reach) + " are not in the table's domain " +
                        to_string(domain) + "; use a larger table or a larger shift");
  }
  return image(table, reach);
}

// What a proof shows of y when acc may be anything in `acc`: the argument of a clamp may be outside its domain.
Interval looked_up(const QGraph& graph, const Node& node, Interval acc) {
  const Table& table = graph.tables[static_cast<std::size_t>(node.requant.table_index)];
  const Interval reach = table_arguments(node, acc);
  if (table.kind != TableKind::kClamp) return image(table, reach);
  return {std::clamp(reach.lo, Wide{table.clamp_lo}, Wide{table.clamp_hi}),
          std::clamp(reach.hi, Wide{table.clamp_lo}, Wide{table.clamp_hi})};
}

bool is_requantized(const Node& node) {
  return node.requant.table_index != kNoTable && rule_of(node.op).requant == RequantRule::kOptional;
}

// Two bounds on y. `declared` is what an honest run gives: from the declared ranges of the inputs, checked here against
// the output's declared range, or by exec where parameter values decide. `sound` is what holds whatever committed
// parameters within their declared ranges do: nothing may wrap modulo p even then.
Status check_node(const QGraph& graph, const Node& node, const Ranges& declared, Ranges& sound) {
  const OpRule& rule = rule_of(node.op);
  if (node.inputs.size() < rule.min_inputs || node.inputs.size() > rule.max_inputs) {
    return invalid_argument("takes " + std::to_string(rule.min_inputs) + ".." + std::to_string(rule.max_inputs) +
                            " inputs, got " + std::to_string(node.inputs.size()));
  }
  ZKI_RETURN_IF_ERROR(check_attributes(node, rule.attributes));
  ZKI_RETURN_IF_ERROR(check_requant_form(graph, node, rule.requant));
  ZKI_ASSIGN_OR_RETURN(const Inferred inferred, rule.infer(graph, node, declared));
  ZKI_ASSIGN_OR_RETURN(const Inferred worst, rule.infer(graph, node, sound));
  const Value& output = graph.value(node.output);
  if (!(inferred.shape == output.shape)) {
    return invalid_argument("output " + in_quotes(output.name) + " has shape " + output.shape.to_string() +
                            ", expected " + inferred.shape.to_string());
  }
  if (!inferred.acc.within(kMaxMagnitude) || !worst.acc.within(kMaxMagnitude)) {
    return out_of_range("accumulator range " + to_string(hull(inferred.acc, worst.acc)) +
                        " reaches 2^62; use fewer bits");
  }
  const bool has_table = is_requantized(node);
  Interval y = inferred.acc;
  if (has_table) {
    ZKI_ASSIGN_OR_RETURN(y, requantized_range(graph, node, inferred.acc));
  }
  if (!declares_freely(graph, node) && !y.inside(output.lo, output.hi)) {
    return out_of_range("output " + in_quotes(output.name) + " declares [" + std::to_string(output.lo) + ", " +
                        std::to_string(output.hi) + "] but may reach " + to_string(y));
  }
  // After a table: its values over all that the accumulator may be, which can be more than an honest run reaches.
  sound[node.output] = has_table ? hull(declared[node.output], looked_up(graph, node, worst.acc)) : worst.acc;
  return ok_status();
}

Result<Ranges> check_nodes(const QGraph& graph) {
  std::vector<bool> known(graph.values.size(), false);
  for (std::size_t i = 0; i < graph.values.size(); ++i) known[i] = graph.values[i].kind == ValueKind::kParam;
  for (const ValueId id : graph.inputs) known[id] = true;
  Ranges declared;
  for (const Value& value : graph.values) declared.push_back(range_of(value));
  Ranges sound = declared;
  std::int64_t scanned_rows = 0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const std::string where = "node " + std::to_string(i) + " " + in_quotes(node.name);
    if (static_cast<std::size_t>(node.op) >= kNumOps) return invalid_argument(where + ": unknown op");
    ZKI_RETURN_IF_ERROR(check_name(where, node.name));
    for (const ValueId id : node.inputs) {
      if (id >= graph.values.size() || !known[id]) {
        return invalid_argument(where + ": input value " + std::to_string(id) + " is not computed by an earlier node");
      }
    }
    if (node.output >= graph.values.size() || known[node.output] ||
        graph.values[node.output].kind != ValueKind::kNode) {
      return invalid_argument(where + ": output value " + std::to_string(node.output) + " is not free to be computed");
    }
    if (node.requant.table_index >= 0 && static_cast<std::size_t>(node.requant.table_index) < graph.tables.size()) {
      scanned_rows +=
          static_cast<std::int64_t>(graph.tables[static_cast<std::size_t>(node.requant.table_index)].values.size());
    }
    if (scanned_rows > kMaxScannedRows) return resource_limit(where + ": more than 2^34 table rows over all nodes");
    if (Status status = check_node(graph, node, declared, sound); !status.ok()) {
      return status.with_context(where + " (" + std::string(rule_of(node.op).name) + ")");
    }
    known[node.output] = true;
  }
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (!known[i])
      return invalid_argument("value " + std::to_string(i) + " " + in_quotes(graph.values[i].name) +
                              " is never computed");
  }
  return sound;
}

}  // namespace

Result<Ranges> sound_ranges(const QGraph& graph) {
  ZKI_RETURN_IF_ERROR(check_name("the model", graph.name, kMaxModelNameBytes));
  for (std::size_t i = 0; i < graph.tables.size(); ++i) {
    if (Status status = check_table(graph.tables[i]); !status.ok())
      return status.with_context("table " + std::to_string(i));
  }
  std::size_t num_inputs = 0;
  for (const Value& value : graph.values) {
    if (Status status = check_value(value); !status.ok()) return status.with_context("value " + in_quotes(value.name));
    if (value.kind == ValueKind::kInput) ++num_inputs;
  }
  std::vector<bool> listed(graph.values.size(), false);
  for (const ValueId id : graph.inputs) {
    if (id >= graph.values.size() || graph.values[id].kind != ValueKind::kInput || listed[id]) {
      return invalid_argument("graph input " + std::to_string(id) + " is not an input value, or is listed twice");
    }
    listed[id] = true;
  }
  if (num_inputs != graph.inputs.size()) return invalid_argument("an input value is missing from the graph's inputs");
  if (graph.outputs.empty()) return invalid_argument("the graph has no output");
  for (const ValueId id : graph.outputs) {
    if (id >= graph.values.size() || graph.values[id].kind == ValueKind::kParam) {
      return invalid_argument("graph output " + std::to_string(id) + " is not an input or computed value");
    }
  }
  return check_nodes(graph);
}

Ranges proven_ranges(const QGraph& graph) {
  Ranges proven(graph.values.size(), unbounded());
  for (const ValueId id : graph.inputs) proven[id] = range_of(graph.value(id));
  for (const Node& node : graph.nodes) {
    const Result<Inferred> inferred = rule_of(node.op).infer(graph, node, proven);
    // What the rule refuses, such as a maximum of values without bounds, says nothing.
    const Interval acc = inferred.ok() && inferred->acc.within(kMaxMagnitude) ? inferred->acc : unbounded();
    proven[node.output] = is_requantized(node) ? looked_up(graph, node, acc) : acc;
  }
  return proven;
}

Interval values_of(const Table& table) {
  // Tables may have a million values: a loop that compilers turn into vector instructions.
  auto [least, most] = std::pair(table.values.at(0), table.values.at(0));
  for (const std::int32_t value : table.values) least = std::min(least, value), most = std::max(most, value);
  Interval all = {least, most};
  const std::int64_t last = (std::int64_t{1} << table.piece_bits) - 1;
  // A piece begins at its value (what rounding adds is less than 1) and is monotone.
  for (std::size_t t = 0; t < table.slopes.size(); ++t) {
    const std::int64_t end = table.in_piece(static_cast<std::int64_t>(t), last);
    all = hull(all, {end, end});
  }
  return all;
}

Interval honest_arguments(const QGraph& graph, const Node& node, const Ranges& declared) {
  const Interval domain = domain_of(graph.tables[static_cast<std::size_t>(node.requant.table_index)]);
  const Result<Inferred> inferred = rule_of(node.op).infer(graph, node, declared);
  if (!inferred.ok()) return domain;
  const Interval reach = table_arguments(node, inferred->acc);
  const Interval both = {std::max(domain.lo, reach.lo), std::min(domain.hi, reach.hi)};
  return both.lo <= both.hi ? both : domain;  // disjoint: the executor refuses every input
}

Status validate(const QGraph& graph) { return sound_ranges(graph).status(); }

}  // namespace zkinfer::qir
