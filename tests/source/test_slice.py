"""The backward slice: what a name needs, and nothing else."""

from __future__ import annotations

import ast
import textwrap

from hypothesis import given
from hypothesis import strategies as st
from texts import file_of, sliced

from cnnlint.source.slice import ModuleSlice


def same(found: str, expected: str) -> None:
    assert ast.unparse(ast.parse(found)) == ast.unparse(ast.parse(textwrap.dedent(expected)))


def test_training_is_left_out():
    same(
        sliced(
            """
            import argparse
            import torch
            from torch import nn, optim
            from torchvision import datasets

            torch.manual_seed(0)
            parser = argparse.ArgumentParser()
            parser.add_argument("--width", default=8)
            args = parser.parse_args()
            print(args)
            WIDTH = args.width * 2
            loader = datasets.MNIST("data", download=True)

            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(WIDTH, 2)

            model = Net().to("cuda")
            model.load_state_dict(torch.load("a.pth"))
            optimizer = optim.SGD(model.parameters())
            for x, y in loader:
                optimizer.step()
            """,
            "Net",
        ),
        """
        import argparse
        from torch import nn
        parser = argparse.ArgumentParser()
        parser.add_argument("--width", default=8)
        args = parser.parse_args()
        WIDTH = args.width * 2
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(WIDTH, 2)
        """,
    )


def test_positions_stay_those_of_the_file():
    file = file_of("import os\n\n\nimport torch\nif torch:\n    a = 1\n    b = 2\n")
    assert [node.lineno for node in ModuleSlice(file).closure(["b"])] == [4, 5]
    block = ModuleSlice(file).closure(["b"])[1]
    assert isinstance(block, ast.If)
    assert [node.lineno for node in block.body] == [7]
    assert len(file.tree.body[2].body) == 2  # the file's own tree is not changed


def test_follows_functions_and_classes():
    text = """
    import math
    import json
    SCALE = 3
    UNUSED = json.loads("{}")
    def width(n):
        return math.ceil(n * SCALE)
    class Base:
        pass
    class Net(Base):
        size = width(4)
    """
    assert sliced(text, "Net").startswith("import math\nSCALE = 3\ndef width(n):")
    assert "UNUSED" not in sliced(text, "Net")


def test_methods_that_nothing_calls_need_nothing():
    text = """
    from torch import nn
    from data import load
    train_set = load()
    HIDDEN = 4
    class Net(nn.Module):
        def __init__(self):
            self.build()
        def build(self):
            self.fc = nn.Linear(HIDDEN, 2)
        def train_dataloader(self):
            return train_set
    """
    found = sliced(text, "Net")
    assert "HIDDEN = 4" in found
    assert "train_set = load()" not in found


def test_a_foreign_base_may_call_any_method():
    text = """
    from framework import Base
    DEPTH = 3
    class Net(Base):
        def configure(self):
            return DEPTH
    """
    assert "DEPTH = 3" in sliced(text, "Net")


def test_changes_of_a_needed_object_are_kept():
    same(
        sliced(
            """
            cfg = {"a": 1}
            layers = []
            total = 0
            other = {}
            cfg["b"] = 2
            layers.append(3)
            total += 4
            other["c"] = 1
            for i in range(3):
                layers.append(i)
                print(i)
            use = (cfg, layers, total)
            """,
            "use",
        ),
        """
        cfg = {"a": 1}
        layers = []
        total = 0
        cfg["b"] = 2
        layers.append(3)
        total += 4
        for i in range(3):
            layers.append(i)
        use = (cfg, layers, total)
        """,
    )


def test_groups_of_arguments_belong_to_the_parser():
    text = """
    import argparse
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("model")
    group.add_argument("--depth", default=3)
    args = parser.parse_args()
    """
    assert "group.add_argument" in sliced(text, "args")


def test_try_is_kept_whole_where_it_decides():
    same(
        sliced(
            """
            try:
                import apex
                HAS_APEX = True
                print("found")
            except ImportError:
                print("missing")
                HAS_APEX = False
            """,
            "HAS_APEX",
        ),
        """
        try:
            import apex
            HAS_APEX = True
        except ImportError:
            HAS_APEX = False
        """,
    )


def test_loops_that_assign_anew_are_not_definitions():
    text = "lr = 1\nfor step in load():\n    lr = lr * 0.9\nclass A:\n    rate = lr\n"
    same(sliced(text, "A"), "lr = 1\nclass A:\n    rate = lr\n")


def test_a_loop_is_kept_with_what_it_counts_on():
    same(
        sliced(
            """
            layers = []
            c = 3
            while True:
                layers.append(c)
                c = c * 2
                if c > 50:
                    break
            """,
            "layers",
        ),
        """
        layers = []
        c = 3
        while True:
            layers.append(c)
            c = c * 2
            if c > 50:
                break
        """,
    )


def test_main_block_is_only_the_last_resort():
    text = """
    A = 1
    if __name__ == "__main__":
        A = 2
        B = 3
        print(B)
    """
    assert sliced(text, "A") == "A = 1"
    assert sliced(text, "B") == "if __name__ == '__main__':\n    B = 3"


def test_some_branch_must_be_taken():
    text = """
    import sys
    name = sys.argv[1]
    if name == "mnist":
        channels = 1
    elif name == "cifar":
        channels = 3
    """
    assert sliced(text, "channels").endswith("    channels = 3\nelse:\n    channels = 1")
    assert "else" not in sliced(text + "\n    channels = channels or 4\n", "channels")


def test_star_imports_serve_names_that_nothing_else_defines():
    text = "from layers import *\nimport os\nclass A(Base):\n    pass\nclass B:\n    pass\n"
    assert sliced(text, "A").startswith("from layers import *")
    assert "import" not in sliced(text, "B")


def test_search_path_is_set_for_imports_of_the_project():
    text = "import os\nimport sys\nsys.path.append(os.pardir)\nfrom mine import block\nimport torch\n"
    assert "sys.path.append(os.pardir)" in sliced(text, "block")
    assert "sys.path" not in sliced(text, "torch")


def test_future_imports_always_stand_first():
    assert sliced("from __future__ import annotations\nx = 1\n", "x").startswith("from __future__")


def test_surgery_on_a_variable_is_kept():
    text = """
    from torchvision import models
    import torch
    from torch import nn
    model = models.resnet18()
    n = model.fc.in_features
    model.fc = nn.Linear(n, 2)
    model.load_state_dict(torch.load("a.pth"))
    model.eval()
    """
    found = sliced(text, "model")
    assert "model.fc = nn.Linear(n, 2)" in found
    assert "load_state_dict" not in found
    assert "eval" not in found


NAMES = st.sampled_from("abcdef")
VALUES = st.recursive(
    st.one_of(NAMES, st.integers(0, 9).map(str)),
    lambda inner: st.tuples(inner, inner).map(lambda pair: f"({pair[0]} + {pair[1]})"),
    max_leaves=4,
)
STATEMENTS = st.one_of(
    st.tuples(NAMES, VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    st.tuples(NAMES, VALUES).map(lambda pair: f"{pair[0]} += {pair[1]}"),
    st.tuples(VALUES, NAMES, VALUES).map(lambda parts: f"if {parts[0]}:\n    {parts[1]} = {parts[2]}"),
    st.tuples(NAMES, VALUES).map(lambda pair: f"for i in range(2):\n    {pair[0]} += {pair[1]}"),
    st.tuples(NAMES, NAMES, VALUES).map(lambda t: f"with C() as {t[0]}:\n    {t[1]} = {t[2]}"),
)
START = "class C:\n    def __enter__(self): return 1\n    def __exit__(self, *a): pass\n" + "".join(
    f"{name} = {value}\n" for value, name in enumerate("abcdef")
)


@given(st.lists(STATEMENTS, max_size=12), NAMES)
def test_the_slice_gives_a_name_the_value_of_the_whole(statements, name):
    text = START + "\n".join(statements)
    whole: dict[str, object] = {}
    exec(text, whole)
    part: dict[str, object] = {}
    exec(compile(ast.Module(ModuleSlice(file_of(text)).closure([name]), []), "net.py", "exec"), part)
    assert part[name] == whole[name]
