// SPDX-License-Identifier: Apache-2.0
// Tensor: how relations see a value of the integer graph: a linear expression over atoms. Every logical axis is a run of
// atoms (mixed radix, first atom most significant); axes of length 1 usually have none. Movement operators only regroup,
// renumber or shift atoms; none of them costs a column or a constraint unless a reshape cuts axes unevenly.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "circuit/circuit.h"
#include "circuit/expr.h"

namespace zkinfer::relations {

using circuit::AxisMap;
using circuit::AxisRole;
using circuit::Box;
using circuit::LinExpr;

struct Tensor {
  Box atoms;
  std::vector<std::uint32_t> atoms_per_axis;  // [logical rank], in order
  LinExpr expr;                               // over the box `atoms`

  // Index of the first atom of a logical axis.
  std::uint32_t first_atom(std::size_t axis) const;
  std::uint64_t axis_size(std::size_t axis) const;
  // The atoms of one logical axis.
  Box axis_atoms(std::size_t axis) const;
  // A further logical axis, made of these atoms; appends to `maps` how each of them is indexed.
  void add_axis(const Box& sizes, std::vector<AxisMap>& maps);
};

// The coarsest list of factors that all factorizations (of the same number) refine into, or nothing if their cuts do not
// nest. Factors of 1 are dropped.
std::optional<Box> common_refinement(const std::vector<Box>& factorizations);

// Splits the atoms of `axis` so that they equal `factors`, a refinement of them; atoms of length 1 are dropped.
Tensor refine_axis(const Tensor& tensor, std::size_t axis, const Box& factors);

// Output axis i is input axis order[i].
Tensor permuted(const Tensor& tensor, const std::vector<std::size_t>& order);
Tensor axis_last(const Tensor& tensor, std::size_t axis);

// Drops atoms of length 1.
Tensor without_unit_atoms(const Tensor& tensor);

// Index of a run of box axes read as one mixed-radix number times `stride`: {first axis .. first axis + sizes.size()}.
AxisMap mixed_radix(std::uint32_t first_box_axis, const Box& sizes, std::int64_t stride = 1);

// Appends to `maps` a run of box axes, each read by itself.
void map_atoms(std::vector<AxisMap>& maps, std::uint32_t first_box_axis, const Box& sizes);
// Every axis of a box, each read by itself.
std::vector<AxisMap> identity_maps(const Box& box);

// The expression on the box without `axis`, whose length is 1; takes the axis out of the box.
LinExpr drop_axis(const LinExpr& expr, Box& box, std::uint32_t axis);

// A whole tensor's expression moved to another box: maps[atom].
inline LinExpr rebased(const Tensor& tensor, const std::vector<AxisMap>& maps) {
  return circuit::rebase(tensor.expr, maps);
}

// The axes of a contraction's box with their roles, in the order they are added.
struct BoxBuilder {
  Box box;
  std::vector<AxisRole> roles;

  // Returns the index of the first axis added.
  std::uint32_t add(const Box& sizes, AxisRole role) {
    const auto first = static_cast<std::uint32_t>(box.size());
    box.insert(box.end(), sizes.begin(), sizes.end());
    roles.insert(roles.end(), sizes.size(), role);
    return first;
  }
};

}  // namespace zkinfer::relations
