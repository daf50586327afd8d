// SPDX-License-Identifier: Apache-2.0
#include "seat.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "files.h"
#include "formats/frame.h"
#include "text.h"

namespace zkinfer::cli {
namespace {

// The data of every tensor, and nothing that a joint proof has no word of.
Status check_given(const KnownArguments& arguments, const std::vector<TensorInfo>& tensors,
                   const std::vector<KnownTensor>& known) {
  const std::string option = "--" + arguments.kind;
  for (const auto& [what, values] :
       {std::pair("-digest", &arguments.digests), std::pair("-commitment", &arguments.commitments)}) {
    if (!values->empty())
      return invalid_argument(option + what + ": a joint proof names no hash and no commitment; give the data with " +
                              option + "-data");
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (std::ranges::none_of(known, [&](const KnownTensor& one) { return one.index == i && one.data.has_value(); }))
      return invalid_argument(option + "-data: a joint proof holds no data; give the canonical bytes of the " +
                              arguments.kind + " " + in_quotes(tensors[i].name) + " that is yours");
  }
  return ok_status();
}

}  // namespace

bool is_joint(ByteView bytes) {
  const FileFormat* format = find_format(bytes);
  return format != nullptr && format->kind == FileKind::kJoint;
}

void add_seat_option(CLI::App& command, std::string& path) {
  command
      .add_option("--seat", path,
                  "your seat (.zkseat) in a joint proof (.zkjoint), of which --input-data and --output-data are then "
                  "needed (default: the proof's name with .zkseat)")
      ->type_name(kReadsFile);
}

Result<VerifyJointResult> verify_seat(const std::string& path, const std::string& seat_path, const VerificationKey& key,
                                      ByteView proof, const KnownArguments& inputs, const KnownArguments& outputs,
                                      const VerifyRequest& request) {
  ZKI_RETURN_IF_ERROR(check_given(inputs, key.info().input_tensors, request.inputs));
  ZKI_RETURN_IF_ERROR(check_given(outputs, key.info().output_tensors, request.outputs));
  const std::string name = seat_path.empty() ? with_extension(path, ".zkseat") : seat_path;
  std::error_code error;
  if (seat_path.empty() && (path == "-" || !std::filesystem::is_regular_file(name, error)))
    return invalid_argument(in_quotes(path) + " is a joint proof, and there is no seat " +
                            (path == "-" ? std::string() : in_quotes(name) + " ") +
                            "beside it: give yours with --seat; nobody without one can check it");
  ZKI_ASSIGN_OR_RETURN(const Bytes seat, load_checked(seat_path.empty() ? "" : "--seat", name, FileKind::kSeat));
  VerifyJointResult result = verify_joint(key, proof, seat, request);
  ZKI_ASSIGN_OR_RETURN(result.verdict, within_limits(path, std::move(result.verdict)));
  return result;
}

std::string seat_text(const VerifyJointResult& result) {
  return std::to_string(result.seat) + " of " + human_count(result.num_seats) +
         ", counted from 0; the proof shows nobody its input and output";
}

}  // namespace zkinfer::cli
