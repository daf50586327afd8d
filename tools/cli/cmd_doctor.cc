// SPDX-License-Identifier: Apache-2.0
// zkinfer doctor: what this machine can do and how fast, measured, and what stands in the way.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/parallel.h"
#include "command.h"
#include "files.h"
#include "machine.h"
#include "mini_network.h"
#include "print.h"
#include "progress.h"
#include "result_json.h"
#include "stopwatch.h"
#include "text.h"
#include "zkinfer/compile.h"
#include "zkinfer/instructions.h"
#include "zkinfer/prove.h"
#include "zkinfer/slot_memory.h"
#include "zkinfer/slots.h"
#include "zkinfer/tensor_commitment.h"

namespace zkinfer::cli {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::int64_t kWidth = 128;  // of the mini network: 32 thousand weights

struct Arguments {
  std::string folder = ".";
};

struct Doctor {
  Session& session;
  std::vector<std::pair<std::string, std::string>> rows = {};
  std::vector<std::string> problems = {};  // what keeps proofs from being made here
  Json json = Json::object();
};

void look_at_processor(Doctor& doctor) {
  const Machine machine = this_machine();
  std::istringstream flags(proc_value("/proc/cpuinfo", "flags"));
  std::vector<std::string> features;
  for (std::string flag; flags >> flag;)
    for (const char* known : {"avx2", "avx512f", "avx512ifma", "avx512dq", "bmi2", "sha_ni", "vaes"})
      if (flag == known) features.push_back(flag);
  cpu_set_t set;
  const int usable =
      sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(machine.num_cores);
  std::string list;
  for (const std::string& feature : features) list += (list.empty() ? "" : " ") + feature;
  doctor.rows.emplace_back("processor", machine.cpu + ", " + counted(static_cast<std::uint64_t>(usable), "core") +
                                            " for this process of " + std::to_string(machine.num_cores));
  doctor.rows.emplace_back("features", list.empty() ? "none that are used" : list);
  doctor.rows.emplace_back("field and hash kernels", vector_instructions());
  doctor.json["cpu"] = machine.cpu;
  doctor.json["cores"] = machine.num_cores;
  doctor.json["usable_cores"] = usable;
  doctor.json["features"] = features;
  doctor.json["instructions"] = vector_instructions();
  if (vector_instructions() == "BASELINE")
    doctor.session.warn(
        "the kernels run without vector instructions: proving takes several times as long as with AVX2");
}

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

void look_at_memory(Doctor& doctor) {
  const Machine machine = this_machine();
  const std::uint64_t available =
      std::strtoull(proc_value("/proc/meminfo", "MemAvailable").c_str(), nullptr, 10) * 1024;
  std::uint64_t limit = machine.memory_bytes;
  const auto take = [&limit](std::uint64_t bytes) { limit = std::min(limit, bytes); };
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) take(space.rlim_cur);
  if (const auto bytes = number_in("/sys/fs/cgroup/memory.max")) take(*bytes);
  doctor.rows.emplace_back(
      "memory", human_bytes(machine.memory_bytes) + ", " + human_bytes(available) + " free" +
                    (limit < machine.memory_bytes ? ", at most " + human_bytes(limit) + " for this process" : ""));
  doctor.json["memory_bytes"] = machine.memory_bytes;
  doctor.json["free_memory_bytes"] = available;
  doctor.json["memory_limit_bytes"] = limit;
  if (std::min(available, limit) < std::uint64_t{512} << 20)
    doctor.session.warn(
        "less than 512 MiB of memory: small networks prove in 150 MiB, VGG-16 for 32x32 pictures takes 0.8 GiB");
}

void look_at_randomness(Doctor& doctor) {
  unsigned char bytes[32];
  const bool good = getrandom(bytes, sizeof bytes, GRND_NONBLOCK) == static_cast<ssize_t>(sizeof bytes);
  doctor.rows.emplace_back(
      "randomness", good ? "the system's (getrandom), ready" : "not ready: " + std::string(std::strerror(errno)));
  doctor.json["randomness"] = good;
  if (!good)
    doctor.problems.emplace_back(
        "the system has no randomness yet, without which nothing can be hidden; wait, or feed its pool");
}

std::string name_of_file_system(const std::string& folder) {
  struct statfs entry {};
  if (::statfs(folder.c_str(), &entry) != 0) return "";
  constexpr std::pair<std::uint32_t, const char*> kNames[] = {
      {0xEF53, "ext"},     {0x9123683E, "btrfs"},   {0x58465342, "xfs"},  {0x01021994, "tmpfs"},
      {0x6969, "NFS"},     {0x794C7630, "overlay"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB"},
      {0x2FC12FC1, "ZFS"}, {0x65735546, "FUSE"},    {0x01021997, "9p"}};
  for (const auto& [magic, name] : kNames)
    if (static_cast<std::uint32_t>(entry.f_type) == magic) return name;
  return "other";
}

// Slots are counted in files under a lock, each brought to the disk: with a count of this folder's own.
Status look_at_folder(Doctor& doctor, const std::string& folder) {
  namespace fs = std::filesystem;
  const std::string path =
      (fs::path(folder) / (".zkinfer-doctor-" + std::to_string(::getpid()) + ".zksecret")).string();
  struct Remove {
    const std::string& path;
    ~Remove() {
      std::error_code ignored;
      fs::remove(path, ignored);
      fs::remove(path + ".lock", ignored);
    }
  } remove{path};
  constexpr std::uint64_t kSlots = 8;
  // The same secret each time, which must not be remembered.
  const struct Forgotten {
    std::string folder = slots_remembered_in();
    Forgotten() { remember_slots_in(""); }
    ~Forgotten() { remember_slots_in(folder); }
  } forgotten;
  const Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(SlotFile file, SlotFile::create(path, kModelSecretFile, Bytes(32), SlotRange::whole(kSlots, 0)));
  std::uint64_t taken = 0;
  for (; taken < kSlots; ++taken) ZKI_RETURN_IF_ERROR(file.take_slot(SlotUse::kProof).status());
  const double each = watch.seconds() / static_cast<double>(kSlots + 1);
  ZKI_ASSIGN_OR_RETURN(const SlotFile again, SlotFile::open(path, kModelSecretFile));
  if (again.slots().num_used() != kSlots) return io_error("the count of slots is not what was written");
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  const std::string name = name_of_file_system(folder);
  doctor.rows.emplace_back("folder", folder + " on " + name + ", " + human_bytes(space.available) +
                                         " free; a slot is locked, counted and on the disk in " + human_seconds(each));
  doctor.json["folder"] = folder;
  doctor.json["file_system"] = name;
  doctor.json["free_disk_bytes"] = space.available;
  doctor.json["slot_seconds"] = each;
  doctor.rows.emplace_back("copies of secrets", forgotten.folder.empty()
                                                    ? "not noticed: there is no home folder to remember used slots in"
                                                    : "noticed by what " + forgotten.folder + " remembers");
  doctor.json["slot_ledger"] = forgotten.folder;
  if (name == "tmpfs")
    doctor.session.warn(folder +
                        " is in memory: what counts the proofs of a commitment is lost there when the machine stops");
  if (name == "NFS" || name == "CIFS" || name == "SMB" || name == "9p" || name == "FUSE")
    doctor.session.warn(folder + " is on " + name +
                        ": use each commitment secret from one machine only, whose locks the others may not see");
  return {};
}

Status measure_hashes(Doctor& doctor) {
  const Bytes data(std::size_t{1} << 22);
  for (const auto& [hash, name] : {std::pair{TensorHash::kKeccak256, "keccak256"}, {TensorHash::kSha256, "sha256"}}) {
    const Stopwatch watch;
    static_cast<void>(hash_data(hash, data));
    doctor.json[std::string(name) + "_bytes_per_second"] = static_cast<double>(data.size()) / watch.seconds();
  }
  return {};
}

// A whole proof of a network that comes with the program, with all threads and with one.
Status prove_something(Doctor& doctor) {
  ProgressLine line(doctor.session, "doctor");
  CompileOptions compile;
  compile.name = "mini";
  compile.progress = line.callback();
  std::vector<RealInputs> inputs;
  for (int i = 0; i < 8; ++i) {
    RealTensor tensor{{1, kWidth}, {}};
    for (std::int64_t k = 0; k < kWidth; ++k)
      tensor.data.push_back(static_cast<float>((k * 37 + i * 11) % 101) / 50 - 1);
    inputs.push_back({tensor});
  }
  Stopwatch watch;
  ZKI_ASSIGN_OR_RETURN(const Model model, compile_network(mini_network(kWidth), inputs, compile));
  doctor.json["compile_seconds"] = watch.seconds();
  CommitOptions options;
  options.progress = line.callback();
  watch = Stopwatch();
  ZKI_ASSIGN_OR_RETURN(const Prover prover, Prover::create(model, options));
  doctor.json["commit_seconds"] = watch.seconds();
  ZKI_ASSIGN_OR_RETURN(const VerificationKey key,
                       VerificationKey::from_bytes(prover.verification_key(), 0, kNoVerifyLimits));
  double all = 0, one = 0, check = 0;
  std::size_t proof_bytes = 0;
  for (int run = 0; run < 6; ++run) {  // the best of three, after what is made once
    const bool single = run >= 3;
    std::unique_ptr<ThreadLimit> limit;
    if (single) limit = std::make_unique<ThreadLimit>(1);
    const Stopwatch proving;
    ZKI_ASSIGN_OR_RETURN(const ProofResult proof,
                         prover.prove(inputs[static_cast<std::size_t>(run)], {}, line.callback()));
    double& best = single ? one : all;
    best = best == 0 ? proving.seconds() : std::min(best, proving.seconds());
    const Stopwatch verifying;
    const VerifyResult result = verify(key, proof.proof, proof.statement);
    check = check == 0 ? verifying.seconds() : std::min(check, verifying.seconds());
    if (!result.verdict.accepted()) return internal_error("a proof of this machine's is " + result.verdict.to_string());
    proof_bytes = proof.proof.size();
  }
  line.clear();
  doctor.rows.emplace_back("mini proof", human_count(model.num_parameters()) + " weights: " + human_seconds(all) +
                                             ", " + human_seconds(one) + " with one thread, checked in " +
                                             human_seconds(check) + ", " + human_bytes(proof_bytes) + ", peak memory " +
                                             human_bytes(peak_memory_bytes()));
  doctor.json["parameters"] = model.num_parameters();
  doctor.json["prove_seconds"] = all;
  doctor.json["prove_seconds_one_thread"] = one;
  doctor.json["verify_seconds"] = check;
  doctor.json["proof_bytes"] = proof_bytes;
  doctor.json["peak_memory_bytes"] = peak_memory_bytes();
  return {};
}

void look_at_versions(Doctor& doctor) {
  const Machine machine = this_machine();
  doctor.rows.emplace_back("zkinfer",
                           std::string(ZKINFER_VERSION) + ", sources " + machine.commit + ", " + machine.compiler);
  doctor.rows.emplace_back("system", machine.system + ", glibc " + gnu_get_libc_version());
  Json formats = Json::object();
  for (const FileFormat& format : kFileFormats)
    if (!format.extension.empty()) formats[std::string(format.extension)] = format.version;
  doctor.json["version"] = ZKINFER_VERSION;
  doctor.json["commit"] = machine.commit;
  doctor.json["compiler"] = machine.compiler;
  doctor.json["system"] = machine.system;
  doctor.json["formats"] = formats;
}

CommandResult doctor(Session& session, const Arguments& arguments) {
  Doctor doctor{session};
  look_at_versions(doctor);
  look_at_processor(doctor);
  look_at_memory(doctor);
  look_at_randomness(doctor);
  if (const Status status = look_at_folder(doctor, arguments.folder); !status.ok())
    doctor.problems.push_back("slots cannot be counted in " + arguments.folder + ": " + status.to_string());
  ZKI_RETURN_IF_ERROR(measure_hashes(doctor));
  if (const Status status = prove_something(doctor); !status.ok())
    doctor.problems.push_back("no proof was made: " + status.to_string());
  doctor.json["problems"] = doctor.problems;
  if (session.json) {
    print_result(session, doctor.json);
  } else {
    print_lines(pairs_text(doctor.rows));
    for (const std::string& problem : doctor.problems) print("PROBLEM: {}\n", problem);
    if (doctor.problems.empty() && !session.quiet) print("this machine proves and verifies\n");
  }
  return doctor.problems.empty() ? ExitCode::kDone : ExitCode::kBadInput;
}

}  // namespace

void add_doctor(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("doctor", "say what this machine can do and how fast, and what stands in the way");
  command->add_option("--folder", arguments->folder, "where commitment secrets will be: their slots are counted there")
      ->type_name("FOLDER")
      ->capture_default_str();
  add_json_flag(*command, session);
  command->footer(
      "Examples:\n"
      "  zkinfer doctor\n"
      "  zkinfer doctor --folder /srv/keys --json\n"
      "Exit code 2: something keeps proofs from being made here.");
  command->callback([arguments, &session] { session.run([&] { return doctor(session, *arguments); }); });
}

}  // namespace zkinfer::cli
