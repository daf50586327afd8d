# SPDX-License-Identifier: Apache-2.0
"""zkinfer.evm against a node (anvil, of `make evm`), against servers that are none, and without any."""
import http.server
import json
import os
import pathlib
import platform
import re
import subprocess
import threading

import numpy as np
import pytest

import zkinfer
from zkinfer import evm

ACCOUNTS = ["0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"]  # of every anvil

# Selectors.
CONTEXT_OF, UNKNOWN_MODEL = bytes.fromhex("f3526fc8"), b"a2dc0625" + b"00" * 32  # contextOf(address,bytes32,uint256), UnknownModel(bytes32)


@pytest.fixture(scope="module")
def small(model, flowers):
    """A key whose proofs fit a transaction, and a proof."""
    key = model.commit(profile="small", proofs=16, inputs="public")
    return key, key.prove(flowers[0], context="an order")


@pytest.fixture(scope="module")
def exported(small):
    return evm.export(small[1], small[0].public)


@pytest.fixture(scope="module")
def contracts() -> pathlib.Path:
    folder = pathlib.Path(os.environ.get("ZKINFER_EVM", "/nowhere"))
    if not (folder / "artifacts.json").is_file():
        pytest.skip(f"there is no {folder / 'artifacts.json'}: make evm")
    return folder


@pytest.fixture(scope="module")
def url(contracts):
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    anvil = contracts / f"npm/node_modules/@foundry-rs/anvil-linux-{machine}/bin/anvil"
    words = ["--hardfork", "osaka", "--enable-tx-gas-limit", "--gas-limit", "60000000", "--port", "0"]
    with subprocess.Popen([anvil, *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout:
                if found := re.search(r"Listening on (\S+)", line):
                    threading.Thread(target=process.stdout.read, daemon=True).start()
                    yield f"http://{found[1]}"
                    break
            else:
                raise AssertionError("anvil does not start")
        finally:
            process.kill()


@pytest.fixture(scope="module")
def deployment(url, contracts):
    return evm.deploy(url, contracts / "artifacts.json", ACCOUNTS[0])


class Account:
    """As eth_account's: signs where it is. Here the node does it."""

    def __init__(self, node: evm.Node, address: str) -> None:
        self.node, self.address, self.signed = node, address, 0

    def sign_transaction(self, fields):
        assert fields["type"] == 2 and fields["value"] == 0 and fields["chainId"] == self.node.chain_id
        self.signed += 1
        numbers = {name: hex(value) if isinstance(value, int) else value for name, value in fields.items()}
        raw = self.node.ask("eth_signTransaction", {**numbers, "from": self.address})
        return type("Signed", (), {"raw_transaction": bytes.fromhex(raw[2:])})


def changed(exported, tmp_path, **parts):
    path = tmp_path / "changed.evm.json"
    exported.save(path)
    content = {**json.loads(path.read_text()), **parts}
    path.write_text(json.dumps(content))
    return path


def test_the_file_is_the_programs(small, exported, tmp_path):
    key, proof = small
    exported.save(tmp_path / "a.evm.json")
    again = evm.Exported.load(tmp_path / "a.evm.json")
    assert (again.model_id, again.program, again.calldata) == (exported.model_id, exported.program, exported.calldata)
    assert again.proof == proof.to_bytes() and again.identity == key.public.identity
    assert evm.model_id(key.public) == exported.model_id and exported.fits_transaction
    zeros = exported.calldata.count(0)
    assert exported.calldata_gas == 16 * len(exported.calldata) - 12 * zeros
    assert exported.floor_gas == 21000 + 40 * len(exported.calldata) - 30 * zeros
    program = os.environ.get("ZKINFER_PROGRAM")
    assert program, "ZKINFER_PROGRAM is not set"
    key.public.save(tmp_path / "k.zkkey")
    proof.save(tmp_path / "p.zkproof")
    subprocess.run([program, "--quiet", "evm", "export", "p.zkproof", "-k", "k.zkkey", "-o", "b.evm.json"], cwd=tmp_path, check=True)
    assert json.loads((tmp_path / "a.evm.json").read_text()) == json.loads((tmp_path / "b.evm.json").read_text())
    said = subprocess.run([program, "evm", "calldata", "a.evm.json", "--submit"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert said.strip() == "0x" + evm.calldata(tmp_path / "a.evm.json", submit=True).hex()
    assert evm.calldata(exported) == exported.calldata


def test_a_name_on_chain_is_checked(small, exported, model, tmp_path):
    assert evm.check(exported, small[0].public) == exported.model_id
    other = model.commit(profile="small", proofs=16, inputs="public")
    with pytest.raises(zkinfer.Rejected, match="of another key"):
        evm.check(exported, other.public)
    # Another program of the same identity, under the name that it has.
    program = bytearray(exported.program)
    program[-3] ^= 1
    path = changed(exported, tmp_path, program="0x" + program.hex())
    with pytest.raises(zkinfer.InputError, match='"model_id" is not that of identity and program'):
        evm.check(path, small[0].public)


def test_keys_below_a_root(model, flowers, tmp_path):
    """A tree's proofs are of its serving keys, to which paths lead."""
    program = os.environ["ZKINFER_PROGRAM"]
    folder = tmp_path / "tree"
    folder.mkdir()
    model.save(folder / "n.zkmodel")
    np.save(folder / "x.npy", flowers[0])
    subprocess.run([program, "--quiet", "commit", "n.zkmodel", "--profile", "small", "--budget", "16", "--no-code-file"], cwd=folder, check=True)
    subprocess.run([program, "--quiet", "prove", "n.zkmodel", "-i", "x.npy", "-o", "p.zkproof"], cwd=folder, check=True)
    made = evm.export(folder / "p.zkproof", folder / "n.zkkey")
    root = zkinfer.VerificationKey.load(folder / "n.zkkey")
    assert made.identity != root.identity
    (path,) = folder.glob("*.zkpath")
    assert evm.check(made, root, path=path) == made.model_id == evm.model_id(root.follow(path.read_bytes()))
    with pytest.raises(zkinfer.Rejected, match="another key"):
        evm.check(made, root)


def test_data_beside_the_proof(model, flowers):
    key = model.commit(profile="small", proofs=16, inputs="public:keccak256")
    proof = key.prove(flowers[1])
    with pytest.raises(zkinfer.InputError, match="holds only its hash; give its data"):
        evm.export(proof, key.public)
    name = key.public.info.input_tensors[0].name
    tensor = key.public.info.input_tensors[0]
    data = zkinfer._native.input_bytes(tensor, zkinfer._data.inputs(flowers[1], [tensor])[0])
    integers = zkinfer.verify(proof, key.public, inputs={name: data}).input_tensors[0].integers
    made = evm.export(proof, key.public, inputs={name: integers})
    assert made.calldata == evm.export(proof, key.public, inputs={name: data}).calldata and made.proof == proof.to_bytes()
    with pytest.raises(zkinfer.InputError, match="real numbers"):
        evm.export(proof, key.public, inputs={name: flowers[1]})
    with pytest.raises(zkinfer.InputError, match="the model has"):
        evm.export(proof, key.public, inputs={"x": flowers[1]})


def test_what_is_refused(small, exported, tmp_path):
    with pytest.raises(zkinfer.InputError, match="no contract accepts this proof"):
        data = bytearray(small[1].to_bytes())
        data[-9] ^= 1
        evm.export(bytes(data), small[0].public)
    for parts, pattern in (
        ({"calldata": "0x12345678"}, r'"calldata" is no call of verify\('),
        ({"identity": "0x00"}, '"identity": expected 0x and 64'),
        ({"program": 7}, 'it has no text "program"'),
        ({"program": "0x" + exported.program.hex() + "00"}, '"model_id" is not that'),
    ):
        with pytest.raises(zkinfer.InputError, match=pattern):
            evm.Exported.load(changed(exported, tmp_path, **parts))
    (tmp_path / "list.json").write_text("[" * 100000)
    with pytest.raises(zkinfer.InputError, match="no JSON object"):
        evm.Exported.load(tmp_path / "list.json")
    with pytest.raises(zkinfer.FileError):
        evm.Exported.load(tmp_path / "nowhere.json")
    # Another file is never replaced.
    (tmp_path / "notes.json").write_text('{"mine": 1}')
    with pytest.raises(zkinfer.InputError, match="no data for contracts"):
        exported.save(tmp_path / "notes.json")
    assert (tmp_path / "notes.json").read_text() == '{"mine": 1}'
    there = evm.Deployment(5, *["0x" + "11" * 20] * 3)
    there.save(tmp_path / "d.json")
    assert evm.Deployment.load(tmp_path / "d.json") == there
    with pytest.raises(zkinfer.InputError, match="no deployment"):
        there.save(tmp_path / "notes.json")
    with pytest.raises(zkinfer.InputError, match='"chain_id"'):
        evm.Deployment.load(tmp_path / "notes.json")
    for url in ("file:///etc/hostname", "", "http://", "localhost:1", "http://a b", "http://[::1"):
        with pytest.raises(zkinfer.InputError, match="url="):
            evm.Node(url)
    for arguments, pattern in (((1, "0x12", ACCOUNTS[0], b"", 0), "verifier: expected 0x and 40"), ((1, *ACCOUNTS, b"x" * 33, 0), "at most 32"), ((1, *ACCOUNTS, b"", -1), "nonce=-1")):
        with pytest.raises(zkinfer.InputError, match=pattern):
            evm.context(*arguments)


def test_servers_that_are_no_nodes(exported):
    answers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            status, text = answers[0] if len(answers) == 1 else answers.pop(0)
            if text is None:
                return self.connection.close()
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    chain = (200, b'{"result": "0x7a69"}')
    there = evm.Deployment(31337, *["0x" + "11" * 20] * 3)

    def refused(pattern, *said, kind=zkinfer.InputError):
        answers[:] = said
        with pytest.raises(kind, match=pattern):
            evm.verify(exported, url, there)

    refused("eth_chainId: no answer", (200, None), kind=zkinfer.FileError)
    refused("expected JSON-RPC's object .* got '<html>no'", (200, b"<html>no"))
    refused("expected JSON-RPC's object", (302, b"gone"))  # not followed
    for text in (b"{}", b'{"result": 1, "error": 2}', b"[]", b"", b"[" * 100000, b"\xff"):
        refused("JSON-RPC's object", (200, text))
    refused("64 bits", (200, b'{"result": "0x1ffffffffffffffff"}'))
    refused("64 bits", (200, b'{"result": null}'))
    refused("the node refuses: 'go away'", (500, b'{"error": {"message": "go away"}}'))
    refused("the node refuses: 5", (200, b'{"error": 5}'))
    refused("more than 16777216 bytes", (200, b"x" * (2**24 + 1)), kind=zkinfer.FileError)
    refused("deployment: of chain 31337, .* chain 1", (200, b'{"result": "0x1"}'))
    refused("expected bytes", chain, (200, b'{"result": "0x1"}'))
    refused("no verifier at 0x1111", chain, (200, b'{"result": "0x"}'))
    refused("no verifier at 0x1111", chain, (200, b'{"result": "0x%s"}' % (b"ff" * 32)))
    refused("it reverts: no model is registered under this id", chain, (200, b'{"error": {"code": 3, "message": "execution reverted", "data": "0x%s"}}' % UNKNOWN_MODEL))
    refused("it reverts: 'reverted'", chain, (200, b'{"error": {"code": 3, "data": {"data": "0xzz"}}}'))
    server.shutdown()
    server.server_close()
    with pytest.raises(zkinfer.FileError, match="no answer"):
        evm.Node(url)


def test_on_a_chain(url, deployment, small, exported, tmp_path):
    key, proof = small
    node = evm.Node(url)
    assert deployment.chain_id == node.chain_id == 31337 and deployment.gas > 10**7
    deployment.save(tmp_path / "deployment.json")
    assert evm.Deployment.load(tmp_path / "deployment.json") == deployment
    with pytest.raises(zkinfer.InputError, match="no model is registered under this id"):
        evm.verify(exported, node, deployment)
    account = Account(node, ACCOUNTS[1])
    with pytest.raises(zkinfer.InputError, match="card_uri"):
        evm.register(exported, url, deployment, account, card_uri="x" * 5000)
    first = evm.register(exported, url, deployment, account, card_uri="ipfs://card")
    assert first.model_id == exported.model_id and not first.was_registered and first.gas > 10**6
    again = evm.register(exported, url, tmp_path / "deployment.json", account)
    assert again == (exported.model_id, True, None, 0) and account.signed == 1

    assert evm.verify(exported, node, deployment) is None
    estimate = evm.gas(exported, node, deployment)
    assert estimate.fits_transaction and estimate.calldata_gas == exported.calldata_gas and estimate.floor_gas == exported.floor_gas
    receipt = evm.verify(exported, node, deployment, account)
    mined = node.ask("eth_getTransactionReceipt", receipt.transaction)
    assert int(mined["gasUsed"], 16) == receipt.gas <= estimate.gas < 1.05 * receipt.gas and len(mined["logs"]) == 1
    assert evm.verify(exported, node, deployment, ACCOUNTS[0]).gas < receipt.gas  # the same receipt, by the node's account

    # What the program deploys and reads is the same.
    exported.save(tmp_path / "a.evm.json")
    words = ["evm", "verify", "a.evm.json", "--rpc", url, "--deployment", "deployment.json", "--json"]
    said = subprocess.run([os.environ["ZKINFER_PROGRAM"], *words], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert json.loads(said)["accepted"]

    bound = evm.context(31337, deployment.verifier, ACCOUNTS[1], "price", 7)
    answer = node.call(deployment.verifier, CONTEXT_OF + bytes(12) + bytes.fromhex(ACCOUNTS[1][2:]) + b"price".ljust(32, b"\0") + (7).to_bytes(32, "big"))
    assert answer.data == bound


def test_rejected_on_a_chain(url, deployment, exported, small, tmp_path):
    evm.register(exported, url, deployment, ACCOUNTS[0])
    node = evm.Node(url)
    data = bytearray(exported.calldata)
    data[-150] ^= 1
    wrong = evm.Exported.load(changed(exported, tmp_path, calldata="0x" + data.hex()))
    sent = node.quantity("eth_getTransactionCount", ACCOUNTS[0], "latest")
    for ask in (lambda: evm.verify(wrong, node, deployment, ACCOUNTS[0]), lambda: evm.gas(wrong, node, deployment)):
        with pytest.raises(zkinfer.Rejected, match="by the contract") as error:
            ask()
        with pytest.raises(zkinfer.Rejected) as native:
            zkinfer.verify(wrong.proof, small[0].public)
        assert error.value.reason == native.value.reason
    # A word behind the arguments is another encoding: an error of the call, no verdict.
    with pytest.raises(zkinfer.InputError, match="not encoded in the standard way"):
        evm.verify(changed(exported, tmp_path, calldata="0x" + exported.calldata.hex() + "00" * 32), node, deployment)
    assert node.quantity("eth_getTransactionCount", ACCOUNTS[0], "latest") == sent
    for sender, pattern in (("0x12", "sender: expected 0x and 40"), (7, "address and sign_transaction"), ("0x" + "11" * 20, "the node refuses")):
        with pytest.raises(zkinfer.InputError, match=pattern):
            evm.verify(exported, node, deployment, sender)
    with pytest.raises(zkinfer.InputError, match="no registry at"):
        evm.register(exported, node, deployment._replace(registry="0x" + "11" * 20), ACCOUNTS[0])
    with pytest.raises(zkinfer.InputError, match="of chain 1,"):
        evm.verify(exported, node, deployment._replace(chain_id=1))
    with pytest.raises(zkinfer.InputError, match="has no bytecode of ZkInferOuter; `make evm`"):
        evm.deploy(node, {}, ACCOUNTS[0])


def test_the_page_runs(url, contracts, exported, source, tmp_path, monkeypatch):
    (block,) = re.findall(r"^<!-- run by python -->\n```python\n(.*?)^```$", (source / "docs/python.md").read_text(), re.S | re.M)
    monkeypatch.chdir(tmp_path)
    exported.save("input.evm.json")
    pathlib.Path("build").mkdir()
    pathlib.Path("build/evm").symlink_to(contracts)
    exec(compile(block, "docs/python.md", "exec"), {"zkinfer": zkinfer, "node": url, "account": Account(evm.Node(url), ACCOUNTS[1])})
    assert evm.verify("input.evm.json", url, "deployment.json") is None
