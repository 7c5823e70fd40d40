package io.panallama.models.internal.onnx;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.panallama.models.internal.onnx.OnnxNode.Attribute;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads the graph of an ONNX file ({@code onnx.proto}) field by field. Tensors become views of the file, so the memory
 * that this takes is that of the graph's names, and bounded whatever the file says.
 */
final class OnnxReader {
  /** A BERT of 48 layers has about 5,000. */
  private static final int MOST_NODES = 100_000;

  /** A BERT of 48 layers has about 800. */
  private static final int MOST_TENSORS = 10_000;

  private static final int MOST_VALUES_OF_A_NODE = 256;
  private static final int MOST_DIMENSIONS = 8;
  private static final int LONGEST_NAME = 4096;

  /** Bytes of all names together. */
  private static final int MOST_NAME_BYTES = 16 << 20;

  /** Elements of a tensor: more than the bytes of any ONNX file. */
  private static final long MOST_ELEMENTS = 1L << 31;

  private final ByteBuffer file;
  private final CodedInputStream in;
  private final List<OnnxNode> nodes = new ArrayList<>();
  private final Map<String, OnnxTensor> initializers = new LinkedHashMap<>();
  private final List<String> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private int nameBytes;
  private int graphs;

  private OnnxReader(ByteBuffer file) {
    this.file = file.slice().order(ByteOrder.LITTLE_ENDIAN);
    this.in = CodedInputStream.newInstance(new ByteBufferStream(this.file));
  }

  /**
   * Reads a file.
   *
   * @param file the whole file
   * @throws RefusedSourceException if it is not a sound ONNX file
   */
  static OnnxGraph read(ByteBuffer file) {
    return new OnnxReader(file).read();
  }

  /** Reads the value of a field, or skips it. */
  @FunctionalInterface
  private interface FieldReader {
    void read(int number, int tag) throws IOException;
  }

  private OnnxGraph read() {
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        // ModelProto.graph
        if (WireFormat.getTagFieldNumber(tag) == 7 && isMessage(tag)) {
          graphs++;
          message(this::graphField);
        } else {
          in.skipField(tag);
        }
      }
    } catch (InvalidProtocolBufferException broken) {
      int at = in.getTotalBytesRead();
      throw RefusedSourceException.malformed(
          at < file.limit()
              ? "not an ONNX file, or a damaged one: what is before byte " + at + " is no field of one"
              : "not an ONNX file, or not a complete one: it ends at byte " + at + " in the middle of a field",
          broken);
    } catch (IOException broken) {
      throw RefusedSourceException.malformed(
          "not a complete ONNX file: at byte " + in.getTotalBytesRead() + ": " + broken.getMessage(), broken);
    }
    if (graphs != 1) {
      throw RefusedSourceException.malformed(
          graphs == 0 ? "not an ONNX file: it holds no graph" : "it holds " + graphs + " graphs, expected one");
    }
    return new OnnxGraph(nodes, initializers, inputs, outputs);
  }

  private static boolean isMessage(int tag) {
    return WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
  }

  /** Reads the fields of the message that begins here. The stream does not notice by itself that one ends too early. */
  private void message(FieldReader fields) throws IOException {
    int length = length();
    int end = in.getTotalBytesRead() + length;
    int outer = in.pushLimit(length);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      fields.read(WireFormat.getTagFieldNumber(tag), tag);
    }
    if (in.getTotalBytesRead() != end) {
      throw new IOException("a message ends at byte " + in.getTotalBytesRead() + " instead of " + end);
    }
    in.popLimit(outer);
  }

  /** The length of what comes next, which lies in the file. */
  private int length() throws IOException {
    int length = in.readRawVarint32();
    if (length < 0 || length > file.limit() - in.getTotalBytesRead()) {
      throw new IOException(
          "the file ends at byte "
              + file.limit()
              + ", before what is said to have "
              + Integer.toUnsignedString(length)
              + " bytes");
    }
    return length;
  }

  /** {@code GraphProto}. */
  private void graphField(int number, int tag) throws IOException {
    switch (isMessage(tag) ? number : 0) {
      case 1 -> node();
      case 5 -> {
        OnnxTensor tensor = tensor();
        if (tensor.name().isEmpty() || initializers.put(tensor.name(), tensor) != null) {
          throw RefusedSourceException.malformed(
              tensor.describe() + ": every stored tensor must have a name of its own");
        }
        bounded(initializers.size(), MOST_TENSORS, "stored tensors");
      }
      case 11 -> inputs.add(valueName());
      case 12 -> outputs.add(valueName());
      case 15 -> throw RefusedSourceException.unsupported("it holds a sparse tensor; only dense ones can be imported");
      default -> in.skipField(tag);
    }
    bounded(inputs.size() + outputs.size(), MOST_TENSORS, "inputs and outputs");
  }

  /** {@code ValueInfoProto}. */
  private String valueName() throws IOException {
    String[] name = {""};
    message((number, tag) -> {
      if (number == 1 && isMessage(tag)) {
        name[0] = name();
      } else {
        in.skipField(tag);
      }
    });
    return name[0];
  }

  /** {@code NodeProto}. */
  private void node() throws IOException {
    List<String> taken = new ArrayList<>();
    List<String> given = new ArrayList<>();
    Map<String, Attribute> attributes = new HashMap<>();
    // name, operator, domain
    String[] texts = {"", "", ""};
    message((number, tag) -> {
      switch (isMessage(tag) ? number : 0) {
        case 1 -> taken.add(name());
        case 2 -> given.add(name());
        case 3 -> texts[0] = name();
        case 4 -> texts[1] = name();
        case 5 -> attribute(attributes);
        case 7 -> texts[2] = name();
        default -> in.skipField(tag);
      }
      bounded(taken.size() + given.size() + attributes.size(), MOST_VALUES_OF_A_NODE, "values of an operator");
    });
    nodes.add(new OnnxNode(nodes.size(), texts[0], texts[2], texts[1], taken, given, attributes));
    bounded(nodes.size(), MOST_NODES, "operators");
  }

  /** {@code AttributeProto}. */
  private void attribute(Map<String, Attribute> attributes) throws IOException {
    String[] name = {""};
    Long[] integer = new Long[1];
    OnnxTensor[] value = new OnnxTensor[1];
    List<Long> integers = new ArrayList<>();
    message((number, tag) -> {
      if (number == 1 && isMessage(tag)) {
        name[0] = name();
      } else if (number == 3 && WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
        integer[0] = in.readInt64();
      } else if (number == 5 && isMessage(tag)) {
        value[0] = tensor();
      } else if (number == 8) {
        integers(tag, integers);
      } else {
        in.skipField(tag);
      }
    });
    attributes.put(name[0], new Attribute(Optional.ofNullable(integer[0]), integers, Optional.ofNullable(value[0])));
  }

  /** {@code TensorProto}. */
  private OnnxTensor tensor() throws IOException {
    String[] name = {""};
    int[] type = new int[1];
    boolean[] elsewhere = new boolean[1];
    ByteBuffer[] data = new ByteBuffer[1];
    List<Long> dimensions = new ArrayList<>();
    message((number, tag) -> {
      boolean varint = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT;
      if (number == 1) {
        integers(tag, dimensions);
      } else if (number == 2 && varint) {
        type[0] = in.readInt32();
      } else if (number == 8 && isMessage(tag)) {
        name[0] = name();
      } else if (number == 9 && isMessage(tag)) {
        int length = length();
        data[0] = file.slice(in.getTotalBytesRead(), length).order(ByteOrder.LITTLE_ENDIAN);
        in.skipRawBytes(length);
      } else if (number == 14 && varint) {
        elsewhere[0] = in.readInt32() != 0;
      } else {
        in.skipField(tag);
      }
    });
    OnnxTensor tensor = new OnnxTensor(name[0], type[0], dimensions, Optional.ofNullable(data[0]));
    if (elsewhere[0]) {
      throw RefusedSourceException.unsupported(
          tensor.describe() + " lies in another file (external data); a model in a single file is needed");
    }
    requireBounded(tensor);
    return tensor;
  }

  private static void requireBounded(OnnxTensor tensor) {
    long elements = 1;
    for (long dimension : tensor.dimensions()) {
      if (dimension < 0 || dimension > MOST_ELEMENTS || (elements *= dimension) > MOST_ELEMENTS) {
        throw RefusedSourceException.malformed(
            tensor.describe() + " has the impossible dimensions " + tensor.dimensions());
      }
    }
  }

  /** Repeated integers, one by one or packed. */
  private void integers(int tag, List<Long> target) throws IOException {
    if (WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT) {
      target.add(in.readInt64());
    } else if (isMessage(tag)) {
      int end = length() + in.getTotalBytesRead();
      while (in.getTotalBytesRead() < end) {
        target.add(in.readInt64());
        bounded(target.size(), MOST_DIMENSIONS, "integers of an attribute");
      }
    } else {
      in.skipField(tag);
    }
    bounded(target.size(), MOST_DIMENSIONS, "dimensions or integers in a list");
  }

  private String name() throws IOException {
    int length = length();
    nameBytes += length;
    bounded(length, LONGEST_NAME, "bytes in a name");
    bounded(nameBytes, MOST_NAME_BYTES, "bytes of names");
    return new String(in.readRawBytes(length), StandardCharsets.UTF_8);
  }

  private static void bounded(int count, int most, String what) {
    if (count > most) {
      throw RefusedSourceException.unsupported("it has more than " + most + " " + what + "; no BERT has so many");
    }
  }
}
