// SPDX-License-Identifier: Apache-2.0
// OpTable: one row per enumerator of an operator enumeration whose values are 0 .. num_ops - 1. A table that lacks an
// operator, or has one twice, does not compile.
#pragma once

#include <array>
#include <cstddef>

namespace zkinfer::base {

// Not defined: named by the compiler's error.
void operator_has_two_rows_or_none_of_this_table();

template <class Op, std::size_t num_ops, class Row>
class OpTable {
 public:
  struct Entry {
    Op op;
    Row row;
  };

  template <std::size_t num_rows>
  consteval OpTable(const Entry (&entries)[num_rows]) {  // NOLINT: implicit on purpose
    static_assert(num_rows == num_ops, "a row for every operator");
    std::array<bool, num_ops> seen{};
    for (const Entry& entry : entries) {
      const auto index = static_cast<std::size_t>(entry.op);
      if (index >= num_ops || seen[index]) operator_has_two_rows_or_none_of_this_table();
      seen[index] = true;
      rows_[index] = entry.row;
    }
  }

  // Precondition: `op` is one of the enumerators.
  constexpr const Row& operator[](Op op) const { return rows_[static_cast<std::size_t>(op)]; }

 private:
  std::array<Row, num_ops> rows_{};
};

}  // namespace zkinfer::base
