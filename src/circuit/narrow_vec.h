// SPDX-License-Identifier: Apache-2.0
// NarrowVec: values that are read and not changed any more, in the memory that they need. What provers commit to are small integers but
// for few columns: bits, limbs, activations. In 1, 2 or 4 bytes instead of 8 they take a third of the pages that a system has to clear.
#pragma once

#include <memory>

#include "base/int_span.h"
#include "field/vec.h"

namespace zkinfer::circuit {

// The values of one column, wherever they are: elements of F, or small integers.
struct ColumnView {
  FpCSpan elements;
  IntSpan ints;

  std::size_t size() const { return ints.empty() ? elements.size() : ints.size; }
  Fp operator[](std::size_t i) const { return ints.empty() ? elements[i] : Fp::from_int(ints[i]); }
  // out[i] = this[begin + i].
  void copy(std::size_t begin, FpSpan out) const;
};

class NarrowVec {
 public:
  // Shorter ones stay as they are.
  static constexpr std::size_t kMinNarrowed = 4096;

  NarrowVec() = default;
  // Integers in the fewest bytes that hold all of them, where 4 do. All cores.
  explicit NarrowVec(FpVec values);
  // What is known: elements of F, whatever their values are, or integers.
  static NarrowVec of_elements(FpVec values);
  static NarrowVec of_ints(AlignedMemory ints, std::size_t size, std::uint8_t width);

  std::size_t size() const { return view().size(); }
  Fp operator[](std::size_t i) const { return view()[i]; }
  ColumnView view() const { return {elements_.span(), ints_}; }
  // Empty where they are integers.
  FpVec take_elements() && { return std::move(elements_); }

 private:
  FpVec elements_;
  std::shared_ptr<const AlignedMemory> memory_;  // copies share the integers
  IntSpan ints_;
};

}  // namespace zkinfer::circuit
