"""Expressions are taken apart once, and not once for each row that they are asked of: a query held up every other request."""

from mending import edit

MODULE = "ministack.services.dynamodb"

CACHE = "@functools.lru_cache(maxsize=1024)\n"

edit(MODULE, "import csv\n", "import csv\nimport functools\n")
edit(
    MODULE,
    "def _tokenize(expr):\n",
    # Each caller gets a list of its own.
    f"def _tokenize(expr):\n    return list(_tokens_of(expr))\n\n\n{CACHE}def _tokens_of(expr):\n",
)
edit(
    MODULE,
    "def _condition_syntax_error(expr: str, slot: str) -> str | None:\n",
    f"{CACHE}def _condition_syntax_error(expr: str, slot: str) -> str | None:\n",
)
# Each path of a projection is also compared with every other one.
edit(
    MODULE,
    "    # AWS-keyword check on each unaliased root identifier.\n    paths = ",
    f"""    names = tuple(sorted((attr_names or {{}}).items()))
    return _project_paths(item, _projection_paths(proj_expr, names))


{CACHE}def _projection_paths(proj_expr, names):
    attr_names = dict(names)
    paths = """,
)
edit(
    MODULE,
    "    result: dict = {}\n    for parts in resolved_paths:\n",
    """    return resolved_paths


def _project_paths(item, resolved_paths):
    result: dict = {}
    for parts in resolved_paths:
""",
)
