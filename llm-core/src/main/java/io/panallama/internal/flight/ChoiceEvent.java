package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A token is chosen outside of the engine thread, while its generation is paused. */
@Name("panallama.Choice")
@Label("Choice")
@Description(
    "A logit processor, or a sample that takes much work on a grammar, chooses a token while its generation is paused")
@Category("Panallama")
@StackTrace(false)
final class ChoiceEvent extends Event {
  @Label("By")
  @Description("processor: a logit processor; grammar: a sample that takes much work on a grammar")
  String by = "";
}
