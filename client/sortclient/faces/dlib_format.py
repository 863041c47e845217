"""Reads the trained layers out of dlib's serialised networks.

The format, as these files have it:

- An integer is a control byte and then its bytes, little endian: bit 0x80 of the control byte is the sign,
  the low four bits are the number of bytes.
- A string is its length, as an integer, and its bytes.
- A tensor is five integers (a version that is always 2, samples, channels, rows, columns) and its values,
  plain little-endian float32, the columns running fastest.
- An alias tensor (a view into another tensor) is five integers and holds no values.
- A layer with weights begins with the string of its kind:
  `con_4`: a tensor (all filters, then one bias for each), then the integers filters, rows, columns,
  stride down, stride across, padding down, padding across;
  `affine_`: a tensor (gamma of each channel, then beta of each);
  `bn_con2`: a tensor as of `affine_`, two alias tensors, then four tensors: means and inverse deviations of the
  last batch in training, and the running means and variances, which are what counts when it is used;
  `fc_2`: the integers outputs and inputs, then a tensor of inputs x outputs.

Layers stand in the order in which data passes them. Between them is the state of training, which is skipped:
the next layer is where the string of its kind stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_LAYER = re.compile(rb"\x01(?:\x05(con_4)|\x07(affine_)|\x07(bn_con2)|\x04(fc_2))")
_TENSOR_VERSION = 2
_VARIANCE_FLOOR = 1e-4  # dlib's DEFAULT_BATCH_NORM_EPS, added to a running variance


class UnknownFormat(ValueError):
    """The bytes are not as described above. The message says where."""


@dataclass(frozen=True, slots=True)
class Convolution:
    filters: Floats  # (outputs, inputs, rows, columns)
    biases: Floats  # (outputs,)
    stride: int
    padding: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Multiplies each channel by ``factors`` and adds ``offsets``: what is left of a normalisation after training."""

    factors: Floats  # (channels,)
    offsets: Floats  # (channels,)


@dataclass(frozen=True, slots=True)
class Dense:
    weights: Floats  # (inputs, outputs)


Layer = Convolution | Scale | Dense


def layers(content: bytes) -> Iterator[Layer]:
    """The layers with weights in the order in which data passes them. Raises UnknownFormat."""
    reader = _Reader(content)
    while found := _LAYER.search(content, reader.at):
        reader.at = found.end()
        match found[found.lastindex or 0]:
            case b"con_4":
                yield _convolution(reader)
            case b"affine_":
                yield _scale(reader.tensor())
            case b"bn_con2":
                yield _batch_normalisation(reader)
            case _:
                yield _dense(reader)


def _convolution(reader: _Reader) -> Convolution:
    values = reader.tensor()
    outputs, rows, columns, down, across, padding_down, padding_across = (reader.integer() for _ in range(7))
    if down != across or padding_down != padding_across:
        raise UnknownFormat(f"a convolution that is not the same down and across, before byte {reader.at}")
    weights, biases = values[:-outputs], values[-outputs:]
    return Convolution(weights.reshape(outputs, -1, rows, columns), biases, down, padding_down)


def _scale(values: Floats) -> Scale:
    channels = values.size // 2
    return Scale(values[:channels], values[channels:])


def _batch_normalisation(reader: _Reader) -> Scale:
    import numpy as np

    scale = _scale(reader.tensor())
    for _ in range(2 * 5):  # two alias tensors
        reader.integer()
    _, _, means, variances = (reader.tensor() for _ in range(4))
    factors = scale.factors / np.sqrt(variances + np.float32(_VARIANCE_FLOOR))
    return Scale(factors, scale.offsets - means * factors)


def _dense(reader: _Reader) -> Dense:
    outputs, inputs = reader.integer(), reader.integer()
    return Dense(reader.tensor().reshape(inputs, outputs))


class _Reader:
    """Reads values at ``at``, which moves behind them."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def integer(self) -> int:
        if self.at >= len(self.content):
            raise UnknownFormat("the file ends too early")
        control = self.content[self.at]
        end = self.at + 1 + (control & 0x0F)
        size = int.from_bytes(self.content[self.at + 1 : end], "little")
        self.at = end
        return -size if control & 0x80 else size

    def tensor(self) -> Floats:
        """The values, flat."""
        import numpy as np

        version, samples, channels, rows, columns = (self.integer() for _ in range(5))
        count = samples * channels * rows * columns
        if version != _TENSOR_VERSION or not 0 < count * 4 <= len(self.content) - self.at:
            raise UnknownFormat(f"no tensor before byte {self.at}")
        values = np.frombuffer(self.content, "<f4", count, self.at)
        self.at += count * 4
        return values
