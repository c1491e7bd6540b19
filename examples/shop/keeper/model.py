"""The shop's continuity.yaml with this shop's ports and secrets filled in."""

from __future__ import annotations

import re
import sys

from keeper.layout import SHOP, Layout, ShopError


def values(layout: Layout) -> dict[str, str]:
    """What the file may refer to as ${NAME}."""
    from_parts = {
        f"{name.upper().replace('-', '_')}_URL": layout.url(name) for name in ("web", "web-a", "web-b", "stats")
    }
    from_parts |= {
        f"{name.upper().replace('-', '_')}_URL": layout.url(name) for name in ("psp-a", "psp-b", "mailbox", "customers")
    }
    ports = {
        f"{name.upper().replace('-', '_')}_PORT": str(layout.port(name))
        for name in ("db", "db-a", "db-b", "smtp", "web")
    }
    return {
        **from_parts,
        **ports,
        "DB_DSN": layout.database_url("stormproof"),
        "DB_A_DSN": layout.database_url("stormproof", "db-a"),
        "DB_B_DSN": layout.database_url("stormproof", "db-b"),
        "OPS_TOKEN": layout.secrets["ops"],
        "HAPROXY_SOCKET": str(layout.socket),
        "DATA": str(layout.data),
        "RUN": str(layout.run),
        "PYTHON": sys.executable,
        "SUPERVISE": str(SHOP / "supervise.py"),
    }


def rendered(layout: Layout) -> str:
    """The file with every reference in capitals filled in; an unknown one is an error."""
    known = values(layout)

    def value(found: re.Match[str]) -> str:
        if found[1] not in known:
            raise ShopError(f"continuity.yaml refers to {found[0]}; there are {', '.join(sorted(known))}")
        return known[found[1]]

    return re.sub(r"\$\{([A-Z][A-Z0-9_]*)\}", value, (SHOP / "continuity.yaml").read_text())


def environment_lines(layout: Layout) -> str:
    """The same values as shell lines."""
    return "\n".join(f"{name}={value}" for name, value in sorted(values(layout).items()))
