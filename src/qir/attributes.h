// SPDX-License-Identifier: Apache-2.0
// The attributes of nodes as one list, in the order of the structure's bytes: what writes, reads, checks or prints nodes goes
// through it. Which operators have which of them is a column of the operators' table (ops/rules.cc), and validate refuses a node
// that has another (docs/decisions/0099).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "qir/qgraph.h"

namespace zkinfer::qir {

enum Attribute : unsigned {
  kNoAttribute = 0,
  kCoefs = 1,
  kConstant = 2,
  kWindow = 4,  // kernel, strides, dilations, pads_begin
  kGroups = 8,
  kAxes = 16,
  kPerm = 32,
  kStartsSteps = 64,
  kPadsBegin = 128,
};

// visit(mask of Attribute, name, field, what it is for an operator without it). A field that Node has and this list lacks does not
// compile.
template <class AnyNode, class Visit>
void for_each_attribute(AnyNode& node, const Visit& visit) {
  auto& [op, name, inputs, output, requant, coefs, constant, kernel, strides, dilations, pads_begin, groups, axes, perm,
         starts, steps] = node;
  const std::vector<std::int64_t> none;
  visit(kCoefs, "coefs", coefs, none);
  visit(kConstant, "constant", constant, std::int64_t{0});
  visit(kWindow, "kernel", kernel, none);
  visit(kWindow, "strides", strides, none);
  visit(kWindow, "dilations", dilations, none);
  visit(kWindow | kPadsBegin, "pads_begin", pads_begin, none);
  visit(kGroups, "groups", groups, std::int64_t{1});
  visit(kAxes, "axes", axes, none);
  visit(kPerm, "perm", perm, none);
  visit(kStartsSteps, "starts", starts, none);
  visit(kStartsSteps, "steps", steps, none);
}

}  // namespace zkinfer::qir
