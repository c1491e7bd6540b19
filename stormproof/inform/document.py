"""The section `status_page` of continuity.yaml: what customers see and who lets notices out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stormproof.business.models import Node
from stormproof.core.actor import Actor
from stormproof.core.document import SLUG, Duration, Known, Problem, write_duration
from stormproof.inform.choices import Release
from stormproof.inform.models import Component
from stormproof.inform.selectors import status_page
from stormproof.inform.services.page import set_components, set_status_page

Slug = Annotated[str, StringConstraints(pattern=SLUG)]


class ComponentShape(BaseModel):
    """A function as customers know it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=120, description="In the words of customers: Placing orders")
    description: str = Field(default="", max_length=300)


class StatusPageShape(BaseModel):
    """The public status page at /status/."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=120, description="Left out: the name of the business")
    contact: str = Field(default="", max_length=200, description="Where customers reach a person during an outage")
    components: dict[Slug, ComponentShape] = Field(
        default_factory=dict, description="By function, from top to bottom; left out: every function by its public name"
    )
    publish: Literal["by_person", "by_rule"] = Field(
        default="by_person", description="Who lets the first notice of an incident out"
    )
    publish_after: Duration = Field(default=0, description="By rule: how long the incident has to last before")
    up_to_severity: int = Field(default=3, ge=1, le=4, description="By rule: incidents of severity 1 to this one")
    update_every: Annotated[Duration, Field(ge=60)] = Field(
        default=1800, description="How soon customers are promised the next update"
    )


class StatusPageSection:
    """What the status page shows, and the rule that publishes notices."""

    key = "status_page"
    rank = 400
    shape: Any = StatusPageShape

    def names(self, value: StatusPageShape) -> set[str]:
        """It defines no names that others refer to."""
        return set()

    def check(self, value: StatusPageShape, known: Known) -> list[Problem]:
        """Every component is a function, and no two read the same."""
        found = []
        functions = set(known.document.get("functions") or {})
        seen: dict[str, str] = {}
        for slug, component in value.components.items():
            path = ("status_page", "components", slug)
            if slug not in functions:
                hint = f"the functions are {', '.join(sorted(functions)) or 'none yet'}"
                found.append(Problem(path, f"there is no function {slug}", hint))
            if component.name in seen:
                message = f"{component.name!r} is also what {seen[component.name]} is called"
                found.append(Problem((*path, "name"), message, "customers could not tell them apart"))
            seen[component.name] = slug
        return found

    def read(self) -> dict[str, Any] | None:
        """The page as it is set, without what is left at its default; None when nothing was ever set."""
        page = status_page()
        rows = Component.objects.filter(node__retired_at__isnull=True).select_related("node")
        components = {row.node.slug: _in_file_form(row) for row in rows}
        if not page.is_described and not components:
            return None
        section: dict[str, Any] = {}
        if page.name:
            section["name"] = page.name
        if page.contact:
            section["contact"] = page.contact
        if components:
            section["components"] = components
        section["publish"] = page.publish
        section["publish_after"] = write_duration(page.publish_after_seconds)
        section["up_to_severity"] = page.up_to_severity
        section["update_every"] = write_duration(page.update_every_seconds)
        return section

    def apply(self, value: StatusPageShape | None, *, actor: Actor, at: datetime) -> None:
        """Make the page as the file says; a file without the section leaves every function on a page with defaults."""
        wanted = value or StatusPageShape()
        set_status_page(
            name=wanted.name,
            contact=wanted.contact,
            publish=Release(wanted.publish).value,
            publish_after_seconds=wanted.publish_after,
            up_to_severity=wanted.up_to_severity,
            update_every_seconds=wanted.update_every,
            is_described=value is not None,
            actor=actor,
            at=at,
        )
        nodes = dict(Node.objects.filter(slug__in=list(wanted.components)).values_list("slug", "pk"))
        lines = [(nodes[slug], shape.name, shape.description) for slug, shape in wanted.components.items()]
        set_components(lines, actor=actor, at=at)


def _in_file_form(row: Component) -> dict[str, str]:
    return {"name": row.name, **({"description": row.description} if row.description else {})}
