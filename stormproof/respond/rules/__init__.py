"""Pure decisions of respond: how grave, what belongs together, what caused it, who is next, when it is over."""

from stormproof.respond.rules.causes import (
    REOPEN_WITHIN,
    STORM,
    Candidate,
    deeper_root,
    incident_to_join,
    is_connected,
    leans_on_any,
    needs_beneath,
    shares_a_need,
    suppressors,
)
from stormproof.respond.rules.oncall import (
    OVERLOAD,
    WARN_AHEAD,
    Load,
    loads_of,
    overloaded,
)
from stormproof.respond.rules.paging import (
    ACK_LINK_LASTS,
    SETTLE,
    Turn,
    turn_of,
)
from stormproof.respond.rules.severity import (
    DEFAULT_MATRIX,
    NODE_TITLE_LIMIT,
    Criteria,
    Severity,
    deadline_of,
    severity_of,
    title_of,
    words_of,
)

__all__ = [
    "ACK_LINK_LASTS",
    "DEFAULT_MATRIX",
    "NODE_TITLE_LIMIT",
    "OVERLOAD",
    "REOPEN_WITHIN",
    "SETTLE",
    "STORM",
    "WARN_AHEAD",
    "Candidate",
    "Criteria",
    "Load",
    "Severity",
    "Turn",
    "deadline_of",
    "deeper_root",
    "incident_to_join",
    "is_connected",
    "leans_on_any",
    "loads_of",
    "needs_beneath",
    "overloaded",
    "severity_of",
    "shares_a_need",
    "suppressors",
    "title_of",
    "turn_of",
    "words_of",
]
