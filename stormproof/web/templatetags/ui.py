"""The components of the console as template tags; built in, so that no `{% load %}` is needed.

`templates/components/README.md` shows each with an example.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, Input, RadioSelect, Select, Textarea
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from stormproof.web.assets import built_url
from stormproof.web.drawing import Drawing, draw_spark, ring_length
from stormproof.web.listing import Listing
from stormproof.web.words import duration_words, money_words, share_words, state_words

register = template.Library()


@register.simple_tag
def built(name: str) -> str:
    """The address of a built asset: `{% built "console.js" %}`."""
    return built_url(name)


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """An icon of Tabler's by name; decoration unless it has a `label`."""
    named = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" {} width="24" height="24" fill="none" stroke="currentColor" stroke-width="2"'
        ' stroke-linecap="round" stroke-linejoin="round"><use href="{}#{}"/></svg>',
        css, named, built_url("icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def state(word: str, label: str = "", tone: str = "") -> SafeString:
    """A state as a word, an icon and a colour: `{% state monitor.state %}`; `label` and `tone` override."""
    words, usual_tone, symbol = state_words(word)
    return format_html('<span class="sp-state sp-{}">{}{}</span>', tone or usual_tone, icon(symbol), label or words)


@register.simple_tag
def state_dot(word: str) -> SafeString:
    """The state as a dot with its word for those who do not see colours."""
    words, tone, _ = state_words(word)
    return format_html('<span class="sp-dot sp-dot-{}" role="img" aria-label="{}"></span>', tone, words)


@register.filter
def tone(word: str) -> str:
    """The tone (up, degraded, down, maintenance, unknown) of a state's word."""
    return state_words(word)[1]


def _time(moment: datetime | None, show: str) -> SafeString:
    if moment is None:
        return mark_safe('<span class="sp-quiet">never</span>')
    utc = moment.astimezone(UTC)
    text = f"{utc:%H:%M:%S}" if show == "clock" else f"{utc.day} {utc:%b %Y, %H:%M}"
    return format_html(
        '<time datetime="{}" data-show="{}" title="{} UTC">{} UTC</time>',
        utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"), show, f"{utc:%Y-%m-%d %H:%M:%S}", text,
    )  # fmt: skip


@register.simple_tag
def when(moment: datetime | None) -> SafeString:
    """How long ago (or until): `3 min ago`, the moment in the reader's zone and UTC in the title."""
    return _time(moment, "relative")


@register.simple_tag
def clock(moment: datetime | None) -> SafeString:
    """The time of day, `14:02:11`, with the date when it is another day."""
    return _time(moment, "clock")


@register.simple_tag
def moment(moment: datetime | None) -> SafeString:
    """Date and time, `22 Nov 2026, 14:02`."""
    return _time(moment, "moment")


@register.simple_tag
def stamp(moment: datetime | None) -> SafeString:
    """A moment for public pages, in UTC until the page's script puts it into the reader's zone."""
    if moment is None:
        return mark_safe("")
    utc = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time>', utc.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{utc.day} {utc:%b, %H:%M}"
    )


@register.filter
def duration(seconds: float | None) -> str:
    """`{{ objective.rto_seconds|duration }}`: `30 min`; 0 is `0 s`; None is `none`."""
    return duration_words(seconds)


@register.filter
def share(value: Decimal | float | None) -> str:
    """`{{ 0.9998|share }}`: `99.98 %`, cut and never rounded up."""
    return share_words(value)


@register.simple_tag
def money(amount: Decimal | float | None, currency: str) -> SafeString:
    """`{% money 903.2 "EUR" %}`: `903.20 EUR`."""
    return format_html('<span class="sp-number">{}</span>', money_words(amount, currency))


@register.simple_tag
def money_so_far(
    amount: Decimal, currency: str, per_minute: Decimal | float = 0, at: datetime | None = None
) -> SafeString:
    """Money that counts on in the page: `amount` at the moment `at`, growing by `per_minute`; still without `at`."""
    if at is None or not per_minute:
        return money(amount, currency)
    return format_html(
        '<span class="sp-number" data-money="{}" data-money-rate="{}" data-money-as-of="{}" data-currency="{}">'
        "{}</span>",
        amount, per_minute, at.astimezone(UTC).isoformat(), currency, money_words(amount, currency),
    )  # fmt: skip


@register.simple_tag
def count_down(deadline: datetime, at: datetime | None = None) -> SafeString:
    """The time left until `deadline`, counting; after it the time over, in red."""
    left = (deadline - (at or datetime.now(UTC))).total_seconds()
    text = f"{duration_words(abs(round(left)))} {'left' if left >= 0 else 'over'}"
    return format_html(
        '<span class="sp-number {}" data-count-down="{}">{}</span>',
        "" if left >= 0 else "sp-over", deadline.astimezone(UTC).isoformat(), text,
    )  # fmt: skip


@register.simple_tag
def count_up(since: datetime, at: datetime | None = None) -> SafeString:
    """The time since `since`, counting."""
    text = duration_words(round(((at or datetime.now(UTC)) - since).total_seconds()))
    return format_html('<span class="sp-number" data-count-up="{}">{}</span>', since.astimezone(UTC).isoformat(), text)


@register.simple_tag
def time_meter(start: datetime, end: datetime, label: str) -> SafeString:
    """A bar that fills between `start` and `end` and turns red after it."""
    return format_html(
        '<progress class="sp-meter" max="1" value="0" aria-label="{}" data-progress-from="{}" data-progress-to="{}">'
        "</progress>",
        label, start.astimezone(UTC).isoformat(), end.astimezone(UTC).isoformat(),
    )  # fmt: skip


@register.simple_tag
def meter(value: float, label: str, warn_below: float = 0) -> SafeString:
    """A bar filled to `value` (0 to 1), amber below `warn_below`."""
    css = "sp-meter sp-warn" if value < warn_below else "sp-meter"
    return format_html(
        '<progress class="{}" max="1" value="{}" aria-label="{}"></progress>', css, f"{value:.3f}", label
    )


@register.simple_tag
def ring(value: float, text: str, note: str = "", warn_below: float = 0) -> SafeString:
    """A ring filled to `value` (0 to 1), with a figure and a note in it."""
    css = "sp-ring-share sp-ring-warn" if value < warn_below else "sp-ring-share"
    return render_svg("components/ring.html", {"dash": ring_length(value), "css": css, "text": text, "note": note})


@register.simple_tag
def sparkline(values: Sequence[float | None], tone: str = "accent", label: str = "") -> SafeString:
    """A small line without axes; gaps where a value is None."""
    return render_svg("components/spark.html", {"spark": draw_spark(values), "tone": tone, "label": label})


@register.simple_tag
def small_graph(drawing: Drawing, label: str = "What depends on what") -> SafeString:
    """The neighbours of a thing as a clickable drawing (`drawing.draw_graph`)."""
    return render_svg("components/graph.html", {"drawing": drawing, "label": label})


def render_svg(name: str, context: dict[str, Any]) -> SafeString:
    """A template with a drawing in it."""
    return mark_safe(render_to_string(name, context))  # noqa: S308  (the template escapes)


@register.simple_tag
def field(bound: BoundField, help: str = "") -> SafeString:
    """A form field with its label, its help and its error at the field."""
    widget = bound.field.widget
    css = "form-control"
    if isinstance(widget, CheckboxInput | RadioSelect):
        css = "form-check-input"
    elif isinstance(widget, Select):
        css = "form-select"
    elif not isinstance(widget, Input | Textarea):
        css = ""
    attributes: dict[str, str | bool] = {"class": f"{css} is-invalid" if bound.errors else css}
    hint = help or bound.help_text
    if hint and not isinstance(widget, RadioSelect):
        attributes["aria-describedby"] = f"{bound.auto_id}_hint"
    context = {
        "bound": bound,
        "hint": hint,
        "drawn": bound.as_widget(attrs=attributes),
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect),
    }
    return render_svg("components/field.html", context)


@register.simple_tag
def json_data(value: Any, id: str) -> SafeString:
    """Data for a chart or a graph, as a script element that is never run."""
    text = json.dumps(value, default=str).translate({ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"})
    return format_html('<script id="{}" type="application/json">{}</script>', id, mark_safe(text))  # noqa: S308


@register.simple_block_tag(end_name="endcard")
def card(content: str, *, title: str = "", icon_name: str = "", note: str = "", more: str = "", more_url: str = "",
         flush: bool = False, css: str = "", level: int = 2) -> str:  # fmt: skip
    """A card: `{% card title="Readiness" note="+3 this week" %}...{% endcard %}`; `flush` for a table inside."""
    context = {"content": content, "title": title, "icon_name": icon_name, "note": note, "more": more,
               "more_url": more_url, "flush": flush, "css": css, "level": level}  # fmt: skip
    return render_svg("components/card.html", context)


@register.simple_block_tag(end_name="endpage_header")
def page_header(
    content: str, *, title: str, kicker: str = "", sentence: str = "", state: str = "", kicker_url: str = ""
) -> str:
    """The head of a page: what it is, one sentence of now, and between the tags the buttons to act on it."""
    context = {"content": content, "title": title, "kicker": kicker, "kicker_url": kicker_url, "sentence": sentence,
               "state": state}  # fmt: skip
    return render_svg("components/page_header.html", context)


@register.simple_block_tag(takes_context=True, end_name="endlisting")
def listing(context: Context, content: str, list: Listing[Any], empty: str = "") -> str:
    """A list with search, filters, heads that sort, count, pages and CSV around the rows between the tags."""
    del context
    return render_svg("components/listing.html", {"content": content, "list": list, "empty": empty})


@register.simple_block_tag(end_name="endnothing")
def nothing(content: str, title: str, icon_name: str = "inbox") -> str:
    """What belongs here and the first step: `{% nothing title="No monitors yet" %}<p>...</p>{% endnothing %}`."""
    return render_svg("components/empty.html", {"content": content, "title": title, "icon_name": icon_name})


@register.simple_block_tag(end_name="endtimeline")
def timeline(content: str, label: str = "Timeline") -> str:
    """A timeline of `{% entry %}`s, newest first."""
    return format_html('<ol class="sp-timeline" aria-label="{}">{}</ol>', label, mark_safe(content))  # noqa: S308


@register.simple_block_tag(end_name="endentry")
def entry(content: str, at: datetime, tone: str = "unknown", icon_name: str = "point") -> str:
    """One entry of a timeline; tone: up, degraded, down, maintenance or unknown."""
    return format_html(
        '<li><span class="sp-timeline-mark sp-{}">{}</span><div class="sp-timeline-text">{}</div>{}</li>',
        tone, icon(icon_name), mark_safe(content), clock(at),  # noqa: S308
    )  # fmt: skip


@register.simple_block_tag(end_name="endwhy")
def why(content: str, label: str = "Why?") -> str:
    """Where a figure or a verdict comes from: `{% why %}sum of ...{% endwhy %}`."""
    return format_html(
        '<details class="sp-why"><summary>{}</summary><div>{}</div></details>',
        label, mark_safe(content),  # noqa: S308
    )  # fmt: skip


@register.filter
def plural(count: int, words: str) -> str:
    """`{{ 3|plural:"monitor,monitors" }}`: `3 monitors`."""
    one, many = words.split(",")
    return f"{count} {one if count == 1 else many}"


@register.simple_tag
def live(url: str, *topics: str) -> SafeString:
    """The attributes that make an element fetch itself again: `<div {% live url "incident:12" "overview" %}>`."""
    events = ", ".join(f"live:{topic.replace(':', '-')} from:body" for topic in topics)
    return format_html('hx-get="{}" hx-trigger="{}" hx-swap="outerHTML"', url, mark_safe(escape(events)))  # noqa: S308
