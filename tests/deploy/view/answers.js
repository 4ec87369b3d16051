// Asks Prometheus what a panel asks, and makes of its answers the frames that Grafana's own data source would make.
import { FieldType, createDataFrame } from "@grafana/data";
import { filled } from "./variables.js";

/** The frames of a panel; raises with Prometheus' own words where a query is wrong. */
export async function frames(panel, values, window) {
  const answered = await Promise.all(
    (panel.targets ?? []).map(async (target) => ({ target, series: await ask(target, values, window) })),
  );
  const several = answered.length > 1;
  return answered.flatMap(({ target, series }) => {
    if (series.length === 0) return [];
    if (target.format === "table") return [table(target, series, several)];
    return series.map((one) => line(target, one));
  });
}

async function ask(target, values, window) {
  const query = filled(target.expr, values);
  const { from, to, step, prometheus } = window;
  const parameters = target.range
    ? { query, start: Math.floor(from / 1000 / step) * step, end: Math.floor(to / 1000 / step) * step, step }
    : { query, time: to / 1000 };
  const address = `${prometheus}/api/v1/${target.range ? "query_range" : "query"}?${new URLSearchParams(parameters)}`;
  const answer = await (await fetch(address)).json();
  if (answer.status !== "success") throw new Error(`${answer.error} in ${query}`);
  return answer.data.result.map((one) => ({ labels: one.metric, points: one.values ?? [one.value] }));
}

function line(target, { labels, points }) {
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, config: {}, values: points.map(([at]) => at * 1000) },
      {
        name: "Value",
        type: FieldType.number,
        labels,
        config: { displayNameFromDS: legend(target, labels) },
        values: points.map(([, value]) => Number(value)),
      },
    ],
  });
}

function legend(target, labels) {
  if (target.legendFormat && target.legendFormat !== "__auto") {
    return target.legendFormat.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? "");
  }
  const { __name__: name = "", ...others } = labels;
  const text = Object.entries(others).map(([key, value]) => `${key}="${value}"`).join(", ");
  return text ? `${name}{${text}}` : name || target.expr;
}

function table(target, series, several) {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const points = series.flatMap(({ labels, points: own }) => own.map((point) => ({ labels, point })));
  return createDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, config: {}, values: points.map(({ point }) => point[0] * 1000) },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        config: {},
        values: points.map(({ labels }) => labels[name] ?? ""),
      })),
      {
        name: several ? `Value #${target.refId}` : "Value",
        type: FieldType.number,
        config: {},
        values: points.map(({ point }) => Number(point[1])),
      },
    ],
  });
}
