/** llama.cpp and its bridge as Java calls, and the loader of their libraries; the only module with restricted calls. */
module io.panallama.bindings {
  requires io.panallama.platform;
  requires static org.jspecify;

  exports io.panallama.bindings to
      io.panallama,
      io.panallama.benchmarks;
  exports io.panallama.bindings.generated to
      io.panallama,
      io.panallama.benchmarks;

  uses io.panallama.platform.NativeResources;
}
