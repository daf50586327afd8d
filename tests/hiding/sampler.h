// SPDX-License-Identifier: Apache-2.0
// Proofs under fixed challenges with every source of secret randomness under control: fresh, the same in all proofs, or
// off. Fresh randomness is that of prover::prove with the entropy 0, 1, 2, .. instead of the operating system's, for the only
// reason that these tests are deterministic and give the same answer in every run. Tests only.
#pragma once

#include <functional>
#include <map>

#include "hiding/statistics.h"
#include "hiding/twins.h"

namespace zkinfer::e2e {

// The sources, and what each of them hides (docs/security.md, section 3):
inline constexpr const char* kModelRows = "model rows";          // root and opened rows of M, v
inline constexpr const char* kDataRows = "data rows";            // root and opened rows of D_i, its v; followed by i
inline constexpr const char* kBlind = "blind";                   // the lookups' root
inline constexpr const char* kMessagePads = "message pads";      // messages of lookups and contractions
inline constexpr const char* kZerocheckPads = "zerocheck pads";  // rounds of the zero-check of triples
inline constexpr const char* kRandomRow = "random row";          // the zero-check's a and b
inline constexpr const char* kWitnessRows = "witness rows";      // root and opened rows of W
inline constexpr const char* kFoldRows = "fold rows";            // root and opened rows of g_i; followed by i
inline constexpr const char* kMaskPads = "mask pads";            // the opening's messages
inline constexpr const char* kMaskRows = "mask rows";            // opened X(x), v_X
inline constexpr const char* kMaskPartner = "mask partner";      // S: the mask's response, S(x), v_S, mu_S, root of X

enum class Supply { kFresh, kFixed, kOff };

struct Policy {
  std::function<Supply(const std::string& source)> supply = [](const std::string&) { return Supply::kFresh; };
  // After that: element by element, per stream and call of RandomSource::fill.
  std::function<void(prover::RandomStream stream, std::size_t call, FpSpan elements)> edit;

  // `source` as given, everything else the same in all proofs.
  static Policy only(const std::string& source, Supply supply);
  // Everything fresh but `source`.
  static Policy all_but(const std::string& source, Supply supply);
};

enum class MessageKind { kElement, kRows, kDigests, kNonce };

struct Message {
  std::string label;
  std::string source;  // what hides it
  MessageKind kind = MessageKind::kElement;
  std::size_t begin = 0;  // in the proof; the key's root and value are not there
  std::size_t num_bytes = 0;
};

// Eight bytes of a message; of digests only the first eight are looked at.
struct Word {
  std::size_t message = 0;
  std::size_t part = 0;
  std::string source;
  bool is_field = true;
};

struct Observation {
  std::vector<std::uint64_t> words;  // the key's root and value, if there are parameters; commitments to data; messages
  Bytes proof;
  bool accepted = false;
};

class Sampler {
 public:
  // A program must be installed for as long as the sampler is used.
  explicit Sampler(Twins twins);

  const Twins& twins() const { return twins_; }
  const pcs::OpeningParams& params() const { return witnesses_[0].model.prepared.key.params; }
  const relations::CompiledCircuit& compiled() const { return witnesses_[0].model.prepared.compiled; }
  const verifier::PreparedKey& prepared(std::size_t twin) const { return witnesses_[twin].model.prepared; }
  const std::vector<std::string>& sources() const { return sources_; }
  const std::vector<Message>& messages() const { return messages_; }
  const std::vector<Word>& words() const { return words_; }
  std::string name(std::size_t word) const;
  // Words that `source` hides; field elements only if asked for.
  std::vector<std::size_t> words_of(const std::string& source, bool field_only = false) const;

  // number: of the proof, its entropy. Also draws the random rows of M and of committed inputs again.
  Observation observe(std::size_t twin, std::uint64_t number, const Policy& policy);
  // The same without the verifier.
  std::vector<std::uint64_t> prove_words(std::size_t twin, std::uint64_t number, const Policy& policy);
  Samples sample(std::size_t twin, std::size_t num_proofs, const Policy& policy);
  // The words of proof bytes under a key, as observe() gives them.
  std::vector<std::uint64_t> words_of_proof(const statement::Commitment& commitment, const Bytes& proof) const;
  // Uniform words, whatever they stand for.
  Samples uniform(std::size_t num_proofs, std::uint64_t seed) const;

 private:
  struct Witness {
    prover::CommittedModel model;
    std::vector<prover::CommittedValues> inputs;  // where they are committed
    std::map<std::string, std::string> rows;      // which random rows each of these commitments has
  };
  struct Control;
  prover::Proof prove(std::size_t twin, std::uint64_t number, const Policy& policy, std::vector<std::string>* labels);
  // New random rows for a commitment; nothing when it has these already.
  bool supply_rows(std::size_t twin, std::uint64_t number, const std::string& source, Supply supply,
                   pcs::CommittedOracle& oracle);
  void supply_commitments(std::size_t twin, std::uint64_t number, const Policy& policy);
  void read_messages();

  Twins twins_;
  std::array<Witness, 2> witnesses_;
  std::map<std::pair<prover::RandomStream, std::size_t>, FpVec> fixed_;  // per call of a stream, once drawn
  std::vector<std::string> sources_;
  std::vector<Message> messages_;
  std::vector<Word> words_;
};

}  // namespace zkinfer::e2e
