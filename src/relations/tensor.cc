// SPDX-License-Identifier: Apache-2.0
#include "relations/tensor.h"

#include <algorithm>

#include "base/check.h"

namespace zkinfer::relations {

std::uint32_t Tensor::first_atom(std::size_t axis) const {
  std::uint32_t first = 0;
  for (std::size_t i = 0; i < axis; ++i) first += atoms_per_axis[i];
  return first;
}

Box Tensor::axis_atoms(std::size_t axis) const {
  const std::uint32_t first = first_atom(axis);
  return Box(atoms.begin() + first, atoms.begin() + first + atoms_per_axis[axis]);
}

std::uint64_t Tensor::axis_size(std::size_t axis) const {
  std::uint64_t size = 1;
  for (const std::uint64_t n : axis_atoms(axis)) size *= n;
  return size;
}

void Tensor::add_axis(const Box& sizes, std::vector<AxisMap>& maps) {
  map_atoms(maps, static_cast<std::uint32_t>(atoms.size()), sizes);
  atoms.insert(atoms.end(), sizes.begin(), sizes.end());
  atoms_per_axis.push_back(static_cast<std::uint32_t>(sizes.size()));
}

std::optional<Box> common_refinement(const std::vector<Box>& factorizations) {
  // Suffix products of each factorization are its cuts; all of them together must form a divisor chain.
  std::vector<std::uint64_t> cuts = {1};
  for (const Box& factors : factorizations) {
    std::uint64_t product = 1;
    for (std::size_t i = factors.size(); i-- > 0;) {
      product *= factors[i];
      cuts.push_back(product);
    }
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  Box out;
  for (std::size_t i = cuts.size(); i-- > 1;) {
    if (cuts[i] % cuts[i - 1] != 0) return std::nullopt;
    out.push_back(cuts[i] / cuts[i - 1]);
  }
  return out;
}

AxisMap mixed_radix(std::uint32_t first_box_axis, const Box& sizes, std::int64_t stride) {
  AxisMap map;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    map.terms.push_back({first_box_axis + static_cast<std::uint32_t>(i), stride});
    stride *= static_cast<std::int64_t>(sizes[i]);
  }
  std::reverse(map.terms.begin(), map.terms.end());
  return map;
}

void map_atoms(std::vector<AxisMap>& maps, std::uint32_t first_box_axis, const Box& sizes) {
  for (std::uint32_t i = 0; i < sizes.size(); ++i) maps.push_back(mixed_radix(first_box_axis + i, {sizes[i]}));
}

std::vector<AxisMap> identity_maps(const Box& box) {
  std::vector<AxisMap> maps;
  map_atoms(maps, 0, box);
  return maps;
}

Tensor refine_axis(const Tensor& tensor, std::size_t axis, const Box& factors) {
  Tensor out;
  std::vector<AxisMap> maps;
  for (std::size_t a = 0; a < tensor.atoms_per_axis.size(); ++a) {
    const Box old_atoms = tensor.axis_atoms(a);
    if (a != axis) {
      out.add_axis(old_atoms, maps);
      continue;
    }
    std::size_t next = 0;
    for (const std::uint64_t n : old_atoms) {
      Box parts;
      std::uint64_t product = 1;
      while (product < n) {
        ZKI_CHECK(next < factors.size(), "factors refine the axis");
        product *= factors[next];
        parts.push_back(factors[next++]);
      }
      ZKI_CHECK_EQ(product, n, "factors refine every atom");
      maps.push_back(mixed_radix(static_cast<std::uint32_t>(out.atoms.size()), parts));
      out.atoms.insert(out.atoms.end(), parts.begin(), parts.end());
    }
    ZKI_CHECK_EQ(next, factors.size(), "all factors are used");
    out.atoms_per_axis.push_back(static_cast<std::uint32_t>(factors.size()));
  }
  out.expr = circuit::rebase(tensor.expr, maps);
  return out;
}

Tensor permuted(const Tensor& tensor, const std::vector<std::size_t>& order) {
  Tensor out;
  std::vector<AxisMap> maps(tensor.atoms.size());
  for (const std::size_t axis : order) {
    std::vector<AxisMap> moved;
    out.add_axis(tensor.axis_atoms(axis), moved);
    std::copy(moved.begin(), moved.end(), maps.begin() + tensor.first_atom(axis));
  }
  out.expr = rebased(tensor, maps);
  return out;
}

Tensor axis_last(const Tensor& tensor, std::size_t axis) {
  std::vector<std::size_t> order;
  for (std::size_t a = 0; a < tensor.atoms_per_axis.size(); ++a) {
    if (a != axis) order.push_back(a);
  }
  order.push_back(axis);
  return permuted(tensor, order);
}

Tensor without_unit_atoms(const Tensor& tensor) {
  Tensor out = tensor;
  for (std::size_t axis = 0; axis < tensor.atoms_per_axis.size(); ++axis) {
    Box factors;
    for (const std::uint64_t n : out.axis_atoms(axis)) {
      if (n != 1) factors.push_back(n);
    }
    out = refine_axis(out, axis, factors);
  }
  return out;
}

LinExpr drop_axis(const LinExpr& expr, Box& box, std::uint32_t axis) {
  box.erase(box.begin() + axis);
  std::vector<AxisMap> maps = identity_maps(box);
  maps.insert(maps.begin() + axis, AxisMap{});
  return circuit::rebase(expr, maps);
}

}  // namespace zkinfer::relations
