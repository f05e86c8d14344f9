"""The kernels' vector code on other processors: the same results without AVX, and code for others than this one."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import llvmlite.binding as llvm
import numpy as np
import pytest
from llvmlite import ir

from streams import channel_map
from streams.daq import adc_words, kernels, spans, vectors

ROOT = Path(__file__).resolve().parents[2]


def results() -> str:
    """Digest of all that the kernels make of seeded bits, with a map in pieces and one without."""
    digest = hashlib.sha256()
    rng = np.random.default_rng(5)
    frames = rng.integers(0, 2**64 - 1, (40, 1, 900), np.uint64)
    frames[:, :, :2] = 0
    offline = channel_map.offline_channels()
    for table in (offline, rng.permutation(2560).astype(np.int16).reshape(40, 64)):
        samples = np.zeros((1, spans.SAMPLES_PER_BLOCK), np.uint16)
        word0, checks = frames[:, 0, 0].copy(), spans.frame_checks(frames)
        pieces = list(frames.view(np.uint8).reshape(40, -1))
        good, _ = spans.open_span(pieces, word0, 0, checks, spans.places(table), samples)
        again = np.zeros_like(frames)
        spans.close_frames(samples, spans.places(table), again)
        adc = adc_words.unpack(frames[:, 0])
        packed = np.zeros_like(frames[:, 0])
        adc_words.pack(adc, packed)
        for part in (good, samples, again, adc, packed, checks):
            digest.update(part.tobytes())
    return digest.hexdigest()


@pytest.mark.skipif("x86" not in os.uname().machine, reason="the settings are of x86 processors")
def test_a_processor_without_avx_gives_the_same(tmp_path):
    settings = {
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": "+sse2",
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", "from streams.tests.test_kernels import results; print(results())"]
    done = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == results()


def module(build) -> str:
    """LLVM's text of a function of three addresses."""
    text = ir.Module()
    function = ir.Function(text, ir.FunctionType(ir.VoidType(), [ir.IntType(64)] * 3), "frame")
    builder = ir.IRBuilder(function.append_basic_block())
    build(builder, *function.args)
    builder.ret_void()
    return str(text)


@pytest.mark.parametrize("sizes", [kernels.PIECES, (1,) * 64])
def test_other_kinds_of_processor_get_machine_code(sizes):
    other = SimpleNamespace(magic_tuple=lambda: ("aarch64-unknown-linux-gnu", "generic", "+neon"))
    context = SimpleNamespace(get_dummy_value=lambda: None, codegen=lambda: other)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple("aarch64-unknown-linux-gnu")
    except RuntimeError:
        pytest.skip("this LLVM has no aarch64")
    machine = target.create_target_machine(opt=3)
    for build in (
        lambda b, *args: kernels._open(context, b, sizes, *args[:1], *args),
        lambda b, *args: kernels._close(context, b, sizes, *args),
        lambda b, frame, *_: kernels._check(b, frame),
        lambda b, frame, counts, _: kernels._unpack(context, b, vectors.store_past, frame, counts),
        lambda b, counts, frame, _: kernels._pack(b, True, counts, frame),
    ):
        code = machine.emit_assembly(llvm.parse_assembly(module(build)))
        assert re.search(r"\bv\d+\.(16b|2d)\b", code)  # in vectors of 128 bits
