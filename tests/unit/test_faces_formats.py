"""The two file formats: dlib's read, ONNX's written. Both against something other than this project's own code."""

from __future__ import annotations

import struct

import numpy as np
import onnxruntime
import pytest

from sortclient.faces.dlib_format import Convolution, Dense, Scale, UnknownFormat, layers
from sortclient.faces.onnx_format import Graph


def integer(value: int) -> bytes:
    size = abs(value)
    count = max(1, (size.bit_length() + 7) // 8)
    return bytes([count | (0x80 if value < 0 else 0)]) + size.to_bytes(count, "little")


def tensor(values: list[float]) -> bytes:
    head = b"".join(integer(number) for number in (2, len(values), 1, 1, 1))
    return head + struct.pack(f"<{len(values)}f", *values)


def name(text: str) -> bytes:
    return integer(len(text)) + text.encode()


def convolution(filters: int, inputs: int, rows: int, *, stride: int, padding: int) -> bytes:
    weights = [float(number) for number in range(filters * inputs * rows * rows)]
    biases = [1000.0 + number for number in range(filters)]
    numbers = (filters, rows, rows, stride, stride, padding, padding)
    return name("con_4") + tensor(weights + biases) + b"".join(integer(number) for number in numbers)


def test_layers_are_read_in_order_over_whatever_lies_between() -> None:
    content = (
        name("loss_metric_2")
        + b"state of training"
        + convolution(2, 3, 2, stride=2, padding=1)
        + b"\x00" * 300
        + name("affine_")
        + tensor([1.0, 2.0, 3.0, 4.0])
        + name("fc_2")
        + integer(2)
        + integer(300)
        + tensor([0.5] * 600)
    )
    first, second, third = layers(content)
    assert isinstance(first, Convolution)
    assert first.filters.shape == (2, 3, 2, 2)
    assert first.filters[1, 0, 1, 1] == 15.0
    assert first.biases.tolist() == [1000.0, 1001.0]
    assert (first.stride, first.padding) == (2, 1)
    assert isinstance(second, Scale)
    assert second.factors.tolist() == [1.0, 2.0]
    assert second.offsets.tolist() == [3.0, 4.0]
    assert isinstance(third, Dense)
    assert third.weights.shape == (300, 2)


def test_a_normalisation_uses_the_running_means_and_variances() -> None:
    alias = b"".join(integer(number) for number in (1, 1, 1, 1, 1))
    batch = tensor([7.0]) + tensor([8.0])
    content = name("bn_con2") + tensor([3.0, 5.0]) + alias * 2 + batch + tensor([10.0]) + tensor([4.0 - 1e-4])
    (scale,) = layers(content)
    assert isinstance(scale, Scale)
    assert scale.factors == pytest.approx([1.5])  # 3 / sqrt(4)
    assert scale.offsets == pytest.approx([-10.0])  # 5 - 10 * 1.5


@pytest.mark.parametrize("cut", [8, 12, 20, 40])
def test_a_cut_file_is_an_error_and_not_a_smaller_network(cut: int) -> None:
    content = convolution(2, 3, 2, stride=1, padding=0)
    with pytest.raises(UnknownFormat):
        list(layers(content[:cut]))


def test_a_tensor_of_a_negative_size_is_refused() -> None:
    head = b"".join(integer(number) for number in (2, -3, 1, 1, 1))
    with pytest.raises(UnknownFormat, match="no tensor"):
        list(layers(name("affine_") + head + b"\0" * 12))


def test_an_uneven_convolution_is_refused() -> None:
    content = name("con_4") + tensor([1.0] * 3) + b"".join(integer(number) for number in (1, 1, 2, 1, 2, 0, 0))
    with pytest.raises(UnknownFormat, match="not the same down and across"):
        list(layers(content))


def test_onnx_runtime_computes_what_the_graph_says() -> None:
    graph = Graph("small")
    data = graph.input("numbers", "float32", ("n", 1, 4, 4))
    kernel = np.ones((200, 1, 2, 2), np.float32)  # more than 127 outputs: a size of two bytes
    data = graph.node("Conv", data, graph.constant(kernel), kernel_shape=(2, 2), strides=(2, 2), pads=(0, 0, 0, 0))
    graph.node("Flatten", data, name="sums", axis=1)
    graph.output("sums", "float32", ("n", 800))
    session = onnxruntime.InferenceSession(graph.model(), providers=["CPUExecutionProvider"])

    numbers = np.arange(32, dtype=np.float32).reshape(2, 1, 4, 4)
    (sums,) = session.run(None, {"numbers": numbers})

    blocks = numbers.reshape(2, 2, 2, 2, 2).sum(axis=(2, 4)).reshape(2, 1, 4)
    assert np.array_equal(sums.reshape(2, 200, 4), np.broadcast_to(blocks, (2, 200, 4)))
    (described,) = session.get_inputs()
    assert (described.name, described.type, described.shape) == ("numbers", "tensor(float)", ["n", 1, 4, 4])
