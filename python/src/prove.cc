// SPDX-License-Identifier: Apache-2.0
// zkinfer/prove.h.
#include "zkinfer/prove.h"

#include "arrays.h"
#include "native.h"
#include "work.h"
#include "zkinfer/commit_warnings.h"
#include "zkinfer/commitment_tree.h"
#include "zkinfer/formats.h"
#include "zkinfer/slot_memory.h"
#include "zkinfer/structure.h"

namespace zkinfer::python {

namespace {

// A prover that works which were left behind may still use.
using SharedProver = std::shared_ptr<Prover>;

SharedProver share(Prover prover) { return std::make_shared<Prover>(std::move(prover)); }

void bind_results(py::module_& module) {
  py::class_<ProveStats>(module, "ProveStats")
      .def_readonly("execute_seconds", &ProveStats::execute_seconds)
      .def_readonly("witness_seconds", &ProveStats::witness_seconds)
      .def_readonly("commit_seconds", &ProveStats::commit_seconds)
      .def_readonly("lookup_seconds", &ProveStats::lookup_seconds)
      .def_readonly("relations_seconds", &ProveStats::relations_seconds)
      .def_readonly("opening_seconds", &ProveStats::opening_seconds)
      .def_readonly("total_seconds", &ProveStats::total_seconds);
  py::class_<ProofResult>(module, "ProofResult")
      .def_property_readonly("proof", [](const ProofResult& result) { return to_python(result.proof); })
      .def_property_readonly("inputs", [](const ProofResult& result) { return to_python(result.inputs); })
      .def_property_readonly("outputs", [](const ProofResult& result) { return to_python(result.outputs); })
      .def_readonly("clipping", &ProofResult::clipping)
      .def_readonly("committed_outputs", &ProofResult::committed_outputs)
      .def_readonly("statement", &ProofResult::statement)
      .def_readonly("stats", &ProofResult::stats);
  py::class_<BatchRow>(module, "BatchRow")
      .def_property_readonly("inputs", [](const BatchRow& row) { return to_python(row.inputs); })
      .def_property_readonly("outputs", [](const BatchRow& row) { return to_python(row.outputs); })
      .def_readonly("clipping", &BatchRow::clipping);
  py::class_<BatchResult>(module, "BatchResult")
      .def_property_readonly("proof", [](const BatchResult& result) { return to_python(result.proof); })
      .def_readonly("rows", &BatchResult::rows)
      .def_readonly("statement", &BatchResult::statement)
      .def_readonly("stats", &BatchResult::stats);
  py::class_<JointRow, BatchRow>(module, "JointRow").def_property_readonly("seat", [](const JointRow& row) {
    return to_python(row.seat);
  });
  py::class_<JointResult>(module, "JointResult")
      .def_property_readonly("proof", [](const JointResult& result) { return to_python(result.proof); })
      .def_readonly("rows", &JointResult::rows)
      .def_readonly("stats", &JointResult::stats);
  py::class_<BudgetPrice>(module, "BudgetPrice")
      .def_readonly("budget", &BudgetPrice::budget)
      .def_readonly("opening_bytes", &BudgetPrice::opening_bytes)
      .def_readonly("committed_elements", &BudgetPrice::committed_elements)
      .def_readonly("code_word_bytes", &BudgetPrice::code_word_bytes);
}

void bind_prover(py::module_& module) {
  py::class_<Prover, SharedProver>(module, "Prover")
      .def_static("create",
                  [](const Model& model, const CommitOptions& options, const py::object& progress) {
                    return run<SharedProver>(
                        progress, [model, given = options](const Progress& report) mutable -> Result<SharedProver> {
                          given.progress = report;
                          ZKI_ASSIGN_OR_RETURN(Prover made, Prover::create(model, given));
                          return share(std::move(made));
                        });
                  })
      .def_static("open",
                  [](const Model& model, const std::string& path, const py::object& progress) {
                    return run<SharedProver>(progress, [model, path](const Progress& report) -> Result<SharedProver> {
                      ZKI_ASSIGN_OR_RETURN(Prover opened, Prover::open(model, path, report));
                      return share(std::move(opened));
                    });
                  })
      .def(
          "save", [](Prover& prover, const std::string& path) { must(prover.save(path)); },
          py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("verification_key",
                             [](const Prover& prover) { return to_python(prover.verification_key()); })
      .def_property_readonly("all_slots", &Prover::all_slots)
      .def_property_readonly("proofs_made", &Prover::proofs_made)
      .def_property_readonly("options", &Prover::options)
      .def_property_readonly("circuit_report", &Prover::circuit_report)
      .def_property_readonly("price", &Prover::price)
      .def("audit_key", [](const Prover& prover) { return to_python(prover.audit_key()); })
      .def("prove",
           [](const SharedProver& prover, const std::vector<py::array>& inputs,
              const std::vector<CommittedTensor>& committed, const py::bytes& context, bool refuse_clipping,
              const py::object& progress) {
             const auto arrays = hold({inputs});
             return run<ProofResult>(progress, [=, bound = bytes_of(context)](const Progress& report) {
               ProveRequest request;
               request.inputs = arrays->rows()[0];
               for (const CommittedTensor& tensor : committed) request.committed_inputs.push_back(&tensor);
               request.refuse_clipping = refuse_clipping;
               request.context = bound;
               request.progress = report;
               return prover->prove(request);
             });
           })
      .def("prove_batch",
           [](const SharedProver& prover, const std::vector<std::vector<py::array>>& rows, const py::bytes& context,
              bool refuse_clipping, const py::object& progress) {
             const auto arrays = hold(rows);
             return run<BatchResult>(progress, [=, bound = bytes_of(context)](const Progress& report) {
               BatchRequest request;
               request.inputs = arrays->rows();
               request.refuse_clipping = refuse_clipping;
               request.context = bound;
               request.progress = report;
               return prover->prove_batch(request);
             });
           })
      .def("prove_joint",
           [](const SharedProver& prover, const std::vector<std::vector<py::array>>& rows,
              const std::vector<py::bytes>& contexts, std::uint64_t num_seats, bool refuse_clipping,
              const py::object& progress) {
             const auto arrays = hold(rows);
             std::vector<Bytes> bound;
             for (const py::bytes& context : contexts) bound.push_back(bytes_of(context));
             return run<JointResult>(progress, [=](const Progress& report) {
               JointRequest request;
               request.inputs = arrays->rows();
               request.contexts = bound;
               request.num_seats = num_seats;
               request.refuse_clipping = refuse_clipping;
               request.progress = report;
               return prover->prove_joint(request);
             });
           })
      .def_property_readonly("usual_seats", [](const Prover& prover) { return must(prover.usual_seats()); })
      .def("certify",
           [](const SharedProver& prover, const py::object& progress) {
             return to_python(run<Bytes>(progress, [=](const Progress& report) { return prover->certify(report); }));
           })
      .def("rotate", [](const SharedProver& prover, const SharedProver& fresh, const py::object& progress) {
        return to_python(run<Bytes>(progress, [=](const Progress& report) { return prover->rotate(*fresh, report); }));
      });
}

// A model's commitments below the root that `zkinfer commit` makes.
void bind_tree(py::module_& module) {
  py::enum_<CommitmentRole>(module, "CommitmentRole")
      .value("single", CommitmentRole::kSingle)
      .value("root", CommitmentRole::kRoot)
      .value("inner", CommitmentRole::kInner)
      .value("serving", CommitmentRole::kServing);
  module.def("usual_pow_bits", &usual_pow_bits);
  module.def("role_of_file", [](const std::string& path) {
    const SlotFile file = must(SlotFile::open(path, kModelSecretFile));
    return must(read_commitment_secret(file.payload())).role;
  });
  // A commitment with so many slots left, and the path to it from the root's key.
  module.def("serve",
             [](const Model& model, const std::string& root_path, const py::object& progress, std::uint64_t num_slots) {
               using Serving = std::pair<SharedProver, Bytes>;
               const auto made = run<Serving>(progress, [=](const Progress& report) -> Result<Serving> {
                 ZKI_ASSIGN_OR_RETURN(const CommitmentTree tree, CommitmentTree::open(root_path));
                 ZKI_ASSIGN_OR_RETURN(CommitmentTree::Serving serving,
                                      tree.serve(model, {{}, num_slots > 1 ? report.part(0, 0.5) : report}));
                 if (serving.node.num_proofs_left < num_slots) {
                   ZKI_ASSIGN_OR_RETURN(serving, tree.rotate(model, {{}, report.part(0.5, 1)}));
                 }
                 return Serving(share(std::move(serving.prover)), std::move(serving.path));
               });
               return py::make_tuple(made.first, to_python(made.second));
             });
  module.def("root_key", [](const Model& model, const std::string& root_path) {
    const CommitmentTree tree = must(CommitmentTree::open(root_path));
    return to_python(must(tree.root_key(model)));
  });
  module.def("num_proofs_under", [](const std::string& root_path) {
    const CommitmentTree tree = must(CommitmentTree::open(root_path));
    return CommitmentTree::num_proofs_left(must(tree.nodes()));
  });
}

// What models and provers share.
void bind_shared(py::module_& module) {
  py::class_<Preprocessing>(module, "Preprocessing")
      .def(py::init<>())
      .def_readwrite("scale", &Preprocessing::scale)
      .def_readwrite("mean", &Preprocessing::mean)
      .def_readwrite("std", &Preprocessing::std);

  py::class_<SlotRange>(module, "SlotRange")
      .def_readonly("begin", &SlotRange::begin)
      .def_readonly("next", &SlotRange::next)
      .def_readonly("end", &SlotRange::end)
      .def_readonly("total", &SlotRange::total)
      .def_readonly("num_kept", &SlotRange::num_kept)
      .def_property_readonly("num_used", &SlotRange::num_used)
      .def_property_readonly("num_left", [](const SlotRange& slots) { return slots.num_left(SlotUse::kProof); });

  py::class_<Clipping>(module, "Clipping")
      .def_readonly("input", &Clipping::input)
      .def_readonly("num_values", &Clipping::num_values)
      .def_readonly("num_clipped", &Clipping::num_clipped)
      .def_readonly("lo", &Clipping::lo)
      .def_readonly("hi", &Clipping::hi)
      .def_readonly("largest_excess", &Clipping::largest_excess)
      .def_property_readonly("text", &clipping_text);
  module.def("weights_from_model", [](const Model& model, const VerificationKey& key) {
    must(check_process());  // encodes the weights
    CheckedWeights weights;
    Verdict verdict;
    {
      const py::gil_scoped_release no_gil;
      verdict = check_public_weights(model, key, weights);
    }
    return py::make_tuple(verdict, weights);
  });
  module.def("commit_warnings", &commit_warnings);
  module.def("remember_slots", &remember_slots_in);
  module.def("structure_of", [](const VerificationKey& key) { return structure_text(key); });
  module.def("structure_warnings_of", [](const VerificationKey& key) { return structure_warnings(key); });
}

}  // namespace

void bind_prove(py::module_& module) {
  bind_shared(module);
  bind_results(module);
  py::class_<CommitOptions>(module, "CommitOptions")
      .def(py::init<>())
      .def_readwrite("security", &CommitOptions::security)
      .def_readwrite("inputs", &CommitOptions::inputs)
      .def_readwrite("outputs", &CommitOptions::outputs)
      .def_readwrite("public_parameters", &CommitOptions::public_parameters)
      .def_readwrite("tensor_budget", &CommitOptions::tensor_budget)
      .def_readwrite("budget", &CommitOptions::budget);
  bind_prover(module);
  bind_tree(module);
  // The slots that a saved commitment has left, as its file counts them now.
  module.def("slots_of_file",
             [](const std::string& path) { return must(SlotFile::open(path, kModelSecretFile)).slots(); });
}

}  // namespace zkinfer::python
