// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <memory>

#include <curl/curl.h>

#include "chain/http.h"

namespace zkinfer::cli {
namespace {

constexpr std::size_t kMaxAnswerBytes = std::size_t{1} << 24;
constexpr long kConnectSeconds = 10, kAnswerSeconds = 120;

std::size_t keep(const char* data, std::size_t size, std::size_t count, void* answer) {
  auto& text = *static_cast<std::string*>(answer);
  if (size * count > kMaxAnswerBytes - text.size()) return 0;  // ends the transfer
  text.append(data, size * count);
  return size * count;
}

}  // namespace

Result<std::string> post_json(const std::string& url, const std::string& body) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), &curl_slist_free_all);
  if (started != CURLE_OK || curl == nullptr || headers == nullptr) return io_error("libcurl does not start");
  std::string answer, why(CURL_ERROR_SIZE, '\0');
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(curl.get(), option, value); };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_POSTFIELDS, body.data());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_TIMEOUT, kAnswerSeconds);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_WRITEFUNCTION, &keep);
  set(CURLOPT_WRITEDATA, &answer);
  set(CURLOPT_ERRORBUFFER, why.data());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return answer;
  if (code == CURLE_WRITE_ERROR)
    return io_error("an answer of more than " + std::to_string(kMaxAnswerBytes) + " bytes");
  why.resize(why.find('\0'));
  return io_error("no answer: " + (why.empty() ? curl_easy_strerror(code) : why));
}

}  // namespace zkinfer::cli
