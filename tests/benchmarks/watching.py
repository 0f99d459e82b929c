"""How long `cnnlint --watch` takes from a save to its report: run it to see.

A LeNet is saved again and again; the limit is 0.1 s on a machine that does nothing else.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import models
from measure import CNNLINT

SAVES = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        name = models.write(Path(folder), "lenet.py", models.LENET)
        file = Path(folder, name)
        command = [*CNNLINT, "--watch", str(file)]
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout
            taken = []
            for save in range(SAVES):
                while not process.stdout.readline().startswith("Watching"):
                    pass
                time.sleep(0.3)
                began = time.perf_counter()
                file.write_text(f"{models.LENET}# saved {save}\n")
                while "model" not in process.stdout.readline():
                    pass  # up to the last line, which counts the models
                taken.append(time.perf_counter() - began)
            process.terminate()
    middle, best = statistics.median(taken), min(taken)
    print(f"from a save to the report: median {middle * 1000:.0f} ms, best {best * 1000:.0f} ms")


if __name__ == "__main__":
    main()
