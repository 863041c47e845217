"""Writes an ONNX model: the few parts of the format that the networks here need.

ONNX Runtime takes a model as a serialised protobuf message. The `onnx` package would build it, at the price of another
27 MB installed and imported in each process, for what are forty lines here.

A message is a row of fields. A field is a tag (its number and how its value is written) and its value:
a number (a varint: seven bits a byte, low ones first, bit 0x80 says that more follow), or a length and so many
bytes (text, raw data, or an inner message). The numbers of the fields below are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IR_VERSION = 8
_OPERATORS_VERSION = 13

_ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int64": 7}  # TensorProto.DataType
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7  # AttributeProto.AttributeType

Size = int | str  # of a dimension; a name stands for one that is only known when the model runs


class Graph:
    """A graph under construction. Nodes are added in the order in which data passes them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._names = 0

    def input(self, name: str, element_type: str, shape: Sequence[Size]) -> str:
        self._inputs.append(_value_info(name, element_type, shape))
        return name

    def output(self, name: str, element_type: str, shape: Sequence[Size]) -> None:
        self._outputs.append(_value_info(name, element_type, shape))

    def constant(self, values: NDArray[Any]) -> str:
        """TensorProto: dims 1, data_type 2, name 8, raw_data 9."""
        name = self._new_name()
        element_type = _ELEMENT_TYPES[values.dtype.name]
        dims = b"".join(_number(1, size) for size in values.shape)
        self._constants.append(dims + _number(2, element_type) + _text(8, name) + _bytes(9, values.tobytes()))
        return name

    def node(self, operator: str, *inputs: str, name: str = "", **attributes: int | Sequence[int]) -> str:
        """Add a node and return the name of its one output. NodeProto: input 1, output 2, op_type 4, attribute 5."""
        output = name or self._new_name()
        fields = [_text(1, value) for value in inputs]
        fields += [_text(2, output), _text(4, operator)]
        fields += [_bytes(5, _attribute(key, value)) for key, value in attributes.items()]
        self._nodes.append(b"".join(fields))
        return output

    def model(self) -> bytes:
        """GraphProto: node 1, name 2, initializer 5, input 11, output 12.
        ModelProto: ir_version 1, graph 7, opset_import 8 (domain 1, version 2)."""
        fields = [_bytes(1, node) for node in self._nodes]
        fields.append(_text(2, self._name))
        fields += [_bytes(5, constant) for constant in self._constants]
        fields += [_bytes(11, value) for value in self._inputs]
        fields += [_bytes(12, value) for value in self._outputs]
        operators = _text(1, "") + _number(2, _OPERATORS_VERSION)
        return _number(1, _IR_VERSION) + _bytes(7, b"".join(fields)) + _bytes(8, operators)

    def _new_name(self) -> str:
        self._names += 1
        return f"v{self._names}"


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    """AttributeProto: name 1, i 3, ints 8, type 20."""
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, _ATTRIBUTE_INTS)


def _value_info(name: str, element_type: str, shape: Sequence[Size]) -> bytes:
    """ValueInfoProto: name 1, type 2 > tensor_type 1 > elem_type 1, shape 2 > dim 1 > dim_value 1 or dim_param 2."""
    dims = b"".join(_bytes(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape)
    tensor = _number(1, _ELEMENT_TYPES[element_type]) + _bytes(2, dims)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    """A field whose value is a number; never negative here."""
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
