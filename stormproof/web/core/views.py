"""Is it alive, is it ready, and its figures for Prometheus."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stormproof.core.clock import now
from stormproof.core.env import env
from stormproof.core.figures import jobs_by_state, newest_fact_id, outbox_figures, reactions_parked
from stormproof.core.ticks import all_alive, signs_of_life


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Nothing else is looked at, so a lost database does not get web processes killed."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 while the database answers and web, worker and prober are all alive; else 503. The detail is for insiders."""
    lives, trouble = [], ""
    try:
        lives = signs_of_life(at=now())
    except (DatabaseError, InterfaceError) as error:
        trouble = str(error).strip().splitlines()[0]
    is_ready = not trouble and all_alive(lives)
    told: dict[str, object] = {"ready": is_ready}
    if _is_insider(request):
        told["database"] = trouble or "ok"
        told["processes"] = {
            life.process: {"alive": life.is_fresh, "instances": life.instances, "age_s": life.age_s} for life in lives
        }
    answer = JsonResponse(told, status=200 if is_ready else 503)
    answer._has_been_logged = True  # type: ignore[attr-defined]  # not being ready yet is an answer, not an error
    return answer


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for those whom STORMPROOF_METRICS_NETWORKS names; nobody else learns that the page exists."""
    if not _is_insider(request):
        return HttpResponse("not found\n", content_type="text/plain", status=404)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


HEALTH: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


def _is_insider(request: HttpRequest) -> bool:
    """Whether the other end of the connection is in a network that may see the inside. A header proves nothing."""
    address = request.META.get("REMOTE_ADDR", "")
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return "HTTP_X_FORWARDED_FOR" not in request.META and any(found in network for network in env.metrics_networks)


class _Figures(Collector):
    """Read from the database at each scrape, so that every web process gives the same answer."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield from _figures()
        except (DatabaseError, InterfaceError):
            yield GaugeMetricFamily("stormproof_database_up", "Whether the database answers.", value=0)


def _figures() -> Iterator[Metric]:
    at = now()
    yield GaugeMetricFamily("stormproof_facts", "Facts told so far.", value=newest_fact_id())
    age = GaugeMetricFamily("stormproof_process_age_seconds", "Age of the newest sign of life.", labels=["process"])
    alive = GaugeMetricFamily("stormproof_process_instances", "Instances alive.", labels=["process"])
    for life in signs_of_life(at=at):
        age.add_metric([life.process], float("inf") if life.age_s is None else life.age_s)
        alive.add_metric([life.process], life.instances)
    yield from (age, alive)
    outbox = outbox_figures(at=at)
    yield GaugeMetricFamily("stormproof_outbox_waiting", "Messages not yet sent.", value=outbox.waiting)
    yield GaugeMetricFamily(
        "stormproof_outbox_oldest_seconds", "How late the oldest due message is.", value=outbox.oldest_waiting_s
    )
    yield GaugeMetricFamily("stormproof_outbox_given_up", "Messages given up.", value=outbox.given_up)
    yield GaugeMetricFamily(
        "stormproof_parked_reactions", "Reactions set aside after repeated failure.", value=reactions_parked()
    )
    jobs = GaugeMetricFamily("stormproof_jobs", "Jobs in the queue.", labels=["state"])
    for state, count in jobs_by_state().items():
        jobs.add_metric([state], count)
    yield jobs
    yield GaugeMetricFamily("stormproof_database_up", "Whether the database answers.", value=1)
