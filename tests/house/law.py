"""The rules of the house as functions: each reads a tree and returns what breaks the rule, as `place: complaint`.

They read source text only, so the same rules judge this tree and a copy with something planted in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

LAYERS = ("core", "people", "business", "watch", "recover", "respond", "inform", "rehearse", "review")  # low to high
DOMAIN = LAYERS[1:]
DOORS = ("web", "api", "cli", "worker")
SHAPE = {
    *("__init__", "choices", "rules", "facts", "models", "selectors", "services", "reactions", "tasks", "document"),
    *("kinds", "apps", "migrations"),
}
PAGES = {"__init__", "urls", "views", "forms"}
MORE_PAGES = {"core": {"middleware", "system"}, "people": {"adapter", "middleware"}}  # what Django's frame asks for
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEMPLATE = 50, 400, 160
WRITES = {
    *(
        "save",
        "create",
        "delete",
        "bulk_create",
        "bulk_update",
        "get_or_create",
        "update_or_create",
        "select_for_update",
    ),
    *("asave", "acreate", "adelete", "aupdate", "abulk_create", "aget_or_create", "aupdate_or_create"),
}
CLOCKS = {
    *(("timezone", "now"), ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")),
    *(("time", "time"), ("clock", "now")),
}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
# What may stand against the rule, and why.
ALLOWED_WRITES = {
    "web/people/adapter.py": "allauth's own door: it hands over rows that it made",
    "people/models.py": "Django's manager makes users for its own commands",
    "worker/agent/buffer.py": "the host agent's own file on another machine; no row of ours",
}

ALLOWED_CLOCKS = {
    "people/models.py": "Django's own commands make users too, and pass no moment for `joined_at`",
}


def stray_modules(root: Path) -> list[str]:
    """Modules that the shape of an app does not have."""
    found = []
    for app in DOMAIN:
        found += [
            f"{path}: no module of this name belongs in an app; see STYLE"
            for path in _children(root / "stormproof" / app)
            if path.stem not in SHAPE
        ]
    apps = {*LAYERS, "overview"}
    for path in _children(root / "stormproof" / "web"):
        if path.is_dir() and path.name in apps:
            allowed = PAGES | MORE_PAGES.get(path.name, set())
            found += [
                f"{page}: a folder of pages has only {sorted(allowed)}"
                for page in _children(path)
                if page.stem not in allowed
            ]
    return found


def keys_that_point_up(root: Path) -> list[str]:
    """Foreign keys from a lower app to a higher one; a key as text escapes the import law, so it is read here."""
    found = []
    for app in LAYERS:
        for path in _modules(root, app, "models"):
            imported = _imported_apps(path)
            for call in _calls(path):
                if _last_name(call.func) not in ("ForeignKey", "OneToOneField", "ManyToManyField"):
                    continue
                target = _target_app(call, imported) or app
                if target in LAYERS and LAYERS.index(target) > LAYERS.index(app):
                    found.append(f"{path}:{call.lineno}: a key of {app} points up to {target}")
    return found


def writes_outside_services(root: Path) -> list[str]:
    """Calls that write rows, anywhere but in services, migrations and core."""
    found = []
    for path in _sources(root):
        place = path.relative_to(root / "stormproof")
        parts = place.parts
        if parts[0] in ("core", "engine") or "services" in (
            parts[1].removesuffix(".py") if len(parts) > 1 else "",
            *parts,
        ):
            continue
        if str(place) in ALLOWED_WRITES or "migrations" in parts or (len(parts) > 1 and parts[1] == "services.py"):
            continue
        rows = _names_of_rows(path)
        found += [
            f"{path}:{call.lineno}: only services write, and this is {_last_name(call.func)}()"
            for call in _calls(path)
            if _is_write(call, rows=rows)
        ]
    return found


def clock_reads(root: Path) -> list[str]:
    """Reads of the clock below the doors, outside tasks; and columns that read it by themselves."""
    found = []
    for app in DOMAIN:
        for path in sorted((root / "stormproof" / app).rglob("*.py")):
            if "migrations" in path.parts or str(path.relative_to(root / "stormproof")) in ALLOWED_CLOCKS:
                continue
            if path.stem != "tasks":
                found += [f"{path}:{line}: the moment is passed in as `at`" for line in _clock_lines(path)]
            for call in _calls(path):
                if any(word.arg in ("auto_now", "auto_now_add") for word in call.keywords):
                    found.append(f"{path}:{call.lineno}: a column that reads the clock; the service passes `at`")
    return found


def too_long(root: Path) -> list[str]:
    """Functions, files and templates past their limit."""
    sources = [*_sources(root), *sorted((root / "tests").rglob("*.py")), *sorted((root / "examples").rglob("*.py"))]
    sources = [path for path in sources if "migrations" not in path.parts]
    templates = [path for path in sorted((root / "stormproof" / "web" / "templates").rglob("*.*")) if path.is_file()]
    found = []
    for limit, paths in ((LONGEST_FILE, sources), (LONGEST_TEMPLATE, templates)):
        sizes = {path: path.read_text().count("\n") for path in paths}
        found += [f"{path}: {size} lines, the limit is {limit}" for path, size in sizes.items() if size > limit]
    for path in sources:
        sizes_here = {
            (node.name, node.lineno): _size(node) for node in ast.walk(_tree(path)) if isinstance(node, _FUNCTION)
        }
        found += [
            f"{path}:{line}: {name} has {size} lines, the limit is {LONGEST_FUNCTION}"
            for (name, line), size in sizes_here.items()
            if size > LONGEST_FUNCTION
        ]
    return found


def _size(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def without_docstring(root: Path) -> list[str]:
    """Modules, and public functions of services, selectors, rules and engine, that do not say what they promise."""
    found = []
    for path in _sources(root):
        if "migrations" in path.parts:
            continue
        tree = _tree(path)
        if not ast.get_docstring(tree):
            found.append(f"{path}: the module has no docstring")
        parts = path.relative_to(root / "stormproof").parts
        if parts[0] != "engine" and not {"services", "selectors", "rules"} & {
            part.removesuffix(".py") for part in parts
        }:
            continue
        found += [
            f"{path}:{node.lineno}: {node.name} has no docstring"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    return found


def star_imports(root: Path) -> list[str]:
    """`from x import *`."""
    return [
        f"{path}:{node.lineno}: import names, not *"
        for path in _sources(root)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names)
    ]


LAWS = (
    stray_modules,
    keys_that_point_up,
    writes_outside_services,
    clock_reads,
    too_long,
    without_docstring,
    star_imports,
)


def _children(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.name != "__pycache__" and (path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py"))))
    )


def _sources(root: Path) -> list[Path]:
    return [path for path in sorted((root / "stormproof").rglob("*.py")) if "node_modules" not in path.parts]


def _modules(root: Path, app: str, name: str) -> list[Path]:
    folder = root / "stormproof" / app
    return [*folder.glob(f"{name}.py"), *sorted((folder / name).rglob("*.py"))]


@lru_cache(maxsize=4096)
def _parsed(path: Path, changed: float) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def _tree(path: Path) -> ast.Module:
    return _parsed(path, path.stat().st_mtime)


def _calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call))


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _chain(node: ast.expr) -> list[str]:
    """The names of a chain: `Monitor.objects.filter(x).update` gives Monitor, objects, filter, update."""
    names: list[str] = []
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        if isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else names


def _names_of_rows(path: Path) -> set[str]:
    """Names that a module gives to sets of rows: `late = Monitor.objects.filter(...)`."""
    return {
        target.id
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assign) and "objects" in _chain(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_write(call: ast.Call, *, rows: set[str]) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return False
    chain = _chain(call.func)
    name = chain[-1] if chain else ""
    on_rows = bool({"objects", "filter", "exclude", "all"} & set(chain[:-1])) or (bool(chain) and chain[0] in rows)
    if name == "update":
        return on_rows
    if name in ("save", "asave", "delete", "adelete"):
        return on_rows or not call.args or chain[0] not in ("client", "http", "session", "router", "default_storage")
    if name == "execute":
        return _is_writing_sql(call)
    return name in WRITES and on_rows


def _is_writing_sql(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    return text.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "TRUNCATE", "MERGE"))


def _imported_apps(path: Path) -> dict[str, str]:
    """Names that a module imports from our apps, with the app of each."""
    found = {}
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stormproof."):
            for name in node.names:
                found[name.asname or name.name] = node.module.split(".")[1]
    return found


def _target_app(call: ast.Call, imported: dict[str, str]) -> str:
    """The app a key points to; empty for the own one."""
    target = call.args[0] if call.args else next((word.value for word in call.keywords if word.arg == "to"), None)
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        return target.value.partition(".")[0] if "." in target.value else ""
    if isinstance(target, ast.Attribute) and target.attr == "AUTH_USER_MODEL":
        return "people"
    if isinstance(target, ast.Attribute):
        return imported.get(_chain(target)[0], "")
    return imported.get(target.id, "") if isinstance(target, ast.Name) else ""


def _clock_lines(path: Path) -> Iterator[int]:
    tree = _tree(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "stormproof.core.clock":
            yield node.lineno
        elif isinstance(node, ast.Call):
            chain = _chain(node.func)
            if len(chain) >= 2 and (chain[-2], chain[-1]) in CLOCKS:
                yield node.lineno
