"""The emulator as a process, and its admin paths."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
BINARY = Path(os.environ.get("SYNCFORM_BIN", HERE.parent.parent / "target/debug/syncform"))
LISTENING = "listening on http://"


class Emulator:
    """One running emulator, on a port of its own."""

    def __init__(self, log, *args, seed=HERE / "seed.toml"):
        command = [BINARY, "emulator", "--listen", "127.0.0.1:0", "--seed", seed, *args]
        self.log = Path(log)
        with self.log.open("ab") as stderr:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        line = self.process.stdout.readline().strip()
        if not line.startswith(LISTENING):
            self.stop()
            raise RuntimeError(f"the emulator said {line!r}:\n{self.log.read_text()}")
        self.address = line.removeprefix(LISTENING)

    @property
    def port(self):
        return int(self.address.rpartition(":")[2])

    def kill(self):
        """Ends it without a chance to tidy up."""
        self.process.kill()
        self._reap()

    def stop(self):
        self.process.terminate()
        self._reap()

    def _reap(self):
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def admin(self, method, name, body=None, status=200):
        """Sends a request to an admin path and gives back its answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://{self.address}/_emulator/{name}", data=data, method=method
        )
        # No proxy stands between the suite and its own machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                given, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            given, text = error.code, error.read()
        assert given == status, text
        return json.loads(text)

    def state(self, kind):
        return self.admin("GET", "state")[kind]

    def calls(self, operation=None):
        """The calls so far: of one operation by outcome, or of all."""
        calls = self.admin("GET", "calls")
        return calls if operation is None else calls["operations"].get(operation, {})

    def arm(self, *rules):
        self.admin("PUT", "faults", list(rules))

    def drift(self, **edit):
        self.admin("PUT", "drift", edit)
