#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Image authenticity: a reader sees a piece of a picture and a class, and knows that a camera took the whole, which he never sees.

The camera signs (Ed25519) the SHA-256 of the picture that it took. An editor cuts a box out and classifies it, by a public network that does both, and proves that
piece and class are what the network makes of a picture with the digest that was signed. The reader checks signature and proof; of the rest of
the picture he learns the digest alone.

What it does not show: that the scene was real (a picture of a screen is a picture), that the camera's key is in a camera. Pictures that can be guessed can be found from
their digest.

    PYTHONPATH=build/release/python /usr/bin/python3 examples/image_authenticity/authenticate.py [FOLDER]
"""
import hashlib
import pathlib
import sys
import tempfile

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import zkinfer

HERE = pathlib.Path(__file__).resolve().parent
TAG = b"image authenticity v1"
BOX = np.s_[..., 12:20, 20:28]  # of crop.onnx


class Camera:
    """Signs what it takes; the private key never leaves it. The bytes that it hashes are those of the sensor, row by row."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = self._key.public_key()

    def take(self, scene: np.ndarray):
        digest = hashlib.sha256(scene.tobytes()).hexdigest()
        return scene, digest, self._key.sign(TAG + bytes.fromhex(digest))


def editor_proves(model: zkinfer.Model, picture: np.ndarray, article: str, folder: pathlib.Path) -> None:
    key = model.commit(public_parameters=True, inputs="private:sha256")  # nothing in it is secret
    proof = key.prove(picture, context=article)
    proof.save(folder / "article.zkproof")
    print(f"editor: the digit is a {int(np.argmax(proof.outputs[1]))}, proof of {len(proof)} bytes")


def reader_checks(camera: Ed25519PublicKey, digest: str, signature: bytes, article: str, folder: pathlib.Path) -> np.ndarray:
    """The piece, or an exception. He makes the key from the public network himself, so it is the network that he knows."""
    camera.verify(signature, TAG + bytes.fromhex(digest))
    model = zkinfer.Model.load(folder / "crop.zkmodel")
    key = model.commit(public_parameters=True, inputs="private:sha256").public
    statement = zkinfer.verify(folder / "article.zkproof", key, context=article, inputs={"picture": digest})  # outputs: crop, logits
    print(f"reader: a camera took it; the piece shows a {int(np.argmax(statement.outputs[1]))}")
    return statement.outputs[0]


def refused(who: str, error: type, call) -> None:
    try:
        call()
    except error as found:
        print(f"reader: rejected {who}, {getattr(found, 'reason', 'the signature is not the camera’s')}")
    else:
        raise SystemExit(f"{who} was accepted")


def main(folder: pathlib.Path) -> None:
    scenes = np.load(HERE / "scenes.npy")
    model = zkinfer.compile(HERE / "crop.onnx", calibration=scenes)
    model.save(folder / "crop.zkmodel")
    camera = Camera()
    picture, digest, signature = camera.take(scenes[:1])
    editor_proves(model, picture, "article 7", folder)
    piece = reader_checks(camera.public, digest, signature, "article 7", folder)
    # What was cut out is what the camera saw there.
    if not np.array_equal(piece, picture[BOX]):
        raise SystemExit("the piece is another one")

    refused("another camera's signature", InvalidSignature, lambda: reader_checks(Camera().public, digest, signature, "article 7", folder))
    refused("the proof for another article", zkinfer.Rejected, lambda: reader_checks(camera.public, digest, signature, "article 8", folder))
    # One pixel outside of the box is retouched: the editor can prove his own picture, and has no signature of it.
    retouched = picture.copy()
    retouched[0, 0, 0, 0] ^= 1
    editor_proves(model, retouched, "article 7", folder)
    refused("a changed pixel", zkinfer.Rejected, lambda: reader_checks(camera.public, digest, signature, "article 7", folder))
    refused("a digest that nobody signed", InvalidSignature, lambda: reader_checks(camera.public, hashlib.sha256(retouched).hexdigest(), signature, "article 7", folder))
    editor_proves(model, scenes[1:2], "article 7", folder)
    refused("another picture", zkinfer.Rejected, lambda: reader_checks(camera.public, digest, signature, "article 7", folder))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(pathlib.Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(pathlib.Path(made))
