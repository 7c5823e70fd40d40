package io.panallama.internal.worker;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What a worker reported, as text: an exception of its own, with its stack trace. */
public final class RemoteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A stack trace of a deep recursion has thousands of lines. */
  private static final int MAX_TRACE = 8192;

  private final String trace;
  private final boolean outOfMemory;

  RemoteException(String message, String trace, boolean outOfMemory) {
    super(message);
    this.trace = trace;
    this.outOfMemory = outOfMemory;
  }

  static void write(Output out, Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace, true));
    String text = trace.toString();
    out.put("in the worker: " + failure)
        .put(text.length() > MAX_TRACE ? text.substring(0, MAX_TRACE) : text)
        .put(isOutOfMemory(failure));
  }

  static RemoteException read(Input in) {
    return new RemoteException(in.text(), in.text(), in.flag());
  }

  private static boolean isOutOfMemory(Throwable failure) {
    Throwable each = failure;
    while (each != null && !(each instanceof OutOfMemoryError)) {
      each = each.getCause();
    }
    return each != null;
  }

  /** Whether a failure, as it was read from a worker, is one of too little memory. */
  static boolean isOfMemory(Throwable read) {
    Throwable each = read;
    while (each != null) {
      if (each instanceof RemoteException remote && remote.outOfMemory) {
        return true;
      }
      each = each.getCause();
    }
    return false;
  }

  /** The stack trace in the worker. */
  public String trace() {
    return trace;
  }
}
