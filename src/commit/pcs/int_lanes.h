// SPDX-License-Identifier: Apache-2.0
// IntLanes: the message coefficients of an oracle, which are small integers but for few of W's: every lane in the 1, 2 or 4 bytes
// that its entries need, or 8 where they are elements of F. Integers are elements of F only in the registers of whoever reads them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/int_span.h"
#include "field/buffer.h"

namespace zkinfer::pcs {

class IntLanes {
 public:
  IntLanes() = default;
  static constexpr std::uint8_t kElements = 8;

  // widths: bytes of an entry, by lane: 1, 2, 4 or kElements. All entries zero.
  IntLanes(const std::vector<std::uint8_t>& widths, std::uint64_t num_coefs) : num_coefs_(num_coefs) {
    std::size_t num_bytes = 0;
    for (const std::uint8_t width : widths) {
      lanes_.push_back({num_bytes, width});
      // Elements of F lie at multiples of their size.
      num_bytes += (static_cast<std::size_t>(num_coefs) * width + sizeof(Fp) - 1) / sizeof(Fp) * sizeof(Fp);
    }
    memory_ = AlignedMemory(num_bytes);
  }

  std::size_t num_lanes() const { return lanes_.size(); }
  std::uint8_t* lane_bytes(std::size_t lane) {
    return static_cast<std::uint8_t*>(memory_.data()) + lanes_[lane].offset;
  }
  bool has_elements(std::size_t lane) const { return lanes_[lane].width == kElements; }
  // [num_coefs], of a lane that has elements of F.
  FpCSpan elements(std::size_t lane) const {
    const auto* bytes = static_cast<const std::uint8_t*>(memory_.data()) + lanes_[lane].offset;
    return {reinterpret_cast<const Fp*>(bytes), static_cast<std::size_t>(num_coefs_)};
  }
  // [num_coefs], of another.
  IntSpan lane(std::size_t lane) const {
    return {static_cast<const std::uint8_t*>(memory_.data()) + lanes_[lane].offset,
            static_cast<std::size_t>(num_coefs_), lanes_[lane].width};
  }

 private:
  struct Lane {
    std::size_t offset;
    std::uint8_t width;
  };
  std::vector<Lane> lanes_;
  std::uint64_t num_coefs_ = 0;
  AlignedMemory memory_;
};

}  // namespace zkinfer::pcs
