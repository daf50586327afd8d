// SPDX-License-Identifier: Apache-2.0
// What tests of cheating provers have verified, for another verifier to judge, too (contracts/tests/cheats.test.js): with
// ZKINFER_KEEP_PROOFS=FOLDER in the environment, proofs and their keys are written there, and a line of `list` for each: test, key,
// proof, reason. At most ZKINFER_KEEP_PROOFS_OF_TEST (4) of each test and reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "base/check.h"
#include "prover/write.h"
#include "support/session.h"
#include "zkinfer/hex.h"

namespace zkinfer::e2e {
namespace {

void keep_proof(const verifier::PreparedKey& prepared, ByteView proof, const Verdict& verdict) {
  static const char* const folder = std::getenv("ZKINFER_KEEP_PROOFS");
  static const char* const limit = std::getenv("ZKINFER_KEEP_PROOFS_OF_TEST");
  if (!prepared.key.params.security.zero_knowledge) return;  // no contract takes it
  static std::map<std::string, int> counts;
  const ::testing::TestInfo* const info = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string test = info == nullptr ? "none" : std::string(info->test_suite_name()) + "." + info->name();
  std::ranges::replace(test, '/', '.');  // of tests with parameters
  const std::string reason(reject_reason_name(verdict.reason));
  if (++counts[test + " " + reason] > (limit == nullptr ? 4 : std::atoi(limit))) return;
  static int number = 0;
  const std::string key = to_hex(prepared.identity) + ".zkkey";
  const std::string name = test + "." + std::to_string(number++) + ".zkproof";
  const auto write = [](const std::string& file, ByteView bytes) {
    std::ofstream out(std::string(folder) + "/" + file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ZKI_CHECK(out.good(), "a kept proof is written");
  };
  write(key, prover::key_bytes(prepared.key));
  write(name, proof);
  std::ofstream list(std::string(folder) + "/list", std::ios::app);
  list << test << ' ' << key << ' ' << name << ' ' << reason << '\n';
  ZKI_CHECK(list.good(), "a kept proof is listed");
}

[[maybe_unused]] const bool keeps = [] {
  if (std::getenv("ZKINFER_KEEP_PROOFS") != nullptr) on_verdict = keep_proof;
  return true;
}();

}  // namespace
}  // namespace zkinfer::e2e
