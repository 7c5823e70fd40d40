package io.panallama.server.dialect;

import java.io.IOException;

/** Takes the frames of a stream and sends each at once. The connection decides how they are delimited. */
public interface Frames {
  /**
   * Writes a frame whose data is the parts one after another.
   *
   * @param parts UTF-8
   * @throws IOException if the client has left
   */
  void data(byte[]... parts) throws IOException;

  /**
   * Writes a frame with a type, where frames have one; elsewhere its data alone.
   *
   * @param type one line
   * @throws IOException if the client has left
   */
  void event(String type, byte[] data) throws IOException;
}
