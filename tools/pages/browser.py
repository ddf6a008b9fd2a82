"""A real browser for pages: opened once and read, or driven by keys over its pipe. Standard library only."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from built import REPRISE, ROOT, needs_build

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")

NEEDED = [
    pytest.mark.skipif(BROWSER is None, reason="no Chromium here: pages are not opened"),
    needs_build,
]

OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
           "--disable-component-update", "--disable-background-networking", "--disable-sync",
           "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


def reprise(*arguments):
    """Runs the command, which must succeed, and gives what it printed."""
    done = subprocess.run([REPRISE, *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def browse(page, *options):
    """Opens a page and waits until the browser is done with it."""
    done = subprocess.run(
        [BROWSER, *OPTIONS, "--window-size=1100,4000", *options, f"file://{page}"],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


def body(document):
    """A document less the scripts in it."""
    return re.sub(r"<script.*?</script>", "", document, flags=re.S)


def console(page):
    """What the browser's console says of a page."""
    said = browse(page, "--dump-dom", "--enable-logging=stderr", "--v=0").stderr
    return [line for line in said.splitlines() if "CONSOLE" in line]


def requested(page, folder):
    """The addresses that a browser asks for as it shows a page."""
    log = folder / "net.json"
    browse(page, "--dump-dom", f"--log-net-log={log}")
    text = log.read_text()
    try:
        events = json.loads(text)["events"]
    except json.JSONDecodeError:  # The browser left before it closed the list.
        events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
    urls = {event["params"]["url"] for event in events
            if isinstance(event.get("params"), dict) and "url" in event["params"]}
    # A browser's own questions carry numbers that are new each time.
    return {url.split("?")[0] for url in urls if url.startswith(("http", "ws", "ftp"))}


class Tab:
    """A page in a browser that stays: expressions are read from it, keys are pressed in it."""

    def __init__(self, *options):
        reads, self.to = os.pipe()
        self.source, writes = os.pipe()
        # The protocol is spoken over descriptors 3 and 4.
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{reads} 4>&{writes}', "bash", BROWSER, *OPTIONS,
             "--remote-debugging-pipe", "--window-size=1100,2000", *options],
            pass_fds=(reads, writes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(reads)
        os.close(writes)
        self.number, self.rest, self.session = 0, b"", None
        self.errors, self.loads = [], 0
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.to)
        os.close(self.source)
        self.process.terminate()
        self.process.wait()

    def message(self):
        while b"\0" not in self.rest:
            part = os.read(self.source, 1 << 16)
            assert part, "the browser is gone"
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.errors.append(message["params"])
        self.loads += message.get("method") == "Page.loadEventFired"
        return message

    def ask(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def open(self, address):
        """Opens an address anew."""
        # Otherwise another fragment of the same file would be no new page.
        self.ask("Page.navigate", url="about:blank")
        self.ask("Page.navigate", url=address)
        while not self.value("location.href !== 'about:blank' && document.readyState === 'complete'"):
            time.sleep(0.02)

    def value(self, expression):
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key, code=0):
        """Presses a key as a person does."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                     **({"text": key} if len(key) == 1 and kind == "keyDown" else {}))
