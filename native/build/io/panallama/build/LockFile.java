package io.panallama.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * {@code natives.lock}: the npm packages that the natives come from, by version and SHA-512.
 *
 * @param llamaVersion version of llama.cpp inside all the packages
 * @param source package of llama.cpp's source
 * @param binaries packages of compiled libraries
 */
record LockFile(String llamaVersion, Package source, List<Binary> binaries) {
  private static final int SHA_512_BYTES = 64;

  /**
   * A pinned npm package.
   *
   * @param sha512 of the tarball, in base64; empty if it was not published when the file was written
   */
  record Package(String name, String version, Optional<String> sha512) {
    String id() {
      return name + "@" + version;
    }

    /** A file name part that is unique per content. Base64 has characters that a file name may not have. */
    String key() {
      byte[] hash = Base64.getDecoder().decode(sha512.orElseThrow());
      return name.replaceFirst("^@", "").replace('/', '-') + "-" + version + "-" + Hashes.hex(hash).substring(0, 16);
    }
  }

  /** Compiled libraries for one platform, such as {@code linux-x64}, and backend, such as {@code cuda}. */
  record Binary(String platform, String backend, Package pack) {}

  static LockFile read(Path file) throws IOException {
    return parse(file.getFileName().toString(), Files.readAllLines(file));
  }

  static LockFile parse(String fileName, List<String> lines) {
    String llamaVersion = null;
    Package source = null;
    List<Binary> binaries = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] words = line.split("\\s+");
      String form = words[0] + " " + words.length;
      switch (form) {
        case "llama 2" -> llamaVersion = words[1];
        case "source 4" -> source = pack(fileName, i, words, 1);
        case "binary 6" -> binaries.add(new Binary(words[1], words[2], pack(fileName, i, words, 3)));
        default -> throw at(fileName, i, "is none of the lines that its head describes: " + line);
      }
    }
    if (llamaVersion == null || source == null || binaries.isEmpty()) {
      throw new BuildFailure(fileName + " needs a 'llama', a 'source' and at least one 'binary' line");
    }
    return new LockFile(llamaVersion, source, List.copyOf(binaries));
  }

  /** The package for a platform; {@code backend} empty means the default one, which the file lists first. */
  Binary binary(String platform, Optional<String> backend) {
    return binaries.stream()
        .filter(b -> b.platform().equals(platform) && backend.map(b.backend()::equals).orElse(true))
        .findFirst()
        .orElseThrow(() ->
            new BuildFailure(
                "there is no package of llama.cpp for "
                    + platform
                    + backend.map(b -> " with " + b).orElse("")
                    + "; natives.lock has: "
                    + String.join(", ", binaries.stream().map(b -> b.platform() + " " + b.backend()).toList())));
  }

  private static Package pack(String fileName, int line, String[] words, int start) {
    String hash = words[start + 2];
    if (hash.equals("-")) {
      return new Package(words[start], words[start + 1], Optional.empty());
    }
    try {
      if (Base64.getDecoder().decode(hash).length != SHA_512_BYTES) {
        throw at(fileName, line, "has a hash that is not a SHA-512: " + hash);
      }
    } catch (IllegalArgumentException e) {
      throw at(fileName, line, "has a hash that is not base64: " + hash);
    }
    return new Package(words[start], words[start + 1], Optional.of(hash));
  }

  private static BuildFailure at(String fileName, int line, String what) {
    return new BuildFailure(fileName + " line " + (line + 1) + " " + what);
  }
}
