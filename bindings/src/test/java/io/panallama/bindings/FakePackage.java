package io.panallama.bindings;

import io.panallama.bindings.LibraryIndex.Kind;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A class path in memory, with sets of libraries whose files are short texts. */
final class FakePackage implements PackagedLibraries.Resources {
  static final Platform LINUX = new Platform(Platform.Os.LINUX, Platform.Arch.X64);

  private final Map<String, byte[]> resources = new HashMap<>();

  @Override
  public @Nullable InputStream open(String path) {
    byte[] bytes = resources.get(path);
    return bytes == null ? null : new ByteArrayInputStream(bytes);
  }

  /** Adds a whole set for the versions that the bindings expect. */
  FakePackage with(Platform platform, Backend backend) {
    return with(platform, backend, AbiCheck.LLAMA_VERSION, AbiCheck.BRIDGE_VERSION);
  }

  FakePackage with(Platform platform, Backend backend, String llamaVersion, int bridgeVersion) {
    String suffix = backend == Backend.CUDA ? ".cuda" : "";
    List<String> lines = new ArrayList<>();
    lines.add("panallama-native 1");
    lines.add("platform " + platform.id());
    lines.add("backend " + backend.name().toLowerCase(Locale.ROOT));
    lines.add("llama " + llamaVersion);
    lines.add("bridge " + bridgeVersion);
    String folder = PackagedLibraries.folder(platform, backend) + "/";
    add(lines, folder, Kind.LOAD, "libggml-base.so");
    add(lines, folder, Kind.LOAD, "libllama" + suffix + ".so");
    add(lines, folder, Kind.LOAD, "libpanallama" + suffix + ".so");
    add(lines, folder, Kind.BACKEND, "libggml-cpu-x64.so");
    add(lines, folder, Kind.TEXT, "LICENSE llama.cpp");
    put(folder + "index.txt", String.join("\n", lines) + "\n");
    return this;
  }

  FakePackage put(String path, String content) {
    resources.put(path, content.getBytes(StandardCharsets.UTF_8));
    return this;
  }

  FakePackage remove(String path) {
    resources.remove(path);
    return this;
  }

  Map<String, byte[]> files() {
    return Map.copyOf(resources);
  }

  /** The content of every file added by {@link #with}. */
  static String content(String name) {
    return "this is " + name;
  }

  private void add(List<String> lines, String folder, Kind kind, String name) {
    byte[] content = content(name).getBytes(StandardCharsets.UTF_8);
    String hash = HexFormat.of().formatHex(PackagedLibraries.sha256().digest(content));
    lines.add("file %s %d %s %s".formatted(hash, content.length, kind.name().toLowerCase(Locale.ROOT), name));
    resources.put(folder + name, content);
  }
}
