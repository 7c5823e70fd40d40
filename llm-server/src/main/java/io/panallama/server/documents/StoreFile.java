package io.panallama.server.documents;

import io.panallama.search.ingest.ChunkConfig;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file of a vector store. Immutable; it says how the file was when it was asked for.
 *
 * @param storeId the vector store's id
 * @param fileId the file's id
 * @param created microseconds since 1970 when it was added; no two files of a store have the same
 * @param addition what was asked for when it was added
 * @param state how far it is
 * @param failure why it is {@link FileState#FAILED}; null otherwise
 * @param usageBytes what its passages and their vectors take, once it is {@link FileState#COMPLETED}
 * @param batchId the batch with which it was added; null if it was added alone
 */
public record StoreFile(
    String storeId,
    String fileId,
    long created,
    Addition addition,
    FileState state,
    @Nullable FileError failure,
    long usageBytes,
    @Nullable String batchId) {
  /** The most attributes of a file. */
  public static final int MAX_ATTRIBUTES = 16;

  /** The most characters of an attribute's name. */
  public static final int MAX_NAME = 64;

  /** The most characters of an attribute's text. */
  public static final int MAX_TEXT = 512;

  /**
   * A file that is to be added to a vector store.
   *
   * @param fileId the file's id
   * @param attributes names with texts, numbers and booleans, which filters compare
   * @param chunks how its text is divided
   */
  public record Addition(String fileId, Map<String, Object> attributes, ChunkConfig chunks) {
    /**
     * Validates the attributes.
     *
     * @throws LibraryException with {@link LibraryException.Reason#INVALID} if there are too many, one is too long, or one is of
     *     another type
     */
    public Addition {
      attributes = Map.copyOf(attributes);
      if (attributes.size() > MAX_ATTRIBUTES) {
        throw LibraryException.invalid(
            "attributes",
            "attributes has " + attributes.size() + " values; at most " + MAX_ATTRIBUTES + " are allowed.");
      }
      attributes.forEach((name, value) -> {
        if (name.isBlank() || name.length() > MAX_NAME) {
          throw LibraryException.invalid(
              "attributes",
              "A name in attributes has "
                  + name.length()
                  + " characters; it must have 1 to "
                  + MAX_NAME
                  + " and not be blank.");
        }
        String path = "attributes." + name;
        if (value instanceof String text) {
          checkText(path, text);
        } else if (!(value instanceof Number number && Double.isFinite(number.doubleValue()))
            && !(value instanceof Boolean)) {
          throw LibraryException.invalid(path, path + " must be a text, a finite number or a boolean.");
        }
      });
    }
  }

  static void checkText(String path, String text) {
    if (text.length() > MAX_TEXT) {
      throw LibraryException.invalid(
          path, path + " has " + text.length() + " characters; at most " + MAX_TEXT + " are allowed.");
    }
  }

  /** Why it is {@link FileState#FAILED}. */
  public Optional<FileError> error() {
    return Optional.ofNullable(failure);
  }

  /** The batch with which it was added. */
  public Optional<String> batch() {
    return Optional.ofNullable(batchId);
  }

  /** The id of its document in the index; a file that is added again gets another one. */
  String document() {
    return fileId + "." + created;
  }

  /** The id of the file that a document in the index was made of. */
  static String fileOf(String document) {
    int dot = document.indexOf('.');
    return dot < 0 ? document : document.substring(0, dot);
  }

  StoreFile completed(long bytes) {
    return new StoreFile(storeId, fileId, created, addition, FileState.COMPLETED, null, bytes, batchId);
  }

  StoreFile failed(FileError error) {
    return new StoreFile(storeId, fileId, created, addition, FileState.FAILED, error, 0, batchId);
  }

  StoreFile in(FileState other) {
    return new StoreFile(storeId, fileId, created, addition, other, null, 0, batchId);
  }

  StoreFile with(Map<String, Object> attributes) {
    Addition other = new Addition(fileId, attributes, addition.chunks());
    return new StoreFile(storeId, fileId, created, other, state, failure, usageBytes, batchId);
  }
}
