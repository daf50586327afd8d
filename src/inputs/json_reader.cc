// SPDX-License-Identifier: Apache-2.0
#include "inputs/json_reader.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace zkinfer {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxJsonInputs = 256;

// Collects numbers while the parser runs, so that memory stays at 4 bytes per number whatever the file says.
class InputDataHandler : public nlohmann::json::json_sax_t {
 public:
  explicit InputDataHandler(std::string_view text) : text_(text) {}
  std::vector<Array> take() { return std::move(arrays_); }
  bool found() const { return found_; }
  const Status& status() const { return status_; }

  bool null() override { return not_a_number("null"); }
  bool boolean(bool value) override { return element(value ? 1 : 0, Word::kTruth); }
  bool number_integer(number_integer_t value) override { return element(static_cast<double>(value), Word::kNumber); }
  bool number_unsigned(number_unsigned_t value) override { return element(static_cast<double>(value), Word::kNumber); }
  bool number_float(number_float_t value, const string_t&) override { return element(value, Word::kNumber); }
  bool string(string_t&) override { return not_a_number("a string"); }
  bool binary(binary_t&) override { return not_a_number("binary data"); }

  bool start_object(std::size_t) override {
    if (depth_ > 0 && in_data_) return not_a_number("an object");
    return enter();
  }
  bool key(string_t& name) override {
    if (depth_ == 1 && name == "input_data") {
      if (found_) return fail("\"input_data\" appears twice; keep one");
      found_ = in_data_ = true;
    }
    return true;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return fail("the file is a list; expected an object {\"input_data\": [[numbers], ..]}");
    if (in_data_ && depth_ == 2) {  // one list per model input
      if (arrays_.size() == kMaxJsonInputs) return fail("more than 256 inputs");
      if (mixed_) return fail("\"input_data\" mixes numbers and lists; expected one list per model input");
      arrays_.emplace_back();
    }
    return enter();
  }
  bool end_array() override {
    --depth_;
    if (depth_ == 1) in_data_ = false;
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    // Python's json.dump writes numbers that JSON has not.
    constexpr std::size_t kNear = 10;
    const std::size_t begin = position > kNear ? position - kNear : 0;
    const std::string_view near = text_.substr(std::min(begin, text_.size()), 2 * kNear);
    if (near.find("NaN") != std::string_view::npos || near.find("Infinity") != std::string_view::npos) {
      return fail("NaN or Infinity near byte " + std::to_string(position) +
                  ", which are no numbers of JSON nor for a model");
    }
    return fail("no valid JSON at byte " + std::to_string(position));
  }

 private:
  bool enter() {
    if (++depth_ > kMaxDepth) return fail("lists nested deeper than 32");
    return true;
  }
  // A list is of numbers, or of `true` and `false`, which count as 1 and 0: one among the others is a slip.
  enum class Word : std::uint8_t { kNumber, kTruth };
  bool element(double value, Word word) {
    if (!in_data_) return true;
    if (depth_ == 1) return fail("\"input_data\" is a number; expected a list of lists of numbers");
    if (depth_ == 2) {  // {"input_data": [1, 2, 3]}: one input
      if (!mixed_ && !arrays_.empty())
        return fail("\"input_data\" mixes numbers and lists; expected one list per model input");
      if (arrays_.empty()) arrays_.emplace_back();
      mixed_ = true;
    }
    const float as_float = static_cast<float>(value);
    std::vector<float>& data = arrays_.back().data;
    if (!std::isfinite(as_float)) return fail("input " + place() + ": a number too large for 32-bit floating point");
    if (data.empty()) word_ = word;
    if (word != word_)
      return fail("input " + place() +
                  ": a list mixes numbers with true and false; write 1 and 0 where those are meant");
    if (++num_elements_ > kMaxInputElements) {
      status_ = resource_limit("more than 2^28 numbers; split the file");
      return false;
    }
    data.push_back(as_float);
    return true;
  }
  std::string place() const {
    return std::to_string(arrays_.size() - 1) + ", element " + std::to_string(arrays_.back().data.size());
  }
  bool not_a_number(const char* what) {
    if (!in_data_) return true;
    return fail("input " + (arrays_.empty() ? std::string("0, element 0") : place()) + ": expected a number, got " +
                what);
  }
  bool fail(std::string message) {
    if (status_.ok()) status_ = corrupt(std::move(message));
    return false;
  }

  std::string_view text_;
  int depth_ = 0;
  bool found_ = false, in_data_ = false, mixed_ = false;
  std::uint64_t num_elements_ = 0;
  Word word_ = Word::kNumber;  // of the list's first element
  std::vector<Array> arrays_;
  Status status_;
};

}  // namespace

Result<std::vector<Array>> read_json_inputs(ByteView bytes) {
  // The parser would stop at a NUL as at the end.
  if (const auto nul = std::find(bytes.begin(), bytes.end(), 0); nul != bytes.end()) {
    return corrupt("no valid JSON at byte " + std::to_string(nul - bytes.begin()) + ": a NUL");
  }
  InputDataHandler handler({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const bool parsed = nlohmann::json::sax_parse(bytes.begin(), bytes.end(), &handler);
  if (!handler.status().ok()) return handler.status();
  if (!parsed) return corrupt("no valid JSON");
  if (!handler.found()) return corrupt("no key \"input_data\"; expected {\"input_data\": [[numbers], ..]}");
  std::vector<Array> arrays = handler.take();
  if (arrays.empty()) return corrupt("\"input_data\" is empty; expected one list of numbers per model input");
  for (Array& array : arrays) array.shape = {static_cast<std::int64_t>(array.data.size())};
  return arrays;
}

}  // namespace zkinfer
