package io.panallama.internal.worker;

import java.io.PrintWriter;
import java.io.StringWriter;

/** What a worker reported, as text: an exception of its own, with its stack trace. */
public final class RemoteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** A stack trace of a deep recursion has thousands of lines. */
  private static final int MAX_TRACE = 8192;

  private final String trace;

  public RemoteException(String message, String trace) {
    super(message);
    this.trace = trace;
  }

  static void write(Output out, Throwable failure) {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace, true));
    String text = trace.toString();
    out.put("in the worker: " + failure).put(text.length() > MAX_TRACE ? text.substring(0, MAX_TRACE) : text);
  }

  static RemoteException read(Input in) {
    return new RemoteException(in.text(), in.text());
  }

  /** The stack trace in the worker. */
  public String trace() {
    return trace;
  }
}
