"""Writes files that the harness must refuse to read, each for another reason."""

from __future__ import annotations

import base64
import os
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

ROWS = pa.table({"k": list(range(5000)), "x": [f"text {n}" for n in range(5000)]})


class _Kms(pe.KmsClient):
    """A key service for encrypted files that does not protect keys; readers get none anyway."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


def encrypted(path: Path, plain_footer: bool = False) -> None:
    configuration = pe.EncryptionConfiguration(
        footer_key="one", column_keys={"two": ["k", "x"]}, plaintext_footer=plain_footer
    )
    properties = pe.CryptoFactory(lambda _: _Kms()).file_encryption_properties(
        pe.KmsConnectionConfig(), configuration
    )
    with pq.ParquetWriter(path, ROWS.schema, encryption_properties=properties) as writer:
        writer.write_table(ROWS)


def cut(path: Path) -> None:
    """Writes a Parquet file without its second half."""
    pq.write_table(ROWS, path)
    os.truncate(path, path.stat().st_size // 2)


def damaged(path: Path, footer: bool) -> None:
    """Writes a Parquet file with wrong bytes in its footer or, without ``footer``, in its data."""
    pq.write_table(ROWS, path, compression="none")
    content = bytearray(path.read_bytes())
    at = len(content) - 300 if footer else len(content) // 2
    content[at : at + 100] = b"\xff" * 100
    path.write_bytes(content)


def write_all(folder: Path) -> None:
    (folder / "names.csv").write_text(f"k,{'n' * 1_200}\n1,2\n")
    (folder / "columns.csv").write_text(",".join(f"c{n}" for n in range(10_001)) + "\n")
    encrypted(folder / "encrypted.parquet")
    encrypted(folder / "columns.parquet", plain_footer=True)
    cut(folder / "cut.parquet")
    damaged(folder / "footer.parquet", footer=True)
    damaged(folder / "pages.parquet", footer=False)
    os.mkfifo(folder / "pipe.csv")
    (folder / "device.csv").symlink_to("/dev/zero")
    (folder / "pipes").mkdir()
    os.mkfifo(folder / "pipes" / "one.parquet")
    bound = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(folder)  # a socket's path must be short
    try:
        bound.bind("socket.csv")
    finally:
        os.chdir(here)
        bound.close()
