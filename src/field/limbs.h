// SPDX-License-Identifier: Apache-2.0
// Elements as bytes of proofs, rows and commitments: limbs of 8 bytes, canonical (below p), most significant byte first; an
// element of K is its three limbs, c0 first.
#pragma once

#include <span>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "field/fp.h"

namespace zkinfer {

inline Bytes limb_bytes(std::span<const Fp> limbs) {
  Bytes bytes(8 * limbs.size());
  for (std::size_t i = 0; i < limbs.size(); ++i) store_big_endian(limbs[i].v, bytes.data() + 8 * i);
  return bytes;
}

// Fails the reader on a limb that is not below p. Returns reader.ok().
inline bool read_limbs(ByteReader& reader, std::span<Fp> limbs) {
  for (Fp& limb : limbs) {
    const ByteView bytes = reader.raw(8);
    const std::uint64_t x = bytes.empty() ? 0 : load_big_endian(bytes.data());
    if (x >= Fp::kModulus) reader.fail();
    limb = Fp(reader.ok() ? x : 0);
  }
  return reader.ok();
}

}  // namespace zkinfer
