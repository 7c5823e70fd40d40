package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A prefix is copied to where it takes no cells. */
@Name("panallama.Spill")
@Label("Spill")
@Description("A prefix is copied from the KV cache to host memory, or from host memory to a file")
@Category("Panallama")
@StackTrace(false)
final class SpillEvent extends CopyEvent {}
