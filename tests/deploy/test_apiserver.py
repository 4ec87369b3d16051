"""A real API server of Kubernetes takes every overlay: its own checks, the strictest pod security, and twice the same.

No cluster takes part. `apiserver/` is Kubernetes' API server with its storage in one program, built from their Go
modules (a quarter of an hour and 3 GiB of Go's caches, once), so these tests are part of `make chaos`.
"""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy.support import ALL_OVERLAYS, documents_of, free_port, tool
from tests.deploy.watched import service
from tests.kafka_support import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

_SOURCE: Final = Path(__file__).parent / "apiserver"
_RESTRICTED: Final = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
_CREDENTIALS: Final = 'token,admin,admin,"system:masters"\n'

Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def built() -> Path:
    """The program; it stays in the user's cache."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headline-ticker"
    wanted = b"".join(path.read_bytes() for path in sorted(_SOURCE.iterdir()))
    program = caches / f"apiserver-{hashlib.sha256(wanted).hexdigest()[:12]}"
    if not program.exists():
        caches.mkdir(parents=True, exist_ok=True)
        command = [tool("go"), "build", "-buildvcs=false", "-o", str(program), "."]
        done = subprocess.run(command, cwd=_SOURCE, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    return program


def _kubectl(address: str, *arguments: str, given: Sequence[object] = ()) -> subprocess.CompletedProcess[str]:
    """Run kubectl on the server, with objects on its standard input."""
    login = ["--server", address, "--insecure-skip-tls-verify", "--token", "token"]
    objects = yaml.safe_dump_all(given)
    command = [tool("kubectl"), *login, *arguments]
    return subprocess.run(command, input=objects, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    """Kubectl on a server of its own, which nobody's cluster hears of."""
    folder = tmp_path_factory.mktemp("apiserver")
    secret, public, tokens = (folder / name for name in ("key.pem", "public.pem", "tokens.csv"))
    openssl = tool("openssl")
    subprocess.run([openssl, "genrsa", "-out", str(secret), "2048"], capture_output=True, check=True)
    taken = [openssl, "rsa", "-in", str(secret), "-pubout", "-out", str(public)]
    subprocess.run(taken, capture_output=True, check=True)
    tokens.write_text(_CREDENTIALS, encoding="utf-8")
    peers, clients, port = (str(free_port()) for _ in range(3))
    command = [
        *(str(built()), str(folder), peers, clients),
        *("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}/certificates"),
        *("--service-cluster-ip-range=10.96.0.0/16", "--authorization-mode=AlwaysAllow"),
        *("--service-account-issuer=https://kubernetes.default.svc", f"--token-auth-file={tokens}"),
        *(f"--service-account-key-file={public}", f"--service-account-signing-key-file={secret}"),
    ]
    ask = partial(_kubectl, f"https://127.0.0.1:{port}")
    with service(command, folder, os.environ, log="apiserver.log"):
        wait_until(lambda: ask("get", "--raw", "/readyz").returncode == 0, seconds=120)
        yield ask


@pytest.fixture
def objects(kubectl: Kubectl, request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """What an overlay makes, but for what is the Prometheus operator's; its namespace is there, and restricted."""
    documents = [
        each
        for each in documents_of(request.param)
        if not each["apiVersion"].startswith("monitoring.coreos.com/")
    ]
    for name in {each["metadata"]["namespace"] for each in documents}:
        namespace = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": _RESTRICTED},
        }
        assert kubectl("apply", "-f", "-", given=[namespace]).returncode == 0
    return documents


@pytest.mark.parametrize("objects", ALL_OVERLAYS, indirect=True)
def test_the_server_takes_every_object(kubectl: Kubectl, objects: list[dict[str, Any]]) -> None:
    """Without a warning: not of a field that it does not know, not of a pod that may do more than it needs."""
    done = kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", given=objects)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(objects)


@pytest.mark.parametrize("objects", ["production"], indirect=True)
def test_the_server_refuses_what_only_it_can_know(kubectl: Kubectl, objects: list[dict[str, Any]]) -> None:
    """A budget that is no number is no error of the schema: this is what a dry run is for."""
    (budget, *_) = [each for each in objects if each["kind"] == "PodDisruptionBudget"]
    budget["spec"]["maxUnavailable"] = "one"
    done = kubectl("apply", "--dry-run=server", "-f", "-", given=[budget])
    assert done.returncode == 1
    assert "maxUnavailable" in done.stderr


@pytest.mark.parametrize("objects", ["production"], indirect=True)
def test_what_is_applied_twice_is_the_same(kubectl: Kubectl, objects: list[dict[str, Any]]) -> None:
    """The server keeps what the manifests say: whoever compares the two sees nothing, and no object has changed.

    Whatever kubectl says of budgets: it replaces their selectors as wholes, with the same.
    """

    def versions() -> list[str]:
        versioned = (
            "jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{'\\n'}{end}"
        )
        listed = kubectl("get", "-f", "-", "-o", versioned, given=objects)
        assert listed.returncode == 0, listed.stderr
        return sorted(listed.stdout.splitlines())

    assert kubectl("apply", "-f", "-", given=objects).returncode == 0
    before = versions()
    compared = kubectl("diff", "-f", "-", given=objects)
    assert (compared.returncode, compared.stdout) == (0, ""), compared.stderr
    assert kubectl("apply", "-f", "-", given=objects).returncode == 0
    assert versions() == before
    assert len(before) == len(objects)
