"""What a pickle names, without unpickling it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import sys
import types
import zipfile
import zlib

import pytest
from amlemu.doctor.files.pickles import read


@pytest.fixture
def foreign(monkeypatch):
    """Return a class of `__main__`, and one of a module that exists for as long as it is pickled."""
    main, words = types.ModuleType("__main__"), types.ModuleType("my.words")
    for module, name in ((main, "Scaler"), (words, "Model")):
        made = type(name, (), {"__module__": module.__name__})
        setattr(module, name, made)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, "my", types.ModuleType("my"))
    return main.Scaler, words.Model


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_is_read(tmp_path, foreign, protocol):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps([each() for each in foreign], protocol=protocol))

    assert {("__main__", "Scaler"), ("my.words", "Model")} <= read(tmp_path / "m.pkl").names


@pytest.mark.parametrize(
    "pack",
    [
        pytest.param(zlib.compress, id="zlib"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(bz2.compress, id="bz2"),
        pytest.param(lzma.compress, id="xz"),
        pytest.param(lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE), id="lzma"),
    ],
)
def test_what_joblib_has_compressed_is_read(tmp_path, foreign, pack):
    (tmp_path / "m.joblib").write_bytes(pack(pickle.dumps(foreign[0]())))

    assert read(tmp_path / "m.joblib").names == {("__main__", "Scaler"), *read_names(tmp_path, foreign)}


def read_names(tmp_path, foreign):
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(foreign[0]()))
    return read(tmp_path / "plain.pkl").names


def test_an_archive_of_torch_is_read(tmp_path, foreign):
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", pickle.dumps(foreign[0]()))

    assert ("__main__", "Scaler") in read(tmp_path / "net.pt").names


def test_a_class_far_behind_the_beginning_is_found_if_it_is_of_main(tmp_path, foreign):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps([b"x" * (5 << 20), foreign[0]()]))

    assert ("__main__", "Scaler") in read(tmp_path / "m.pkl").names


def test_a_text_that_reads_main_is_no_class(tmp_path):
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"__module__": "__main__", "name": "Scaler"}))

    assert read(tmp_path / "m.pkl").names == frozenset()


def test_scikit_learn_writes_its_version(tmp_path):
    for protocol in range(1, 6):
        (tmp_path / "m.pkl").write_bytes(pickle.dumps({"_sklearn_version": "1.0.2", "n": 1}, protocol=protocol))

        assert read(tmp_path / "m.pkl").sklearn == "1.0.2"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x89HDF\r\n", id="another-format"),
        pytest.param(b"PK\x03\x04broken", id="broken-archive"),
        pytest.param(b"\x1f\x8bbroken", id="broken-gzip"),
        pytest.param(b"\x78\x9cbroken", id="broken-zlib"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", id="pointer"),
    ],
)
def test_what_is_no_pickle_is_nothing(tmp_path, content):
    (tmp_path / "m.pkl").write_bytes(content)

    assert read(tmp_path / "m.pkl") is None


def test_a_file_that_is_not_there_is_nothing(tmp_path):
    assert read(tmp_path / "m.pkl") is None


def test_nothing_of_a_pickle_is_run(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")

    assert read(tmp_path / "m.pkl").names == {("os", "system")}
    assert not (tmp_path / "ran").exists()


def test_a_bomb_is_unpacked_in_part_only(tmp_path):
    packer, packed = zlib.compressobj(9), io.BytesIO()
    for _ in range(200):
        packed.write(packer.compress(b"\x80" * (1 << 20)))
    (tmp_path / "m.pkl").write_bytes(packed.getvalue() + packer.flush())

    assert read(tmp_path / "m.pkl") is None
