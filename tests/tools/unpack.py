"""Prints the names and contents of all that archives hold, for a search in it: `unpack.py FILE…`."""

import sys
import tarfile
import zipfile


def members(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            yield member.name, archive.extractfile(member).read() if member.isfile() else b""


for path in sys.argv[1:]:
    for name, content in members(path):
        sys.stdout.buffer.write(name.encode() + b"\n" + content + b"\n")
