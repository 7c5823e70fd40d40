package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import org.jspecify.annotations.Nullable;

/** A client that sends these bytes and no more. The interface still has a method that is to be removed. */
@SuppressWarnings("removal")
final class ByteSocket implements HelidonSocket {
  private byte @Nullable [] rest;

  ByteSocket(byte[] bytes) {
    rest = bytes.length == 0 ? null : bytes.clone();
  }

  @Override
  public byte @Nullable [] get() {
    byte[] all = rest;
    rest = null;
    return all;
  }

  @Override
  public void close() {
    rest = null;
  }

  @Override
  public void idle() {}

  @Override
  public boolean isConnected() {
    return true;
  }

  @Override
  public int read(BufferData buffer) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void write(BufferData buffer) {
    throw new UnsupportedOperationException();
  }

  @Override
  public PeerInfo remotePeer() {
    throw new UnsupportedOperationException();
  }

  @Override
  public PeerInfo localPeer() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean isSecure() {
    return false;
  }

  @Override
  public String socketId() {
    return "fuzz";
  }

  @Override
  public String childSocketId() {
    return "fuzz";
  }
}
