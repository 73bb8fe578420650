"""A little OIDC identity provider: discovery, a key set, tokens, and rotation; for tests that need a caller."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

AUDIENCE = "mediaconvert-status"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class LittleIssuer:
    """Signs tokens, and serves the keys to verify them with; counts how often it is asked for the keys."""

    def __init__(self) -> None:
        self.url = ""
        self.fetches = 0
        self.is_down = False
        self.key_set_url: str | None = None
        self.named: str | None = None
        """The issuer that its discovery document names, where that is to be another."""
        self._keys: dict[str, PrivateKey] = {}
        self.rotate()

    def rotate(self, *, algorithm: str = "RS256") -> str:
        """Throw all keys away, make a new one, and give its id."""
        key_id = secrets.token_hex(4)
        self._keys = {key_id: new_key(algorithm)}
        return key_id

    def add_key(self, algorithm: str) -> str:
        """Make one more key, and give its id."""
        key_id = secrets.token_hex(4)
        self._keys[key_id] = new_key(algorithm)
        return key_id

    def token(self, sub: str | None = "ada", *, key_id: str | None = None, **changes: Any) -> str:  # noqa: ANN401 -- any claim
        """A token of this issuer's, with claims changed, or left out where they are None."""
        now_s = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now_s, "nbf": now_s, "exp": now_s + 300}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        key_id = key_id or next(iter(self._keys))
        key = self._keys[key_id]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        payload = json.dumps(claims).encode()  # jwt.encode would refuse the wrong claims that tests are about
        return jwt.api_jws.encode(payload, key, algorithm=algorithm, headers={"kid": key_id, "typ": "JWT"})

    def bearer(self, sub: str = "ada") -> dict[str, str]:
        """The header that a caller sends."""
        return {"Authorization": f"Bearer {self.token(sub)}"}

    def document(self, path: str) -> dict[str, Any] | None:
        """What the issuer serves at a path."""
        match path:
            case "/.well-known/openid-configuration":
                return {"issuer": self.named or self.url, "jwks_uri": self.key_set_url or f"{self.url}/keys"}
            case "/keys":
                self.fetches += 1
                return {"keys": [public_jwk(key_id, key) for key_id, key in self._keys.items()]}
            case _:
                return None


def new_key(algorithm: str) -> PrivateKey:
    """A private key for the algorithm."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(key_id: str, key: PrivateKey) -> dict[str, Any]:
    """The key's public half, as key sets have it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        return {**jwk, "kid": key_id, "use": "sig", "alg": "RS256"}
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
    return {**jwk, "kid": key_id, "use": "sig", "alg": "ES256"}


@contextmanager
def little_issuer() -> Iterator[LittleIssuer]:
    """An issuer that listens on a port of its own for the length of the block."""
    issuer = LittleIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = None if issuer.is_down else issuer.document(self.path)
            body = json.dumps(document).encode()
            self.send_response(503 if issuer.is_down else 404 if document is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
