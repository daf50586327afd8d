// SPDX-License-Identifier: Apache-2.0
// Challenges fixed in advance, for provers, verifiers and simulators alike. programmed_transcript.cc is a second
// implementation of class Transcript (src/transcript/transcript.h): a program that links it takes it instead of the
// library's, so no production code knows of it. While a ChallengeProgram is installed, transcripts of proofs, certificates and
// rotations take their challenges from it; all others, and all when none is installed, hash as usual (in a format of their
// own).
//
// Under fixed challenges two proofs of two witnesses can be compared message by message: the honest verifier's coins are
// part of its view, and without fixing them a message that is not masked at all still looks random.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "transcript/transcript.h"

namespace zkinfer::e2e {

class ChallengeProgram {
 public:
  explicit ChallengeProgram(std::uint64_t seed) : seed_(seed) {}
  // The answer to the `occurrence`-th challenge of this label in one transcript.
  Fe element(std::string_view label, std::uint64_t occurrence) const;
  // Distinct, ascending, below 2^log_range.
  std::vector<std::uint64_t> indices(std::string_view label, std::uint64_t occurrence, std::size_t num_indices,
                                     int log_range) const;
  // Another answer at one place.
  void change(const std::string& label, std::uint64_t occurrence) { ++versions_[{label, occurrence}]; }

 private:
  Digest answer(std::string_view label, std::uint64_t occurrence, std::uint64_t counter) const;

  std::uint64_t seed_;
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> versions_;
};

// Installs a program for the lifetime of the object; one at a time, in one thread.
class InstalledProgram {
 public:
  using Place = std::pair<std::string, std::uint64_t>;  // label, occurrence

  explicit InstalledProgram(const ChallengeProgram& program);
  ~InstalledProgram();
  const ChallengeProgram& program() const { return program_; }
  // Every challenge that was asked for, by all transcripts.
  const std::vector<Place>& asked() const { return asked_; }
  void note(Place place) { asked_.push_back(std::move(place)); }
  InstalledProgram(const InstalledProgram&) = delete;
  InstalledProgram& operator=(const InstalledProgram&) = delete;

 private:
  const ChallengeProgram& program_;
  std::vector<Place> asked_;
};

}  // namespace zkinfer::e2e
