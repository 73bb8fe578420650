"""A fake OIDC identity provider: discovery, key set, tokens, key rotation, and a code flow without a login page."""

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
    """An issuer that signs tokens and serves the keys to verify them."""

    def __init__(self) -> None:
        self.url = ""
        self.fetches = 0
        """The number of requests for the key set."""
        self.is_down = False
        self.key_set_url: str | None = None
        self.named: str | None = None
        """The `issuer` of the discovery document, if it should differ from the URL."""
        self.refreshes: list[str] | None = []
        """The refresh tokens that clients used; None if the issuer issues none."""
        self.lifetime_s = 300
        """The lifetime of access tokens from the code flow; those from a refresh token are always valid for 300 s."""
        self._keys: dict[str, PrivateKey] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self.rotate()

    def rotate(self, *, algorithm: str = "RS256") -> str:
        """Replace all keys with a new one, and return its id."""
        key_id = secrets.token_hex(4)
        self._keys = {key_id: new_key(algorithm)}
        return key_id

    def add_key(self, algorithm: str) -> str:
        """Add a key, and return its id."""
        key_id = secrets.token_hex(4)
        self._keys[key_id] = new_key(algorithm)
        return key_id

    def token(
        self,
        sub: str | None = "ada",
        *,
        key_id: str | None = None,
        header_type: str = "JWT",
        **changes: Any,  # noqa: ANN401 -- any claim
    ) -> str:
        """Return a token with some claims changed, or removed where the value is None."""
        now_s = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now_s, "nbf": now_s, "exp": now_s + 300}
        claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
        key_id = key_id or next(iter(self._keys))
        key = self._keys[key_id]
        algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        payload = json.dumps(claims).encode()  # jwt.encode refuses the invalid claims that tests need
        return jwt.api_jws.encode(payload, key, algorithm=algorithm, headers={"kid": key_id, "typ": header_type})

    def bearer(self, sub: str = "ada") -> dict[str, str]:
        """Return the Authorization header of a caller."""
        return {"Authorization": f"Bearer {self.token(sub)}"}

    def document(self, path: str) -> dict[str, Any] | None:
        """Return the JSON document at a path, or None if there is none."""
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

    def authorize(self, request: dict[str, str]) -> str:
        """Return the URL to redirect the browser to; its code is valid only with the PKCE verifier."""
        code = secrets.token_urlsafe(8)
        self._codes[code] = request
        return f"{request['redirect_uri']}?{urlencode({'code': code, 'state': request['state']})}"

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Return tokens for a code or a refresh token, or None if it is invalid."""
        if form["grant_type"] == "refresh_token":
            if self.refreshes is None or not form["refresh_token"].startswith("refresh-"):
                return None
            self.refreshes.append(form["refresh_token"])
            return self._tokens(form["client_id"], lifetime_s=300)
        request = self._codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if request is None or request["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            return None
        return self._tokens(form["client_id"], lifetime_s=self.lifetime_s)

    def _tokens(self, client_id: str, *, lifetime_s: int) -> dict[str, Any]:
        access = self.token(exp=int(time.time()) + lifetime_s)
        tokens = {"access_token": access, "id_token": self.token(aud=client_id), "token_type": "Bearer"}
        refresh = {} if self.refreshes is None else {"refresh_token": f"refresh-{secrets.token_hex(4)}"}
        return {**tokens, **refresh, "expires_in": 300}


def new_key(algorithm: str) -> PrivateKey:
    """Return a new private key for the algorithm."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(key_id: str, key: PrivateKey) -> dict[str, Any]:
    """Return the public half of the key as a JWK of a key set."""
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
    """Yield an issuer that listens on a free port, for the length of the context."""
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
            self._respond(503 if issuer.is_down else 404 if document is None else 200, document)

        def do_POST(self) -> None:
            form = _flat(self.rfile.read(int(self.headers["Content-Length"])).decode())
            tokens = issuer.exchange(form)
            self._respond(200 if tokens else 400, tokens or {"error": "invalid_grant"})

        def _respond(self, status: int, document: dict[str, Any] | None) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

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
