// SPDX-License-Identifier: Apache-2.0
// ProverChannel: writes the proof's messages in transcript order. Hidden messages are encrypted with their pad.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "hiding/layout.h"
#include "transcript/transcript.h"

namespace zkinfer::hiding {

class ProverChannel {
 public:
  // Tests of a cheating prover: may change message `index` (field elements, in the order they are sent) on its way out;
  // the transcript follows what is sent.
  using MessageHook = std::function<void(std::size_t index, const char* label, Fe& value)>;

  // pad_values: [layout.num_pads()], may be empty when zero knowledge is off. All references outlive the channel.
  ProverChannel(Transcript& transcript, PadAllocator& pads, std::span<const Fe> pad_values)
      : transcript_(transcript), pads_(pads), pad_values_(pad_values) {}
  ProverChannel(const ProverChannel&) = delete;
  ProverChannel& operator=(const ProverChannel&) = delete;

  // Sends value + pad under the next plain pad.
  void send_hidden(const char* label, const Fe& value) { send_hidden_at(label, value, pads_.plain()); }
  void send_hidden_at(const char* label, const Fe& value, PadIndex pad);
  // The two operands of one product, u under A[row] and v under B[row] of a fresh triple; their pads are returned.
  std::pair<PadIndex, PadIndex> send_product(const char* label_u, const Fe& u, const char* label_v, const Fe& v);
  void send_clear(const char* label, const Fe& value);
  void send_digests(const char* label, std::span<const Digest> digests);
  // Bytes that are authenticated by other means (Merkle openings, nonces): not absorbed.
  void send_raw(ByteView bytes) { proof_.raw(bytes); }
  void send_u64_raw(std::uint64_t x);
  Fe challenge(const char* label) { return transcript_.challenge(label); }
  void set_message_hook(MessageHook hook) { message_hook_ = std::move(hook); }

  Transcript& transcript() { return transcript_; }
  PadAllocator& pads() { return pads_; }
  const Bytes& proof() const { return proof_.bytes(); }
  Bytes take_proof() && { return std::move(proof_).take(); }

 private:
  Transcript& transcript_;
  PadAllocator& pads_;
  std::span<const Fe> pad_values_;
  ByteWriter proof_;
  MessageHook message_hook_;
  std::size_t num_messages_ = 0;
};

}  // namespace zkinfer::hiding
