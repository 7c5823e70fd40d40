package io.panallama.demo;

import io.panallama.platform.CacheFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A chat model of two million parameters inside this jar, for trying and testing Panallama: small enough for a jar, trained
 * from random weights on generated text.
 *
 * <p>llama.cpp maps files, not jar entries, so {@link #extract} writes the model to the cache folder once. All methods may be
 * called from any thread.
 */
public final class DemoModel {
  /** The model's name, as the server and the command line show it. */
  public static final String NAME = "panallama-demo";

  /** What the model is, in a few words: a noun phrase for the middle of a sentence. */
  public static final String DESCRIPTION = "a demo chat model of two million parameters, trained on generated text";

  /** The number of parameters. */
  public static final long PARAMETERS = 2_312_640;

  /** SHA-256 of the GGUF file; a constant, because hashing two megabytes in a cold JVM takes longer than everything else. */
  static final String SHA256 = "29e9d80f3fbd5f6f189510d8d030be0de1211c02439b2198a4954f77c05df2c6";

  /** Length of the GGUF file in bytes. */
  static final long SIZE = 2_530_048;

  static final String RESOURCE = "panallama-demo-q8_0.gguf";

  private DemoModel() {}

  /** {@return one sentence for the user: what this model is, and how to load a real one} */
  public static String notice() {
    return NAME + " is " + DESCRIPTION + ": fast, and often wrong. --model FILE loads a real one (any GGUF file).";
  }

  /**
   * Returns the path of the model's file. The first call writes the file to the cache folder, later calls find it there; a
   * file of the wrong size is replaced. Any number of threads and processes may call this at once.
   *
   * @return the GGUF file
   * @throws UncheckedIOException if the file cannot be written to the cache folder
   */
  public static Path extract() {
    return extract(CacheFolder.root());
  }

  /** As {@link #extract()}, into {@code models/} below {@code cacheRoot}. */
  static Path extract(Path cacheRoot) {
    Path folder = cacheRoot.resolve("models");
    Path target = folder.resolve("panallama-demo-q8_0-" + SHA256.substring(0, 16) + ".gguf");
    try {
      if (!isComplete(target)) {
        Files.createDirectories(folder);
        write(folder, target);
      }
      return target;
    } catch (IOException failure) {
      throw new UncheckedIOException(
          "The demo model cannot be written to "
              + folder
              + " ("
              + failure
              + "); -Dpanallama.cache.dir or PANALLAMA_CACHE_DIR names another folder.",
          failure);
    }
  }

  private static boolean isComplete(Path file) throws IOException {
    return Files.isRegularFile(file) && Files.size(file) == SIZE;
  }

  /** Writes a temporary file and renames it, so that no other process ever sees an incomplete file. */
  private static void write(Path folder, Path target) throws IOException {
    Path temporary = Files.createTempFile(folder, "panallama-demo-", ".part");
    try {
      copyChecked(temporary);
      try {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (AtomicMoveNotSupportedException unsupported) {
        Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException inUse) {
        // Windows refuses to replace a file that another process has mapped; that file is then complete.
        if (!isComplete(target)) {
          throw inUse;
        }
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void copyChecked(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = DemoModel.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IOException("the jar lacks " + RESOURCE);
      }
      try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), digest)) {
        in.transferTo(out);
      }
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!found.equals(SHA256)) {
      throw new IOException("the jar's " + RESOURCE + " has SHA-256 " + found + ", not " + SHA256);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("Every Java platform has SHA-256.", impossible);
    }
  }
}
