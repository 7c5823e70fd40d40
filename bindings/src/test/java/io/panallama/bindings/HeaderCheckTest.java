package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.bindings.generated.panallama_layout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** That the check against the headers finds what it is there for. {@link NativeLibrariesTest} applies it. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the options are those of gcc and clang")
class HeaderCheckTest {
  private static final FunctionDescriptor MODEL_TO_INT =
      FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS);

  @TempDir private Path folder;

  @Test
  void acceptsWhatTheHeadersSay() throws Exception {
    HeaderCheck check =
        new HeaderCheck()
            .function("llama_model_n_embd", MODEL_TO_INT)
            .constant("GGML_MAX_DIMS", 4)
            .struct(panallama_layout.layout());

    assertThat(check.errors(folder)).isEmpty();
  }

  @Test
  void findsAnotherResultAnotherParameterAndAnotherNumberOfThem() throws Exception {
    assertDiffers(
        new HeaderCheck()
            .function("llama_model_n_embd", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS)),
        "llama_model_n_embd");
    assertDiffers(
        new HeaderCheck()
            .function("llama_model_n_embd", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)),
        "llama_model_n_embd");
    assertDiffers(
        new HeaderCheck().function("llama_model_n_embd", FunctionDescriptor.of(ValueLayout.JAVA_INT)),
        "llama_model_n_embd");
  }

  @Test
  void findsAFunctionThatIsGone() throws Exception {
    assertThat(new HeaderCheck().function("llama_model_n_wings", MODEL_TO_INT).errors(folder))
        .contains("llama_model_n_wings");
  }

  @Test
  void findsAnotherConstant() throws Exception {
    assertDiffers(new HeaderCheck().constant("GGML_MAX_DIMS", 5), "GGML_MAX_DIMS");
  }

  @Test
  void findsAFieldOfAnotherTypeAndAFieldThatIsMissing() throws Exception {
    MemoryLayout name = ValueLayout.ADDRESS.withName("struct_name");
    MemoryLayout field = ValueLayout.ADDRESS.withName("field_name");
    MemoryLayout offset = ValueLayout.JAVA_LONG.withName("offset");
    GroupLayout otherType = MemoryLayout.structLayout(name, field, offset, ValueLayout.JAVA_DOUBLE.withName("size"));
    GroupLayout padded = MemoryLayout.structLayout(name, field, offset, MemoryLayout.paddingLayout(8));

    assertDiffers(new HeaderCheck().struct(otherType.withName("panallama_layout")), "panallama_layout.size");
    assertThat(new HeaderCheck().struct(padded.withName("panallama_layout")).errors(folder))
        .contains("panallama_layout_members");
  }

  private void assertDiffers(HeaderCheck check, String name) throws Exception {
    assertThat(check.errors(folder)).contains(name + " differs");
  }
}
