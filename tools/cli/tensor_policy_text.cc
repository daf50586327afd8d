// SPDX-License-Identifier: Apache-2.0
#include "tensor_policy_text.h"

#include "base/check.h"

namespace zkinfer::cli {
namespace {

const std::vector<TensorPolicy>& all_groups() {
  static const std::vector<TensorPolicy> groups = [] {
    std::vector<TensorPolicy> out;
    for (const Exposure exposure : {Exposure::kPrivate, Exposure::kPublic, Exposure::kCommitted}) {
      for (const TensorHash hash : {TensorHash::kNone, TensorHash::kSha256, TensorHash::kKeccak256}) {
        if (const TensorPolicy group{exposure, hash}; group.valid()) out.push_back(group);
      }
    }
    return out;
  }();
  return groups;
}

}  // namespace

std::vector<std::string> tensor_policy_words() {
  std::vector<std::string> out;
  for (const TensorPolicy& group : all_groups()) out.push_back(tensor_policy_text(group));
  return out;
}

TensorPolicy parse_tensor_policy(const std::string& word) {
  for (const TensorPolicy& group : all_groups()) {
    if (tensor_policy_text(group) == word) return group;
  }
  ZKI_CHECK(false, "the option's validator knows the words");
  return {};
}

}  // namespace zkinfer::cli
