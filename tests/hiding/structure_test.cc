// SPDX-License-Identifier: Apache-2.0
// What a proof is made of. Under fixed challenges one random element is changed at a time, and the messages that change
// tell what it hides: every field element of a proof has a pad of its own or is on the list of clear messages, no pad
// serves two messages, and of every oracle fewer positions are opened than it has random rows.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "hiding/fixture.h"

namespace zkinfer::e2e {
namespace {

using prover::RandomStream;

// Field elements that are sent without a pad, and why they show nothing.
const std::map<std::string, std::string> kClearElements = {
    {"lookup root", "the blind is a factor of it"},
    {"zerocheck a", "the random row enters with a weight that is not zero"},
    {"zerocheck b", "the random row enters with a weight that is not zero"},
    {"mask value", "v_X: X has a random row for it; v_S: S is uniform and used once"},
    {"mask product", "<S, u>, and S is uniform and used once"},
    {"mask response", "S + eta X, and S is uniform and used once"},
};
// Digests and numbers in clear.
const std::set<std::string> kClearRoots = {"witness root", "mask root", "fold root"};
const std::set<std::string> kRaw = {"opening nonce", "siblings",  "model rows", "data rows",
                                    "witness rows",  "fold rows", "mask rows"};
// Parts of the key and of the statement: commitments, their value hidden by three random coefficients.
const std::set<std::string> kCommitments = {"model root", "model value", "data root", "data value"};

std::vector<Twins> structures() {
  std::vector<Twins> out = all_twins();
  Twins all_public = two_inputs();
  all_public.name = "everything public";
  all_public.visibility = {{Exposure::kPublic}, {Exposure::kPublic}, true};
  out.push_back(all_public);
  Twins all_committed = two_inputs();
  all_committed.name = "input and output committed";
  all_committed.visibility = {{Exposure::kCommitted}, {Exposure::kCommitted}, false};
  out.push_back(all_committed);
  Twins all_private = two_inputs();
  all_private.name = "no output shown";
  all_private.visibility.outputs = {Exposure::kPrivate};
  out.push_back(all_private);
  const std::vector<Twins> relations = one_per_relation();
  out.insert(out.end(), relations.begin(), relations.end());
  return out;
}

// A proof without fresh randomness, and what becomes of it when elements change.
class Probe {
 public:
  explicit Probe(Sampler& sampler) : sampler_(sampler), base_(run({})) {}

  // Differences of the field elements that change when one is added to limb 0 of a K-element, by message.
  std::map<std::size_t, Fe> change(RandomStream stream, std::size_t call, std::size_t element) {
    const std::vector<std::uint64_t> words = run([&](RandomStream other, std::size_t other_call, FpSpan elements) {
      if (other == stream && other_call == call) elements[3 * element] += Fp(1);
    });
    std::map<std::size_t, Fe> out;
    rows_changed_ = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] == base_[i]) continue;
      const Word& word = sampler_.words()[i];
      if (sampler_.messages()[word.message].kind == MessageKind::kElement) {
        out[word.message].c[word.part] = Fp(words[i]) - Fp(base_[i]);
      } else {
        rows_changed_ = true;
      }
    }
    return out;
  }
  bool rows_changed() const { return rows_changed_; }

 private:
  std::vector<std::uint64_t> run(const decltype(Policy::edit)& edit) {
    Policy policy;
    policy.supply = [](const std::string&) { return Supply::kFixed; };
    policy.edit = edit;
    return sampler_.prove_words(0, 0, policy);
  }

  Sampler& sampler_;
  std::vector<std::uint64_t> base_;
  bool rows_changed_ = false;
};

// The message that a pad hides changes by what the pad changes by; every pad hides one message, every message has one pad.
class PadMap {
 public:
  PadMap(const Sampler& sampler, const std::string& name) : sampler_(sampler), name_(name) {}

  void add(const std::string& pad, const std::map<std::size_t, Fe>& changes) {
    const Message* hidden = nullptr;
    for (const auto& [index, difference] : changes) {
      const Message& message = sampler_.messages()[index];
      if (kClearElements.contains(message.label) || (hidden != nullptr && follows(*hidden, message))) continue;
      EXPECT_EQ(hidden, nullptr) << name_ << ", " << pad << ", " << message.label << " beside " << hidden->label;
      EXPECT_EQ(difference, Fe::one()) << name_ << ", " << pad << ", " << message.label;
      EXPECT_TRUE(pads_.emplace(index, pad).second)
          << name_ << ", " << message.label << " (message " << index << ") under " << pad << " and " << pads_[index];
      hidden = &message;
    }
    EXPECT_NE(hidden, nullptr) << name_ << ", " << pad;
  }
  const std::map<std::size_t, std::string>& pads() const { return pads_; }

 private:
  // Later messages speak of W, pads included, and have pads of their own: the zero-check of the triples' operands, and the
  // opening.
  static bool follows(const Message& hidden, const Message& later) {
    if (later.source == kZerocheckPads) return hidden.source == kMessagePads;
    return later.source == kMaskPads && hidden.source != kMaskPads;
  }

  const Sampler& sampler_;
  std::string name_;
  std::map<std::size_t, std::string> pads_;
};

std::string text(const char* what, std::size_t index) { return what + (" " + std::to_string(index)); }

void find_pads_of_w(const Sampler& sampler, Probe& probe, PadMap& map) {
  const hiding::PadLayout& layout = sampler.compiled().pads.layout();
  for (std::size_t pad = 0; pad < layout.num_plain; ++pad)
    map.add(text("plain pad", pad), probe.change(RandomStream::kPads, 0, pad));
  std::size_t num_copied = 0;
  for (std::size_t operand = 0; operand < 2 * layout.num_triples; ++operand) {
    const auto changes = probe.change(RandomStream::kPads, 0, layout.num_plain + operand);
    // Operands that are copies of earlier pads: what is drawn for them is not used.
    if (changes.empty() && !probe.rows_changed()) {
      ++num_copied;
    } else {
      map.add(text("operand", operand), changes);
    }
  }
  EXPECT_EQ(num_copied, sampler.compiled().pads.copies().size());
}

std::set<std::string> labels(const Sampler& sampler, const std::map<std::size_t, Fe>& changes) {
  std::set<std::string> out;
  for (const auto& [message, difference] : changes) out.insert(sampler.messages()[message].label);
  return out;
}

TEST(Structure, EveryElementHasAPadOfItsOwnOrIsOnTheList) {
  for (const Twins& twins : structures()) {
    Fixture f(twins);
    Probe probe(f.sampler);
    PadMap map(f.sampler, twins.name);
    find_pads_of_w(f.sampler, probe, map);
    const pcs::CodeParams& mask = f.sampler.params().mask;
    for (std::size_t entry = 0; entry < mask.num_coefs; ++entry)
      map.add(text("entry of X", entry), probe.change(RandomStream::kMask, 0, entry));

    // What stands in for a pad of the elements on the list.
    std::set<std::string> explained;
    const auto explain = [&](RandomStream stream, std::size_t call, std::size_t element) {
      for (const std::string& label : labels(f.sampler, probe.change(stream, call, element))) explained.insert(label);
    };
    const std::size_t random_row =
        f.sampler.compiled().pads.layout().num_plain + 2 * f.sampler.compiled().pads.layout().num_triples;
    explain(RandomStream::kBlind, 0, 0);
    explain(RandomStream::kPads, 0, random_row);
    explain(RandomStream::kPads, 0, random_row + 1);
    for (std::size_t entry = 0; entry < mask.dimension(); ++entry) {
      const auto changes = probe.change(RandomStream::kMask, 1, entry);
      std::size_t num_responses = 0;
      for (const auto& [message, difference] : changes) {
        if (f.sampler.messages()[message].label != "mask response") continue;
        EXPECT_EQ(difference, Fe::one()) << "entry of S " << entry;
        ++num_responses;
      }
      EXPECT_EQ(num_responses, 1u) << "entry of S " << entry;
      explained.merge(labels(f.sampler, changes));
    }

    for (std::size_t i = 0; i < f.sampler.messages().size(); ++i) {
      const Message& message = f.sampler.messages()[i];
      if (kCommitments.contains(message.label)) continue;
      if (message.kind == MessageKind::kElement) {
        EXPECT_NE(map.pads().contains(i), kClearElements.contains(message.label))
            << twins.name << ", " << message.label << " (message " << i << ")";
        if (kClearElements.contains(message.label)) {
          EXPECT_TRUE(explained.contains(message.label)) << twins.name << ", " << message.label;
        }
      } else {
        EXPECT_NE(kClearRoots.contains(message.label), kRaw.contains(message.label))
            << twins.name << ", " << message.label;
      }
    }
  }
}

// The tables of protocol.md and the list above name the same messages.
TEST(Structure, TheSpecificationListsTheClearMessages) {
  std::ifstream file(std::string(ZKINFER_SOURCE_DIR) + "/docs/protocol.md");
  ASSERT_TRUE(file.good());
  std::set<std::string> elements;
  std::set<std::string> roots;
  for (std::string line; std::getline(file, line);) {
    const std::size_t end = line.find_last_of('|');
    const std::size_t begin =
        end == std::string::npos || end == 0 ? std::string::npos : line.find_last_of('|', end - 1);
    if (begin == std::string::npos || !line.starts_with("|") || line.substr(begin, 7) != "| clear") continue;
    for (std::size_t open = line.find('"'); open != std::string::npos;) {
      const std::size_t close = line.find('"', open + 1);
      const std::string label = line.substr(open + 1, close - open - 1);
      (line.find("| digest |") != std::string::npos ? roots : elements).insert(label);
      open = line.find('"', close + 1);
    }
  }
  std::set<std::string> expected;
  for (const auto& [label, reason] : kClearElements) expected.insert(label);
  EXPECT_EQ(elements, expected);
  EXPECT_EQ(roots, kClearRoots);
}

struct OpenedOracle {
  std::string rows_label;
  pcs::CodeParams oracle;
  std::size_t row_values = 0;
  std::uint64_t num_proofs = 1;  // that open it
  std::uint64_t num_other = 0;   // functionals of the random rows that are shown besides
};

std::vector<OpenedOracle> opened_oracles(const pcs::OpeningParams& params) {
  std::vector<OpenedOracle> out;
  const auto add_commitment = [&](const pcs::CodeParams& oracle, std::uint64_t budget) {
    out.push_back({pcs::base_rows_label(params, out.size()), oracle, pcs::base_leaf_values(oracle), budget, 3});
  };
  if (params.has_model) add_commitment(params.model, params.model_budget);
  for (const pcs::TensorOracle& data : params.data) add_commitment(data.oracle, data.budget);
  out.push_back({"witness rows", params.witness, pcs::base_leaf_values(params.witness), 1, 0});
  for (const pcs::CodeParams& fold : params.folds)
    out.push_back({"fold rows", fold, pcs::fold_leaf_values(fold), 1, 0});
  out.push_back({"mask rows", params.mask, pcs::kMaskLeafValues, 1, 1});
  return out;
}

TEST(Structure, OpenedPositionsStayBelowTheRandomRows) {
  for (const Twins& twins : structures()) {
    Fixture f(twins);
    std::vector<const Message*> rows;
    for (const Message& message : f.sampler.messages()) {
      if (message.kind == MessageKind::kRows) rows.push_back(&message);
    }
    const std::vector<OpenedOracle> oracles = opened_oracles(f.sampler.params());
    ASSERT_EQ(rows.size(), oracles.size()) << twins.name;
    for (std::size_t i = 0; i < oracles.size(); ++i) {
      const OpenedOracle& opened = oracles[i];
      EXPECT_EQ(rows[i]->label, opened.rows_label) << twins.name;
      EXPECT_EQ(rows[i]->num_bytes, 8 * opened.row_values * opened.oracle.num_queries)
          << twins.name << ", " << opened.rows_label;
      const bool is_public = opened.num_proofs == 0;
      EXPECT_EQ(is_public, opened.oracle.num_random_coefs == 0) << twins.name << ", " << opened.rows_label;
      if (is_public) continue;
      EXPECT_LT(opened.num_proofs * opened.oracle.num_queries + opened.num_other, opened.oracle.num_random_coefs)
          << twins.name << ", " << opened.rows_label;
    }
  }
}

}  // namespace
}  // namespace zkinfer::e2e
