// SPDX-License-Identifier: Apache-2.0
#include "chain/http.h"

namespace zkinfer::cli {

Result<std::string> post_json(const std::string&, const std::string&) {
  return unsupported("this zkinfer was built without libcurl (libcurl4-openssl-dev) and speaks to no node");
}

}  // namespace zkinfer::cli
