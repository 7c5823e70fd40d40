package io.panallama.bindings;

import io.panallama.bindings.generated.ggml_backend_dev_caps;
import io.panallama.bindings.generated.ggml_backend_dev_props;
import io.panallama.bindings.generated.ggml_threadpool_params;
import io.panallama.bindings.generated.gguf_init_params;
import io.panallama.bindings.generated.llama_batch;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.bindings.generated.llama_logit_bias;
import io.panallama.bindings.generated.llama_model_imatrix_data;
import io.panallama.bindings.generated.llama_model_kv_override;
import io.panallama.bindings.generated.llama_model_params;
import io.panallama.bindings.generated.llama_model_quantize_params;
import io.panallama.bindings.generated.llama_model_tensor_buft_override;
import io.panallama.bindings.generated.llama_model_tensor_override;
import io.panallama.bindings.generated.llama_sampler_seq_config;
import io.panallama.bindings.generated.panallama_candidates;
import io.panallama.bindings.generated.panallama_device_memory;
import io.panallama.bindings.generated.panallama_layout;
import io.panallama.bindings.generated.panallama_quantize_report;
import io.panallama.bindings.generated.panallama_sample;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.StructLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The layouts of the structs in the bindings, and their comparison with those of the C compiler. */
final class StructLayouts {
  private StructLayouts() {}

  /**
   * A row of the bridge's table of layouts.
   *
   * @param struct the struct's name
   * @param field the field's name, or empty for the whole struct
   * @param offset in bytes
   * @param size in bytes
   */
  record Row(String struct, String field, long offset, long size) {}

  /** Every generated struct by its C name. */
  static Map<String, GroupLayout> generated() {
    return List.of(
            ggml_backend_dev_caps.layout(),
            ggml_backend_dev_props.layout(),
            ggml_threadpool_params.layout(),
            gguf_init_params.layout(),
            llama_batch.layout(),
            llama_context_params.layout(),
            llama_logit_bias.layout(),
            llama_model_imatrix_data.layout(),
            llama_model_kv_override.layout(),
            llama_model_params.layout(),
            llama_model_quantize_params.layout(),
            llama_model_tensor_buft_override.layout(),
            llama_model_tensor_override.layout(),
            llama_sampler_seq_config.layout(),
            panallama_candidates.layout(),
            panallama_device_memory.layout(),
            panallama_layout.layout(),
            panallama_quantize_report.layout(),
            panallama_sample.layout())
        .stream()
        .collect(Collectors.toMap(layout -> layout.name().orElseThrow(), Function.identity()));
  }

  /**
   * Describes the first difference between the layouts and the table; empty when there is none. A field of a listed struct
   * that has no row is a difference too: otherwise a field added in C would go unnoticed where padding hides it.
   */
  static Optional<String> difference(List<Row> table, Map<String, GroupLayout> layouts) {
    Map<String, Map<String, Row>> structs = new LinkedHashMap<>();
    for (Row row : table) {
      structs.computeIfAbsent(row.struct(), _ -> new LinkedHashMap<>()).put(row.field(), row);
    }
    if (structs.isEmpty()) {
      return Optional.of("the libraries' table of layouts is empty");
    }
    for (Map.Entry<String, Map<String, Row>> struct : structs.entrySet()) {
      GroupLayout layout = layouts.get(struct.getKey());
      if (layout == null) {
        return Optional.of("struct %s is not known to the bindings".formatted(struct.getKey()));
      }
      Map<String, Row> fields = fields(layout);
      for (Row row : struct.getValue().values()) {
        Row expected = fields.get(row.field());
        if (expected == null || row.offset() != expected.offset() || row.size() != expected.size()) {
          return Optional.of(describe(row) + " in the libraries, " + describe(row, expected) + " in the bindings");
        }
      }
      for (Row expected : fields.values()) {
        if (!struct.getValue().containsKey(expected.field())) {
          return Optional.of("%s is not in the libraries' table of layouts".formatted(name(expected)));
        }
      }
    }
    return Optional.empty();
  }

  /** The rows that a layout should have in the table: the struct and its fields, including those of unnamed unions. */
  static Map<String, Row> fields(GroupLayout layout) {
    String struct = layout.name().orElseThrow();
    Map<String, Row> rows = new LinkedHashMap<>();
    rows.put("", new Row(struct, "", 0, layout.byteSize()));
    addFields(rows, struct, layout, 0);
    return rows;
  }

  private static void addFields(Map<String, Row> rows, String struct, GroupLayout group, long start) {
    long offset = start;
    for (MemoryLayout member : group.memberLayouts()) {
      String name = member.name().orElse("");
      if (member instanceof GroupLayout inner && name.startsWith("$anon$")) {
        addFields(rows, struct, inner, offset);
      } else if (!(member instanceof PaddingLayout)) {
        rows.put(name, new Row(struct, name, offset, member.byteSize()));
      }
      if (group instanceof StructLayout) {
        offset += member.byteSize();
      }
    }
  }

  private static String name(Row row) {
    return row.field().isEmpty() ? "struct " + row.struct() : row.struct() + "." + row.field();
  }

  private static String describe(Row row) {
    return row.field().isEmpty()
        ? "%s has %d bytes".formatted(name(row), row.size())
        : "%s has offset %d and %d bytes".formatted(name(row), row.offset(), row.size());
  }

  private static String describe(Row row, @Nullable Row expected) {
    if (expected == null) {
      return "no such field";
    }
    return row.field().isEmpty()
        ? "%d bytes".formatted(expected.size())
        : "offset %d and %d bytes".formatted(expected.offset(), expected.size());
  }
}
