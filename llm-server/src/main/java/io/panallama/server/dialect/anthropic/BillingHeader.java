package io.panallama.server.dialect.anthropic;

import java.util.regex.Pattern;

/**
 * A line that a coding agent of Anthropic's puts in front of its system prompt. It has a stamp that differs from request to request,
 * so no request could use the state of the prompt before; as in llama-server, the stamp is replaced by a fixed one.
 */
final class BillingHeader {
  private static final String BEGIN = "x-anthropic-billing-header:";
  private static final Pattern STAMP = Pattern.compile("\\bcch=[0-9A-Za-z]{1,64};");

  private BillingHeader() {}

  /** The text of a system block with a fixed stamp; any other text as it is. */
  static String withoutStamp(String text) {
    return text.startsWith(BEGIN) ? STAMP.matcher(text).replaceFirst("cch=fffff;") : text;
  }
}
