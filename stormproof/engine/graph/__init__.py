"""What stops when something goes: a graph of nodes with k-of-n needs. Pure; nodes are integers.

A node lists its needs; a need is `(at_least, members)` and is met while at least that many members work. A node stops
when it is down itself or when one of its needs is no longer met. All answers are least fix points, so they are exact
for k-of-n, where plain reachability is wrong: losing one of two web servers stops nothing.
"""

from stormproof.engine.graph.causes import functions_stopped_by, root_causes, single_points_of_failure
from stormproof.engine.graph.model import Graph, GraphError, Need, stopped_by
from stormproof.engine.graph.order import find_cycle, layers, topological_order
from stormproof.engine.graph.recovery import Recovery, recovery_critical_path
from stormproof.engine.graph.spare import Spare, spare_after

__all__ = [
    "Graph",
    "GraphError",
    "Need",
    "Recovery",
    "Spare",
    "find_cycle",
    "functions_stopped_by",
    "layers",
    "recovery_critical_path",
    "root_causes",
    "single_points_of_failure",
    "spare_after",
    "stopped_by",
    "topological_order",
]
