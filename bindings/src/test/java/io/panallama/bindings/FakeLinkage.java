package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.lang.foreign.GroupLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An operating system on which everything works, unless a test sets a field, and which writes down what it did. */
final class FakeLinkage implements Linkage {
  final List<String> events = new ArrayList<>();
  final Set<String> installed = new HashSet<>();
  final Set<String> missingFunctions = new HashSet<>();
  Optional<String> trialProblem = Optional.empty();
  Optional<String> cudaObstacle = Optional.empty();
  String unloadable = "";
  int bridgeVersion = AbiCheck.BRIDGE_VERSION;
  String bridgeLlamaVersion = AbiCheck.LLAMA_VERSION;
  String llamaVersion = AbiCheck.LLAMA_VERSION + "-dev";
  List<StructLayouts.Row> layouts = matchingLayouts();

  /** The table of a bridge that agrees with the bindings. */
  static List<StructLayouts.Row> matchingLayouts() {
    List<StructLayouts.Row> rows = new ArrayList<>();
    for (GroupLayout layout : StructLayouts.generated().values()) {
      rows.addAll(StructLayouts.fields(layout).values());
    }
    return rows;
  }

  FakeLinkage withCudaInstalled() {
    installed.addAll(Platform.Os.LINUX.cudaLibraries());
    return this;
  }

  @Override
  public boolean opens(String libraryName) {
    return installed.contains(libraryName);
  }

  @Override
  public Optional<String> trial(Path file) {
    events.add("trial " + file.getFileName());
    return trialProblem;
  }

  @Override
  public void load(Path file) {
    if (file.getFileName().toString().equals(unloadable)) {
      throw new NativeLoadException(Reason.LOAD_FAILED, file + " cannot be loaded");
    }
    events.add("load " + file.getFileName());
  }

  @Override
  public boolean resolves(String function) {
    return !missingFunctions.contains(function);
  }

  @Override
  public int bridgeVersion() {
    return bridgeVersion;
  }

  @Override
  public String bridgeLlamaVersion() {
    return bridgeLlamaVersion;
  }

  @Override
  public String llamaVersion() {
    return llamaVersion;
  }

  @Override
  public List<StructLayouts.Row> layouts() {
    return layouts;
  }

  @Override
  public void start(Path folder) {
    events.add("start");
  }

  @Override
  public Optional<String> cudaObstacle() {
    return cudaObstacle;
  }
}
