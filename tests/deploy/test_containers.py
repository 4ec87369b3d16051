"""The image, the compose file and the manifests: valid by their schemas, careful, and true to the commands."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.reference import metrics
from schemas.topics import LANGUAGE_PARTITIONS
from streams import __version__
from streams.observe.ending import MOST_S
from streams.settings.table import SETTINGS
from tests.deploy.support import ALL_OVERLAYS, DEPLOY, ENDS_S, OVERLAYS, accepts, documents_of, tool

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if "headline" in service["image"]}
KUBERNETES = ("1.32", kubernetes_validate.latest_version())
WORKLOADS = {"Deployment", "StatefulSet", "Job"}


def parses(arguments: list[str]) -> None:
    """Fail unless `ticker` takes these arguments; nothing runs."""
    group = import_module(f"streams.cli.{arguments[0]}").command
    # The text after a complete command line is the only thing that is wrong with it.
    parser = group.make_parser(group.make_context(arguments[0], [], resilient_parsing=True))
    parser.parse_args(list(arguments[1:]))


def ticker_commands(service: Mapping[str, Any], entrypoint: str, arguments: str) -> list[str]:
    """The arguments of `ticker` in a container, also where a shell feeds it."""
    if service.get(entrypoint) == ["sh", "-c"]:
        words = shlex.split(service[arguments][0])
        return words[words.index("ticker") + 1 :]
    return list(service[arguments])


def test_compose_follows_its_specification() -> None:
    """The file is valid by the Compose Specification's schema."""
    done = subprocess.run(
        [
            *(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"),
            str(DEPLOY / "compose.yaml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", COMPOSE["services"].values(), ids=COMPOSE["services"])
def test_a_service_of_compose_is_reached_from_this_machine_only(service: Mapping[str, Any]) -> None:
    """Ports are published on 127.0.0.1, and what is mounted from the checkout is there."""
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for volume in service.get("volumes", []):
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or (DEPLOY / source).is_dir()
    assert not service["image"].endswith(":latest")


def test_brokers_in_compose_are_set_as_those_in_production() -> None:
    """What broker.properties asks for and compose sets too has the same value in both."""
    lines = (DEPLOY / "kafka/broker.properties").read_text(encoding="utf-8").splitlines()
    asked = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name in ("kafka-1", "kafka-2", "kafka-3"):
        environment = COMPOSE["services"][name]["environment"]
        given = {
            variable.removeprefix("KAFKA_").replace("_", ".").lower(): value
            for variable, value in environment.items()
        }
        shared = asked.keys() & given.keys()
        assert len(shared) >= 5
        assert {key: given[key] for key in shared} == {key: asked[key] for key in shared}


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_our_services_in_compose_are_bounded(service: Mapping[str, Any]) -> None:
    """They write nowhere but to /tmp, gain no privileges, and their commands are commands of `ticker`."""
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    parses(ticker_commands(service, "entrypoint", "command"))


def test_whoever_is_scraped_has_time_for_its_last_scrape() -> None:
    """And to end its work then, on Kubernetes and in compose."""
    pods = [dict(_pods("production")), dict(_pods("sources"))]
    for name, pod in [item for overlay in pods for item in overlay.items()]:
        if "ports" in pod["containers"][0]:
            assert pod["terminationGracePeriodSeconds"] >= MOST_S + ENDS_S, name
    for name, service in OURS.items():
        assert int(service["stop_grace_period"].removesuffix("s")) >= MOST_S + ENDS_S, name


def test_prometheus_scrapes_the_ports_that_services_listen_on() -> None:
    """A target of Prometheus is a service of compose, at the port of its `--listen`."""
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text(encoding="utf-8"))
    for job in config["scrape_configs"]:
        target = job["dns_sd_configs"][0]
        service = COMPOSE["services"][target["names"][0]]
        assert f"0.0.0.0:{target['port']}" in " ".join(service["command"])


def _pods(overlay: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for document in documents_of(overlay):
        if document["kind"] in WORKLOADS:
            yield document["metadata"]["name"], document["spec"]["template"]["spec"]
        elif document["kind"] == "CronJob":
            job = document["spec"]["jobTemplate"]["spec"]
            yield document["metadata"]["name"], job["template"]["spec"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("overlay", ALL_OVERLAYS)
def test_manifests_follow_the_schemas_of_kubernetes(overlay: str, version: str) -> None:
    """Every object of an overlay is valid, without a field that Kubernetes does not know."""
    for document in documents_of(overlay):
        if not document["apiVersion"].startswith(
            "monitoring.coreos.com/"
        ):  # the operator's, not Kubernetes' own
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("overlay", ALL_OVERLAYS)
def test_pods_are_restricted(overlay: str) -> None:
    """Not root, nothing writable but /tmp, no capabilities, limits, and no token of the cluster."""
    for name, pod in _pods(overlay):
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not pod["automountServiceAccountToken"], name
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}
            assert container["image"].endswith(f":{__version__}")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_run_commands_and_settings_that_exist(overlay: str) -> None:
    """Arguments are those of `ticker`, variables those of settings, probes ask the port that is listened on."""
    known = {setting.variable for setting in SETTINGS}
    settings = next(
        document
        for document in documents_of(overlay)
        if document["kind"] == "ConfigMap" and document["metadata"]["name"] == "ticker"
    )
    assert set(settings["data"]) <= known
    for name, pod in _pods(overlay):
        (container,) = pod["containers"]
        parses(ticker_commands(container, "command", "args"))
        assert {variable["name"] for variable in container["env"]} <= known, name
        if "ports" in container:
            assert f":{container['ports'][0]['containerPort']}" in " ".join(container["args"])
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)


def test_a_replay_is_planned_and_then_applied() -> None:
    """Both steps are commands of `ticker`, with the file that the first writes and the second reads."""
    ((_, pod),) = _pods("replay")
    (plan,), (apply,) = pod["initContainers"], pod["containers"]
    assert plan["args"][-1] == apply["args"][2]
    for container in (plan, apply):
        accepts([word.replace("/tmp/day.json", os.devnull) for word in container["args"]])


def test_a_try_keeps_its_folder_and_is_not_repeated() -> None:
    """What it was killed at is gone on with the next night; its arguments are those of `ticker`."""
    (cron,) = (each for each in documents_of("replay-try") if each["kind"] == "CronJob")
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    assert cron["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    ((_, pod),) = _pods("replay-try")
    (container,) = pod["containers"]
    folder = container["args"][container["args"].index("--folder") + 1]
    claims = {each["name"] for each in pod["volumes"] if "persistentVolumeClaim" in each}
    assert [each["mountPath"] for each in container["volumeMounts"] if each["name"] in claims] == [
        str(Path(folder).parent)
    ]
    accepts([word.replace(folder, os.devnull) for word in container["args"]])
    assert container["args"][container["args"].index("--max-flips") + 1] == "0.5%"


def test_what_replays_in_staging_is_scraped_and_nothing_else_there() -> None:
    """By its component and the port that it listens on; the workers' old news is nobody's alarm."""
    (monitor,) = (each["spec"] for each in documents_of("staging") if each["kind"] == "PodMonitor")
    selected = monitor["selector"]["matchLabels"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    for overlay in ("replay", "replay-try"):
        (workload,) = (each for each in documents_of(overlay) if each["kind"] in {"Job", "CronJob"})
        spec = workload["spec"].get("jobTemplate", workload)["spec"]
        metadata, (container,) = spec["template"]["metadata"], spec["template"]["spec"]["containers"]
        assert selected.items() <= metadata["labels"].items()
        (port,) = container["ports"]
        assert port["name"] == endpoint["port"]
        assert container["args"][-2:] == ["--listen", f"0.0.0.0:{port['containerPort']}"]
        assert metadata["annotations"]["prometheus.io/port"] == str(port["containerPort"])
        assert port["containerPort"] in _scraped_ports("staging")
    assert not any(
        selected.items() <= each["spec"]["template"]["metadata"]["labels"].items()
        for each in documents_of("staging")
        if each["kind"] in WORKLOADS
    )


def _scraped_ports(overlay: str) -> set[int]:
    """The ports that the monitoring may reach."""
    (policy,) = (each for each in documents_of(overlay) if each["kind"] == "NetworkPolicy")
    (monitoring,) = (
        rule
        for rule in policy["spec"]["ingress"]
        if "monitoring" in rule["from"][0]["namespaceSelector"]["matchLabels"].values()
    )
    return {port["port"] for port in monitoring["ports"]}


def test_nothing_in_staging_decides_about_a_replay_before_it_comes() -> None:
    """No producer and no canary write to the topics that a replay is planned for."""
    names = {name for name, _ in _pods("staging")}
    assert "ticker-worker" in names
    assert not names & {"ticker-canary", "ticker-producer"}


def test_jobs_are_named_as_the_rules_expect() -> None:
    """The PodMonitor takes names from pods, which are those of Prometheus' own configuration; no port is left out."""
    documents = documents_of("production")
    monitor = next(document for document in documents if document["kind"] == "PodMonitor")["spec"]
    scraped = {endpoint["port"] for endpoint in monitor["podMetricsEndpoints"]}
    jobs = set()
    for document in documents:
        if document["kind"] in WORKLOADS - {"Job"}:
            template = document["spec"]["template"]
            labels = template["metadata"]["labels"]
            assert monitor["selector"]["matchLabels"].items() <= labels.items()
            jobs.add(labels[monitor["jobLabel"]])
            ports = {port["name"] for box in template["spec"]["containers"] for port in box["ports"]}
            assert ports <= scraped
    (trying,) = (each for each in documents_of("replay-try") if each["kind"] == "CronJob")
    template = trying["spec"]["jobTemplate"]["spec"]["template"]
    jobs.add(template["metadata"]["labels"][monitor["jobLabel"]])
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yaml").read_text(encoding="utf-8"))
    assert jobs == {job["job_name"] for job in config["scrape_configs"]}


def test_the_operator_has_the_rules() -> None:
    """All groups of both files, as they are; `make deployment` writes them."""
    (found,) = (each["spec"] for each in documents_of("production") if each["kind"] == "PrometheusRule")
    groups = [
        group
        for name in ("recording", "alerts")
        for group in yaml.safe_load((DEPLOY / f"prometheus/rules/{name}.yaml").read_text("utf-8"))["groups"]
    ]
    assert found["groups"] == groups


def test_the_autoscaler_asks_for_what_the_adapter_makes() -> None:
    """Of a metric that workers have."""
    scaler = next(document for document in documents_of("production") if "Autoscaler" in document["kind"])
    (metric,) = scaler["spec"]["metrics"]
    adapter = yaml.safe_load((DEPLOY / "kubernetes/prometheus-adapter.yaml").read_text(encoding="utf-8"))
    (rule,) = adapter["rules"]["external"]
    assert rule["name"]["as"] == metric["external"]["metric"]["name"]
    assert rule["seriesQuery"].partition("{")[0] in {known.name for known in metrics()}


@pytest.mark.parametrize("name", ["ticker-worker", "ticker-serve"])
def test_what_runs_twice_is_spread_and_never_drained_at_once(name: str) -> None:
    """Its pods go to different nodes where they can, and one of them stays while nodes are emptied."""
    documents = documents_of("production")
    budget = next(
        each
        for each in documents
        if each["kind"] == "PodDisruptionBudget" and each["metadata"]["name"] == name
    )
    assert budget["spec"]["maxUnavailable"] == 1
    pod = dict(_pods("production"))[name]
    selected = {"app.kubernetes.io/name": name}
    (spread,) = pod["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == selected
    assert budget["spec"]["selector"]["matchLabels"] == selected


def test_there_are_no_more_workers_than_partitions() -> None:
    """A worker beyond the partitions of a stage would have nothing to do."""
    scaler = next(document for document in documents_of("production") if "Autoscaler" in document["kind"])
    assert scaler["spec"]["maxReplicas"] == LANGUAGE_PARTITIONS


def test_the_image_is_built_by_the_rules() -> None:
    """Hadolint has nothing to say."""
    done = subprocess.run(
        [tool("hadolint"), str(DEPLOY / "Containerfile")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_image_does_not_run_as_root() -> None:
    """It ends as a numbered user, which Kubernetes can tell from root."""
    users = re.findall(r"^USER (\S+)$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert users[-1:] == ["10001:10001"]


def test_the_steps_of_the_image_make_a_ticker_that_runs(tmp_path: Path) -> None:
    """In a folder with nothing but what COPY brings, the build's RUN installs it, and it runs without it."""
    source, target = tmp_path / "src", tmp_path / "ticker"
    source.mkdir()
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
    build = text[: text.index("\nFROM", text.index("AS build"))]
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (.+)$", build, re.MULTILINE):
        *names, place = line.split()
        for name in names:
            assert f"!{name}" in ignored
            where = source / (place if len(names) == 1 else name)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, where)
    (run,) = re.findall(r"^RUN (.+)$", build, re.MULTILINE)
    command = run.replace("/opt/ticker", str(target)).replace("python3 -m", f"{sys.executable} -m", 1)
    done = subprocess.run(
        ["/bin/sh", "-ec", command], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    samples = ROOT / "streams/samples"
    ran = subprocess.run(
        [str(target / "bin/ticker"), "run", str(samples), "--json"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert len(ran.stdout.splitlines()) > 10
