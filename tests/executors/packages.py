"""Tiny wheels, and servers that hand them out: an index of packages, a registry of images."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Answer = tuple[int, str, bytes]


def wheel(folder: Path, name: str, version: str = "1.0") -> Path:
    """A wheel of a module `name` that has nothing but its version."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{key},,\n" for key in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for key, content in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(key, content)
    return path


@contextmanager
def served(answer: Callable[[str, str], Answer]) -> Iterator[str]:
    """An HTTP server on the loopback: its address. `answer` gets path and authorization, gives (status, type, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def index(wheels: Path, login: str) -> Iterator[str]:
    """A package index that wants `login` ("user:password"): its address without it."""
    wanted = "Basic " + base64.b64encode(login.encode()).decode()

    def answer(path: str, authorization: str) -> Answer:
        if authorization != wanted:
            return 401, "text/plain", b"log in"
        name = path.strip("/").rpartition("/")[2]
        if path.endswith(".whl"):
            return 200, "application/octet-stream", (wheels / name).read_bytes()
        links = "".join(f'<a href="/files/{file.name}">{file.name}</a>\n' for file in wheels.glob(f"{name}-*.whl"))
        return (200 if links else 404), "text/html", links.encode()

    with served(answer) as address:
        yield address


@contextmanager
def registry(labels: dict[str, str]) -> Iterator[str]:
    """A registry of images: the address of one that holds a single empty file and has these labels."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    layer = gzip.compress(plain.getvalue())
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [_digest(plain.getvalue())]},
        }
    ).encode()
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": _part("application/vnd.docker.container.image.v1+json", config),
            "layers": [_part("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
        }
    ).encode()
    blobs = {_digest(content): content for content in (layer, config)}

    def answer(path: str, _: str) -> Answer:
        last = path.rpartition("/")[2]
        if "/manifests/" in path:
            return 200, kind, manifest
        if "/blobs/" in path:
            return 200, "application/octet-stream", blobs[last]
        return 200, "application/json", b"{}"

    with served(answer) as address:
        yield f"{address}/tests/empty:1"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _part(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}
