// SPDX-License-Identifier: Apache-2.0
#include "ezkl/alias.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace zkinfer::cli {
namespace {

constexpr std::array<std::string_view, 9> kOnlyTheirs = {"table",           "gen-settings", "calibrate-settings",
                                                         "compile-circuit", "get-srs",      "gen-srs",
                                                         "gen-witness",     "setup",        "mock"};
constexpr std::array<std::string_view, 9> kProveOptions = {
    "-W",           "--witness",  "-M",           "--compiled-circuit", "--pk-path",
    "--proof-path", "--srs-path", "--check-mode", "--proof-type"};
constexpr std::array<std::string_view, 6> kVerifyOptions = {"-S",        "--settings-path", "--proof-path",
                                                            "--vk-path", "--srs-path",      "--reduced-srs"};

struct Elsewhere {
  std::string_view verb, hint;
};
constexpr std::string_view kNoContract =
    "EZKL's, for the EVM; here one contract checks the proofs of every model, and none is made for each: `make evm` "
    "builds it, `zkinfer evm export` writes what to register and to send (docs/evm.md)";
constexpr std::string_view kNoSwap = "EZKL's; models are chained by commitments here: `zkinfer verify-chain`";
constexpr std::string_view kOneProof = "EZKL's, until version 22; many inputs in one proof: `zkinfer prove --batch`";
constexpr Elsewhere kElsewhere[] = {
    {"create-evm-verifier", kNoContract},
    {"create-evm-verifier-aggr", kNoContract},
    {"create-evm-vka", kNoContract},
    {"create-evm-data-attestation", kNoContract},
    {"deploy-evm", kNoContract},
    {"deploy-evm-verifier", kNoContract},
    {"encode-evm-calldata", kNoContract},
    {"register-vka", kNoContract},
    {"verify-evm", kNoContract},
    {"swap-proof-commitments", kNoSwap},
    {"aggregate", kOneProof},
    {"setup-aggregate", kOneProof},
    {"mock-aggregate", kOneProof},
    {"verify-aggr", kOneProof},
    {"gen-random-data", "EZKL's; `zkinfer compile` without --calibration takes random inputs"},
    {"update", "EZKL's; zkinfer comes as it was installed"},
};

template <std::size_t N>
bool has_any(const std::vector<std::string>& words, std::size_t from, const std::array<std::string_view, N>& options) {
  return std::any_of(words.begin() + static_cast<std::ptrdiff_t>(from), words.end(), [&](const std::string& word) {
    return std::ranges::count(options, std::string_view(word).substr(0, word.find('='))) > 0;
  });
}

}  // namespace

std::vector<std::string> with_ezkl_word(std::vector<std::string> words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--threads") ++i;  // its number; what else is global stands alone
    if (i >= words.size() || words[i].starts_with("-") || words[i - 1] == "--threads") continue;
    const bool theirs = std::ranges::count(kOnlyTheirs, words[i]) > 0 ||
                        (words[i] == "prove" && has_any(words, i + 1, kProveOptions)) ||
                        (words[i] == "verify" && has_any(words, i + 1, kVerifyOptions));
    if (theirs) words.insert(words.begin() + static_cast<std::ptrdiff_t>(i), "ezkl");
    break;
  }
  return words;
}

std::string ezkl_verb_hint(const std::string& verb) {
  for (const Elsewhere& elsewhere : kElsewhere)
    if (verb == elsewhere.verb) return "; it is " + std::string(elsewhere.hint);
  return "";
}

}  // namespace zkinfer::cli
