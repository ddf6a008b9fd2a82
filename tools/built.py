"""The command that the tools' tests run: whichever build of it is newest."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
REPRISE = max(
    (path for kind in ("debug", "release") if (path := ROOT / ".build" / kind / "reprise").exists()),
    key=lambda path: path.stat().st_mtime, default=None)
needs_build = pytest.mark.skipif(REPRISE is None, reason="no build of reprise")
