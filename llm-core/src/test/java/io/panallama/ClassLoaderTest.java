package io.panallama;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.File;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An application that is undeployed takes Panallama's class loader with it. */
@Timeout(180)
class ClassLoaderTest {
  @TempDir private Path folder;

  @Test
  void nothingKeepsTheClassLoaderOnceAllIsClosed() throws Exception {
    Path model = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults());
    // Jackson keeps its buffers in soft references, which a full collection clears only when told to.
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:SoftRefLRUPolicyMSPerMB=0",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Host.class.getName(),
                model.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(child.getInputStream().readAllBytes(), UTF_8);
    assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output).contains("answers: ").contains("unloaded").doesNotContain("pinned");
    assertThat(child.exitValue()).as(output).isZero();
  }

  /** The application server. */
  static final class Host {
    private Host() {}

    public static void main(String[] args) throws Exception {
      WeakReference<ClassLoader> loader = deployed(args[0]);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (loader.get() != null && System.nanoTime() < deadline) {
        System.gc();
        Thread.sleep(50);
      }
      if (loader.get() != null && args.length > 1) {
        java.lang.management.ManagementFactory.getPlatformMXBean(com.sun.management.HotSpotDiagnosticMXBean.class)
            .dumpHeap(args[1], true);
      }
      System.out.println(loader.get() == null ? "unloaded" : "pinned");
    }

    private static WeakReference<ClassLoader> deployed(String model) throws Exception {
      List<URL> urls = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      try (URLClassLoader loader =
          new URLClassLoader("application", urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader())) {
        Class<?> type = Class.forName(Application.class.getName(), true, loader);
        @SuppressWarnings("unchecked")
        Function<String, String> application = (Function<String, String>) type.getConstructor().newInstance();
        System.out.println("answers: " + application.apply(model));
        return new WeakReference<>(loader);
      }
    }
  }

  /** What is deployed: it answers two requests and closes everything. */
  public static final class Application implements Function<String, String> {
    @Override
    public String apply(String file) {
      try (Model model = Model.load(Path.of(file));
          Engine engine = Engine.start(model, TestEngines.config())) {
        GenerationOptions few = GenerationOptions.builder().maxTokens(5).build();
        engine.generate(CompletionRequest.of("Once").with(few)).await();
        return engine.generate(CompletionRequest.of("Once more").with(few)).await().text().length() + " characters";
      }
    }
  }
}
