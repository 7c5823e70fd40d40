/**
 * The settings of a request: what there is, and what becomes of it. Pure.
 *
 * A setting that is not in the values is left to the server, which takes what the model's file recommends.
 */

const number = (name, min, max, step) => ({ name, kind: "number", min, max, step });
const integer = (name, min, max) => ({ name, kind: "number", min, max, step: 1 });
const choice = (name, ...options) => ({ name, kind: "choice", options });

/** The groups of settings in the order of the dialog. A choice's options are [value, text]. */
export const GROUPS = [
  {
    name: "sampling",
    fields: [
      number("temperature", 0, 5, 0.05),
      number("top_p", 0, 1, 0.01),
      integer("top_k", 0, 1_000_000),
      number("min_p", 0, 1, 0.01),
      number("typical_p", 0, 1, 0.01),
      number("top_n_sigma", -1, 100, 0.1),
      number("xtc_probability", 0, 1, 0.01),
      number("xtc_threshold", 0, 1, 0.01),
      integer("seed", 0, 4_294_967_294),
    ],
  },
  {
    name: "length",
    fields: [
      integer("max_tokens", 1, 10_000_000),
      { name: "stop", kind: "lines", label: "stopTexts" },
      {
        ...choice("response_format", ["text", "formatText"], ["json_object", "formatJson"], ["json_schema", "formatSchema"]),
        label: "responseFormat",
      },
      { name: "schema", kind: "json" },
      choice("context_overflow", ["reject", "overflowReject"], ["stop", "overflowStop"], ["shift", "overflowShift"]),
    ],
  },
  {
    name: "penalties",
    fields: [
      number("repeat_penalty", 0, 10, 0.01),
      integer("repeat_last_n", -1, 1_000_000),
      number("frequency_penalty", -2, 2, 0.05),
      number("presence_penalty", -2, 2, 0.05),
      number("dry_multiplier", 0, 10, 0.05),
    ],
  },
  {
    name: "more",
    fields: [
      choice(
        "reasoning_effort",
        ["none", "effortNone"],
        ["low", "effortLow"],
        ["medium", "effortMedium"],
        ["high", "effortHigh"],
      ),
      integer("reasoning_budget_tokens", 0, 10_000_000),
      { name: "extra", kind: "json" },
    ],
  },
];

const FIELDS = GROUPS.flatMap((group) => group.fields);

/** What a reader typed as a value of this field; undefined if it is left to the server or makes no sense. */
export function valueOf(field, text) {
  if (text.trim() === "") {
    return undefined;
  }
  switch (field.kind) {
    case "number": {
      const value = Number(text);
      const fits = Number.isFinite(value) && value >= field.min && value <= field.max;
      return fits && (field.step !== 1 || Number.isInteger(value)) ? value : undefined;
    }
    case "lines": {
      const lines = text.split("\n").filter((line) => line !== "");
      return lines.length > 0 ? lines : undefined;
    }
    case "json":
      return objectOf(text) ? text : undefined;
    default:
      return text;
  }
}

/** The other way round. */
export function textOf(field, value) {
  if (value === undefined || value === null) {
    return "";
  }
  return field.kind === "lines" ? value.join("\n") : String(value);
}

/** The object that a text holds as JSON; null if it holds none. */
export function objectOf(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** The fields of a request for these values. */
export function requestFields(values) {
  const body = {};
  for (const { name } of FIELDS) {
    if ((values[name] ?? undefined) !== undefined && !["response_format", "schema", "extra"].includes(name)) {
      body[name] = values[name];
    }
  }
  const schema = objectOf(values.schema ?? "");
  if (values.response_format === "json_object") {
    body.response_format = { type: "json_object" };
  } else if (values.response_format === "json_schema" && schema) {
    body.response_format = { type: "json_schema", json_schema: { name: "answer", schema } };
  }
  return { ...body, ...objectOf(values.extra ?? "") };
}
