"""Where the trained models lie: in the package face_recognition_models, of the extra `local`.

The package is never imported: its `__init__` needs pkg_resources, which setuptools no longer has.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from sortclient.errors import SortError

# All three are in the public domain. The package's 68-point predictor is not free for commercial use:
# nothing here may load it.
EMBEDDER = "dlib_face_recognition_resnet_model_v1.dat"
DETECTOR = "mmod_human_face_detector.dat"
LANDMARKS = "shape_predictor_5_face_landmarks.dat"


REINSTALL = "pip install --force-reinstall 'sortclient[local]'"

_PACKAGE = "face_recognition_models"
_LIBRARIES = ("dlib", "numpy", "onnxruntime", _PACKAGE)


def check_installed() -> None:
    """Raise SortError where the extra is not installed. Imports nothing, so it costs nothing."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise SortError(
            f"Comparing on this machine needs the face engine ({', '.join(missing)}): pip install 'sortclient[local]'"
        )


def model_file(name: str) -> Path:
    """The installed file of this name. Raises SortError where it is missing."""
    spec = find_spec(_PACKAGE)
    for folder in (spec and spec.submodule_search_locations) or ():
        file = Path(folder, "models", name)
        if file.is_file():
            return file
    raise SortError(f"The face engine lacks its model {name}: {REINSTALL}")
