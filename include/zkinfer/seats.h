// SPDX-License-Identifier: Apache-2.0
// What joint proofs and seats (docs/formats/joint.md) say, for people and programs that show it. verify_joint (verify.h) checks them; no verdict needs
// this.
#pragma once

#include <cstdint>
#include <string>

#include "zkinfer/bytes.h"
#include "zkinfer/status.h"
#include "zkinfer/verify.h"

namespace zkinfer {

// What they say of themselves, checked by nobody.
struct JointOutline {
  Digest identity{};  // of the key that it was made under
  std::uint64_t num_seats = 0, slot = 0;
  Digest root{};  // of the seats' leaves
};
struct SeatOutline {
  std::uint64_t index = 0, num_seats = 0;
  Digest context{};  // of its owner's request
};
// corrupt: they are cut off or damaged.
Result<JointOutline> outline_of_joint(ByteView proof);
Result<SeatOutline> outline_of_seat(ByteView seat);

// What an accepted joint proof says to the owner of a seat, as JSON (result_json.h): what every proof says, "seat", "num_seats", and the outputs and
// inputs that he gave.
std::string joint_json(const VerifySummary& result, const VerifiedRow& row, std::uint64_t seat,
                       std::uint64_t num_seats);

}  // namespace zkinfer
