package io.panallama.typed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.ScriptedGenerator;
import io.panallama.error.UnsupportedTypeException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.request.ChatRequest;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.invoke.MethodHandles;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records of a named module, of which one package is exported, one open and one neither. */
class ModuleAccessTest {
  @TempDir private static Path folder;

  private static ClassLoader module;

  @BeforeAll
  static void compileAndLoad() throws IOException {
    write("module-info.java", "module shop { exports shop.api; opens shop.open; }");
    write(
        "shop/api/Access.java",
        "package shop.api; public class Access { public static java.lang.invoke.MethodHandles.Lookup lookup() {"
            + " return java.lang.invoke.MethodHandles.lookup(); } }");
    for (String place : List.of("api", "open", "closed")) {
      write(
          "shop/" + place + "/Item.java", "package shop." + place + "; public record Item(String name, int count) {}");
      write("shop/" + place + "/Hidden.java", "package shop." + place + "; record Hidden(String name, int count) {}");
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, null, null);
        var sources = Files.walk(folder.resolve("src"))) {
      List<Path> all = sources.filter(Files::isRegularFile).toList();
      List<String> options = List.of("-d", folder.resolve("classes").toString());
      boolean compiled =
          compiler.getTask(messages, files, null, options, null, files.getJavaFileObjectsFromPaths(all)).call();
      assertThat(compiled).as(messages.toString()).isTrue();
    }
    Configuration configuration =
        ModuleLayer.boot()
            .configuration()
            .resolve(ModuleFinder.of(folder.resolve("classes")), ModuleFinder.of(), Set.of("shop"));
    module =
        ModuleLayer.boot()
            .defineModulesWithOneLoader(configuration, ClassLoader.getSystemClassLoader())
            .findLoader("shop");
  }

  private static void write(String file, String source) throws IOException {
    Path path = folder.resolve("src").resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, source);
  }

  private static Class<?> type(String name) throws ClassNotFoundException {
    return module.loadClass("shop." + name);
  }

  private static Object read(AnswerType<?> type) {
    Completion answer =
        new ScriptedGenerator()
            .answer(FinishReason.STOP, "{\"name\": \"pen\", \"count\": 2}")
            .generate(ChatRequest.of("?"))
            .await();
    return type.read(answer);
  }

  @Test
  void theModuleIsNamed() throws Exception {
    assertThat(type("api.Item").getModule().getName()).isEqualTo("shop");
  }

  @Test
  void aPublicRecordOfAnExportedPackageIsMade() throws Exception {
    assertThat(read(AnswerType.of(type("api.Item")))).hasToString("Item[name=pen, count=2]");
  }

  @Test
  void anOpenPackageWillDo() throws Exception {
    assertThat(read(AnswerType.of(type("open.Item")))).hasToString("Item[name=pen, count=2]");
    assertThat(read(AnswerType.of(type("open.Hidden")))).hasToString("Hidden[name=pen, count=2]");
  }

  @Test
  void whatIsNeitherIsRefusedWithAdvice() throws Exception {
    for (String name : List.of("closed.Item", "closed.Hidden", "api.Hidden")) {
      Class<?> type = type(name);
      assertThatThrownBy(() -> AnswerType.of(type))
          .isInstanceOf(UnsupportedTypeException.class)
          .hasMessageContaining("shop." + name + " of module shop")
          .hasMessageContaining("pass MethodHandles.lookup()");
    }
  }

  @Test
  void aLookupOfTheModuleReachesAll() throws Exception {
    MethodHandles.Lookup lookup = (MethodHandles.Lookup) type("api.Access").getMethod("lookup").invoke(null);
    for (String name : List.of("closed.Item", "closed.Hidden", "api.Hidden", "api.Item")) {
      assertThat(read(AnswerType.of(type(name), lookup)).toString()).endsWith("[name=pen, count=2]");
    }
  }
}
