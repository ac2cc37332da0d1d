"""The bundle as what people download: a Debian package and an archive, or what the system in question unpacks."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from app import __version__
from app.stream.weights import desktop_file

# Of Debian and its relatives. All else of the bundle is in it, or in every system that has a window.
NEEDED = (
    "libasound2 | libasound2t64, libportaudio2, libegl1, libgl1, libstdc++6, libwayland-client0, libwayland-cursor0, "
    "libwayland-egl1, libx11-6, libxcb1, fontconfig-config, fonts-dejavu-core | fonts-noto-core, xkb-data"
)
CONTROL = """\
Package: nystream
Version: {version}
Architecture: {architecture}
Maintainer: Nystream contributors
Section: sound
Priority: optional
Installed-Size: {kilobytes}
Depends: libc6 (>= {glibc}), {needed}
Recommends: libasound2-plugins | pipewire-alsa, pulseaudio-utils
Description: live music genre recognition with continual attention
 Hears music from a microphone, the system's sound or a file and says live
 what genre it is, by a continual transformer and its ordinary twin.
"""
LAUNCHER = '#!/bin/sh\nexec /usr/lib/nystream/nystream --gui "$@"\n'
SHARED = {
    "nystream.desktop": "applications",
    "nystream.svg": "icons/hicolor/scalable/apps",
    "nystream.png": "icons/hicolor/256x256/apps",
    "nystream.metainfo.xml": "metainfo",
}


def pack(bundle: Path, folder: Path) -> list[Path]:
    """Of the bundle's folder, into `folder`. Raises CalledProcessError and OSError."""
    named = folder / f"nystream-{__version__}-{sys.platform}-{platform.machine().lower()}"
    if sys.platform == "linux":
        return [make_deb(bundle, folder), archive(bundle, named)]
    if sys.platform == "darwin":  # zip would lose links within the application
        archived = named.with_name(f"{named.name}.zip")
        subprocess.run(["ditto", "-ck", "--keepParent", bundle.with_name("Nystream.app"), archived], check=True)
        return [archived]
    return [Path(shutil.make_archive(str(named), "zip", bundle.parent, bundle.name))]


def archive(bundle: Path, named: Path) -> Path:
    """A .tar.zst of the folder."""
    archived = named.with_name(f"{named.name}.tar.zst")
    subprocess.run(["tar", "-C", bundle.parent, "-I", "zstd -10 -T0", "-cf", archived, bundle.name], check=True)
    return archived


def make_deb(bundle: Path, folder: Path) -> Path:
    """With the launcher, icons and metainfo where a system has them."""
    tree = folder / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(bundle, tree / "usr/lib/nystream", symlinks=True, copy_function=_link)
    programs = tree / "usr/bin"
    programs.mkdir()
    (programs / "nystream").symlink_to("../lib/nystream/nystream")
    (programs / "nystream-gui").write_text(LAUNCHER)
    (programs / "nystream-gui").chmod(0o755)
    for name, place in SHARED.items():
        (tree / "usr/share" / place).mkdir(parents=True)
        shutil.copyfile(desktop_file(name), tree / "usr/share" / place / name)
    documents = tree / "usr/share/doc/nystream"
    documents.mkdir(parents=True)
    shutil.copyfile(Path(__file__).parents[2] / "LICENSE", documents / "copyright")
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    kilobytes = int(subprocess.check_output(["du", "-sk", tree], text=True).split()[0])
    (tree / "DEBIAN").mkdir()
    control = CONTROL.format(
        version=__version__,
        architecture=architecture,
        kilobytes=kilobytes,
        glibc=platform.libc_ver()[1],
        needed=NEEDED,
    )
    (tree / "DEBIAN/control").write_text(control)
    deb = folder / f"nystream_{__version__}_{architecture}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build", tree, deb], check=True)
    shutil.rmtree(tree)
    return deb


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)
