"""ONNX Runtime, set up for one of several processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sortclient.errors import SortError
from sortclient.faces.dlib_format import UnknownFormat
from sortclient.faces.models import REINSTALL

_ERRORS_ONLY = 3  # its warnings, of missing graphics cards for one, are nothing that a person sorting photos can act on


def session(network: Callable[[bytes], bytes], model: Path, *, fixed_shape: bool) -> Any:
    """An InferenceSession of ``network`` built of the file ``model``, in one thread: the processes share out the cores.

    ``fixed_shape`` says that its input always has the same size, so that memory planned for one run serves the next.
    Raises SortError where the file is not dlib's.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = options.enable_cpu_mem_arena = fixed_shape
    try:
        content = network(model.read_bytes())
    except (UnknownFormat, OSError) as error:
        raise SortError(f"The face engine cannot use its model {model.name} ({error}): {REINSTALL}") from error
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
