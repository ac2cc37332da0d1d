"""Make the application as one folder that needs neither Python nor packages, and what people download of it.

    python3 scripts/bundle.py            dist/nystream, and beside it the packages for this system
    python3 scripts/bundle.py --check    the same, and then it is tried in an empty environment: another user, no home

The compiled functions are made here, for a processor with the features that nearly all have; one that lacks any
compiles them for itself, as a checkout does. What is built here runs on systems that are as new as this one, or newer.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.preparation import CHECKOUT, TO_WATCH, run_within_environment

run_within_environment(("bundle",), (*TO_WATCH, "PyInstaller"))

from app.stream.backend import COMPILE
from app.text import to_json
from model.compiled.registers import PROCESSOR
from scripts.bundling.check import check
from scripts.bundling.packages import pack
from scripts.preparation.progress import size_of

MOST_BYTES = 900_000_000
SPECIFICATION = CHECKOUT / "scripts" / "bundling" / "nystream.spec"
TO_STRIP = ("libtorch_cpu.so", "libtorch_python.so", "libllvmlite.so", "libpython3*.so*")  # 130 MB of symbols
# LLVM's names. x86-64-v3 is what Intel has since 2013 and AMD since 2015; all of Apple's processors have the M1's.
V3 = ["avx2", "bmi", "bmi2", "cx16", "f16c", "fma", "lzcnt", "movbe", "popcnt", "sahf", "sse4.2", "xsave"]
PROCESSORS = {"x86_64": ("x86-64-v3", V3), "amd64": ("x86-64-v3", V3), "arm64": ("apple-m1", [])}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "dist", help="default: dist in the checkout")
    parser.add_argument("--check", action="store_true", help="try the bundle")
    arguments = parser.parse_args()
    folder = Path(os.path.abspath(arguments.folder))
    bundle = build(folder)
    megabytes = size_of(bundle) / 1e6
    print(f"{bundle}: {megabytes:.0f} MB")
    for package in pack(bundle, folder):
        print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")
    faults = check(bundle) if arguments.check else []
    if megabytes > MOST_BYTES / 1e6:
        faults.append(f"the bundle is larger than {MOST_BYTES / 1e6:.0f} MB")
    for fault in faults:
        print(f"bundle: {fault}", file=sys.stderr)
    return int(bool(faults))


def build(folder: Path) -> Path:
    """Its folder, anew."""
    bundle = folder / "nystream"
    with tempfile.TemporaryDirectory(prefix="nystream-bundle-") as work:
        options = ["--noconfirm", "--log-level", "WARN", "--distpath", str(folder), "--workpath", work]
        subprocess.run([sys.executable, "-m", "PyInstaller", *options, str(SPECIFICATION)], check=True)
        slim(bundle)
        ship_compiled(bundle, Path(work))
    return bundle


def slim(bundle: Path) -> None:
    """Take symbols off, where the system has a tool for it."""
    if sys.platform == "linux" and shutil.which("strip"):
        libraries = [path for name in TO_STRIP for path in bundle.rglob(name) if not path.is_symlink()]
        subprocess.run(["strip", "--strip-unneeded", *libraries], check=True)


def ship_compiled(bundle: Path, work: Path) -> None:
    """Have the bundle compile its functions, for a processor that is common, and keep them in it."""
    name, features = PROCESSORS.get(platform.machine().lower(), ("generic", []))
    wished = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": "", "NYSTREAM_CACHE": str(work)}
    subprocess.run([bundle / "nystream", "-c", COMPILE], env=os.environ | wished, check=True)
    (compiled,) = (work / "nystream").glob("compiled-*")
    (compiled / PROCESSOR).write_text(to_json({"name": name, "features": features}), encoding="utf-8")
    for inside in bundle.parent.glob("**/model/compiled"):  # on macOS in the application, too
        shutil.copytree(compiled, inside / "shipped", dirs_exist_ok=True)


if __name__ == "__main__":
    sys.exit(main())
