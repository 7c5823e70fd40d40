/**
 * The native libraries of the platform that this jar was built for: llama.cpp, ggml and the bridge, as resources below
 * {@code META-INF/native}. The bindings find them through the service.
 */
module io.panallama.natives {
  requires io.panallama.platform;

  provides io.panallama.platform.NativeResources with
      io.panallama.natives.NativeJar;
}
