// SPDX-License-Identifier: Apache-2.0
#include "profile_words.h"

#include <algorithm>
#include <array>

namespace zkinfer::cli {

namespace {

constexpr std::array kProfiles = {Profile::kBalanced, Profile::kFast, Profile::kSmall};

}  // namespace

std::vector<std::string> profile_words() {
  std::vector<std::string> out;
  for (const Profile profile : kProfiles) out.push_back(profile_text(profile));
  return out;
}

Profile parse_profile(const std::string& word) {
  return *std::ranges::find_if(kProfiles, [&](Profile profile) { return profile_text(profile) == word; });
}

}  // namespace zkinfer::cli
