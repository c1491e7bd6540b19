"""Every change of the business: the only writers of its rows."""

from stormproof.business.services.document import CannotApplyDocument, apply_document
from stormproof.business.services.nodes import (
    CannotRetireNode,
    CannotSetDependencies,
    CannotSetObjectives,
    Need,
    NodeValues,
    describe_business,
    put_node,
    retire_node,
    set_dependencies,
    set_objectives,
)
from stormproof.business.services.revenue import (
    CannotImportRevenue,
    CannotSetRevenue,
    clear_revenue,
    import_revenue,
    set_revenue,
)

__all__ = [
    "CannotApplyDocument",
    "CannotImportRevenue",
    "CannotRetireNode",
    "CannotSetDependencies",
    "CannotSetObjectives",
    "CannotSetRevenue",
    "Need",
    "NodeValues",
    "apply_document",
    "clear_revenue",
    "describe_business",
    "import_revenue",
    "put_node",
    "retire_node",
    "set_dependencies",
    "set_objectives",
    "set_revenue",
]
