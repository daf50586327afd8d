// SPDX-License-Identifier: Apache-2.0
// IntLanes: the message coefficients of an oracle that are small integers, as M's are: every lane in the 1, 2 or 4 bytes
// that its entries need. They are elements of F only in the registers of whoever reads them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/int_span.h"
#include "field/buffer.h"

namespace zkinfer::pcs {

class IntLanes {
 public:
  IntLanes() = default;
  // widths: bytes of an entry, by lane. All entries zero.
  IntLanes(const std::vector<std::uint8_t>& widths, std::uint64_t num_coefs) : num_coefs_(num_coefs) {
    std::size_t num_bytes = 0;
    for (const std::uint8_t width : widths) {
      lanes_.push_back({num_bytes, width});
      num_bytes += static_cast<std::size_t>(num_coefs) * width;
    }
    memory_ = AlignedMemory(num_bytes);
  }

  std::size_t num_lanes() const { return lanes_.size(); }
  std::uint8_t* lane_bytes(std::size_t lane) {
    return static_cast<std::uint8_t*>(memory_.data()) + lanes_[lane].offset;
  }
  // [num_coefs].
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
