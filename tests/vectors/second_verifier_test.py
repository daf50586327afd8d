#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Do both verifiers, the native one and zkverify.py, accept and reject the same proofs, with the same reason?

second_verifier_test.py ZKINFER WRITE_PROOFS SOURCE_FOLDER WORK_FOLDER

The specification's vectors, then three rooms: proofs that write_proofs makes (the golden ones, a graph per kind of relation with a lie of each, every visibility);
proofs of the example models through the program, with certificates and paths; and changed proofs: bytes of every part,
truncations, more bytes, parts exchanged, other keys, other public data. Changes are drawn from fixed seeds.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from zkverify import BadInput, Key, Rejected, keccak256, main, read_key, verify_batch, verify_certificate, verify_path, verify_proof

zkinfer, write_proofs, source, work = (Path(argument).resolve() for argument in sys.argv[1:5])
failures = 0


def fail(text):
    global failures
    failures += 1
    print("FAIL:", text)


def verdict(key, proof, beside=()):
    """(reason, place) of zkverify; ("accepted", "")."""
    try:
        (verify_batch if proof[:4] == b"ZKIQ" else verify_proof)(key, proof, beside)
    except Rejected as error:
        return error.reason, error.where
    return "accepted", ""


def run(*arguments, code=0):
    result = subprocess.run([zkinfer, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode != code:
        fail(f"zkinfer {' '.join(map(str, arguments))}: exit code {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout


def native_verdicts(folder, key_file, *options):
    """(reason, place) by file name, of all proofs in the folder."""
    command = [zkinfer, "verify", folder, "--key", key_file, "--json", *options]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    try:
        items = json.loads(result.stdout)["items"]
    except (ValueError, KeyError):
        fail(f"verify {folder}: {result.stdout}{result.stderr}")
        return {}
    return {Path(item["proof"]).name: native_verdict(item) for item in items}


# Of a proof that names a key to which no path is there the program gives no verdict (decision 101), where a library says that it is not this key's.
def native_verdict(item):
    if item.get("accepted"):
        return "accepted", ""
    error = item.get("error")
    if error and error["code"] == "invalid argument" and "no path from this key" in error["message"]:
        return "wrong statement", "model identity"
    return item.get("reason", "error"), item.get("where", "")


# What the place of a rejection is called where both need not use the same words.
def same(own, native):
    exact = native[0] not in ("bad header", "bad public value", "wrong statement")
    return own == native if exact else own[0] == native[0]


def changes(proof, header, rng, count):
    """Changed copies of a proof."""
    def flip(data, at):
        data = bytearray(data)
        data[at] ^= 1 << rng.randrange(8)
        return bytes(data)
    out = [flip(proof, at) for at in (0, 5, 8, 12 + rng.randrange(32), 44 + rng.randrange(32), 76, 83)]
    out += [flip(proof, at) for at in range(84, header, max(1, (header - 84) // 3))]
    # Everywhere behind the header, the last bytes among them.
    step = (len(proof) - header) // count
    out += [flip(proof, header + i * step + rng.randrange(step)) for i in range(count)]
    out += [flip(proof, len(proof) - 1 - i) for i in range(0, 32 * 8, 32)]
    # An element of F that is not below p, in messages and in rows.
    for at in (rng.randrange(header + 32, header + 400), len(proof) // 2, len(proof) - 4000):
        out += [proof[: at + i] + b"\xff" * 8 + proof[at + i + 8 :] for i in (0, 4)]
    out += [proof[:size] for size in (0, 7, 30, 80, header, header + 20, header + 500, len(proof) // 2, len(proof) - 1)]
    out += [proof + b"\0", proof + proof]
    # Messages exchanged, a part left out.
    for at in (header + 32 + 24 * rng.randrange(8, 20), len(proof) - 500):
        out.append(proof[:at] + proof[at + 24 : at + 48] + proof[at : at + 24] + proof[at + 48 :])
        out.append(proof[:at] + proof[at + 24 :])
    return [changed for changed in dict.fromkeys(out) if changed != proof]


def compare_changed(name, key, key_file, proof, header, count, *options):
    """Both verifiers on changed copies; `options` are the native one's."""
    folder = work / "changed" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = random.Random(name)
    copies = {f"{i:03}.zkproof": data for i, data in enumerate(changes(proof, header, rng, count))}
    for file, data in copies.items():
        (folder / file).write_bytes(data)
    native, reasons = native_verdicts(folder, key_file, *options), {}
    for file, data in copies.items():
        own = verdict(key, data)
        reasons[own[0]] = reasons.get(own[0], 0) + 1
        # The program does not take what does not begin as a proof for one.
        if native.get(file, ("error", ""))[0] == "error" and own[0] in ("bad header", "truncated") and (
                len(data) < 12 or data[:8] != proof[:8]):
            continue
        if own[0] == "accepted" or not same(own, native.get(file, ("none", ""))):
            fail(f"{folder / file}: zkverify says {own}, zkinfer {native.get(file)}")
    print(f"  {name}: {len(copies)} changed, {', '.join(f'{n} {reason}' for reason, n in sorted(reasons.items()))}")
    shutil.rmtree(folder)
    return set(reasons)


def known_proofs():
    folder = work / "known"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run([write_proofs, folder], check=True)
    keys, reasons = sorted(folder.glob("*.zkkey")), set()
    for file in keys:
        base, key = file.with_suffix(""), Key(file.read_bytes())
        proof = file.with_suffix(".zkproof").read_bytes()
        beside = [part.read_bytes() for part in sorted(folder.glob(base.name + ".public.*"))]
        if (own := verdict(key, proof, beside)) != ("accepted", ""):
            fail(f"{file}: {own}")
        if beside:
            wrong = [beside[0][:-1] + bytes([beside[0][-1] ^ 1])] + beside[1:]
            for other in (beside[:-1], beside + beside, wrong, [beside[0][:-1]] + beside[1:]):
                if verdict(key, proof, other)[0] != "bad public value":
                    fail(f"{file}: other public data: {verdict(key, proof, other)}")
        batch = file.with_suffix(".zkbatch")
        if batch.exists():
            rows, data = [part.read_bytes() for part in sorted(folder.glob(base.name + ".batch.public.*"))], batch.read_bytes()
            if (own := verdict(key, data, rows)) != ("accepted", ""):
                fail(f"{batch}: {own}")
            for changed in (data[:20] + b"\1" + data[21:], data[:-1], data + b"\0", data[: len(data) // 2] + b"\0" + data[len(data) // 2 :]):
                if verdict(key, changed, rows)[0] == "accepted":
                    fail(f"{batch}: accepted when changed")
        for lie in folder.glob(base.name + ".lie.*.zkproof"):
            own, native = verdict(key, lie.read_bytes()), lie.with_suffix(".verdict").read_text()
            if native != f"rejected: {own[0]} at {own[1]}":
                fail(f"{lie}: {own}, zkinfer: {native}")
            reasons.add(own[0])
        soundness = json.loads(run("soundness", file, "--json"))
        terms, own_terms = soundness["terms"], key.statement.soundness.terms
        if [(t["label"], t["rounds"]) for t in terms] != [(label, rounds) for label, _, rounds, _ in own_terms] or any(
                abs(t["bits"] - bits) > 2e-4 for t, (_, bits, _, _) in zip(terms, own_terms)):
            fail(f"{file}: other terms of soundness: {own_terms}, {terms}")
        golden = source / "testdata" / "golden" / (base.name + ".txt")
        if golden.exists():
            lines = dict(line.split(" ", 1) for line in golden.read_text().splitlines()[:3])
            if lines["key"] != keccak256(file.read_bytes()).hex() or lines["proof"].split()[0] != keccak256(proof).hex():
                fail(f"{base.name}: these are not the golden bytes")
    # One's key, the other's proof.
    for one, other in zip(keys, keys[1:]):
        if one.read_bytes() != other.read_bytes() and verdict(Key(one.read_bytes()), other.with_suffix(".zkproof").read_bytes())[0] != "wrong statement":
            fail(f"{one} takes the proof of {other}")
    for name in ("mlp_zk", "mlp_public", "graph_conv", "seen_committed_private_sha256"):
        key_file = folder / (name + ".zkkey")
        proof, key = key_file.with_suffix(".zkproof").read_bytes(), Key(key_file.read_bytes())
        reasons |= compare_changed(name, key, key_file, proof, 84 + 8 * 5, 24, "--uncertified")
    print(f"{len(keys)} known proofs")
    return reasons


def changed_keys():
    """A key with a changed byte is refused by both, or is another key to both."""
    file = work / "known" / "mlp_public.zkkey"
    data, proof, rng = file.read_bytes(), file.with_suffix(".zkproof"), random.Random(5)
    for at in [0, 4, 9, 12] + [rng.randrange(16, len(data)) for _ in range(40)]:
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8)
        (work / "changed.zkkey").write_bytes(changed)
        native = subprocess.run([zkinfer, "verify", proof, "-k", work / "changed.zkkey", "--uncertified"], capture_output=True,
                                text=True, stdin=subprocess.DEVNULL)
        try:
            own = 1 if verdict(read_key(bytes(changed), 100), proof.read_bytes())[0] == "wrong statement" else 0
        except BadInput:
            own = 2
        # A name may be one that is not to be shown: only the native verifier looks.
        if own != native.returncode and not (own == 1 and "name" in native.stderr):
            fail(f"a key with byte {at} changed: zkverify {own}, zkinfer {native.stdout}{native.stderr}")


def example(name, model, inputs, options, count):
    """An example model through the program: key, certificate, path, proof."""
    folder = work / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(model, folder / "m.zkmodel")
    run("commit", folder / "m.zkmodel", "--quiet", *options)
    hashed = [part for part in ("input", "output") if any(f"public:{h}" in o for h in ("sha256", "keccak256")
              for i, o in enumerate(options) if options[i - 1] == f"--{part}s")]
    extra = [x for part in hashed for x in (f"--write-{part}-data", folder / f"{part}.bin")]
    run("prove", folder / "m.zkmodel", "--input", inputs, "-o", folder / "p.zkproof", "--context", "second", *extra)
    key_file, paths = folder / "m.zkkey", list(folder.glob("*.zkpath"))
    data = [x for part in hashed for x in (f"--{part}-data", folder / f"{part}.bin")]
    run("verify", folder / "p.zkproof", "-k", key_file, *data, *([] if paths else ["--uncertified"]))
    arguments, proof = [str(key_file), str(folder / "p.zkproof")], (folder / "p.zkproof").read_bytes()
    for part in reversed(hashed):
        arguments += ["--public", str(folder / f"{part}.bin")]
    if paths:
        arguments += ["--path", str(paths[0]), "--certificate", str(folder / "m.zkcert")]
    begin = time.time()
    if main(arguments + ["--trace", str(folder / "trace.jsonl")]) != 0:
        fail(f"{name}: zkverify.py {' '.join(arguments)}")
    print(f"  {name}: {time.time() - begin:.1f} s")
    lines = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    labels = [line["label"] for line in lines if len(line.get("state", "")) == 64]
    if not labels or labels[-1] not in ("mask queries", "opening s") or lines[-1]["claims"] != "opening":
        fail(f"{name}: the trace")
    if paths:
        run("bundle", folder / "p.zkproof", "-k", key_file, "-o", folder / "p.zkbundle")
        if main([str(key_file), str(folder / "p.zkbundle")]) != 0:
            fail(f"{name}: the bundle")
    root = read_key(key_file.read_bytes())
    key = verify_path(root, paths[0].read_bytes()) if paths else root
    if paths:
        changed_files(name, root, paths[0].read_bytes(), folder)
        (folder / "p.zkproof").replace(folder / "p.honest")
    if count:
        options = ["--certificate", folder / "m.zkcert", "--path", paths[0]] if paths else ["--uncertified"]
        compare_changed(name, key, key_file, proof, 84 + 8 * sum(len(record.entries) for record in verify_proof(key, proof).records), count, *options)
    return root, proof


def changed_files(name, root, path, folder):
    """Certificates and paths with changed bytes: both reject."""
    rng, certificate = random.Random(name), (folder / "m.zkcert").read_bytes()
    for what, check, data in (("certificate", verify_certificate, certificate), ("path", verify_path, path)):
        for at in [8, 20, len(data) - 1] + [rng.randrange(len(data)) for _ in range(3)]:
            changed = bytearray(data)
            changed[at] ^= 1 << rng.randrange(8)
            (folder / "changed").write_bytes(changed)
            files = {"certificate": folder / "m.zkcert", "path": next(folder.glob("*.zkpath")), what: folder / "changed"}
            native = subprocess.run([zkinfer, "verify", folder / "p.zkproof", "-k", folder / "m.zkkey", "--certificate",
                                     files["certificate"], "--path", files["path"]], capture_output=True, stdin=subprocess.DEVNULL)
            try:
                check(root, bytes(changed))
                fail(f"{name}: a {what} with byte {at} changed is accepted")
            except Rejected:
                pass
            if native.returncode == 0:
                fail(f"{name}: zkinfer accepts a {what} with byte {at} changed")


def command_line(key, proof):
    """Exit codes."""
    script = Path(__file__).with_name("zkverify.py")

    def expect(code, pattern, *arguments):
        result = subprocess.run([sys.executable, script, *map(str, arguments)], capture_output=True, text=True)
        if result.returncode != code or pattern not in result.stdout + result.stderr:
            fail(f"zkverify.py {arguments}: {result.returncode} {result.stdout}{result.stderr}")
    expect(0, "ACCEPTED", key, proof)
    expect(0, "zkverify.py digits.zkkey", "--help")
    expect(1, "REJECTED: bad header", key, key)
    expect(2, "no verification key", proof, proof)
    expect(2, "No such file", key, work / "nothing")
    expect(2, "required", key)


def vectors():
    """docs/vectors.txt is what make_vectors.py prints."""
    made = subprocess.run([sys.executable, Path(__file__).with_name("make_vectors.py")], capture_output=True, text=True).stdout
    if made != (source / "docs" / "vectors.txt").read_text():
        fail("docs/vectors.txt: make_vectors.py prints something else")


start = time.time()
vectors()
work.mkdir(parents=True, exist_ok=True)
reasons = known_proofs()
changed_keys()
command_line(work / "known" / "mlp_zk.zkkey", work / "known" / "mlp_zk.zkproof")
missing = {"truncated", "trailing bytes", "non-canonical field element", "sumcheck", "proof of work", "merkle path", "opening",
           "mask code word", "final check", "wrong statement", "bad header", "bad public value"} - reasons
if missing:
    fail(f"no proof was rejected for: {', '.join(sorted(missing))}")
examples = source / "examples"
os.chdir(work)
run("compile", examples / "mlp" / "mlp.onnx", "-c", examples / "mlp" / "calibration.json", "-o", "mlp.zkmodel")
run("compile", examples / "digits" / "digits.onnx", "-c", examples / "digits" / "calibration.npy", "-o", "digits.zkmodel")
run("compile", examples / "mlp" / "mlp.onnx", "-c", examples / "mlp" / "calibration.json", "--segments", "2", "-o", "cut.zkmodel")
mlp, digits = ("mlp.zkmodel", examples / "mlp" / "input.json"), ("digits.zkmodel", examples / "digits" / "digit_7.png")
example("mlp_private", *mlp, [], 16)
example("mlp_public", *mlp, ["--inputs", "public", "--public-model", "--no-zk"], 16)
example("mlp_hashed", *mlp, ["--inputs", "public:sha256", "--outputs", "public:keccak256", "--public-model"], 0)
example("mlp_unique", *mlp, ["--inputs", "private:sha256", "--unique-decoding", "--profile", "small", "--public-model"], 0)
example("mlp_cut", "cut.zkmodel", mlp[1], [], 8)
example("digits_private", *digits, [], 8)
print(f"{time.time() - start:.0f} s")
if failures:
    sys.exit(f"{failures} checks failed")
print("all checks passed")
