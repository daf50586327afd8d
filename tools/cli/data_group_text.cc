// SPDX-License-Identifier: Apache-2.0
#include "data_group_text.h"

#include "base/check.h"

namespace zkinfer::cli {
namespace {

const std::vector<DataGroup>& all_groups() {
  static const std::vector<DataGroup> groups = [] {
    std::vector<DataGroup> out;
    for (const Exposure exposure : {Exposure::kPrivate, Exposure::kPublic, Exposure::kCommitted}) {
      for (const DataHash hash : {DataHash::kNone, DataHash::kSha256, DataHash::kKeccak256}) {
        if (const DataGroup group{exposure, hash}; group.valid()) out.push_back(group);
      }
    }
    return out;
  }();
  return groups;
}

}  // namespace

std::string data_group_text(const DataGroup& group) {
  const std::string exposure = group.is_public() ? "public" : group.is_committed() ? "committed" : "private";
  if (group.hash == DataHash::kNone) return exposure;
  return exposure + (group.hash == DataHash::kSha256 ? ":sha256" : ":keccak256");
}

std::vector<std::string> data_group_words() {
  std::vector<std::string> out;
  for (const DataGroup& group : all_groups()) out.push_back(data_group_text(group));
  return out;
}

DataGroup parse_data_group(const std::string& word) {
  for (const DataGroup& group : all_groups()) {
    if (data_group_text(group) == word) return group;
  }
  ZKI_CHECK(false, "the option's validator knows the words");
  return {};
}

}  // namespace zkinfer::cli
