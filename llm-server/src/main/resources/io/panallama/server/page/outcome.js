/** Tells how an answer went. Pure. */

import { number, t } from "./i18n.js";

/** What ended an answer early, by the server's finish_detail. */
const CUT_OFF = { context_full: "cutContext", time_limit: "cutTime" };

/** What is kept of the end of an answer, for the line below it and for the display of the context. */
export function summarize({ ttft, timings, usage, finish, detail, stopped, pieces, elapsed }) {
  const summary = { finish, detail, stopped };
  if (timings?.predicted_per_second > 0) {
    summary.rate = timings.predicted_per_second;
  } else if (stopped && pieces > 1 && elapsed > ttft) {
    summary.rate = ((pieces - 1) * 1000) / (elapsed - ttft); // Pieces are mostly a token each.
    summary.estimated = true;
  }
  summary.ttft = ttft;
  summary.tokens = usage?.completion_tokens ?? timings?.predicted_n;
  if (usage) {
    summary.context = usage.prompt_tokens + usage.completion_tokens - (usage.discarded_tokens ?? 0);
    summary.prompt = usage.prompt_tokens;
    summary.cached = usage.prompt_tokens_details?.cached_tokens;
    summary.discarded = usage.discarded_tokens;
  }
  return JSON.parse(JSON.stringify(summary)); // Without what is not known.
}

/** The parts of the line below an answer. */
export function describe({ rate, estimated, ttft, tokens, prompt, cached, discarded, finish, detail, stopped, interrupted }) {
  const parts = [];
  if (rate > 0) {
    parts.push(t(estimated ? "rateAbout" : "rate", { rate: number(rate, rate < 10 ? 1 : 0) }));
  }
  if (ttft !== undefined) {
    parts.push(t("firstToken", { time: ttft < 1000 ? `${Math.round(ttft)} ms` : `${number(ttft / 1000, 1)} s` }));
  }
  if (tokens !== undefined) {
    parts.push(t("tokens", { count: tokens }));
  }
  if (cached > 0) {
    parts.push(t("cached", { cached: number(cached), prompt: number(prompt) }));
  }
  if (discarded > 0) {
    parts.push(t("discarded", { count: discarded }));
  }
  if (stopped) {
    parts.push(t("stopped"));
  } else if (interrupted) {
    parts.push(t("interrupted"));
  } else if (finish === "length") {
    parts.push(t(CUT_OFF[detail] ?? "cutLength"));
  }
  return parts;
}
