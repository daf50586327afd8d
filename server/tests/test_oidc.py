# SPDX-License-Identifier: Apache-2.0
"""Tokens of an OpenID Connect issuer: which are taken, and what their customers may do."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest
import running
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from zkinfer_server import oidc
from zkinfer_server.problems import Problem

FLOWER = {"model": "mlp", "inputs": [{"name": "flower", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}], "zkinfer": {"prove": False}}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Key:
    """A signing key of one kind, as an issuer has it."""

    def __init__(self, kind, kid, bits=2048):
        self.kid, self.kind = kid, kind
        made = {"RS256": lambda: rsa.generate_private_key(65537, bits), "ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate}
        self.private = made[kind]()

    @property
    def jwk(self):
        public = self.private.public_key()
        if self.kind == "RS256":
            numbers = public.public_numbers()
            return {"kty": "RSA", "kid": self.kid, "use": "sig", "n": number(numbers.n), "e": number(numbers.e)}
        if self.kind == "ES256":
            numbers = public.public_numbers()
            return {"kty": "EC", "crv": "P-256", "kid": self.kid, "alg": "ES256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": b64(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}

    def sign(self, data):
        if self.kind == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), SHA256())
        if self.kind == "ES256":
            return b"".join(half.to_bytes(32, "big") for half in decode_dss_signature(self.private.sign(data, ec.ECDSA(SHA256()))))
        return self.private.sign(data)


class Fake:
    """An issuer on this machine."""

    def __init__(self):
        self.keys, self.asked, self.is_up, self.named = [], 0, True, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                if self.path == "/.well-known/openid-configuration":
                    body = {"issuer": outer.named or outer.url, "jwks_uri": outer.url + "/keys"}
                else:
                    body = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}, 7, *(key.jwk for key in outer.keys)]}
                self.send_response(200 if outer.is_up else 503)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def claims(self, **change):
        return {"iss": self.url, "aud": "answers", "sub": "ada", "exp": time.time() + 300, "scope": "openid zkinfer:predict", **change}

    def token(self, key, claims=None, **header):
        head = {"alg": key.kind, "kid": key.kid, **header}
        text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims if claims is not None else self.claims()).encode())}"
        return f"{text}.{b64(key.sign(text.encode()))}"


@pytest.fixture(scope="module")
def issuer():
    made = Fake()
    made.keys = [Key("RS256", "r"), Key("ES256", "e"), Key("EdDSA", "d")]
    yield made
    made.server.shutdown()


def refused(taken, token, words, kind="unauthorized"):
    with pytest.raises(Problem, match=words) as caught:
        taken.claims(token)
    assert caught.value.kind == kind


def test_which_tokens_are_taken(issuer):
    taken = oidc.Issuer(issuer.url, "answers")
    rsa_key, ec_key, ed_key = issuer.keys
    for key in issuer.keys:
        assert taken.claims(issuer.token(key))["sub"] == "ada"
        assert taken.claims(issuer.token(key, issuer.claims(aud=["other", "answers"])))["sub"] == "ada"
    for change, words in (
        ({"iss": "https://elsewhere.example"}, "another issuer"), ({"aud": "others"}, "another audience"), ({"aud": None}, "another audience"), ({"aud": ["others"]}, "another audience"),
        ({"exp": time.time() - 120}, "expired"), ({"exp": "9e9"}, "until when"), ({"exp": None}, "until when"), ({"exp": True}, "until when"), ({"nbf": time.time() + 600}, "not hold yet"),
    ):  # fmt: skip
        refused(taken, issuer.token(rsa_key, issuer.claims(**change)), words)
    # Another key of the same name; changed parts; signatures of other forms.
    for key in (Key("RS256", "r"), Key("ES256", "e"), Key("EdDSA", "d")):
        refused(taken, issuer.token(key), "signature")
    head, body, signature = issuer.token(ec_key).split(".")
    other = b64(json.dumps(issuer.claims(sub="bob")).encode())
    refused(taken, f"{head}.{other}.{signature}", "signature")
    refused(taken, f"{head}.{body}.{signature[:-4]}", "signature")
    refused(taken, f"{head}.{body}.AAAA", "signature")
    # Nothing unsigned, nothing under a shared secret that is the public key, no key under another's algorithm.
    for algorithm, words in (("none", "algorithm"), ("HS256", "algorithm"), ("PS256", "algorithm"), (None, "algorithm"), (["RS256"], "algorithm"), ("ES256", "not that of its key")):
        refused(taken, issuer.token(rsa_key, alg=algorithm), words)
    text = f"{b64(json.dumps({'alg': 'HS256', 'kid': 'r'}).encode())}.{b64(json.dumps(issuer.claims()).encode())}"
    refused(taken, f"{text}.{b64(hmac.new(number(rsa_key.private.public_key().public_numbers().n).encode(), text.encode(), hashlib.sha256).digest())}", "algorithm")
    refused(taken, issuer.token(rsa_key, crit=["x"]), "not known here")
    refused(taken, issuer.token(rsa_key, kid=7), "not known here")
    refused(taken, issuer.token(rsa_key, kid="unheard"), "no such key")
    text = f"{b64(json.dumps({'alg': 'RS256'}).encode())}.{b64(json.dumps(issuer.claims()).encode())}"
    refused(taken, f"{text}.{b64(rsa_key.sign(text.encode()))}", "which of the issuer's keys")
    for bad in ("e30.e30.AAAA", "W10.e30.AAAA", "a.a.a", f"{b64(b'[' * 5000)}.e30.AAAA", f"{b64(b'{')}.e30.AAAA", f"{b64(bytes([255]))}.e30.AAAA"):
        refused(taken, bad, "not taken")
    assert not oidc.is_token("a.b") and not oidc.is_token("a.b.c.d") and not oidc.is_token("x." + "y" * (1 << 14) + ".z") and not oidc.is_token("ä.b.c")


def test_keys_change_and_issuers_fail(issuer):
    kept = list(issuer.keys)
    taken = oidc.Issuer(issuer.url, "answers")
    try:
        issuer.is_up = False
        refused(taken, issuer.token(kept[0]), "not reached", "unavailable")
        before = issuer.asked
        refused(taken, issuer.token(kept[0]), "not reached", "unavailable")
        assert issuer.asked == before  # it is not asked for every request
        issuer.is_up, taken._asked = True, -oidc._KEEP
        assert taken.claims(issuer.token(kept[0]))
        # A new key is found when its first token comes, the old one is gone with it; while the issuer is away its keys are what they were.
        issuer.keys = [Key("EdDSA", "new")]
        taken._asked = -oidc._KEEP
        assert taken.claims(issuer.token(issuer.keys[0]))
        refused(taken, issuer.token(kept[0]), "no such key")
        text = f"{b64(json.dumps({'alg': 'EdDSA'}).encode())}.{b64(json.dumps(issuer.claims()).encode())}"
        assert taken.claims(f"{text}.{b64(issuer.keys[0].sign(text.encode()))}")  # one key needs no name
        issuer.is_up, taken._at, taken._asked = False, -oidc._KEEP, -oidc._KEEP
        assert taken.claims(issuer.token(issuer.keys[0]))
        # A configuration of somebody else's, and keys that are too short.
        issuer.is_up, issuer.named = True, "https://elsewhere.example"
        refused(oidc.Issuer(issuer.url, "answers"), issuer.token(issuer.keys[0]), "not reached", "unavailable")
        issuer.named, issuer.keys = None, [Key("RS256", "short", 1024)]
        refused(oidc.Issuer(issuer.url, "answers"), issuer.token(issuer.keys[0]), "not reached", "unavailable")
    finally:
        issuer.keys, issuer.is_up, issuer.named = kept, True, None
    for address in ("http://issuer.example", "ftp://issuer.example", "issuer.example", "https://", "https://user@issuer.example", "http://127.0.0.2.example"):
        with pytest.raises(ValueError, match="expected https"):
            oidc.Issuer(address, "answers")
    with pytest.raises(ValueError, match="audience"):
        oidc.Issuer("https://issuer.example", "")


def test_what_its_customers_may_do(models, tmp_path, issuer):
    key = issuer.keys[1]
    server = running.Running(models, tmp_path / "data", "--oidc-issuer", issuer.url, "--oidc-audience", "answers", "--oidc-queries", "3")
    try:
        ask = lambda token, path="/v1/predict": server.ask("POST", path, FLOWER, token=token)  # noqa: E731
        ada, bob = (issuer.token(key, issuer.claims(sub=name)) for name in ("ada", "bob"))
        status, _, data = ask(ada)
        assert status == 200 and json.loads(data)["zkinfer"]["receipt"]
        assert ask(issuer.token(key, issuer.claims(scope="openid")))[0] == 403
        assert ask(issuer.token(key, issuer.claims(scope=None, scp=["zkinfer:predict"])))[0] == 200  # of ada, again
        assert ask(issuer.token(key, issuer.claims(sub="")))[0] == 401 and ask(issuer.token(key, issuer.claims(sub=7)))[0] == 401
        assert ask(issuer.token(key, issuer.claims(aud="others")))[0] == 401 and ask("a.b.c")[0] == 401 and ask(None)[0] == 401
        # Whose answers are whose.
        listed = json.loads(server.ask("GET", "/v1/answers", token=ada)[2])["data"]
        assert len(listed) == 2 and json.loads(server.ask("GET", "/v1/answers", token=bob)[2])["data"] == []
        # The budget is the customer's, whatever token he comes with; API keys are taken too.
        assert ask(ada)[0] == 200 and ask(issuer.token(key, issuer.claims(exp=time.time() + 900)))[0] == 402
        assert ask(bob)[0] == 200 and ask(running.key_of(server, "carol"))[0] == 200
        rows = [json.loads(line) for line in running.command("keys", "list", "--data", server.data).stdout.splitlines()]
        by_tenant = {row["tenant"]: row for row in rows}
        assert by_tenant["oidc:ada"]["queries_left"] == 0 and by_tenant["oidc:bob"]["queries_left"] == 2
        # Its row is no key, and revoking it ends what tokens may do.
        name = by_tenant["oidc:bob"]["id"]
        assert ask(f"zki_{name}_x")[0] == 401
        assert running.command("keys", "revoke", name, "--data", server.data).returncode == 0
        time.sleep(2.1)
        status, _, data = ask(bob)
        assert status == 401 and b"revoked" in data
        assert running.command("audit", "verify", "--data", server.data).returncode == 0
    finally:
        server.stop()
    for options, words in ((["--oidc-issuer", issuer.url], "audience"), (["--oidc-audience", "x"], "--oidc-issuer"), (["--oidc-issuer", "http://x.example", "--oidc-audience", "x"], "expected https"),
                           (["--oidc-issuer", issuer.url, "--oidc-audience", "x", "--no-auth"], "--no-auth"), (["--oidc-issuer", issuer.url, "--oidc-audience", "x", "--oidc-rps", "0"], "oidc-rps")):  # fmt: skip
        done = running.command("run", "--models", models, "--data", tmp_path / "none", *options)
        assert done.returncode == 2 and words in done.stderr, (options, done.stderr)
