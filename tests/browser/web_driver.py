"""Firefox and WebKitGTK, by WebDriver's commands: https://www.w3.org/TR/webdriver2/.

Firefox accepts them itself, over its Marionette protocol; selenium would need geckodriver, which Debian doesn't have.
"""

import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from .driven_tab import CannotError, DrivenTab

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The member that holds an element's id, as the standard defines it."""
STARTS_WITHIN_S = 30
COMMAND_S = 60
FIREFOX = "firefox-esr"
WEBKIT = "WebKitWebDriver"
FIREFOX_SETTINGS = {
    "media.autoplay.default": 0,
    "network.disable-localhost-when-offline": True,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class WebDriverTab(DrivenTab):
    """A tab that is driven by WebDriver's commands."""

    @abstractmethod
    def command(self, name: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 -- JSON
        """Send a command by its name in the standard, and return its result."""

    def goto(self, url: str) -> None:
        """Open the address, and wait until it is loaded."""
        self.command("Navigate", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 -- JSON
        """Run the script in the page, and return its result."""
        return self.command("ExecuteScript", {"script": script, "args": list(arguments)})

    def choose(self, css: str, files: Sequence[Path]) -> None:
        """Choose files in a file input."""
        self.enter(css, "\n".join(map(str, files)))

    def click(self, css: str) -> None:
        """Click an element."""
        self.command("ElementClick", {"id": self._find(css)})

    def enter(self, css: str, text: str) -> None:
        """Type into an element."""
        self.command("ElementSendKeys", {"id": self._find(css), "text": text})

    def save_screenshot(self, path: Path) -> None:
        """Save a screenshot."""
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(base64.b64decode(self.command("TakeScreenshot", {"full": False})))

    def _find(self, css: str) -> str:
        element: str = self.command("FindElement", {"using": "css selector", "value": css})[ELEMENT]
        return element


class FirefoxTab(WebDriverTab):
    """Firefox, over Marionette: each message is its length, a colon and JSON."""

    def __init__(self, size: tuple[int, int], *, port: int, log: Path) -> None:
        """Start Firefox without a window."""
        self._profile = tempfile.mkdtemp(prefix="firefox-")
        settings = {**FIREFOX_SETTINGS, "marionette.port": port}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        (Path(self._profile) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        # System access is what takes it offline.
        options = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
        command = [FIREFOX, *options, "--profile", self._profile]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output, env={**os.environ, "HOME": self._profile}
            )
        self._connection = _connected(port, self._process)
        self._stream = self._connection.makefile("rb")
        self._read()  # it introduces itself
        self._last_id = 0
        self.command("NewSession", {"acceptInsecureCerts": True})
        self.command("SetWindowRect", {"width": size[0], "height": size[1] + 85})

    def command(self, name: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 -- JSON
        """Send a command, and return its result."""
        return self._command(f"WebDriver:{name}", parameters)

    def set_offline(self, *, is_offline: bool) -> None:
        """Take the browser offline, or back, as its menu does."""
        self._command("Marionette:SetContext", {"value": "chrome"})
        script = "Services.io.offline = arguments[0];"
        self.command("ExecuteScript", {"script": script, "args": [is_offline], "sandbox": "system"})
        self._command("Marionette:SetContext", {"value": "content"})

    def close(self) -> None:
        """End Firefox."""
        self._stream.close()
        self._connection.close()
        self._process.kill()
        self._process.wait(15)
        shutil.rmtree(self._profile, ignore_errors=True)

    def _command(self, name: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 -- JSON
        self._last_id += 1
        message = json.dumps([0, self._last_id, name, parameters]).encode()
        self._connection.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        assert error is None, f"{name}: {error['error']}: {error['message']}"
        return result.get("value", result) if isinstance(result, dict) else result

    def _read(self) -> Any:  # noqa: ANN401 -- JSON
        length = b""
        while (byte := self._stream.read(1)) != b":":
            assert byte, "Firefox closed the connection"
            length += byte
        return json.loads(self._stream.read(int(length)))


class WebKitTab(WebDriverTab):
    """WebKitGTK's MiniBrowser, over HTTP, on a virtual display."""

    COMMANDS: Mapping[str, tuple[str, str]] = {
        "Navigate": ("POST", "/url"),
        "ExecuteScript": ("POST", "/execute/sync"),
        "FindElement": ("POST", "/element"),
        "ElementClick": ("POST", "/element/{id}/click"),
        "ElementSendKeys": ("POST", "/element/{id}/value"),
        "SetWindowRect": ("POST", "/window/rect"),
        "TakeScreenshot": ("GET", "/screenshot"),
    }

    def __init__(self, size: tuple[int, int], *, port: int, log: Path) -> None:
        """Start a display, the driver and the browser."""
        self._resources = contextlib.ExitStack()
        try:
            self._start(size, port=port, log=log)
        except BaseException:
            self._resources.close()
            raise

    def command(self, name: str, parameters: Mapping[str, object]) -> Any:  # noqa: ANN401 -- JSON
        """Send a command, and return its result."""
        method, path = self.COMMANDS[name]
        body = None if method == "GET" else dict(parameters)
        return self._request(method, f"/session/{self._session}{path.format_map(dict(parameters))}", body)

    def set_offline(self, *, is_offline: bool) -> None:
        """Raise: WebDriver has no such command."""
        del is_offline
        raise CannotError("WebKitGTK's driver can't take the browser offline")

    def close(self) -> None:
        """End the browser, its driver and the display."""
        with contextlib.suppress(httpx.HTTPError, AssertionError):
            self._request("DELETE", f"/session/{self._session}", None)
        self._resources.close()

    def _start(self, size: tuple[int, int], *, port: int, log: Path) -> None:
        output = self._resources.enter_context(log.open("ab"))
        home = self._resources.enter_context(tempfile.TemporaryDirectory(prefix="webkit-", ignore_cleanup_errors=True))
        display = self._resources.enter_context(_virtual_display(output.fileno()))
        # WebKit's own sandbox needs user namespaces, which containers lack; its bus and portals need a desktop.
        environment = {**os.environ, "HOME": home, "DISPLAY": display, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
        command = [WEBKIT, f"--port={port}", "--host=127.0.0.1"]
        driver = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        self._resources.callback(_end, driver)
        _connected(port, driver).close()
        self._http = self._resources.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=COMMAND_S))
        options = {"binary": str(_mini_browser()), "args": ["--automation"]}
        capabilities = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        self._session = self._request("POST", "/session", {"capabilities": capabilities})["sessionId"]
        self.command("SetWindowRect", {"x": 0, "y": 0, "width": size[0], "height": size[1]})

    def _request(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:  # noqa: ANN401 -- JSON
        response = self._http.request(method, path, json=body)
        value = response.json()["value"]
        assert response.is_success, f"{path}: {value['error']}: {value['message']}"
        return value


def missing_program(name: str) -> str | None:
    """Return the Debian package that has the browser and isn't installed; None if it is installed."""
    if name == "firefox":
        return None if shutil.which(FIREFOX) else "firefox-esr"
    if name == "webkit":
        is_installed = shutil.which(WEBKIT) and shutil.which("Xvfb") and _mini_browser()
        return None if is_installed else "webkit2gtk-driver, xvfb"
    return None


def _mini_browser() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"))), None)


@contextlib.contextmanager
def _virtual_display(output: int) -> Iterator[str]:
    """Yield the name of a new display."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, stdout=output, stderr=output, pass_fds=[writing])
    os.close(writing)
    try:
        with os.fdopen(reading) as numbers:
            yield f":{numbers.readline().strip()}"
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(15)


def _connected(port: int, process: "subprocess.Popen[bytes]") -> socket.socket:
    """Return a connection to the port as soon as the process listens."""
    end_s = time.monotonic() + STARTS_WITHIN_S
    while True:
        assert process.poll() is None, f"{process.args!r} ended"
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=COMMAND_S)
        except OSError:
            assert time.monotonic() < end_s, f"{process.args!r} doesn't listen on {port}"
            time.sleep(0.1)
