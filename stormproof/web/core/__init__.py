"""The pages of the platform itself: health, what happened (the audit trail), and how the system fares."""

from stormproof.web.shell import Page, Stage

STAGE = Stage(
    name="System",
    url="system",
    icon="server-cog",
    rank=95,
    permission="audit.read",
    in_navigation=False,
    settings=(
        Page(
            name="System",
            url="system",
            permission="audit.read",
            note="Processes, waiting work, messages, set-aside reactions",
            icon="server-cog",
        ),
        Page(
            name="Audit trail",
            url="audit",
            permission="audit.read",
            note="Everything that happened, sealed in a hash chain",
            icon="history",
        ),
        Page(
            name="Outbox", url="outbox", permission="audit.read", note="Every message that left or waits", icon="send"
        ),
    ),
)
