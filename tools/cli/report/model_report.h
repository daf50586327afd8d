// SPDX-License-Identifier: Apache-2.0
// A ModelReport for programs and as a page.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "zkinfer/model_report.h"

namespace zkinfer::cli {

nlohmann::ordered_json notes_json(const CompileRecord& record);
nlohmann::ordered_json float_target_json(const CompileRecord& record, const Fidelity* compared);
nlohmann::ordered_json preprocessing_json(const Preprocessing& preprocessing);
// docs/cli.md lists the keys.
nlohmann::ordered_json model_report_json(const ModelReport& report);
// A self-contained HTML page. made_by: the command.
std::string model_report_html(const ModelReport& report, const std::string& made_by);
// How it begins, as OutputFiles::add_text wants it.
inline constexpr char kPageHead[] = "<!doctype html>";

}  // namespace zkinfer::cli
