package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A prefix comes back. */
@Name("panallama.Restore")
@Label("Restore")
@Description("A prefix is copied from host memory to the KV cache, or read from a file")
@Category("Panallama")
@StackTrace(false)
final class RestoreEvent extends CopyEvent {}
