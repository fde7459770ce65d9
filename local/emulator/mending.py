"""How the emulator's code is mended.

A mend changes the source text of a module before it is compiled. Each edit names the exact text that it replaces and
how often that text occurs, so that another version of the emulator cannot be mended wrongly: it fails at start.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections import defaultdict

_edits = defaultdict(list)


class MendDoesNotFit(Exception):
    """The emulator's code is not what a mend was written for."""


def edit(module, old, new, occurrences=1):
    """Replaces `old` by `new` in the source of `module`, where it must occur exactly `occurrences` times."""
    caller = sys._getframe(1).f_globals["__name__"]
    _edits[module].append((caller, old, new, occurrences))


def install():
    """Makes imports see the edited sources, and imports every edited module, so that a misfit shows at once."""
    for module in _edits:
        if module in sys.modules:
            raise MendDoesNotFit(f"{module} was imported before its mends")
    sys.meta_path.insert(0, _EditedModules())
    for module in list(_edits):
        importlib.import_module(module)


def _edited(module, source):
    for mend, old, new, occurrences in _edits[module]:
        found = source.count(old)
        if found != occurrences:
            line = old.strip().splitlines()[0]
            raise MendDoesNotFit(f"{mend}: expected {occurrences} of {line!r} in {module}, found {found}")
        source = source.replace(old, new)
    return source


class _EditedLoader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname):
        # Not the inherited way: it would read and write the cached bytecode of the unmended source.
        return compile(_edited(fullname, self.get_source(fullname)), self.path, "exec", dont_inherit=True)


class _EditedModules(importlib.abc.MetaPathFinder):
    def find_spec(self, fullname, path, target=None):
        if fullname not in _edits:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        spec.loader = _EditedLoader(spec.loader.name, spec.loader.path)
        return spec
