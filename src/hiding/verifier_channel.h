// SPDX-License-Identifier: Apache-2.0
// VerifierChannel: reads the proof's messages in transcript order and collects the linear constraints on hidden values.
//
// Failure is sticky: after the first bad byte nothing more is read, absorbed or drawn, and every value is zero. Callers need
// no test per message, but they test before they do work with what they received. Nothing is allocated by a number that comes
// from the proof.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "hiding/layout.h"
#include "hiding/linear_form.h"
#include "transcript/transcript.h"
#include "zkinfer/verdict.h"

namespace zkinfer::hiding {

class VerifierChannel {
 public:
  VerifierChannel(Transcript& transcript, PadAllocator& pads, ByteView proof)
      : transcript_(transcript), pads_(pads), reader_(proof) {}
  VerifierChannel(const VerifierChannel&) = delete;
  VerifierChannel& operator=(const VerifierChannel&) = delete;

  LinearForm receive_hidden(const char* label) { return receive_hidden_at(label, pads_.plain()); }
  LinearForm receive_hidden_at(const char* label, PadIndex pad);
  Fe receive_clear(const char* label);
  std::vector<Digest> receive_digests(const char* label, std::size_t count);
  // Not absorbed; empty view on failure.
  ByteView receive_raw(const char* label, std::size_t num_bytes);
  std::uint64_t receive_u64_raw(const char* label);
  Fe challenge(const char* label) { return failed() ? Fe() : transcript_.challenge(label); }
  std::vector<Fe> challenges(const char* label, std::size_t count) {
    return failed() ? std::vector<Fe>(count) : transcript_.challenges(label, count);
  }

  // The hidden value of `form` must be zero. A constant form is checked at once (kSumcheck at `label`).
  void require_zero(const char* label, LinearForm form);
  void reject(RejectReason reason, const std::string& where);
  // The part of the protocol that the next messages belong to, for verdicts: "opening, fold 2: fold rows".
  void set_part(std::string part) { part_ = std::move(part); }

  bool failed() const { return !verdict_.accepted(); }
  const Verdict& verdict() const { return verdict_; }
  const std::vector<LinearForm>& constraints() const { return constraints_; }
  std::vector<LinearForm> take_constraints() { return std::move(constraints_); }
  Transcript& transcript() { return transcript_; }
  PadAllocator& pads() { return pads_; }
  std::size_t bytes_read() const { return reader_.offset(); }
  std::size_t bytes_left() const { return reader_.remaining(); }

 private:
  Transcript& transcript_;
  PadAllocator& pads_;
  ByteReader reader_;
  std::vector<LinearForm> constraints_;
  Verdict verdict_;
  std::string part_;
};

}  // namespace zkinfer::hiding
