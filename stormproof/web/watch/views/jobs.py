"""The log of a job: its pings, one ping with what it wrote, how to ping; and the keys that open heartbeats by name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from stormproof.business.selectors import nodes_in_use
from stormproof.core.clock import now
from stormproof.core.refusals import NotFound, Refused
from stormproof.watch import selectors
from stormproof.watch.choices import Signal
from stormproof.watch.models import Monitor
from stormproof.watch.services.ping_keys import make_ping_key, open_ping_key, revoke_ping_key
from stormproof.web.listing import Column, Filter, read_list
from stormproof.web.requests import Request, acts, reads


class PingKeyForm(forms.Form):
    """A new ping key."""

    name = forms.CharField(label="Name", max_length=100, help_text="Which machines or jobs use it.")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(node.slug, f"{node.name} ({node.kind})") for node in nodes_in_use()]
        self.fields["on"] = forms.ChoiceField(
            label="New heartbeats watch", choices=choices, help_text="Heartbeats that a ping sets up stand on this."
        )


def heartbeat_for(request: Request, slug: str) -> Monitor:
    """The heartbeat of that name; raises `NotFound` for other kinds."""
    monitor = selectors.monitor_for(request.actor, slug)
    if monitor.kind != "heartbeat":
        raise NotFound(f"{slug} is no heartbeat")
    return monitor


@reads("watch.read")
def show_pings(request: Request, slug: str) -> HttpResponseBase:
    """The log of a job: every ping that is kept."""
    monitor = heartbeat_for(request, slug)
    listed = read_list(
        request,
        selectors.pings_of(request.actor, monitor),
        noun="pings",
        columns=[
            Column(name="At", sort="at", csv=lambda p: p.at.isoformat()),
            Column(name="Ping", sort="kind", csv=lambda p: p.kind),
            Column(name="Exit status", sort="exit_status", csv=lambda p: p.exit_status, end=True),
            Column(name="Took", sort="took_ms", csv=lambda p: p.took_ms, end=True),
            Column(name="Run", csv=lambda p: p.run_id),
            Column(name="From", sort="address", csv=lambda p: p.address),
            Column(name="Output", sort="body_size", csv=lambda p: p.body_size, end=True),
        ],
        filters=[
            Filter(key="kind", name="Ping", choices=Signal.choices),
            Filter(key="transport", name="By", choices=[("http", "http"), ("https", "https"), ("mail", "mail")]),
        ],
        search=["address__icontains", "agent__icontains", "body__icontains"],
        order="-number",
        csv_name=f"pings-{slug}",
    )
    if listed.wants_csv:
        return listed.as_csv()
    context = {"list": listed, "monitor": monitor, "runs": selectors.runs_of(monitor), "topic": f"looks:{monitor.pk}"}
    return render(request, "watch/pings.html", context)


@reads("watch.read")
def show_ping(request: Request, slug: str, number: int) -> HttpResponseBase:
    """One ping and what the job wrote."""
    monitor = heartbeat_for(request, slug)
    ping = selectors.ping_for(request.actor, monitor, number)
    return render(request, "watch/ping.html", {"monitor": monitor, "ping": ping})


@reads("watch.read")
def how_to_ping(request: Request, slug: str) -> HttpResponseBase:
    """Ready lines for curl, cron, PowerShell and Python."""
    monitor = heartbeat_for(request, slug)
    url = request.build_absolute_uri(reverse("ping", args=[monitor.ping_key]))
    return render(request, "watch/how_to_ping.html", {"monitor": monitor, "ways": ways_to_ping(url), "ping_url": url})


def ways_to_ping(url: str) -> list[tuple[str, str, str]]:
    """Name, what it is for and the text of each way to ping `url`."""
    quiet = "curl -fsS -m 10 --retry 5"
    python = (
        "import urllib.request\n\n"
        f'urllib.request.urlopen("{url}", timeout=10)\n'
        "# with the output of the job:\n"
        f'urllib.request.urlopen("{url}", data=output.encode(), timeout=10)'
    )
    shell = (
        f'#!/bin/sh\nRID=$(cat /proc/sys/kernel/random/uuid)\n{quiet} "{url}/start?rid=$RID"\n'
        f'OUTPUT=$(/usr/local/bin/job.sh 2>&1)\n{quiet} --data-raw "$OUTPUT" "{url}/$??rid=$RID"'
    )
    return [
        ("curl", "After the job, when it succeeded.", f"{quiet} -o /dev/null {url}"),
        ("cron", "At the end of the line; says the exit status.", f"5 4 * * * /usr/local/bin/job.sh; {quiet} {url}/$?"),
        ("Shell", "Start, end, exit status and output of each run, also when runs overlap.", shell),
        ("PowerShell", "", f'Invoke-RestMethod -Uri "{url}" -Method Post -Body $output'),
        ("Python", "", python),
    ]


@reads("watch.write")
def show_ping_keys(request: Request) -> HttpResponseBase:
    """The keys that open heartbeats by name, and the form for a new one."""
    form = PingKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            key, _raw = make_ping_key(name=said["name"], on=said["on"], actor=request.actor, at=now())
            messages.success(request, f"{key.name} is ready.")
            return redirect("ping-keys")
        except Refused as refused:
            form.add_error(refused.field or None, refused.message)
    base = request.build_absolute_uri("/ping/")
    keys = [(key, f"{base}{open_ping_key(key, actor=request.actor)}/") for key in selectors.ping_keys(request.actor)]
    context = {"form": form, "keys": keys}
    return render(request, "watch/ping_keys.html", context, status=422 if form.errors else 200)


@require_POST
@acts("watch.write")
def revoke_key(request: Request, key_id: int) -> HttpResponseBase:
    """Make a ping key open nothing from now on."""
    revoke_ping_key(selectors.ping_key_for(request.actor, key_id), actor=request.actor, at=now())
    messages.success(request, "The key opens nothing any more.")
    return redirect("ping-keys")
