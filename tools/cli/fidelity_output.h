// SPDX-License-Identifier: Apache-2.0
// How close integers are to floats, for people and for programs.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "zkinfer/compile_record.h"
#include "zkinfer/fidelity.h"

namespace zkinfer::cli {

// null where there is none.
nlohmann::ordered_json optional_json(const std::optional<double>& number);
// Of a model with this record. Names are as in the files: whoever prints the rows escapes them.
std::vector<std::pair<std::string, std::string>> fidelity_rows(const Fidelity& fidelity, const CompileRecord& record);
nlohmann::ordered_json tensor_fidelity_json(const TensorFidelity& tensor);
nlohmann::ordered_json fidelity_json(const Fidelity& fidelity);
nlohmann::ordered_json clipping_json(const std::vector<Clipping>& clipping);

}  // namespace zkinfer::cli
