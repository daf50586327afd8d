// SPDX-License-Identifier: Apache-2.0
// The files of a new project folder; words in @..@ are filled in by `zkinfer init`.
#pragma once

namespace zkinfer::cli {

inline constexpr char kCardBegin[] = "<!-- zkinfer: from here on written by `zkinfer init --card` -->\n";

inline constexpr char kModelCard[] = R"card(# Model card: @NAME@

## What it is

What goes in, what comes out, what it decides, and what it must not be used for.

## Data

Where training and test data come from, who may use them, what is missing in them.

## Accuracy

On which data it was measured, against what, for which groups it is worse. The table below says how close the proven integer model is to
the float network, not how good the network is.

## Who sees what

- inputs: @INPUTS@
- outputs: @OUTPUTS@
- weights: @WEIGHTS@

The architecture is public: layers, shapes, scales and table contents stand in the key.

## Measured

<!-- zkinfer: from here on written by `zkinfer init --card` -->

`make` fills this in.

<!-- zkinfer: to here -->

## Checking a proof

Key and certificate once (`network.zkkey`, `network.zkcert`), with each proof its `.zkpath`; compare the identity above with the one that
`zkinfer inspect network.zkkey` prints:

    zkinfer verify proofs/input.zkproof --key network.zkkey
)card";

inline constexpr char kProjectMakefile[] =
    R"make(# @NAME@: from a network to a proof. `make` does what is not done; every command stands alone too.
ZKINFER ?= zkinfer
# The first of each that is there: the network (ONNX, TensorFlow Lite, Keras, a SavedModel folder), inputs as .json, .npy, .npz, .png or IDX.
NETWORK ?= $(firstword $(filter-out %.report.html $(patsubst %,network%,.zkmodel .zkkey .zkcert .zksecret .zksecret.lock .zksecret.unfinished .zkcode .zkserving .zkbackup .zkaudit),$(wildcard network network.*)))
CALIBRATION ?= $(firstword $(wildcard calibration.*))
TEST ?= $(firstword $(wildcard test.*))
INPUT ?= $(firstword $(wildcard input.*))

.PHONY: all model key prove verify card report
all: verify card

model: network.zkmodel  ## the integer model, and how close it is to the network
key: network.zkkey  ## commits to the weights, once: the model's name
prove: proofs/input.zkproof

# Secret: holds the weights.
network.zkmodel: $(NETWORK) $(CALIBRATION) $(TEST)
	$(if $(NETWORK),,$(error put the network into this folder: network.onnx, .tflite, .keras or .h5, or a SavedModel folder as network; or say where it is, make NETWORK=PATH))
	$(if $(CALIBRATION),,$(error put typical inputs into this folder: calibration.npy, .npz or .json))
	$(ZKINFER) compile $(NETWORK) --name @NAME@ --calibration $(CALIBRATION) $(if $(TEST),--evaluate $(TEST)) --fidelity-json accuracy.json --output $@

# Once: another commitment would be another name, and no command replaces the secret.
network.zkkey: | network.zkmodel
	$(ZKINFER) commit network.zkmodel@COMMIT_OPTIONS@

proofs/input.zkproof: $(INPUT) | network.zkkey
	$(if $(INPUT),,$(error put an input into this folder: input.npy, .json or .png))
	mkdir -p proofs
	$(ZKINFER) prove network.zkmodel --input $(INPUT) --output $@

verify: proofs/input.zkproof
	$(ZKINFER) verify $< --key network.zkkey@VERIFY_OPTIONS@

card: | network.zkkey
	$(ZKINFER) init . --card

report: network.zkmodel  ## a page about the model
	$(ZKINFER) report network.zkmodel $(if $(TEST),--input $(TEST) --network $(NETWORK))
)make";

inline constexpr char kProjectGitignore[] = R"ignore(# Secret: weights, what proves, what opens commitments.
*.zkmodel
*.zksecret
*.zkserving/
*.zkcode
*.zkbackup
*.zkaudit
*.zktsecret
*.lock
# The network and people's inputs: take lines out where they are public.
*.onnx
*.tflite
*.keras
*.h5
network
network.*
!network.zkkey
!network.zkcert
input.*
calibration.*
test.*
*.bin
witness.json
# Tells what the model did with inputs.
*.report.html
.zkinfer-*.tmp
)ignore";

}  // namespace zkinfer::cli
