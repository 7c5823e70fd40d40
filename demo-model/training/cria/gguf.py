"""Writes and reads GGUF files, as far as the demo model needs them (ggml/docs/gguf.md in llama.cpp's sources)."""

import struct

import numpy as np

_MAGIC, _VERSION, _ALIGNMENT = b"GGUF", 3, 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9

# Tensor types and the file type that llama.cpp shows for them: (tensor type, general.file_type)
F32, F16, Q8_0 = (0, 0), (1, 1), (8, 7)
TYPES = {"f32": F32, "f16": F16, "q8_0": Q8_0}

# Kinds of tokens.
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4


class UInt(int):
    """An integer that is written as uint32; a plain int is an int32."""


def _string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _scalar(value):
    if isinstance(value, bool):
        return _BOOL, struct.pack("<?", value)
    if isinstance(value, UInt):
        return _UINT32, struct.pack("<I", value)
    if isinstance(value, int):
        return _INT32, struct.pack("<i", value)
    if isinstance(value, float):
        return _FLOAT32, struct.pack("<f", value)
    return _STRING, _string(value)


def _value(value):
    """A value with its type before it."""
    if not isinstance(value, list):
        kind, data = _scalar(value)
        return struct.pack("<I", kind) + data
    kinds = {_scalar(item)[0] for item in value}
    if len(kinds) != 1:
        raise ValueError(f"an array needs values of one type, not {kinds}")
    return struct.pack("<IIQ", _ARRAY, kinds.pop(), len(value)) + b"".join(_scalar(item)[1] for item in value)


def quantized_q8_0(x):
    """Blocks of 32 values: an f16 scale, then 32 bytes. Rounds as ggml does: half away from zero."""
    blocks = x.reshape(-1, 32).astype(np.float32)
    scales = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales != 0)
    scaled = blocks * inverse
    rounded = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int8)
    return np.concatenate([scales.astype(np.float16).view(np.uint8), rounded.view(np.uint8)], axis=1).tobytes()


def dequantized_q8_0(data):
    blocks = np.frombuffer(data, np.uint8).reshape(-1, 34)
    scales = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    return (blocks[:, 2:].copy().view(np.int8) * scales).reshape(-1)


def _tensor_data(array, kind):
    if kind == F32:
        return array.astype(np.float32).tobytes()
    return array.astype(np.float16).tobytes() if kind == F16 else quantized_q8_0(array)


def _array_of(data, kind):
    if kind == F32[0]:
        return np.frombuffer(data, np.float32)
    return np.frombuffer(data, np.float16).astype(np.float32) if kind == F16[0] else dequantized_q8_0(data)


def _padding(length):
    return b"\0" * (-length % _ALIGNMENT)


def write(path, metadata, tensors, kind):
    """
    Writes a file: metadata by key, tensors as (name, array) with row-major arrays. Vectors stay f32, as llama.cpp wants them.
    """
    described, blobs, offset = [], [], 0
    for name, array in tensors:
        tensor_kind = F32 if array.ndim == 1 else kind
        data = _tensor_data(np.ascontiguousarray(array), tensor_kind)
        shape = array.shape[::-1]  # GGUF names the fastest dimension first
        described.append(_string(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, tensor_kind[0], offset))
        blobs.append(data + _padding(len(data)))
        offset += len(blobs[-1])
    head = _MAGIC + struct.pack("<IQQ", _VERSION, len(described), len(metadata))
    head += b"".join(_string(key) + _value(value) for key, value in metadata.items()) + b"".join(described)
    with open(path, "wb") as file:
        file.write(head + _padding(len(head)))
        for blob in blobs:
            file.write(blob)


class _Reader:
    """Takes values from the beginning of a file on."""

    _FORMATS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}

    def __init__(self, data):
        self._data, self.at = data, 0

    def take(self, form):
        (value,) = struct.unpack_from(form, self._data, self.at)
        self.at += struct.calcsize(form)
        return value

    def string(self):
        length = self.take("<Q")
        self.at += length
        return self._data[self.at - length : self.at].decode()

    def value(self, kind=None):
        kind = self.take("<I") if kind is None else kind
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            inner = self.take("<I")
            return [self.value(inner) for _ in range(self.take("<Q"))]
        return self.take(self._FORMATS[kind])


def read(path):
    """(metadata, tensors by name, as f32 arrays)"""
    with open(path, "rb") as file:
        data = file.read()
    reader = _Reader(data)
    if data[:4] != _MAGIC:
        raise ValueError(f"{path} is no GGUF file")
    reader.at = 8
    tensor_count, value_count = reader.take("<Q"), reader.take("<Q")
    metadata = {reader.string(): reader.value() for _ in range(value_count)}
    described = []
    for _ in range(tensor_count):
        name = reader.string()
        shape = [reader.take("<Q") for _ in range(reader.take("<I"))][::-1]
        described.append((name, shape, reader.take("<I"), reader.take("<Q")))
    start = reader.at + len(_padding(reader.at))
    sizes = {F32[0]: (4, 1), F16[0]: (2, 1), Q8_0[0]: (34, 32)}  # bytes per block, values per block
    tensors = {}
    for name, shape, kind, offset in described:
        if kind not in sizes:
            raise ValueError(f"{path}: {name} is of type {kind}; only F32, F16 and Q8_0 are read")
        block, values = sizes[kind]
        length = int(np.prod(shape)) // values * block
        tensors[name] = _array_of(data[start + offset : start + offset + length], kind).reshape(shape)
    return metadata, tensors
