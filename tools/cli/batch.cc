// SPDX-License-Identifier: Apache-2.0
#include "batch.h"

#include <utility>

#include "option_words.h"
#include "print.h"
#include "result_json.h"
#include "signals.h"

namespace zkinfer::cli {
namespace {

// What the next sample would meet as well.
bool ends_the_work(StatusCode code) {
  return code == StatusCode::kResourceLimit || code == StatusCode::kIo || code == StatusCode::kInternal;
}

}  // namespace

Batch::Batch(Session& session, Samples& samples, ProgressLine& line, double begin)
    : session_(session), samples_(samples), line_(line), begin_(begin) {}

Progress Batch::progress() {
  const Progress line = line_.callback(begin_, 1);
  if (!line) return {};
  return [this, line](const char*, double fraction) {
    const double count = static_cast<double>(samples_.items().size());
    const std::string stage = std::to_string(current_ + 1) + " of " + std::to_string(samples_.items().size());
    return line(stage.c_str(), (static_cast<double>(current_) + fraction) / count).ok();
  };
}

nlohmann::ordered_json Batch::named(std::size_t item) const {
  const Samples::Item& sample = samples_.items()[item];
  return {{"input", samples_.path_of(sample)}, {"index", sample.index}};
}

void Batch::fail(std::size_t item, const Status& status) {
  ++num_failed_;
  nlohmann::ordered_json json = named(item);
  json["error"] = error_json(status);
  items_.push_back(std::move(json));
  const ExitCode code = exit_code_of(status);
  if (exit_code_ != ExitCode::kInternal) exit_code_ = code;
  line_.clear();
  note("zkinfer: {}: ", samples_.label(samples_.items()[item]));
  note_lines(error_words(status) + "\n");
}

void Batch::run(const std::function<Result<nlohmann::ordered_json>(std::size_t, const RealInputs&)>& work) {
  const Progress report = progress();
  const StopSignals signals(StopSignals::Stop::kAfterThis);
  for (current_ = 0; current_ < samples_.items().size() && StopSignals::stopped_by() == 0; ++current_) {
    static_cast<void>(report("", 0));
    Result<RealInputs> inputs = samples_.load(samples_.items()[current_]);
    if (!inputs.ok()) {
      fail(current_, inputs.status());
      continue;
    }
    Result<nlohmann::ordered_json> done = work(current_, *inputs);
    if (!done.ok()) {
      fail(current_, done.status());
      if (ends_the_work(done.status().code())) break;
      continue;
    }
    ++num_done_;
    nlohmann::ordered_json json = named(current_);
    json.update(*done);
    items_.push_back(std::move(json));
  }
  line_.clear();
  if (StopSignals::stopped_by() == 0) return;
  session_.stopped_by = StopSignals::stopped_by();
  note("zkinfer: interrupted: {}\n", summary());
  for (const nlohmann::ordered_json& item : items_) {
    if (item.contains("proof")) note("zkinfer: written: {}\n", item["proof"].get<std::string>());
  }
}

std::string Batch::summary() const {
  const std::size_t count = samples_.items().size();
  std::string text = std::to_string(num_done_) + " of " + std::to_string(count);
  if (num_failed_ > 0) text += ", " + std::to_string(num_failed_) + " failed";
  if (num_done_ + num_failed_ < count)
    text += ", " + std::to_string(count - num_done_ - num_failed_) + " not tried" +
            (StopSignals::stopped_by() == 0 ? " after that" : "");
  return text;
}

nlohmann::ordered_json Batch::json() const {
  return {{"num_items", samples_.items().size()},
          {"num_done", num_done_},
          {"num_failed", num_failed_},
          {"interrupted", StopSignals::stopped_by() != 0},
          {"items", items_}};
}

void ClippingSum::add(const std::vector<Clipping>& clipping) {
  ++num_all_;
  inputs_.resize(std::max(inputs_.size(), clipping.size()));
  num_samples_.resize(inputs_.size());
  for (std::size_t i = 0; i < clipping.size(); ++i) {
    if (inputs_[i].num_values == 0)
      inputs_[i] = clipping[i];
    else
      inputs_[i].add(clipping[i]);
    num_samples_[i] += clipping[i].num_clipped > 0 ? 1 : 0;
  }
}

void ClippingSum::warn(Session& session, const char* advice) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].num_clipped == 0) continue;
    const std::string where =
        num_all_ > 1 ? " (in " + std::to_string(num_samples_[i]) + " of " + std::to_string(num_all_) + " samples)" : "";
    session.warn(clipping_text(inputs_[i]) + ", and were clipped" + where + advice);
  }
}

}  // namespace zkinfer::cli
