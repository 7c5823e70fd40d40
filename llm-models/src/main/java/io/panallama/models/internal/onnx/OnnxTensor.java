package io.panallama.models.internal.onnx;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A tensor of an ONNX file ({@code TensorProto}).
 *
 * @param name its name; empty for the value of an operator {@code Constant}
 * @param type its {@code TensorProto.DataType}
 * @param dimensions number of elements per dimension, the slowest-changing one first; empty for a scalar
 * @param data its {@code raw_data}, little endian, as a view of the file; empty if the file stores the elements otherwise
 */
record OnnxTensor(String name, int type, List<Long> dimensions, Optional<ByteBuffer> data) {
  /** {@code TensorProto.FLOAT}. */
  static final int FLOAT = 1;

  /** {@code TensorProto.INT64}. */
  static final int INT64 = 7;

  /** The names of {@code TensorProto.DataType}, by number. */
  private static final List<String> TYPES =
      List.of(
          "UNDEFINED",
          "FLOAT",
          "UINT8",
          "INT8",
          "UINT16",
          "INT16",
          "INT32",
          "INT64",
          "STRING",
          "BOOL",
          "FLOAT16",
          "DOUBLE",
          "UINT32",
          "UINT64",
          "COMPLEX64",
          "COMPLEX128",
          "BFLOAT16");

  OnnxTensor {
    dimensions = List.copyOf(dimensions);
  }

  /** The elements of a tensor of floats. */
  ByteBuffer floats() {
    return elements(FLOAT, Float.BYTES);
  }

  /** The elements of a tensor of 64-bit integers. */
  ByteBuffer longs() {
    return elements(INT64, Long.BYTES);
  }

  private ByteBuffer elements(int wanted, int bytes) {
    if (type != wanted) {
      throw RefusedSourceException.unsupported(
          describe() + " has elements of type " + typeName(type) + ", expected " + typeName(wanted));
    }
    ByteBuffer raw =
        data.orElseThrow(() ->
            RefusedSourceException.unsupported(
                describe() + " does not keep its elements in raw_data, the only place that is read"));
    if (raw.remaining() != count() * bytes) {
      throw RefusedSourceException.malformed(
          describe() + " has " + raw.remaining() + " bytes for " + count() + " elements of " + bytes);
    }
    return raw;
  }

  /** The number of elements; bounded, because {@link OnnxReader} checks the dimensions. */
  long count() {
    return dimensions.stream().reduce(1L, (a, b) -> a * b);
  }

  String describe() {
    return "the tensor \"" + name + "\"";
  }

  private static String typeName(int type) {
    return type >= 0 && type < TYPES.size() ? TYPES.get(type) : "number " + type;
  }
}
