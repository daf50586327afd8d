// SPDX-License-Identifier: Apache-2.0
// Tensor: how relations see a value of the integer graph: a linear expression over atoms. Every logical axis is a run of
// atoms (mixed radix, first atom most significant); axes of length 1 usually have none. Movement operators only regroup,
// renumber or shift atoms; none of them costs a column or a constraint unless a reshape cuts axes unevenly.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "circuit/expr.h"

namespace zkinfer::relations {

struct Tensor {
  circuit::Box atoms;
  std::vector<std::uint32_t> atoms_per_axis;  // [logical rank], in order
  circuit::LinExpr expr;                      // over the box `atoms`

  // Index of the first atom of a logical axis.
  std::uint32_t first_atom(std::size_t axis) const;
  std::uint64_t axis_size(std::size_t axis) const;
  // The atoms of one logical axis.
  circuit::Box axis_atoms(std::size_t axis) const;
  // A further logical axis, made of these atoms; appends to `maps` how each of them is indexed.
  void add_axis(const circuit::Box& sizes, std::vector<circuit::AxisMap>& maps);
};

// The coarsest list of factors that all factorizations (of the same number) refine into, or nothing if their cuts do not
// nest. Factors of 1 are dropped.
std::optional<circuit::Box> common_refinement(const std::vector<circuit::Box>& factorizations);

// Splits the atoms of `axis` so that they equal `factors`, a refinement of them; atoms of length 1 are dropped.
Tensor refine_axis(const Tensor& tensor, std::size_t axis, const circuit::Box& factors);

// Drops atoms of length 1.
Tensor without_unit_atoms(const Tensor& tensor);

// Index of a run of box axes read as one mixed-radix number times `stride`: {first axis .. first axis + sizes.size()}.
circuit::AxisMap mixed_radix(std::uint32_t first_box_axis, const circuit::Box& sizes, std::int64_t stride = 1);

// Appends to `maps` a run of box axes, each read by itself.
void map_atoms(std::vector<circuit::AxisMap>& maps, std::uint32_t first_box_axis, const circuit::Box& sizes);
// Every axis of a box, each read by itself.
std::vector<circuit::AxisMap> identity_maps(const circuit::Box& box);

// A whole tensor's expression moved to another box: maps[atom].
inline circuit::LinExpr rebased(const Tensor& tensor, const std::vector<circuit::AxisMap>& maps) {
  return circuit::rebase(tensor.expr, maps);
}

}  // namespace zkinfer::relations
