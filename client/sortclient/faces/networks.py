"""dlib's two networks, rebuilt as ONNX models out of its files.

ONNX Runtime computes them some 12 times faster than dlib's own kernels, with the same results. Both take RGB bytes
and hold the normalisation of pixels themselves; a scale that follows a convolution is multiplied into its weights.

Rebuilding takes less than 0.1 s, once a process, so nothing is stored that could be stale, half-written or another's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sortclient.faces.dlib_format import Convolution, Dense, Layer, Scale, UnknownFormat, layers
from sortclient.faces.onnx_format import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHIP = 150  # px; side of the aligned face that the embedding network takes
EMBEDDING = 128  # numbers

# dlib's input_rgb_image: (value - mean) / 256, one mean for each of red, green and blue.
_MEANS = (122.782, 117.001, 104.298)
_RANGE = 256.0


def embedding_network(content: bytes) -> bytes:
    """The ONNX model of dlib_face_recognition_resnet_model_v1.dat.

    Input `chips`: uint8 (n, 150, 150, 3). Output `embeddings`: float32 (n, 128). Raises UnknownFormat.

    One convolution and a pooling, then 14 residual blocks of two convolutions. A block whose first convolution has
    stride 2 halves: its shortcut is an average pooling, and where the two sides differ in channels or size, the
    smaller one is padded with zeros at the end. Then the mean over the picture, and a dense layer without bias.
    """
    import numpy as np

    found = layers(content)
    graph = Graph("embedding")
    data = graph.input("chips", "uint8", ("n", CHIP, CHIP, 3))
    data = _normalised(graph, data)
    first = _next_convolution(found)
    data, shape = _convolved(graph, data, first, (3, CHIP))
    data = graph.node("Relu", data)
    data = graph.node("MaxPool", data, kernel_shape=(3, 3), strides=(2, 2))
    shape = (shape[0], (shape[1] - 3) // 2 + 1)
    for layer in found:
        if isinstance(layer, Dense):
            data = graph.node("Flatten", graph.node("GlobalAveragePool", data))
            data = graph.node("MatMul", data, graph.constant(np.ascontiguousarray(layer.weights)), name="embeddings")
            graph.output(data, "float32", ("n", EMBEDDING))
            return graph.model()
        data, shape = _residual_block(graph, data, shape, _scaled(layer, found), _next_convolution(found))
    raise UnknownFormat("the file has no dense layer")


def detection_network(content: bytes) -> bytes:
    """The ONNX model of mmod_human_face_detector.dat.

    Input `picture`: uint8 (1, rows, columns, 3). Output `scores`: float32 (1, 1, rows of cells, columns of cells),
    above 0 where a face is. Seven convolutions, each but the last followed by a normalisation. Raises UnknownFormat.
    """
    found = layers(content)
    graph = Graph("detection")
    data = graph.input("picture", "uint8", (1, "rows", "columns", 3))
    data = _normalised(graph, data)
    for layer in found:
        if not isinstance(layer, Convolution):
            raise UnknownFormat("not the detector's order of layers")
        if layer.filters.shape[0] == 1:
            data = _convolution_node(graph, data, layer, name="scores")
            graph.output(data, "float32", (1, 1, "cell_rows", "cell_columns"))
            return graph.model()
        data = graph.node("Relu", _convolution_node(graph, data, _scaled(layer, found)))
    raise UnknownFormat("the file has no convolution with one output")


Shape = tuple[int, int]  # channels, and rows which are also the columns


def _residual_block(
    graph: Graph, data: str, shape: Shape, first: Convolution, second: Convolution
) -> tuple[str, Shape]:
    halves = first.stride == 2
    side, side_shape = _convolved(graph, data, first, shape)
    side, side_shape = _convolved(graph, graph.node("Relu", side), second, side_shape)
    if halves:
        data = graph.node("AveragePool", data, kernel_shape=(2, 2), strides=(2, 2))
        shape = (shape[0], shape[1] // 2)
    both = (max(shape[0], side_shape[0]), max(shape[1], side_shape[1]))
    data = graph.node("Add", _padded(graph, data, shape, both), _padded(graph, side, side_shape, both))
    return graph.node("Relu", data), both


def _padded(graph: Graph, data: str, shape: Shape, wanted: Shape) -> str:
    import numpy as np

    if shape == wanted:
        return data
    channels, rows = wanted[0] - shape[0], wanted[1] - shape[1]
    return graph.node("Pad", data, graph.constant(np.array([0, 0, 0, 0, 0, channels, rows, rows], np.int64)))


def _convolved(graph: Graph, data: str, layer: Convolution, shape: Shape) -> tuple[str, Shape]:
    rows = (shape[1] + 2 * layer.padding - layer.filters.shape[2]) // layer.stride + 1
    return _convolution_node(graph, data, layer), (layer.filters.shape[0], rows)


def _convolution_node(graph: Graph, data: str, layer: Convolution, name: str = "") -> str:
    weights, biases = graph.constant(layer.filters), graph.constant(layer.biases)
    return graph.node(
        "Conv",
        data,
        weights,
        biases,
        name=name,
        kernel_shape=layer.filters.shape[2:],
        strides=(layer.stride,) * 2,
        pads=(layer.padding,) * 4,
    )


def _normalised(graph: Graph, data: str) -> str:
    """From bytes (n, rows, columns, 3) to what dlib's input layer makes of them (n, 3, rows, columns)."""
    import numpy as np

    data = graph.node("Cast", data, to=1)  # float32
    data = graph.node("Sub", data, graph.constant(np.array(_MEANS, np.float32)))
    data = graph.node("Mul", data, graph.constant(np.array(1 / _RANGE, np.float32)))
    return graph.node("Transpose", data, perm=(0, 3, 1, 2))


def _next_convolution(found: Iterator[Layer]) -> Convolution:
    return _scaled(next(found, None), found)


def _scaled(layer: Layer | None, found: Iterator[Layer]) -> Convolution:
    """``layer`` with the scale that follows it multiplied into its weights."""
    scale = next(found, None)
    if not isinstance(layer, Convolution) or not isinstance(scale, Scale):
        raise UnknownFormat("not a convolution with its scale")
    filters: NDArray[np.float32] = layer.filters * scale.factors[:, None, None, None]
    return Convolution(filters, layer.biases * scale.factors + scale.offsets, layer.stride, layer.padding)
