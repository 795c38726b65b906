# SPDX-License-Identifier: Apache-2.0
"""Compressed files and archives for test_input, made by tools that are not ours.

usage: make_inputs.py FOLDER

plain holds the bytes that every other file decompresses to.
"""
import bz2
import gzip
import io
import lzma
import pathlib
import random
import subprocess
import sys
import tarfile
import zipfile


def tool(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def tar(members, mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        folder = tarfile.TarInfo("sub")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_of(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("sub") if hasattr(archive, "mkdir") else archive.writestr("sub/", "")
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def main(folder):
    rng = random.Random(3)
    plain = "".join(f"{i},{rng.random()},x\n" for i in range(60000)).encode()
    members = {"one.csv": b"a\n1\n", "sub/zwei ä.csv": plain}
    half = len(plain) // 2
    files = {
        "plain": plain,
        "gz": gzip.compress(plain),
        "two.gz": gzip.compress(plain[:half]) + gzip.compress(plain[half:]),
        "bz2": bz2.compress(plain),
        "xz": lzma.compress(plain),
        "zst": tool(["zstd", "-q", "-c"], plain),
        "lz4": tool(["lz4", "-q", "-c"], plain),
        "empty.gz": gzip.compress(b""),
        "empty.xz": lzma.compress(b""),
        "zip": zip_of(members),
        "tar": tar(members, "w"),
        "tar.gz": tar(members, "w:gz"),
        "bomb.zst": tool(["zstd", "-q", "-c", "-19"], bytes(300 << 20)),
        "large.gz": gzip.compress(bytes(120 << 20), 1),
    }
    for name, data in files.items():
        (pathlib.Path(folder) / name).write_bytes(data)


main(sys.argv[1])
