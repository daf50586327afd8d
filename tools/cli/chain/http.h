// SPDX-License-Identifier: Apache-2.0
// One request to a server. Built with libcurl where that is there (http_curl.cc), else every request says that it is not (http_none.cc).
#pragma once

#include <string>

#include "zkinfer/status.h"

namespace zkinfer::cli {

// POSTs JSON to an http or https URL; the body of the answer, whatever its status: nodes say errors in JSON with any. io: no answer, or one
// that is too long; it says why, and not the URL.
Result<std::string> post_json(const std::string& url, const std::string& body);

}  // namespace zkinfer::cli
