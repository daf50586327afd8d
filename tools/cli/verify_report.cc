// SPDX-License-Identifier: Apache-2.0
#include "verify_report.h"

#include "report/model_report.h"

namespace zkinfer::cli {

Status VerifyReport::prepare(const std::vector<std::string>& reads, bool keeps_standard_output) {
  if (!is_asked_for()) return ok_status();
  files_ = std::make_unique<OutputFiles>();
  files_->reads(reads);
  if (keeps_standard_output) files_->keep_standard_output();
  page_ = files_->add_text("--report", path_, kPageHead);
  return files_->prepare();
}

Status VerifyReport::write(const KeyInfo& key, const DataSet& data, double confidence, const std::string& check_with,
                           const nlohmann::ordered_json& said) {
  ZKI_RETURN_IF_ERROR(files_->write(page_, evaluation_html(key, data, evaluations_, confidence, check_with, said)));
  return files_->publish();
}

}  // namespace zkinfer::cli
