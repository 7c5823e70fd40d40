/** The native libraries with CUDA, as resources below {@code META-INF/native}. */
module io.panallama.natives.cuda {
  requires io.panallama.platform;

  provides io.panallama.platform.NativeResources with
      io.panallama.natives.cuda.CudaJar;
}
