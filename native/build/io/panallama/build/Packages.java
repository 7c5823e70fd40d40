package io.panallama.build;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Fetches, checks and unpacks the npm packages of the lock file. */
final class Packages {
  private final Cache cache;
  private final Tools tools;

  Packages(Cache cache, Tools tools) {
    this.cache = cache;
    this.tools = tools;
  }

  /** The folder with the files of a package, which is fetched, checked and unpacked first if it is not there. */
  Path unpacked(LockFile.Package pack) throws IOException, InterruptedException {
    if (pack.sha512().isEmpty()) {
      throw new BuildFailure(
          "natives.lock has no SHA-512 for "
              + pack.id()
              + ", which was not published when it was written. If `npm view "
              + pack.id()
              + " dist.integrity` prints one, put it there.");
    }
    return cache
        .entry(
            "packages",
            pack.key(),
            entry -> {
              Path tarball = tarball(pack);
              System.out.println("native: unpacking " + pack.id());
              Files.createDirectories(entry);
              tools.run("unpacking " + pack.id(), entry, List.of("tar", "-xzf", tarball.toString()));
            })
        .resolve("package");
  }

  /** The source tree of llama.cpp, cloned from the git bundle in its package. */
  Path source(LockFile.Package pack) throws IOException, InterruptedException {
    return cache.entry(
        "source",
        pack.key(),
        entry -> {
          Path bundle = unpacked(pack).resolve("llama").resolve("gitRelease.bundle");
          System.out.println("native: unpacking the source of llama.cpp");
          tools.run(
              "cloning " + bundle,
              entry.getParent(),
              List.of("git", "-c", "core.autocrlf=false", "clone", "--quiet", bundle.toString(), entry.toString()));
          FileTree.delete(entry.resolve(".git"));
        });
  }

  private Path tarball(LockFile.Package pack) throws IOException, InterruptedException {
    Path tarball =
        cache.entry(
            "tarballs",
            pack.key() + ".tgz",
            entry -> {
              System.out.println("native: fetching " + pack.id());
              Path folder = cache.scratch("npm");
              // Not --silent, which suppresses npm's reason for a failure as well.
              List<String> command = List.of("npm", "pack", "--loglevel=error", "--ignore-scripts", pack.id());
              tools.run("fetching " + pack.id(), folder, command);
              List<Path> files = FileTree.files(folder, name -> name.endsWith(".tgz"));
              if (files.size() != 1) {
                throw new BuildFailure("`npm pack " + pack.id() + "` left " + files.size() + " tarballs, not one");
              }
              check(pack, files.getFirst());
              Files.move(files.getFirst(), entry);
            });
    check(pack, tarball);
    return tarball;
  }

  /** Refuses and removes a file with another hash, so that the next build fetches it again. */
  static void check(LockFile.Package pack, Path tarball) throws IOException {
    String expected = pack.sha512().orElseThrow();
    String actual = Hashes.sha512Base64(tarball);
    if (!actual.equals(expected)) {
      Files.delete(tarball);
      throw new BuildFailure(
          "the tarball of "
              + pack.id()
              + " is not the pinned one and was removed\n  SHA-512 in natives.lock: "
              + expected
              + "\n  SHA-512 of the file:     "
              + actual);
    }
  }
}
