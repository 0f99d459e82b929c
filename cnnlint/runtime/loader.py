"""Running the part of a module that its models need, and no more.

A `SlicedModule` runs statements on demand: asked for a name, it runs the statements in the name's
dependency cone. A statement that fails makes the names that it defines unavailable; only a model
that really needs one of them is told.
"""

from __future__ import annotations
import __future__

import ast
import copy
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cnnlint.diagnostic import Span
from cnnlint.evidence.configurations import STAND_INS
from cnnlint.runtime import samples
from cnnlint.runtime.errors import words
from cnnlint.runtime.frames import UserFiles
from cnnlint.runtime.lightning import LightningModule
from cnnlint.runtime.weights import MENTIONED, WITHOUT, build_without, skip_in_libraries, without
from cnnlint.source.expressions import Expression
from cnnlint.source.file import SourceFile
from cnnlint.source.folders import package_of, project_root
from cnnlint.source.slice import ModuleSlice, is_main_guard


@dataclass(frozen=True)
class Failure:
    """A statement of the user's that raised: its names, the error, the place.

    `missing` is the package when an import was not found.
    """

    names: tuple[str, ...]
    error: BaseException
    span: Span
    missing: str | None = None


class Unavailable(Exception):
    """Something was used whose definition had failed."""

    def __init__(self, failure: Failure):
        super().__init__(f"{', '.join(failure.names)}: {failure.error}")
        self.failure = failure


class Unusable:
    """Computing with it raises what `_refusal` gives."""

    def _refusal(self) -> Exception:
        raise NotImplementedError

    def _refuse(self, *args: Any) -> Any:
        raise self._refusal()

    __len__ = __iter__ = __getitem__ = __contains__ = __bool__ = _refuse
    __enter__ = __int__ = __float__ = __index__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse


class NotGiven(Unusable):
    """A required command-line argument of the file: what it would be cannot be known."""

    def __init__(self, option: str):
        self._option = option

    def _refusal(self) -> Exception:
        return ArgumentsMissing(self._option)


class ArgumentsMissing(Exception):
    """A constructor needs arguments that nothing supplies."""


class NotDefined(AttributeError):
    """A module does not define a name when its definitions are run."""


class Placeholder(Unusable):
    """Stands for a name whose definition failed, or for a part of a package that is not installed.

    It can be looked into, and written in annotations (`Float[Tensor, "b 3 32 32"]`). Where a package is
    missing it also serves as base class, metaclass, decorator, registry and context manager, and can be
    called: what comes of that is a placeholder again, which a model may keep (metrics, loggers). Computing
    with it, or giving it a tensor, raises Unavailable.
    """

    def __init__(self, failure: Failure, path: str):
        self.__failure = failure
        self.__path = path

    def _refusal(self) -> Unavailable:
        return Unavailable(self.__failure)

    @staticmethod
    def require(value: Any) -> None:
        """Raises Unavailable where a value is a placeholder."""
        if isinstance(value, Placeholder):
            raise value._refusal()

    @staticmethod
    def handed_to(error: BaseException) -> Unavailable | None:
        """What to raise instead where a function that an exception passed was given a placeholder: code that
        knows nothing of it has words of its own for that. None for any other exception."""
        if isinstance(error, Unavailable):
            return error
        named = "Placeholder" in words(error)
        traceback = error.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            if frame.f_code.co_name != "<module>":
                for value in frame.f_locals.values():
                    found = next(_placeholders_in(value, attributes=named), None)
                    if found is not None:
                        return found._refusal()
            traceback = traceback.tb_next
        return None

    @staticmethod
    def failure(placeholder: Placeholder) -> Failure:
        """Why there is a placeholder."""
        return placeholder.__failure

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if self.__failure.missing is None:
            raise Unavailable(self.__failure)
        return Placeholder(self.__failure, f"{self.__path}.{name}")

    def __getitem__(self, key: Any) -> Any:
        if self.__failure.missing is None:
            raise Unavailable(self.__failure)
        return Placeholder(self.__failure, f"{self.__path}[…]")

    def __setitem__(self, key: Any, value: Any) -> None:
        """A registry of a package takes what it is given."""
        if self.__failure.missing is None:
            raise Unavailable(self.__failure)

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__

    def __enter__(self) -> Any:
        if self.__failure.missing is None:
            raise Unavailable(self.__failure)
        return self

    def __exit__(self, *raised: Any) -> None:
        pass

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 3 and [type(item) for item in args] == [str, tuple, dict]:
            return type(*args)  # as a metaclass
        decorated = args[0] if len(args) == 1 and not kwargs else None
        if isinstance(decorated, (type, types.FunctionType)) and decorated.__module__ != "builtins":
            return decorated
        given = (*args, *kwargs.values())
        if self.__failure.missing is None or any(isinstance(item, torch.Tensor) for item in given):
            raise Unavailable(self.__failure)
        last = self.__path.rpartition(".")[2]
        if last[:1].isupper():
            return type(last, (PlaceholderModule,), {})(self.__failure, f"{self.__path}()")
        return Placeholder(self.__failure, f"{self.__path}()")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        if self.__failure.missing is None:
            raise Unavailable(self.__failure)
        last = self.__path.rpartition(".")[2]
        if any(isinstance(base, type) and issubclass(base, nn.Module) for base in bases):
            return ()
        if last == "LightningModule":
            return (LightningModule,)
        if last.endswith(("Module", "Model", "Net", "Network")):
            return (nn.Module,)
        if last.lower().endswith(("meta", "metaclass")):
            return (type,)
        return (_base_of(self.__failure),)


class PlaceholderModule(Placeholder, nn.Module):
    """What constructing a class of a missing package gives: most are modules (metrics, losses, layers), and a
    container of modules takes nothing else."""

    def __init__(self, failure: Failure, path: str):
        nn.Module.__init__(self)
        Placeholder.__init__(self, failure, path)


def _placeholders_in(value: Any, attributes: bool) -> Iterator[Placeholder]:
    """The placeholders among a value and its items; with `attributes` also among what a module holds."""
    items: Iterable[Any] = ()
    if type(value) in (list, tuple):
        items = value
    elif type(value) is dict:
        items = value.values()
    elif attributes and isinstance(value, nn.Module):
        items = vars(value).values()
    for item in (value, *items):
        if isinstance(item, Placeholder):
            yield item


def _base_of(failure: Failure) -> type:
    """A base class in place of a missing one: what derives from it can be defined, and not constructed."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        raise Unavailable(failure)

    return type("Missing", (), {"__init__": __init__})


class SlicedModule:
    """A module of the user's project, run name by name; or, when it is `installed`, whole already."""

    def __init__(
        self,
        file: SourceFile,
        path: str,
        name: str,
        files: UserFiles,
        recovering: bool = False,
        installed: types.ModuleType | None = None,
    ):
        self.file = file
        self.path = path
        self._code_name = path.encode(errors="replace").decode()  # a file's name may be any bytes
        self.failures: list[Failure] = []
        self._whole = installed is not None
        self.module = installed or types.ModuleType(name)
        self._slice = ModuleSlice(file)
        self._done: set[tuple[Any, ...]] = set()
        self._recovering = recovering
        self._flags = _future_flags(file.tree)
        self._reads_weights = MENTIONED.search(file.text) is not None
        self._pending: set[str] = set()
        if installed is None:
            self.module.__file__ = path
            is_package = os.path.basename(path) == "__init__.py"
            self.module.__package__ = name if is_package else name.rpartition(".")[0]
            self.namespace["__getattr__"] = self._attribute
            self.namespace["__cnnlint__"] = self
            self.namespace["__cnnlint_decorator__"] = _decorator
            self.namespace[WITHOUT] = without
        files.add(self._code_name, file)

    @property
    def namespace(self) -> dict[str, Any]:
        return self.module.__dict__

    def ensure(self, names: Iterable[str]) -> None:
        """Run what the names need and what has not run yet, in the order of the file."""
        if self._whole:
            return
        for statement in self._slice.closure(names):
            key = _key(statement)
            if key not in self._done:
                self._done.add(key)
                self._run(statement)

    def ensure_definitions(self) -> None:
        """Run all definitions and imports (`from module import *` asks for them)."""
        self.ensure(
            name
            for statement in self.file.tree.body
            if isinstance(
                statement,
                (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign),
            )
            for name in defined_names(statement)
        )

    def get(self, name: str) -> Any:
        """The value of a name, dotted for nested classes. Raises Unavailable, or NotDefined where running the
        file did not define it."""
        first, *rest = name.split(".")
        self.ensure([first])
        if first not in self.namespace:
            raise NotDefined(name)
        value = self.namespace[first]
        for part in rest:
            value = getattr(value, part)
        return value

    @property
    def installed(self) -> bool:
        """Whether it is a module of an installed package, imported as ever."""
        return self._whole

    def _attribute(self, name: str) -> Any:
        """What other modules import from this one, run as it is asked for (PEP 562)."""
        if name not in self._pending and (name == "__all__" or not name.startswith("__")):
            self._pending.add(name)
            try:
                self.ensure([name])
            finally:
                self._pending.discard(name)
            if name in self.namespace:
                return self.namespace[name]
        raise AttributeError(f"module {self.module.__name__!r} has no attribute {name!r}")

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression of the file. Raises whatever it raises."""
        self.ensure(expression.names)
        scope = self.namespace
        if expression.prelude:
            scope = dict(scope)
            for statement, place in zip_longest(ast.parse(expression.prelude).body, expression.places):
                self._run_locally(statement, place, scope)
        tree = ast.parse(expression.text.strip(), mode="eval")
        _shift(tree, expression.span)
        return eval(compile(tree, self._code_name, "eval", flags=self._flags), scope)

    def _run_locally(self, statement: ast.stmt, place: Span | None, scope: dict[str, Any]) -> None:
        """Run a statement of a function's body, as it stands in the file where it has a `place` there."""
        if place is not None:
            statement = _cut(self.file, place)
        if self._recovering:
            from cnnlint.runtime.recovery import guard_constructors

            statement = guard_constructors(statement)
        name = self._code_name if place is not None else "<prelude>"
        exec(compile(ast.Module([statement], []), name, "exec", flags=self._flags, dont_inherit=True), scope)

    def _run(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
            self._ensure_star(statement)
        if self._reads_weights:
            statement = build_without(copy.deepcopy(statement))
        if self._recovering:
            from cnnlint.runtime.recovery import guard_constructors

            statement = guard_constructors(copy.deepcopy(statement))
        samples.install()
        skip_in_libraries()
        if is_main_guard(statement) and _defines(statement.body):
            statement = copy.copy(statement)
            statement.test = ast.copy_location(ast.Constant(True), statement.test)
        if self.failures:
            statement = ast.fix_missing_locations(_Decorators().visit(copy.deepcopy(statement)))
        try:
            code = compile(
                ast.Module([statement], []), self._code_name, "exec", flags=self._flags, dont_inherit=True
            )
            before = list(sys.path)
            exec(code, self.namespace)
            if sys.path != before:
                self._search_beside([entry for entry in sys.path if entry not in before])
            self._follow_device(statement)
        except Unavailable as error:
            self._fail(statement, error.failure.error, error.failure)
        except BaseException as error:  # an import may raise anything, SystemExit included
            self._fail(statement, error, self._lacking(statement))

    def _search_beside(self, added: Iterable[Any]) -> None:
        """Let what the file adds to `sys.path` (`".."`) mean the same as where it is run: in its folder."""
        folder = os.path.dirname(self.path)
        for entry in added:
            relative = os.path.relpath(entry, os.getcwd()) if os.path.isabs(entry) else entry
            beside = os.path.normpath(os.path.join(folder, relative))
            for place in (beside, os.path.abspath(entry)):
                if "site-packages" in place or not os.path.isdir(place):
                    continue
                if place not in sys.path:
                    sys.path.insert(sys.path.index(entry), place)
                for finder in sys.meta_path:
                    if isinstance(finder, ProjectFinder):
                        finder.take_in(place)
                for name, module in list(sys.modules.items()):  # a folder elsewhere, taken for a package
                    by_folder = hasattr(module, "__path__") and getattr(module, "__file__", None) is None
                    if by_folder and os.path.exists(os.path.join(place, name)):
                        del sys.modules[name]

    def _lacking(self, statement: ast.stmt) -> Failure | None:
        """What failed before, where a statement reads what stands for it: torch, and whatever else it is
        handed to, raises in words of its own."""
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return None
        for node in ast.walk(statement):
            value = self.namespace.get(node.id) if isinstance(node, ast.Name) else None
            if isinstance(value, Placeholder):
                return Placeholder.failure(value)
        return None

    def _follow_device(self, statement: ast.stmt) -> None:
        """`Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor` makes tensors on the device that
        the model is on, also where that is no GPU."""
        if not isinstance(statement, ast.Assign) or "torch.cuda." not in ast.unparse(statement.value):
            return
        for name in defined_names(statement):
            kind = self.namespace.get(name)
            if isinstance(kind, type(torch.FloatTensor)):
                self.namespace[name] = lambda *given, kind=kind: kind(*given).to("cpu")

    def _ensure_star(self, statement: ast.ImportFrom) -> None:
        name = "." * statement.level + (statement.module or "")
        try:
            module = importlib.import_module(name, self.module.__package__)
        except Exception:
            return
        sliced = getattr(module, "__cnnlint__", None)
        if isinstance(sliced, SlicedModule):
            sliced.ensure_definitions()

    def _fail(self, statement: ast.stmt, error: BaseException, cause: Failure | None = None) -> None:
        names = tuple(defined_names(statement))
        missing = _lacked_by(statement, error)
        failure = cause or Failure(names, error, self._place(statement, error), missing)
        self.failures.append(failure)
        if failure.missing and isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (known := STAND_INS.get(f"{statement.module}.{alias.name}")) is not None:
                    self.namespace[alias.asname or alias.name] = known
        for name in names:
            if name not in self.namespace:
                origin = f"{statement.module}.{name}" if isinstance(statement, ast.ImportFrom) else name
                self.namespace[name] = Placeholder(failure, origin)

    def _place(self, statement: ast.stmt, error: BaseException) -> Span:
        """The line of this file where it happened, else the statement's first line."""
        traceback = error.__traceback__
        row = statement.lineno
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self._code_name:
                row = traceback.tb_lineno
            traceback = traceback.tb_next
        line = self.file.lines[row - 1]
        return Span(self.file.filename, row, len(line) - len(line.lstrip()) + 1, row, len(line.rstrip()) + 1)


def defined_names(statement: ast.stmt) -> list[str]:
    """The names that a statement binds in the module, those in nested blocks included."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [statement.name]
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return [
            (alias.asname or alias.name.partition(".")[0]) for alias in statement.names if alias.name != "*"
        ]
    found: list[str] = []
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            found += defined_names(child)
        elif isinstance(child, ast.ExceptHandler):
            for inner in child.body:
                found += defined_names(inner)
        else:
            found += [
                node.id
                for node in ast.walk(child)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
    return list(dict.fromkeys(found))


def _lacked_by(statement: ast.stmt, error: BaseException) -> str | None:
    """What this machine lacks, where an import was not found: a package, or with a dot in front a module of
    the project, which is then one that is compiled. None where the project's own text is at fault."""
    imports = [node for node in ast.walk(statement) if isinstance(node, (ast.Import, ast.ImportFrom))]
    if not isinstance(error, ImportError) or not imports:
        return None
    node = imports[0]
    known = sys.modules.get(error.name or "")
    if not isinstance(error, ModuleNotFoundError) and hasattr(known, "__cnnlint__"):
        if not hasattr(known, "__path__") or not isinstance(node, ast.ImportFrom):
            return None  # a module of the project does not define the name
        return f".{node.names[0].name}"
    if isinstance(node, ast.ImportFrom) and node.level:
        return "." * node.level + (node.module or node.names[0].name)
    named = error.name or getattr(node, "module", None) or node.names[0].name
    return str(named).partition(".")[0]


def _key(statement: ast.stmt) -> tuple[Any, ...]:
    """Tells a statement, and how much of a block or of an import was kept in the slice."""
    return tuple(
        node.name if isinstance(node, ast.alias) else (node.lineno, node.col_offset)
        for node in ast.walk(statement)
        if isinstance(node, (ast.stmt, ast.alias))
    )


def _defines(body: Iterable[ast.stmt]) -> bool:
    """Whether statements hold a class or a function; what else only the program sets is its matter."""
    return any(isinstance(item, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) for item in body)


def _future_flags(tree: ast.Module) -> int:
    flags = 0
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                feature = getattr(__future__, alias.name, None)
                flags |= feature.compiler_flag if feature else 0
    return flags


def _cut(file: SourceFile, place: Span) -> ast.stmt:
    """The statement that stands at a place inside a function, with its positions in the file."""
    first = file.lines[place.row - 1]
    indentation = "".join(sign if sign.isspace() else " " for sign in first[: place.column - 1])
    block = ast.parse(f"if 1:\n{indentation or ' '}{file.segment(place)}").body[0]
    assert isinstance(block, ast.If)
    return ast.increment_lineno(block.body[0], place.row - 2)


def _shift(tree: ast.AST, span: Span) -> None:
    """Move the nodes of an expression that was cut out of the file to where it stood."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.expr, ast.keyword)) or node.end_lineno is None:
            continue
        assert node.end_col_offset is not None
        if node.lineno == 1:
            node.col_offset += span.column - 1
        if node.end_lineno == 1:
            node.end_col_offset += span.column - 1
        node.lineno += span.row - 1
        node.end_lineno += span.row - 1


class _Decorators(ast.NodeTransformer):
    """`@missing.register("x")` of a package that is not installed leaves what it decorates as it is."""

    def _visit(self, node: Any) -> Any:
        self.generic_visit(node)
        node.decorator_list = [
            ast.copy_location(
                ast.Call(
                    ast.Name("__cnnlint_decorator__", ast.Load()),
                    [ast.Lambda(ast.arguments([], [], None, [], [], None, []), decorator)],
                    [],
                ),
                decorator,
            )
            for decorator in node.decorator_list
            if not (isinstance(decorator, ast.Name) and decorator.id in _BUILTIN_DECORATORS)
            and not (
                isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter")
            )
        ] + [
            decorator
            for decorator in node.decorator_list
            if (isinstance(decorator, ast.Name) and decorator.id in _BUILTIN_DECORATORS)
            or (isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter"))
        ]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _visit


_BUILTIN_DECORATORS = frozenset({"property", "staticmethod", "classmethod"})


def _decorator(make: Any) -> Any:
    def apply(target: Any) -> Any:
        try:
            return make()(target)
        except Unavailable:
            return target

    return apply


class ProjectFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the project's own modules as slices, so that their training code does not run either."""

    def __init__(self, roots: Sequence[str], files: UserFiles, display: Any):
        self.roots = [os.path.realpath(root) + os.sep for root in roots]
        self.files = files
        self.display = display
        self.modules: list[SlicedModule] = []

    def take_in(self, folder: str) -> None:
        """Let a folder's modules be the project's too."""
        root = os.path.realpath(folder) + os.sep
        if not root.startswith(tuple(self.roots)):
            self.roots.append(root)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is None or not spec.origin or not spec.origin.endswith(".py"):
            return None
        origin = os.path.realpath(spec.origin)
        if "site-packages" in origin or not any(origin.startswith(root) for root in self.roots):
            return None
        spec.loader = self
        return spec

    def create_module(self, spec: Any) -> types.ModuleType | None:
        from cnnlint.source.reading import read_path

        file = read_path(Path(spec.origin), self.display(spec.origin))
        sliced = SlicedModule(file, spec.origin, spec.name, self.files)
        self.modules.append(sliced)
        return sliced.module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing runs until a name is asked for."""


def _importable(file: SourceFile, path: str) -> tuple[str, str]:
    """The module name of a file and the folder to import it from, with as many packages above it as its
    relative imports need (a package may do without `__init__.py`)."""
    name, folder = package_of(path)
    for _ in range(_relative_level(file.tree) - name.count(".")):
        if os.path.dirname(folder) == folder:
            break
        name = f"{os.path.basename(folder)}.{name}"
        folder = os.path.dirname(folder)
    return name, folder


def _relative_level(tree: ast.Module) -> int:
    """The most dots of an import: how many packages a module stands in at least."""
    return max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)


def _between(folder: str, root: str) -> list[str]:
    """A folder and those above it, up to the project's root: a part of a project imports from its own."""
    found = [folder]
    while found[-1] != root and os.path.dirname(found[-1]) != found[-1]:
        found.append(os.path.dirname(found[-1]))
    return found


def _installed(name: str, path: str) -> types.ModuleType | None:
    """The module of an installed package, imported as ever: a second copy of it would clash with the
    first one (registries, circular imports)."""
    try:
        module = importlib.import_module(name)
    except BaseException:  # an import may raise anything
        return None
    same = os.path.realpath(getattr(module, "__file__", None) or "") == os.path.realpath(path)
    return module if same else None


def load(
    file: SourceFile, path: str, files: UserFiles, display: Any, recovering: bool = False
) -> SlicedModule:
    """The module of the linted file, with its project importable."""
    name, folder = _importable(file, path)
    if "site-packages" in path and (installed := _installed(name, path)) is not None:
        return SlicedModule(file, path, name, files, installed=installed)
    root = project_root(path)
    # Last the file's own folder: in a package its modules are no top-level ones, and may hide those.
    search = [*_between(folder, root), os.path.join(root, "src"), os.path.dirname(path)]
    for entry in reversed(list(dict.fromkeys(search))):
        if "site-packages" not in entry and entry not in sys.path:
            sys.path.insert(0, entry)
    if "site-packages" not in path:
        sys.meta_path.insert(0, ProjectFinder([root, folder], files, display))
    sys.argv = [path]
    module = SlicedModule(file, path, name, files, recovering)
    if name not in sys.modules or hasattr(sys.modules[name], "__cnnlint__"):
        sys.modules[name] = module.module
    return module
