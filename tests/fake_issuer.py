"""A little OIDC identity provider: discovery, a key set, tokens, rotation, and a code flow that asks nobody."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

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
        self.refreshes: list[str] | None = []
        """Refresh tokens that it took; None: it gives none."""
        self.lifetime_s = 300
        """How long the access tokens of its code flow are good for; one got by a refresh token is always good."""
        self._keys: dict[str, PrivateKey] = {}
        self._codes: dict[str, dict[str, str]] = {}
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
                return {
                    "issuer": self.named or self.url,
                    "jwks_uri": self.key_set_url or f"{self.url}/keys",
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "end_session_endpoint": f"{self.url}/signed-out",
                }
            case "/keys":
                self.fetches += 1
                return {"keys": [public_jwk(key_id, key) for key_id, key in self._keys.items()]}
            case "/signed-out":
                return {"detail": "signed out"}
            case _:
                return None

    def authorize(self, asked: dict[str, str]) -> str:
        """Where a browser that came with this is sent back to, with a code for whoever has the verifier."""
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Tokens for a code or for a refresh token; None: it is refused."""
        if form["grant_type"] == "refresh_token":
            if self.refreshes is None or not form["refresh_token"].startswith("refresh-"):
                return None
            self.refreshes.append(form["refresh_token"])
            return self._tokens(form["client_id"], lifetime_s=300)
        asked = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if asked is None or asked["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            return None
        return self._tokens(form["client_id"], lifetime_s=self.lifetime_s)

    def _tokens(self, client_id: str, *, lifetime_s: int) -> dict[str, Any]:
        access = self.token(exp=int(time.time()) + lifetime_s)
        tokens = {"access_token": access, "id_token": self.token(aud=client_id), "token_type": "Bearer"}
        refresh = {} if self.refreshes is None else {"refresh_token": f"refresh-{secrets.token_hex(4)}"}
        return {**tokens, **refresh, "expires_in": 300}


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


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def little_issuer() -> Iterator[LittleIssuer]:
    """An issuer that listens on a port of its own for the length of the block."""
    issuer = LittleIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if address.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", issuer.authorize(_flat(address.query)))
                self.end_headers()
                return
            document = None if issuer.is_down else issuer.document(address.path)
            self._answer(503 if issuer.is_down else 404 if document is None else 200, document)

        def do_POST(self) -> None:
            form = _flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
            tokens = issuer.exchange(form)
            self._answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def _answer(self, status: int, document: dict[str, Any] | None) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
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
