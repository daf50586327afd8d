// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "hash/sha256.h"
#include "zkinfer/cid.h"
#include "zkinfer/hex.h"
#include "zkinfer/tensor_commitment.h"

namespace zkinfer {
namespace {

ByteView view(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

// Published examples: the empty block of IPFS; the documentation of the Python package ipfs-cid; that of the Rust crate
// cid; the comments of a piece indexer of Filecoin (digest and identifier).
TEST(Cid, PublishedExamples) {
  const std::pair<const char*, const char*> examples[] = {
      {"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
      {"Hello world", "bafkreide5semuafsnds3ugrvm6fbwuyw2ijpj43gwjdxemstjkfozi37hq"},
      {"beep boop", "bafkreieq5jui4j25lacwomsqgjeswwl3y5zcdrresptwgmfylxo2depppq"}};
  for (const auto& [text, cid] : examples) {
    const Digest digest = sha256(view(text));
    EXPECT_EQ(cid_of_sha256(digest), cid);
    EXPECT_EQ(sha256_of_cid(cid).value(), digest);
  }
  EXPECT_EQ(to_hex(sha256_of_cid("bafkreih25dih6ug3xtj73vswccw423b56ilrwmnos4cbwhrceudopdp5sq").value()),
            "fae8d07f50dbbcd3fdd65610adcd6c3df2171b31ae97041b1e222506e78dfd94");
}

TEST(Cid, OthersAreRefusedWithWhatIsSupported) {
  const auto refused = [](std::string_view cid, std::string_view part) {
    const auto result = sha256_of_cid(cid);
    ASSERT_FALSE(result.ok()) << cid;
    EXPECT_NE(result.status().message().find(part), std::string::npos) << result.status().to_string();
  };
  refused("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", "version 0");
  refused("bafybeid3weurg3gvyoi7nisadzolomlvoxoppe2sesktnpvdve3256n5tq", "codec other than raw");
  refused("zb2rhe5P4gXftAwvA4eXQ5HJwsER2owDyS9sKaQRRVQPn93bA", "base32");
  refused("", "base32");
  refused("b", "version");
  refused("bAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU", "lower case");
  const std::string good = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_FALSE(sha256_of_cid(good.substr(0, length)).ok()) << length;
  EXPECT_FALSE(sha256_of_cid(good + "a").ok());
  // The last digit carries bits beyond the last byte, which must be 0.
  EXPECT_FALSE(sha256_of_cid(good.substr(0, good.size() - 1) + "v").ok());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = changed[at] == 'a' ? 'c' : 'a';
    const auto result = sha256_of_cid(changed);
    EXPECT_TRUE(!result.ok() || cid_of_sha256(*result) == changed) << at;
  }
}

}  // namespace
}  // namespace zkinfer
